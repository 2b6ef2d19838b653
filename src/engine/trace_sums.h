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

  /// Of a trace's only record, whose component stands elsewhere.
  static Summary of(const Observation& only);
};

/// What a list is sorted by, the highest first; 0 when that is nothing but the start.
std::int64_t rank(const Summary& sum, TraceSort sort);

/// Of some traces.
struct Sums {
  std::vector<Summary> list;
  std::vector<std::uint16_t> components;  ///< of one after the other, in the order of appearance

  /// Begins the summary of another trace.
  void begin();
};

/// Adds records to the sums of their traces. For one thread.
class Adder {
 public:
  /// `names`: of components, by number. One without a name is none.
  explicit Adder(const std::vector<std::string>& names) : names_(names) {}

  /// Further records of the trace that was begun last, in any order, but none of them before those
  /// that were added earlier. Of equal times the first counts as the earlier one.
  void add(std::span<const Observation> seen, Sums& sums);

 private:
  void appears(const Observation& record);
  void add_components(Sums& sums);
  void see_gaps_between(std::span<const Observation> seen, Time first, Time last, Summary& sum);
  void divide(std::span<const Observation> seen, Time first, Time last);

  const std::vector<std::string>& names_;
  std::vector<const Observation*> appearances_;  // the first records of components
  // Of the records in each slot of time, in nanoseconds since the first of all.
  std::vector<std::uint64_t> firsts_, lasts_;
};

}  // namespace ktrace::engine
