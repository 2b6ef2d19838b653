// One record after the other, so that those of a trace need not be held.
//
// What is to be put in order are the records of a few sources, each of which is mostly in order: so
// these runs are merged, in pairs.

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

namespace {

// Merges [begin, middle) and [middle, end). Which is next nobody can foretell, so nothing branches
// on it.
void merge(const Observation* begin, const Observation* middle, const Observation* end,
           Observation* into) {
  const Observation *one = begin, *other = middle;
  while (one != middle && other != end) {
    const bool is_other = other->time < one->time;
    const Observation* const next = is_other ? other : one;
    *into++ = *next;
    other += is_other ? 1 : 0;
    one += is_other ? 0 : 1;
  }
  into = std::copy(one, middle, into);
  std::copy(other, end, into);
}

}  // namespace

void Sums::begin() {
  list.emplace_back().components = static_cast<std::uint32_t>(components.size());
  had_ = 0;
}

void Sums::add(std::span<const Observation> seen, const std::vector<std::string>& names) {
  Summary sum = list.back();
  for (const Observation& one : seen) {
    sum.add(one);
    const std::uint64_t bit = one.component < 64 ? std::uint64_t{1} << one.component : 0;
    if ((had_ & bit) != 0) continue;
    had_ |= bit;
    if (!names[one.component].empty()) add_component(one.component, sum);
  }
  list.back() = sum;
}

void Sums::add_component(std::uint16_t component, Summary& sum) {
  const auto first = components.begin() + static_cast<std::ptrdiff_t>(sum.components);
  if (std::find(first, components.end(), component) != components.end()) return;
  components.push_back(component);
  ++sum.component_count;
}

std::span<const Observation> TimeOrder::sort(std::span<Observation> seen) {
  runs_ = {0};
  for (std::size_t i = 1; i < seen.size(); ++i) {
    if (seen[i].time < seen[i - 1].time) runs_.push_back(i);
  }
  runs_.push_back(seen.size());
  if (runs_.size() == 2) return seen;
  merged_.resize(std::max(merged_.size(), seen.size()));
  const std::span<Observation> merged(merged_.data(), seen.size());
  bool there = false;  // whether what is in order is in `merged`
  for (; runs_.size() > 2; there = !there) {
    merge_pairs(there ? merged : seen, there ? seen.data() : merged.data());
  }
  return there ? merged : seen;
}

void TimeOrder::merge_pairs(std::span<const Observation> from, Observation* into) {
  std::size_t kept = 1;
  for (std::size_t run = 0; run + 1 < runs_.size(); run += 2) {
    const Observation* const begin = from.data() + runs_[run];
    const Observation* const middle = from.data() + runs_[run + 1];
    const Observation* const end = run + 2 < runs_.size() ? from.data() + runs_[run + 2] : middle;
    merge(begin, middle, end, into + runs_[run]);
    runs_[kept++] = static_cast<std::size_t>(end - from.data());
  }
  runs_.resize(kept);
}

}  // namespace ktrace::engine
