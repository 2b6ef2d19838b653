// The observations of `list`, put together by trace.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "list_scan.h"
#include "room.h"

namespace ktrace::engine {

/// Traces that are put together, summed up or written at a time, by one thread.
inline constexpr std::size_t kTracesPerTask = 4096;

/// What the numbers of a worker are among those of all.
struct Numbers {
  std::vector<std::uint32_t> traces;
  std::vector<std::uint8_t> spellings;
  std::vector<std::uint16_t> components;

  Observation of_all(const Observation& seen) const {
    return {seen.time, traces[seen.trace], components[seen.component], spellings[seen.key],
            seen.severity};
  }
};

/// One trace in a list: its only record, or its start and where the sum of its records is.
struct Listed {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Time start = Time::max();
  std::uint32_t trace = kNone;  ///< kNone: it is not in the list
  std::uint16_t component = 0;  ///< or the place of the sum, among those of kTracesPerTask
  std::uint8_t key = 0;
  Severity severity = kSum;

  bool is_sum() const { return severity == kSum; }
  Observation only() const { return {start, trace, component, key, severity}; }

  static Listed of(const Observation& only) {
    return {only.time, only.trace, only.component, only.key, only.severity};
  }
  static Listed of(Time start, std::uint32_t trace, std::size_t place) {
    return {start, trace, static_cast<std::uint16_t>(place), 0, kSum};
  }

 private:
  static constexpr Severity kSum = static_cast<Severity>(UINT8_MAX);
};

struct TraceGroups {
  /// By trace. Only those of one record are there.
  Room<Listed> listed;

  /// A trace of several records, which stand side by side in the order of sources and offsets.
  struct Group {
    std::uint32_t trace;
    std::uint32_t begin, end;  ///< in `grouped`
  };
  std::vector<std::vector<Group>> groups;  ///< of kTracesPerTask traces each, by trace
  Room<Observation> grouped;
};

/// Puts together what was seen in `parts`, given in the order of their sources, by the workers to
/// whom `numbers` belong. `traces`: how many numbers these have, less than UINT32_MAX, as what was
/// seen. Nothing is left in the parts. On as many threads as there are workers.
TraceGroups group_by_trace(const std::vector<SeenPart*>& parts, const std::vector<Numbers>& numbers,
                           std::size_t traces);

}  // namespace ktrace::engine
