// Years for year-less stamps. Places within a year are compared on a scale of 366 days, on which
// every stamp has its place whatever the year; only in_year() asks the real calendar.

#include "ktrace/calendar.h"

#include <algorithm>

namespace ktrace::trace {
namespace {

using std::chrono::hours;

constexpr Duration kDay = hours(24);

// How late a line may come and still belong to the time around it. Far above what any logger or
// transport does; far below the gaps that would be mistaken for lateness.
constexpr Duration kLate = 30 * kDay;
constexpr Duration kYear = 366 * kDay;

// Clocks in any zone are less than this ahead of UTC.
constexpr Duration kZoneSlack = kDay;

Duration place_in_year(const Stamp& stamp) {
  static constexpr int kDaysBefore[] = {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335};
  return (kDaysBefore[(stamp.month + 11) % 12] + stamp.day - 1) * kDay + stamp.time_of_day;
}

// The New Years between a stamp and one that stands behind it in the log: 1 when the year has
// turned, -1 when the line is late by a few days and the year has just turned, otherwise 0.
int new_years_between(const Stamp& before, const Stamp& after) {
  const Duration ahead = place_in_year(after) - place_in_year(before);
  if (ahead < -kLate) return 1;
  return ahead > kYear - kLate ? -1 : 0;
}

int year_of(Time time) { return to_civil(time, Zone()).year; }

}  // namespace

void Calendar::add_sample(std::uint64_t offset, const Stamp& stamp) {
  if (stamp.kind != Stamp::Kind::yearless) return;
  int passed = 0;
  if (!samples_.empty()) {
    passed = samples_.back().new_years + new_years_between(samples_.back().stamp, stamp);
  }
  samples_.push_back({offset, stamp, passed});
}

void Calendar::set_first_year(int year) {
  evidence_ = Evidence::flag;
  first_year_ = year;
}

void Calendar::set_dated(std::uint64_t offset, Time time) {
  if (samples_.empty() || !weaker_than(Evidence::dated_line)) return;
  const Sample& sample = sample_before(offset);
  int best = year_of(time);
  const auto distance = [&](int year) {
    return std::chrono::abs(in_year(year, sample.stamp) - time);
  };
  for (const int year : {best - 1, best + 1}) {
    if (distance(year) < distance(best)) best = year;
  }
  evidence_ = Evidence::dated_line;
  first_year_ = best - sample.new_years;
}

void Calendar::set_latest(Time latest, Evidence evidence) {
  if (samples_.empty() || !weaker_than(evidence)) return;
  const Sample& last = samples_.back();
  int year = year_of(latest) + 1;
  while (year > 1970 && in_year(year, last.stamp) > latest + kZoneSlack) --year;
  evidence_ = evidence;
  first_year_ = year - last.new_years;
}

Time Calendar::resolve(std::uint64_t offset, const Stamp& stamp) const {
  if (stamp.kind == Stamp::Kind::absolute) return stamp.time;
  const Stamp* wanted = &stamp;
  if (stamp.kind == Stamp::Kind::none) {
    if (samples_.empty() || beginning_at_ < samples_.front().offset) return beginning_;
    wanted = &samples_.front().stamp;
    offset = samples_.front().offset;
  }
  if (samples_.empty()) return in_year(first_year_, *wanted);
  const Sample& sample = sample_before(offset);
  return in_year(first_year_ + sample.new_years + new_years_between(sample.stamp, *wanted),
                 *wanted);
}

const Calendar::Sample& Calendar::sample_before(std::uint64_t offset) const {
  const auto after = std::upper_bound(
      samples_.begin(), samples_.end(), offset,
      [](std::uint64_t value, const Sample& sample) { return value < sample.offset; });
  return after == samples_.begin() ? *after : *std::prev(after);
}

Time Calendar::in_year(int year, const Stamp& stamp) const {
  // 29 February exists in one year of four (of eight around 1900, 2100): the last that has it.
  for (int back = 0; back < 9; ++back) {
    const auto time = from_civil(year - back, stamp.month, stamp.day, stamp.time_of_day, zone_);
    if (time) return *time;
  }
  return Time();
}

std::uint64_t Calendar::next_sample(std::uint64_t offset) const {
  const auto after = std::find_if(samples_.begin(), samples_.end(),
                                  [&](const Sample& sample) { return sample.offset > offset; });
  return after == samples_.end() ? UINT64_MAX : after->offset;
}

bool CalendarCursor::covers(std::uint64_t offset, const Stamp& stamp) const {
  return offset >= begin_ && offset < end_ && stamp.month == month_ && stamp.day == day_ &&
         stamp.time_of_day >= hour_ && stamp.time_of_day < hour_ + hours(1);
}

Time CalendarCursor::resolve(std::uint64_t offset, const Stamp& stamp) {
  if (stamp.kind != Stamp::Kind::yearless) return calendar_.resolve(offset, stamp);
  if (covers(offset, stamp)) return hour_time_ + (stamp.time_of_day - hour_);
  Stamp first = stamp, last = stamp;
  hour_ = std::chrono::floor<hours>(stamp.time_of_day);
  first.time_of_day = hour_;
  last.time_of_day = hour_ + hours(1) - Duration(1);
  hour_time_ = calendar_.resolve(offset, first);
  begin_ = offset;
  // An hour in which clocks are set, or at the edge of what counts as late, is not remembered.
  const bool even = calendar_.resolve(offset, last) - hour_time_ == hours(1) - Duration(1);
  end_ = even ? calendar_.next_sample(offset) : offset;
  month_ = stamp.month;
  day_ = stamp.day;
  return calendar_.resolve(offset, stamp);
}

}  // namespace ktrace::trace
