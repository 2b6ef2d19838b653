// Points in time, read and written; all of the calendar and the zones comes from date.

#include "ktrace/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include <date/date.h>
#include <date/tz.h>
#include <fmt/format.h>

namespace ktrace {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000'000;

// The range of Time less two days at each end: one for the zone, one for the day's beginning.
constexpr Duration kFirst = Duration::min() + hours(48);
constexpr Duration kLast = Duration::max() - hours(48);

// Reads fixed and variable runs of characters from the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_any(std::string_view set) {
    if (rest_.empty() || set.find(rest_.front()) == set.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `count` digits.
  bool digits(std::size_t count, int& value) {
    if (rest_.size() < count) return false;
    int sum = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      sum = sum * 10 + (c - '0');
    }
    value = sum;
    rest_.remove_prefix(count);
    return true;
  }

  // Any digits; those beyond the ninth are dropped.
  Duration fraction(std::uint8_t& count) {
    std::int64_t value = 0;
    count = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (count < 9) {
        value = value * 10 + (rest_.front() - '0');
        ++count;
      }
      rest_.remove_prefix(1);
    }
    for (int i = count; i < 9; ++i) value *= 10;
    return Duration(value);
  }

 private:
  std::string_view rest_;
};

struct Clock {
  Duration time_of_day{};
  std::uint8_t digits = 0;
};

// hh:mm[:ss[(.|,)fraction]]
bool read_clock(Cursor& in, Clock& clock) {
  int hour = 0, minute = 0, second = 0;
  if (!in.digits(2, hour) || !in.take(':') || !in.digits(2, minute)) return false;
  Duration fraction{};
  if (in.take(':')) {
    if (!in.digits(2, second)) return false;
    if (in.take_any(".,")) fraction = in.fraction(clock.digits);
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  clock.time_of_day = hours(hour) + minutes(minute) + seconds(second) + fraction;
  return true;
}

bool read_date(Cursor& in, int& year, int& month, int& day) {
  return in.digits(4, year) && in.take('-') && in.digits(2, month) && in.take('-') &&
         in.digits(2, day);
}

// Z, +hh:mm, +hhmm, +hh
bool read_offset(Cursor& in, Duration& offset) {
  if (in.take_any("Zz")) {
    offset = {};
    return true;
  }
  const bool west = in.take('-');
  int hour = 0, minute = 0;
  if ((!west && !in.take('+')) || !in.digits(2, hour)) return false;
  const bool colon = in.take(':');
  if ((colon || !in.done()) && !in.digits(2, minute)) return false;
  if (hour > 23 || minute > 59) return false;
  offset = hours(hour) + minutes(minute);
  if (west) offset = -offset;
  return true;
}

// "UTC", "+02:00"
std::string offset_name(Duration ahead) {
  if (ahead == Duration::zero()) return "UTC";
  const auto total = std::chrono::duration_cast<minutes>(std::chrono::abs(ahead)).count();
  const char sign = ahead < Duration::zero() ? '-' : '+';
  return fmt::format("{}{:02}:{:02}", sign, total / 60, total % 60);
}

const date::time_zone* tz(const void* zone) { return static_cast<const date::time_zone*>(zone); }

Duration since_epoch(date::year_month_day day) {
  return Duration(date::local_days(day).time_since_epoch());
}

template <std::int64_t kUnit, unsigned kDecimals>
std::string rounded(std::int64_t count, std::string_view name) {
  constexpr std::int64_t kStep = kDecimals == 2 ? kUnit / 100 : kDecimals == 1 ? kUnit / 10 : kUnit;
  const std::int64_t twice = 2 * (count % kStep);
  if (twice == kStep) {  // as floating-point numbers are rounded
    const double value = static_cast<double>(count) / static_cast<double>(kUnit);
    return fmt::format("{:.{}f}{}", value, kDecimals, name);
  }
  const std::int64_t digits = count / kStep + (twice > kStep ? 1 : 0);
  std::array<char, 4> text{};
  std::size_t size = 0;
  for (const std::int64_t place : {100, 10, 1}) {
    text[size++] = static_cast<char>('0' + digits / place % 10);
    if ((place == 100 && kDecimals == 2) || (place == 10 && kDecimals == 1)) text[size++] = '.';
  }
  return std::string(text.data(), size).append(name);
}

// `count` nanoseconds, 0.9995 to 999.5 of a unit, with three significant digits. A list of traces
// has two of these in each row: what is divided by is known when this is compiled.
template <std::int64_t kUnit>
std::string significant(std::int64_t count, std::string_view name) {
  if (count * 1000 < kUnit * 9995) return rounded<kUnit, 2>(count, name);
  if (count * 100 < kUnit * 9995) return rounded<kUnit, 1>(count, name);
  return rounded<kUnit, 0>(count, name);
}

}  // namespace

