// Skew: how far the clocks of sources are apart, estimated from the moments that they share.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ktrace/anchors.h"
#include "ktrace/time.h"

namespace ktrace::trace {

/// How far a source is ahead of another one, its reference.
struct Skew {
  std::uint32_t source = 0;
  std::uint32_t reference = 0;
  Match match = Match::request;  ///< what both have in common
  std::size_t anchors = 0;       ///< how many moments
  Duration ahead{};              ///< the median of the differences; negative: behind
  Duration spread{};             ///< the median of their distances from it

  /// Whether this is more than what lies between two records of one moment: 50 ms at least, and
  /// four times the spread.
  bool significant() const;

  /// Whether it is that of two time zones, to the second: a multiple of a quarter of an hour.
  bool looks_like_zone() const;
};

/// Estimates how far each source is ahead of the one that it has most moments in common with, as
/// far as three moments at least are shared. `samples`: one for each source. No two estimates
/// contradict each other: they form trees, in each of which the source with most shared moments is
/// nobody's `source`. Event objects count only for a source that can be compared with no other. In
/// the order of sources. Pure and thread-safe.
std::vector<Skew> estimate_skew(std::span<const AnchorSample> samples);

/// How far each of `sources` sources is ahead of the root of its tree, by significant estimates
/// alone; zero for a root, and for a source of which nothing is known.
std::vector<Duration> total_skew(std::span<const Skew> skews, std::size_t sources);

}  // namespace ktrace::trace
