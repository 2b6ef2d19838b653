// Only the largest gap depends on the order of time, and it can be had without sorting. N records
// divide the time from the first to the last into N - 1 gaps, of which the largest is as long as
// their average or longer. In slots of time that are no longer than that average it cannot lie
// within a slot: it lies between the last record of one and the first of the next that has any.
//
// What the order is does not matter to this: to sort the records of a trace, most of which are a
// few runs in order, took twice the time of all that is done here.

#include "trace_sums.h"

#include <algorithm>
#include <bit>

namespace ktrace::engine {

Summary Summary::of(const Observation& only) {
  Summary sum;
  sum.records = 1;
  sum.errors = only.severity >= Severity::error ? 1 : 0;
  sum.start = sum.end = sum.gap_start = only.time;
  sum.key = only.key;
  sum.severity = only.severity;
  return sum;
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

constexpr std::uint64_t kNever = UINT64_MAX;

// Nanoseconds, also of a time that is longer than a Duration holds.
std::uint64_t since(Time from, Time to) {
  return static_cast<std::uint64_t>(to.time_since_epoch().count()) -
         static_cast<std::uint64_t>(from.time_since_epoch().count());
}

Time at(Time from, std::uint64_t nanoseconds) {
  return Time(Duration(static_cast<Duration::rep>(
      static_cast<std::uint64_t>(from.time_since_epoch().count()) + nanoseconds)));
}

void see_gap(Time from, Time to, Summary& sum) {
  const Duration gap = distance(from, to);
  if (gap <= sum.gap) return;
  sum.gap = gap;
  sum.gap_start = from;
}

// In: records in the order of time.
void see_gaps(std::span<const Observation> seen, Summary& sum) {
  Time before = seen.front().time;
  for (const Observation& one : seen) {
    if (one.time == kNoTime) break;
    see_gap(before, one.time, sum);
    before = one.time;
  }
}

}  // namespace

void Sums::begin() {
  list.emplace_back().components = static_cast<std::uint32_t>(components.size());
}

// What is asked in the loop is foreseeable but where another run of records in order begins.
void Adder::add(std::span<const Observation> seen, Sums& sums) {
  if (seen.empty()) return;
  Summary sum = sums.list.back();
  Severity severity = sum.severity;
  std::size_t errors = 0, runs = 1;
  const Observation* earliest = seen.data();
  Time last = Time::min(), before = Time::min();
  std::uint64_t had = 0;  // bits of the first 64 components, of the run
  for (const Observation& one : seen) {
    severity = std::max(severity, one.severity);
    errors += one.severity >= Severity::error ? 1 : 0;
    last = std::max(last, one.time == kNoTime ? last : one.time);
    if (one.time < before) {
      ++runs;
      had = 0;
      if (one.time < earliest->time) earliest = &one;
    }
    before = one.time;
    const std::uint64_t bit = one.component < 64 ? std::uint64_t{1} << one.component : 0;
    if ((had & bit) == 0) appears(one);
    had |= bit;
  }
  sum.severity = severity;
  sum.errors += errors;
  if (sum.records == 0) {
    sum.start = sum.end = sum.gap_start = earliest->time;
    sum.key = earliest->key;
  }
  sum.records += seen.size();
  if (earliest->time != kNoTime) {
    see_gap(sum.end, earliest->time, sum);
    runs == 1 ? see_gaps(seen, sum) : see_gaps_between(seen, earliest->time, last, sum);
    sum.end = last;
  }
  sums.list.back() = sum;
  add_components(sums);
}

// In: records from `first` to `last` in any order.
void Adder::see_gaps_between(std::span<const Observation> seen, Time first, Time last,
                             Summary& sum) {
  divide(seen, first, last);
  // Which slots are empty nobody can foretell, so nothing branches on it.
  std::size_t slots = 0;
  for (std::size_t i = 0; i < firsts_.size(); ++i) {
    const std::uint64_t from = firsts_[i];
    firsts_[slots] = from;
    lasts_[slots] = lasts_[i];
    slots += from != kNever ? 1 : 0;
  }
  std::uint64_t longest = 0, start = 0;
  for (std::size_t i = 1; i < slots; ++i) {
    const std::uint64_t gap = firsts_[i] - lasts_[i - 1];
    if (gap <= longest) continue;
    longest = gap;
    start = lasts_[i - 1];
  }
  see_gap(at(first, start), at(first, start + longest), sum);
}

// Out: firsts_ and lasts_.
void Adder::divide(std::span<const Observation> seen, Time first, Time last) {
  const std::uint64_t range = since(first, last), gaps = seen.size() - 1;
  // The longest slots of a power of two that are no longer than the average gap.
  auto shift = std::max(std::bit_width(range), std::bit_width(gaps)) - std::bit_width(gaps);
  if (shift > 0 && range >> shift < gaps) --shift;
  firsts_.assign((range >> shift) + 1, kNever);
  lasts_.assign((range >> shift) + 1, 0);
  for (const Observation& one : seen) {
    if (one.time == kNoTime) continue;
    const std::uint64_t time = since(first, one.time);
    firsts_[time >> shift] = std::min(firsts_[time >> shift], time);
    lasts_[time >> shift] = std::max(lasts_[time >> shift], time);
  }
}

void Adder::appears(const Observation& record) {
  if (names_[record.component].empty()) return;
  for (const Observation*& one : appearances_) {
    if (one->component != record.component) continue;
    if (record.time < one->time) one = &record;
    return;
  }
  appearances_.push_back(&record);
}

// In the order of their first records.
void Adder::add_components(Sums& sums) {
  std::sort(appearances_.begin(), appearances_.end(),
            [](const Observation* a, const Observation* b) {
              return a->time != b->time ? a->time < b->time : a < b;
            });
  Summary& sum = sums.list.back();
  for (const Observation* const one : appearances_) {
    const auto known = sums.components.begin() + static_cast<std::ptrdiff_t>(sum.components);
    if (std::find(known, sums.components.end(), one->component) != sums.components.end()) continue;
    sums.components.push_back(one->component);
    ++sum.component_count;
  }
  appearances_.clear();
}

}  // namespace ktrace::engine