Result<Zone> Zone::parse(std::string_view name) {
  Zone zone;
  zone.name_ = name;
  if (name == "UTC" || name == "utc" || name == "Z") return Zone();
  Cursor in(name);
  if (read_offset(in, zone.fixed_) && in.done()) return zone;
  try {
    const char* variable = std::getenv("TZ");
    if (name != "local") {
      zone.zone_ = date::locate_zone(zone.name_);
    } else if (variable != nullptr && *variable != '\0') {
      zone.zone_ = date::locate_zone(*variable == ':' ? variable + 1 : variable);
    } else {
      zone.zone_ = date::current_zone();
    }
    zone.name_ = tz(zone.zone_)->name();
    return zone;
  } catch (const std::exception&) {
    return Status::error(fmt::format(
        "unknown time zone '{}' (give a name such as Europe/Berlin, an offset such as +02:00, "
        "UTC or local)",
        name));
  }
}

Zone Zone::of_offsets(Duration ahead, std::vector<ClockChange> changes) {
  Zone zone;
  zone.name_ = offset_name(ahead);
  zone.fixed_ = ahead;
  for (const ClockChange& change : changes) zone.name_ += ", then " + offset_name(change.ahead);
  zone.changes_ = std::move(changes);
  return zone;
}

std::optional<Time> Zone::find_change(Duration before, Duration after, Time from, Time to) {
  std::optional<Time> first;
  for (const date::time_zone& place : date::get_tzdb().zones) {
    const date::sys_info info = place.get_info(from);
    const Time end = Time(std::clamp<seconds>(
        info.end.time_since_epoch(), date::floor<seconds>(kFirst), date::floor<seconds>(kLast)));
    if (info.offset != before || end > to || (first && end >= *first)) continue;
    if (place.get_info(info.end).offset == after) first = end;
  }
  return first;
}

std::vector<SetBack> Zone::set_backs(Time from, Time to) const {
  std::vector<SetBack> found;
  Duration ahead = fixed_;
  for (const ClockChange& change : changes_) {
    if (change.ahead < ahead && change.at >= from && change.at <= to) {
      found.push_back({change.at, ahead - change.ahead});
    }
    ahead = change.ahead;
  }
  if (zone_ == nullptr) return found;
  to = std::min(to, Time(kLast));
  for (Time at = std::max(from, Time(kFirst)); at <= to;) {
    const date::sys_info before = tz(zone_)->get_info(at);
    if (before.end > date::floor<seconds>(to)) break;
    at = before.end;
    const seconds by = before.offset - tz(zone_)->get_info(at).offset;
    if (by > seconds::zero()) found.push_back({at, by});
  }
  return found;
}

Time Zone::to_time(Duration local) const {
  local = std::clamp(local, kFirst, kLast);
  Duration ahead = fixed_;
  for (const ClockChange& change : changes_) {
    const Time time(local - ahead);
    if (time < change.at) return time;
    if (Time(local - change.ahead) < change.at) return change.at;
    ahead = change.ahead;
  }
  if (zone_ == nullptr) return Time(local - ahead);
  const date::local_time<Duration> clocks(local);
  return Time(tz(zone_)->to_sys(clocks, date::choose::earliest).time_since_epoch());
}

Duration Zone::to_local(Time time) const {
  const Duration within = std::clamp(time.time_since_epoch(), kFirst, kLast);
  if (zone_ == nullptr) {
    Duration ahead = fixed_;
    for (const ClockChange& change : changes_) {
      if (time >= change.at) ahead = change.ahead;
    }
    return within + ahead;
  }
  return tz(zone_)->to_local(Time(within)).time_since_epoch();
}

CivilTime to_civil(Time time, const Zone& zone) {
  const date::local_time<Duration> local(zone.to_local(time));
  const auto midnight = date::floor<date::days>(local);
  const date::year_month_day day(midnight);
  const date::hh_mm_ss<Duration> clock(local - midnight);
  return {static_cast<int>(day.year()),
          static_cast<unsigned>(day.month()),
          static_cast<unsigned>(day.day()),
          static_cast<unsigned>(clock.hours().count()),
          static_cast<unsigned>(clock.minutes().count()),
          static_cast<unsigned>(clock.seconds().count()),
          clock.subseconds()};
}

