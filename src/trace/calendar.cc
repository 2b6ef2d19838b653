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

// ---- The zone, from the difference between a record's clock and its envelope's ----
//
// A record that shows local time L and was received at R has waited a while: its zone's offset is
// L - R and the wait, which is not negative. In the record that waited least the wait is so short
// that only one offset which any zone of the world has lies just above the difference. Where even
// that one waited long, or the records do not agree, lateness cannot be told from an offset, and
// there is none.

using std::chrono::minutes;

constexpr Duration kShortWait = minutes(1);  // of the record that waited least
constexpr Duration kUsualWait = minutes(5);  // of most records
constexpr Duration kClockError = std::chrono::seconds(2);

// In minutes, as the tz database has them in our time.
constexpr int kOffsets[] = {-720, -660, -600, -570, -540, -480, -420, -360, -300, -240,
                            -210, -180, -150, -120, -60,  0,    60,   120,  180,  210,
                            240,  270,  300,  330,  345,  360,  390,  420,  480,  525,
                            540,  570,  600,  630,  660,  720,  765,  780,  825,  840};

std::optional<Duration> zone_offset(std::span<const Duration> all) {
  std::vector<Duration> ahead(all.begin(), all.end());
  std::sort(ahead.begin(), ahead.end());
  const Duration most = ahead.back(), usual = ahead[ahead.size() / 2];
  const auto offset = std::find_if(std::begin(kOffsets), std::end(kOffsets), [&](int candidate) {
    return minutes(candidate) + kClockError >= most;
  });
  if (offset == std::end(kOffsets)) return std::nullopt;
  const Duration found = minutes(*offset);
  if (found - most > kShortWait || found - usual > kUsualWait) return std::nullopt;
  return found;
}

int year_of(Time time) { return to_civil(time, Zone()).year; }

}  // namespace

Duration clock_ahead(const Stamp& stamp, Time received) {
  const CivilTime civil = to_civil(received, Zone());
  Duration least = Duration::max();
  for (const int year : {civil.year - 1, civil.year, civil.year + 1}) {
    const auto shown = from_civil(year, stamp.month, stamp.day, stamp.time_of_day);
    if (shown && std::chrono::abs(*shown - received) < std::chrono::abs(least))
      least = *shown - received;
  }
  return least;
}

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

void Calendar::add_reception(std::uint64_t offset, const Stamp& stamp, Time time) {
  if (stamp.kind == Stamp::Kind::yearless) receptions_.push_back({offset, stamp, time});
}

void Calendar::set_envelopes(bool zone_given) {
  if (receptions_.empty() || samples_.empty()) return;
  if (!zone_given) set_zone_by_receptions();
  set_year_near(receptions_.front().offset, receptions_.front().time, Evidence::envelope);
}

// The clocks may have been set forward or back in between. That is believed of runs of records that
// agree on an offset each, where some place on Earth did just so at that moment.
void Calendar::set_zone_by_receptions() {
  std::stable_sort(receptions_.begin(), receptions_.end(),
                   [](const Reception& a, const Reception& b) { return a.offset < b.offset; });
  std::vector<Duration> ahead;
  for (const Reception& one : receptions_) ahead.push_back(clock_ahead(one.stamp, one.time));
  const std::span<const Duration> all(ahead);
  std::optional<Duration> first, last;
  std::vector<ClockChange> changes;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (++end < all.size() && std::chrono::abs(all[end] - all[end - 1]) < kClockJump) continue;
    const auto offset = zone_offset(all.subspan(begin, end - begin));
    if (!offset || offset == last) continue;
    if (!last) {
      first = last = offset;
      continue;
    }
    const auto at = Zone::find_change(*last, *offset, receptions_[begin - 1].time - kUsualWait,
                                      receptions_[begin].time + kClockError);
    if (!at) continue;
    changes.push_back({*at, *offset});
    last = offset;
  }
  if (changes.empty()) first = zone_offset(all);
  if (!first) return;
  zone_ = Zone::of_offsets(*first, std::move(changes));
  zone_from_envelopes_ = true;
}

void Calendar::set_dated(std::uint64_t offset, Time time) {
  set_year_near(offset, time, Evidence::dated_line);
}

void Calendar::set_year_near(std::uint64_t offset, Time time, Evidence evidence) {
  if (samples_.empty() || !weaker_than(evidence)) return;
  const Sample& sample = sample_before(offset);
  int best = year_of(time);
  const auto distance = [&](int year) {
    return std::chrono::abs(in_year(year, sample.stamp) - time);
  };
  for (const int year : {best - 1, best + 1}) {
    if (distance(year) < distance(best)) best = year;
  }
  evidence_ = evidence;
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
  return earlier(read(offset, stamp), ahead_);
}

// What the source's own clock showed.
Time Calendar::read(std::uint64_t offset, const Stamp& stamp) const {
  if (stamp.kind == Stamp::Kind::absolute) return stamp.time;
  const Stamp* wanted = &stamp;
  if (stamp.kind == Stamp::Kind::none) {
    if (samples_.empty() || beginning_at_ < samples_.front().offset) return beginning_;
    wanted = &samples_.front().stamp;
    offset = samples_.front().offset;
  }
  if (samples_.empty()) return in_year(first_year_, *wanted);
  const Sample& sample = sample_before(offset);
  const int year = first_year_ + sample.new_years + new_years_between(sample.stamp, *wanted);
  return in_its_pass(offset, in_year(year, *wanted));
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

// In: it is not in the hour that is remembered. Out: as a rule it is.
Time CalendarCursor::resolve_other(std::uint64_t offset, const Stamp& stamp) {
  if (stamp.kind != Stamp::Kind::yearless) return calendar_.resolve(offset, stamp);
  Stamp first = stamp, last = stamp;
  hour_ = std::chrono::floor<hours>(stamp.time_of_day);
  first.time_of_day = hour_;
  last.time_of_day = hour_ + hours(1) - Duration(1);
  hour_time_ = calendar_.resolve(offset, first);
  begin_ = offset;
  // An hour in which clocks are set, or at the edge of what counts as late, is not remembered.
  const bool even = calendar_.resolve(offset, last) - hour_time_ == hours(1) - Duration(1) &&
                    !calendar_.told_twice(hour_time_);
  end_ = even ? calendar_.next_sample(offset) : offset;
  month_ = stamp.month;
  day_ = stamp.day;
  return calendar_.resolve(offset, stamp);
}

}  // namespace ktrace::trace
