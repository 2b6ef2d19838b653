// The parts of a source around what is known to stand in it: by an index, or by a look.

#pragma once

#include <cstddef>
#include <cstdint>

#include "indexed.h"
#include "ktrace/input.h"
#include "scan.h"

namespace ktrace::engine {

/// Makes the parts of a source that hold certain records, and which may hold others. Each begins
/// where a group begins; no record is in two of them.
class PartsAround {
 public:
  /// Appends them to `parts`.
  PartsAround(input::Source& source, std::uint32_t index, Parts& parts)
      : source_(source), index_(index), parts_(parts), first_(parts.size()) {}

  /// The records that stand in [begin, end), which does not begin before what was added before.
  void add(std::uint64_t begin, std::uint64_t end);

  /// What `known`, an index of the source by which records were added, does not cover. When it
  /// `counts_lines`, all parts know how many lines are before them that do not follow another.
  void add_behind(const KnownIndex& known, std::size_t block_size, bool counts_lines);

 private:
  void append(std::uint64_t begin, std::uint64_t end);

  input::Source& source_;
  std::uint32_t index_;
  Parts& parts_;
  const std::size_t first_;  // of what was appended
  Part* last_ = nullptr;
  input::Place place_;
};

}  // namespace ktrace::engine
