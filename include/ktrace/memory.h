// Asks for memory before it is read.

#pragma once

#include <cstddef>

namespace ktrace {

/// To be called for each line of the cache by what searches memory from `bytes` on. Processors read
/// ahead by themselves, but not beyond a page: without this, memory that is searched where it lies
/// is read at two thirds of the speed. What the search reads from a cache costs no more.
inline void ask_for(const char* bytes) {
  constexpr std::size_t kAhead = 4096;
  __builtin_prefetch(bytes + kAhead, 0, 2);
}

}  // namespace ktrace