std::optional<Time> from_civil(int year, unsigned month, unsigned day, Duration time_of_day,
                               const Zone& zone) {
  const date::year_month_day date{date::year(year), date::month(month), date::day(day)};
  if (!date.ok() || year < 1678 || year > 2261) return std::nullopt;
  return zone.to_time(since_epoch(date) + time_of_day);
}

std::optional<Time> parse_rfc3339(std::string_view text, std::uint8_t* digits) {
  Cursor in(text);
  int year = 0, month = 0, day = 0;
  Clock clock;
  Duration offset{};
  const bool whole = read_date(in, year, month, day) && in.take_any("Tt ") &&
                     read_clock(in, clock) && read_offset(in, offset) && in.done();
  if (!whole) return std::nullopt;
  if (digits != nullptr) *digits = clock.digits;
  auto time =
      from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day), clock.time_of_day);
  if (time) *time -= offset;
  return time;
}

std::string format_rfc3339(Time time, unsigned digits) {
  const CivilTime civil = to_civil(time, Zone());
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", civil.year, civil.month,
                                 civil.day, civil.hour, civil.minute, civil.second);
  if (digits > 0) {
    const std::string nanoseconds = fmt::format("{:09}", civil.fraction.count());
    text.append(".").append(nanoseconds, 0, digits);
  }
  return text + "Z";
}

std::optional<Duration> parse_duration(std::string_view text) {
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"ns", 1},           {"us", 1'000},         {"\u00b5s", 1'000},
      {"\u03bcs", 1'000},  {"ms", 1'000'000},     {"s", kSecond},
      {"m", 60 * kSecond}, {"h", 3600 * kSecond}, {"d", 86400 * kSecond}};
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  long double total = 0;
  while (!text.empty()) {
    const std::size_t number = std::min(text.find_first_not_of("0123456789."), text.size());
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + number, value);
    if (error != std::errc() || end != text.data() + number) return std::nullopt;
    text.remove_prefix(number);
    const std::size_t length = std::min(text.find_first_of("0123456789."), text.size());
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const auto& row) {
      return row.first == text.substr(0, length);
    });
    if (unit == std::end(kUnits)) return std::nullopt;
    total += static_cast<long double>(value) * static_cast<long double>(unit->second);
    text.remove_prefix(length);
  }
  if (total > 9.2e18L) return std::nullopt;
  const auto nanoseconds = static_cast<std::int64_t>(total + 0.5L);
  return Duration(negative ? -nanoseconds : nanoseconds);
}

std::string format_duration(Duration duration) {
  const std::int64_t count = duration.count();
  if (count < 0) {
    return fmt::format("-{}", format_duration(Duration(count == INT64_MIN ? INT64_MAX : -count)));
  }
  if (count < 1000) return fmt::format("{}ns", count);
  if (count < 999'500) return significant<1'000>(count, "\u00b5s");
  if (count < 999'500'000) return significant<1'000'000>(count, "ms");
  if (count < 59'950'000'000) return significant<kSecond>(count, "s");
  const std::int64_t whole = count / kSecond + (count % kSecond >= kSecond / 2 ? 1 : 0);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d{:02}h", whole / 86400, whole / 3600 % 24);
}

Result<TimeBound> TimeBound::parse(std::string_view text, const Zone& zone, Time now) {
  TimeBound bound;
  if (const auto time = parse_rfc3339(text)) {
    bound.time = *time;
    return bound;
  }
  if (text == "now") {
    bound.time = now;
    return bound;
  }
  if (const auto ago = parse_duration(text)) {
    bound.time = now - std::chrono::abs(*ago);
    return bound;
  }
  Clock clock;
  Cursor time_only(text);
  if (read_clock(time_only, clock) && time_only.done()) {
    bound.time_of_day = true;
    bound.clock = clock.time_of_day;
    return bound;
  }
  Cursor in(text);
  int year = 0, month = 0, day = 0;
  if (read_date(in, year, month, day) &&
      (in.done() || (in.take_any("Tt ") && read_clock(in, clock) && in.done()))) {
    if (const auto time = from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day),
                                     clock.time_of_day, zone)) {
      bound.time = *time;
      return bound;
    }
  }
  return Status::error(fmt::format(
      "cannot read the time '{}' (give RFC 3339, 2026-11-22 15:04, 15:04:05, or -10m)", text));
}

}  // namespace ktrace
