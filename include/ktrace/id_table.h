// Identifiers by number: a table of all that were seen.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/arena.h"

namespace ktrace::trace {

/// Numbers identifiers from 0 in the order of their first appearance. Identifiers that are the same
/// (see same_identifier) have one number. Not thread-safe.
class IdTable {
 public:
  IdTable() = default;
  IdTable(IdTable&&) = default;
  IdTable& operator=(IdTable&&) = default;

  std::uint32_t number_of(std::string_view id);

  std::size_t size() const { return entries_.size(); }

  /// The identifier as it was written; in its one spelling when it was written in several.
  std::string_view id(std::uint32_t number) const;

 private:
  struct Entry {
    std::uint64_t hash;
    const char* text;
    std::uint32_t size;
  };

  void grow();

  // Number + 1 at the hash's place or behind it, 0 when it is free; above it the hash's upper half,
  // so that most entries that are not meant need not be looked at.
  std::vector<std::uint64_t> slots_;
  std::vector<Entry> entries_;
  Arena arena_;
};

}  // namespace ktrace::trace
