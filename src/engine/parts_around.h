// The parts of a source around what is known to stand in it: by an index, or by a look.

#pragma once

#include <cstdint>

#include "ktrace/input.h"
#include "scan.h"

namespace ktrace::engine {

/// Makes the parts of a source that hold certain records, and which may hold others. Each begins
/// where a group begins; no record is in two of them.
class PartsAround {
 public:
  /// Appends them to `parts`.
  PartsAround(input::Source& source, std::uint32_t index, Parts& parts)
      : source_(source), index_(index), parts_(parts) {}

  /// The records that stand in [begin, end), which does not begin before what was added before.
  void add(std::uint64_t begin, std::uint64_t end);

 private:
  void append(std::uint64_t begin, std::uint64_t end);

  input::Source& source_;
  std::uint32_t index_;
  Parts& parts_;
  Part* last_ = nullptr;
  input::Place place_;
};

}  // namespace ktrace::engine
