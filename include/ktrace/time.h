// Points in time: as logs write them, as users type them, as ktrace shows them.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/status.h"

namespace ktrace {

using Duration = std::chrono::nanoseconds;

/// Nanoseconds since 1970-01-01T00:00:00Z: all of the years 1678 to 2261, and some months around.
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// `time` less `duration`, not below the range of Time, whatever a log may claim.
constexpr Time earlier(Time time, Duration duration) {
  const bool below = duration > Duration::zero() && time < Time::min() + duration;
  const bool above = duration < Duration::zero() && time > Time::max() + duration;
  return below ? Time::min() : above ? Time::max() : time - duration;
}

/// How long after `from` `to` is; as much as a Duration holds (292 years) when it is longer.
constexpr Duration distance(Time from, Time to) {
  const auto begin = static_cast<std::uint64_t>(from.time_since_epoch().count());
  const auto end = static_cast<std::uint64_t>(to.time_since_epoch().count());
  constexpr auto kMost = static_cast<std::uint64_t>(Duration::max().count());
  return Duration(static_cast<Duration::rep>(end - begin < kMost ? end - begin : kMost));
}

/// A time as a record states it, before year and zone are known.
struct Stamp {
  enum class Kind : std::uint8_t {
    none,      ///< the record states no time
    yearless,  ///< month, day and time of day in an unknown zone (klog text)
    absolute,  ///< a point in time
  };

  Kind kind = Kind::none;
  std::uint8_t digits = 0;  ///< how many digits of the second's fraction the source has
  std::uint8_t month = 0;   ///< 1 to 12; yearless only
  std::uint8_t day = 0;     ///< 1 to 31; yearless only
  Duration time_of_day{};   ///< since midnight; yearless only
  Time time{};              ///< absolute only

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// A moment at which clocks were set back, so that they showed the time `by` before it twice.
struct SetBack {
  Time at{};
  Duration by{};

  friend bool operator==(const SetBack&, const SetBack&) = default;
};

/// A moment from which on clocks are `ahead` of UTC.
struct ClockChange {
  Time at{};
  Duration ahead{};
};

/// A time zone of the tz database ("Europe/Berlin"), "UTC", "local", or an offset ("+02:00").
/// Cheap to copy; thread-safe after construction.
class Zone {
 public:
  Zone() = default;  ///< UTC

  static Result<Zone> parse(std::string_view name);

  /// Clocks that are `ahead` of UTC, and from each of `changes` on, in order, as it says. Its name
  /// is the offsets.
  static Zone of_offsets(Duration ahead, std::vector<ClockChange> changes = {});

  /// When, within [from, to], clocks of any place in the tz database that were `before` ahead of
  /// UTC were set to be `after` ahead. Slow: looks at all places.
  static std::optional<Time> find_change(Duration before, Duration after, Time from, Time to);

  /// When its clocks are set back within [from, to], in order.
  std::vector<SetBack> set_backs(Time from, Time to) const;

  /// The point in time at which this zone's clocks show `local`, which counts nanoseconds since
  /// 1970-01-01T00:00:00 on those clocks. A local time that occurs twice is the earlier one; one
  /// that is skipped is the moment of the skip. The first and the last two days of Time's range
  /// count, here and below, as the moments at which they border on the others.
  Time to_time(Duration local) const;

  /// What this zone's clocks show at `time`, as nanoseconds since 1970-01-01T00:00:00.
  Duration to_local(Time time) const;

  /// "UTC", "Europe/Berlin", "+02:00": as given.
  const std::string& name() const { return name_; }

 private:
  const void* zone_ = nullptr;  // a date::time_zone; null: fixed_ and changes_ apply
  Duration fixed_{};
  std::vector<ClockChange> changes_;
  std::string name_ = "UTC";
};

/// The civil date and time of day in `zone`.
struct CivilTime {
  int year;
  unsigned month, day, hour, minute, second;
  Duration fraction;  ///< of the second
};
CivilTime to_civil(Time time, const Zone& zone);

/// The point in time of a civil date in `zone`; empty when there is no such day, and before 1678 or
/// behind 2261.
std::optional<Time> from_civil(int year, unsigned month, unsigned day, Duration time_of_day,
                               const Zone& zone = {});

/// Reads RFC 3339 and its relatives: 'T' or a space between date and time, a fraction of up to 9
/// digits after '.' or ',', the offset Z, +hh:mm, +hhmm or +hh. `digits`, when given, receives the
/// count of fraction digits. Empty when the whole of `text` is not such a time or its date is none
/// of from_civil's.
std::optional<Time> parse_rfc3339(std::string_view text, std::uint8_t* digits = nullptr);

/// RFC 3339 in UTC with `digits` fraction digits (0 to 9).
std::string format_rfc3339(Time time, unsigned digits);

/// Reads a Go duration ("1m2.5s", "700.49µs", "2411ms", "-10m", "0s"), with "d" for 24 h besides.
/// Empty when the whole of `text` is none.
std::optional<Duration> parse_duration(std::string_view text);

/// For people: three significant digits and a unit ("217ms", "1.20s", "3m02s").
std::string format_duration(Duration duration);

/// One end of --since/--until: a point in time, or a time of day that holds on every day.
struct TimeBound {
  bool time_of_day = false;
  Time time{};       ///< when not time_of_day
  Duration clock{};  ///< since midnight in the display zone, when time_of_day

  /// Reads RFC 3339, a civil time in `zone` ("2026-11-22", "2026-11-22 15:04"), a time of day
  /// ("15:04", "15:04:05.5"), a duration before `now` ("-10m", "10m"), or "now".
  static Result<TimeBound> parse(std::string_view text, const Zone& zone, Time now);
};

}  // namespace ktrace
