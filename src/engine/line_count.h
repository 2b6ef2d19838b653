// Line feeds, counted in steps of a source, so that a record's line number can be told without
// reading all that is before it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/input.h"

namespace ktrace::engine {

std::uint64_t newlines(std::string_view text);

/// Up to `size` bytes of `source` from `offset` on; fewer when it ends or fails before. `place`:
/// where the reader stands who goes on reading near by.
std::string bytes_at(input::Source& source, std::uint64_t offset, std::size_t size);
std::string bytes_at(input::Source& source, std::uint64_t offset, std::size_t size,
                     input::Place& place);

/// How many line feeds each step (trace::IndexFacts::kLineStep bytes) of a part of a source has.
struct LineSteps {
  std::uint64_t first = 0;  ///< step
  std::vector<std::uint32_t> counts;

  /// Counts those in `bytes`, which stand at `offset`; offsets do not descend.
  void count(std::string_view bytes, std::uint64_t offset);

  /// Adds what was counted behind this part.
  void add(const LineSteps& behind);

 private:
  std::uint32_t& at(std::uint64_t step);
};

/// Counts forward in a source of which it is known how many each step has.
class LineCount {
 public:
  LineCount(input::Source& source, const std::vector<std::uint32_t>& counts)
      : source_(source), counts_(counts) {}

  /// How many line feeds are before `offset`, which is not less than in the call before.
  std::uint64_t before(std::uint64_t offset);

 private:
  input::Source& source_;
  input::Place place_;
  const std::vector<std::uint32_t>& counts_;
  std::size_t step_ = 0;
  std::uint64_t counted_ = 0;  // in the steps before step_
};

}  // namespace ktrace::engine
