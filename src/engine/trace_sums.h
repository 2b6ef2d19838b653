// What the records of a trace sum up to.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ktrace/query.h"
#include "ktrace/time.h"
#include "list_scan.h"

namespace ktrace::engine {

/// Of a record of a source in which nothing tells a time: behind all that are known.
inline constexpr Time kNoTime = Time::max();

/// The records of one trace, summed up.
struct Summary {
  std::uint64_t records = 0, errors = 0;
  Time start{}, end{}, gap_start{};
  Duration gap{};
  std::uint32_t components = 0;  ///< where they begin in Sums::components
  std::uint32_t component_count = 0;
  std::uint8_t key = 0;
  Severity severity = Severity::unspecified;

  Duration duration() const { return distance(start, end); }

  /// The next record in the order of time; those without any stand behind all others.
  void add(const Observation& seen);

 private:
  Time before_{};  // of the last record
};

/// What a list is sorted by, the highest first; 0 when that is nothing but the start.
std::int64_t rank(const Summary& sum, TraceSort sort);

/// Of some traces.
struct Sums {
  std::vector<Summary> list;
  std::vector<std::uint16_t> components;  ///< of one after the other, in the order of appearance

  /// Begins the summary of another trace.
  void begin();

  /// Its next records in the order of time. A component without a name is none.
  void add(std::span<const Observation> seen, const std::vector<std::string>& names);

 private:
  void add_component(std::uint16_t component, Summary& sum);

  std::uint64_t had_ = 0;  // bits of the first 64 components, of the trace that was begun last
};

/// Puts the records of traces in the order of time. Those of equal times keep theirs.
class TimeOrder {
 public:
  /// Gives them in order, there or in memory of its own until the next call.
  std::span<const Observation> sort(std::span<Observation> seen);

 private:
  void merge_pairs(std::span<const Observation> from, Observation* into);

  std::vector<Observation> merged_;
  std::vector<std::size_t> runs_;  // where they begin, and where the last ends
};

}  // namespace ktrace::engine
