// Lanes: rows of slices that never overlap.

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ktrace/time.h"

namespace ktrace::output {

/// A stretch of time in whole microseconds, both ends included: the least one that covers the
/// nanoseconds it was made from.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  static Span covering(Time begin, Time end);

  friend auto operator<=>(const Span&, const Span&) = default;
};

/// The lane of each span, from 0, in the order given: each span, in order of its begin, gets the
/// first lane on which the span before it has ended. O(n log n).
std::vector<std::size_t> assign_lanes(std::span<const Span> spans);

/// How many lanes those are.
std::size_t count_lanes(std::span<const std::size_t> lanes);

}  // namespace ktrace::output
