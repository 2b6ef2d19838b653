// One record after the other, so that those of a trace need not be held.

#include "trace_sums.h"

#include <algorithm>

namespace ktrace::engine {

void Summary::add(const Observation& seen) {
  if (records++ == 0) {
    start = end = gap_start = before_ = seen.time;
    key = seen.key;
  }
  severity = std::max(severity, seen.severity);
  errors += seen.severity >= Severity::error ? 1 : 0;
  if (seen.time == kNoTime) return;
  const Duration since = distance(before_, seen.time);
  if (since > gap) {
    gap = since;
    gap_start = before_;
  }
  end = before_ = seen.time;
}

std::int64_t rank(const Summary& sum, TraceSort sort) {
  switch (sort) {
    case TraceSort::duration:
      return sum.duration().count();
    case TraceSort::records:
      return static_cast<std::int64_t>(sum.records);
    case TraceSort::errors:
      return static_cast<std::int64_t>(sum.errors);
    case TraceSort::gap:
      return sum.gap.count();
    case TraceSort::start:
      break;
  }
  return 0;
}

void Sums::begin() {
  list.emplace_back().components = static_cast<std::uint32_t>(components.size());
  last_ = 0;
}

void Sums::take_back() {
  components.resize(list.back().components);
  list.pop_back();
}

void Sums::add(const Observation& seen, const std::vector<std::string>& names) {
  Summary& sum = list.back();
  sum.add(seen);
  if (seen.component + 1U == last_) return;
  last_ = seen.component + 1U;
  if (names[seen.component].empty()) return;
  const auto first = components.begin() + static_cast<std::ptrdiff_t>(sum.components);
  if (std::find(first, components.end(), seen.component) != components.end()) return;
  components.push_back(seen.component);
  ++sum.component_count;
}

}  // namespace ktrace::engine
