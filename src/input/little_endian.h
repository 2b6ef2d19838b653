// Numbers in bytes, the lowest first.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ktrace::input {

inline void append_number(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

/// Takes a number from the front of `from`. False when it is too short.
template <typename Number>
bool take_number(std::string_view& from, Number& number) {
  if (from.size() < sizeof number) return false;
  std::uint64_t value = 0;
  for (std::size_t i = sizeof number; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(from[i]);
  }
  number = static_cast<Number>(value);
  from.remove_prefix(sizeof number);
  return true;
}

}  // namespace ktrace::input
