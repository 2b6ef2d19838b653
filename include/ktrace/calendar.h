// The calendar of one source: which year the year-less stamps of klog belong to.
//
// klog prints month, day and time of day, neither year nor zone (DESIGN promise 4). A log runs
// forward in time, apart from lines that come late. So the calendar holds samples: stamps at known
// offsets, in order, each with the number of New Years passed since the first. One piece of
// evidence for the year of any of them then dates all; and a record is dated by the sample before
// it, so that a line that comes late moves nobody but itself.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ktrace/record.h"
#include "ktrace/time.h"

namespace ktrace::trace {

/// What a source's clock showed at one of its records.
struct ClockReading {
  std::uint64_t offset = 0;
  Stamp stamp;                   ///< without year
  std::optional<Time> received;  ///< when its envelope tells
};

/// Readings of one source in the order of offsets, so thinned out that they still show where the
/// clock was set back. Of bounded size.
class ClockReadings {
 public:
  void see(std::uint64_t offset, const Stamp& stamp, std::optional<Time> received);
  const std::vector<ClockReading>& list() const { return list_; }

 private:
  std::vector<ClockReading> list_;
};

/// How far the clock that a record shows is ahead of UTC, if it was received at once: in whichever
/// year that is least.
Duration clock_ahead(const Stamp& stamp, Time received);

/// Receptions between which the clock seems to jump by so much are looked at apart.
inline constexpr Duration kClockJump = std::chrono::minutes(10);

/// Not thread-safe while samples are added; resolve() is thread-safe.
class Calendar {
 public:
  explicit Calendar(Zone zone = {}) : zone_(std::move(zone)) {}

  /// What the year was inferred from, the strongest first.
  enum class Evidence : std::uint8_t { flag, envelope, dated_line, modified, today, none };

  /// A year-less stamp at `offset`; offsets must not descend.
  void add_sample(std::uint64_t offset, const Stamp& stamp);

  /// Whether no year-less stamp is known, so that nothing needs a year.
  bool empty() const { return samples_.empty(); }

  /// `year` is that of the first sample.
  void set_first_year(int year);

  /// At `offset` the log tells the date `time` (of a clock in the source's zone, as if UTC).
  void set_dated(std::uint64_t offset, Time time);

  /// The last sample is not after `latest`, give or take a day.
  void set_latest(Time latest, Evidence evidence);

  /// The source's clock is that far ahead: all its times are moved back.
  void set_ahead(Duration ahead) { ahead_ = ahead; }

  /// At `offset` a record with the year-less `stamp` was received at `time`, by the stamp of its
  /// envelope: give all of these before set_envelopes().
  void add_reception(std::uint64_t offset, const Stamp& stamp, Time time);

  /// Lets the receptions tell the zone, unless `zone_given`, and the year.
  void set_envelopes(bool zone_given);

  /// The source's first stamp of its own year was `time`, at `offset`.
  void set_beginning(std::uint64_t offset, Time time) {
    beginning_at_ = offset;
    beginning_ = time;
  }

  const Zone& zone() const { return zone_; }

  /// When the clocks were set back while the source was written: of the time that they showed twice
  /// settle() decides which is meant.
  std::vector<SetBack> set_backs() const;

  /// Decides by `readings` of the source, those of the hours around `set_back`, what its stamps
  /// mean that may stand for a time before it as well as for one behind it. Where nothing is
  /// decided they stand for the one before.
  void settle(const SetBack& set_back, std::span<const ClockReading> readings);

  /// Of what was to be settled, that of which nothing could be decided.
  const std::vector<SetBack>& undecided() const { return undecided_; }

  /// Whether stamps of the hour from `time` on may mean a time behind the setting back of clocks.
  bool told_twice(Time time) const;

  /// Whether the source tells no time at all, as far as is known.
  bool timeless() const { return samples_.empty() && beginning_at_ == UINT64_MAX; }

  /// What the year rests on: the strongest of what was set.
  Evidence evidence() const { return evidence_; }

  /// Whether envelopes told the zone.
  bool zone_from_envelopes() const { return zone_from_envelopes_; }

  /// The point in time of a record at `offset`; an absolute stamp is its own answer, but for what
  /// the clock is ahead. A stamp of kind none gives the time of the first sample or the beginning,
  /// whichever stands first.
  Time resolve(std::uint64_t offset, const Stamp& stamp) const;

  /// Where the sample behind `offset` is; the largest number when there is none.
  std::uint64_t next_sample(std::uint64_t offset) const;

 private:
  struct Sample {
    std::uint64_t offset;
    Stamp stamp;
    int new_years;  // passed since the first sample
  };

  struct Reception {
    std::uint64_t offset;
    Stamp stamp;
    Time time;
  };

  // The times in which the source was at some offsets, in order.
  using Marks = std::vector<std::pair<std::uint64_t, Time>>;
  struct Fold {
    SetBack set_back;
    Marks marks;
  };

  void set_zone_by_receptions();
  Time in_its_pass(std::uint64_t offset, Time time) const;
  void set_year_near(std::uint64_t offset, Time time, Evidence evidence);
  Time read(std::uint64_t offset, const Stamp& stamp) const;
  const Sample& sample_before(std::uint64_t offset) const;
  Time in_year(int year, const Stamp& stamp) const;
  bool weaker_than(Evidence evidence) const { return evidence < evidence_; }

  Zone zone_;
  bool zone_from_envelopes_ = false;
  std::vector<Sample> samples_;
  std::vector<Reception> receptions_;
  std::vector<Fold> folds_;
  std::vector<SetBack> undecided_;
  Evidence evidence_ = Evidence::none;
  int first_year_ = 1970;
  std::uint64_t beginning_at_ = UINT64_MAX;
  Time beginning_{};
  Duration ahead_{};
};

/// Resolves many stamps of one source, most of them in the hour of the one before. Gives what
/// Calendar::resolve gives. For one thread; the calendar outlives it.
class CalendarCursor {
 public:
  explicit CalendarCursor(const Calendar& calendar) : calendar_(calendar) {}

  Time resolve(std::uint64_t offset, const Stamp& stamp) {
    return covers(offset, stamp) ? hour_time_ + (stamp.time_of_day - hour_)
                                 : resolve_other(offset, stamp);
  }

  const Calendar& calendar() const { return calendar_; }

 private:
  bool covers(std::uint64_t offset, const Stamp& stamp) const {
    return stamp.kind == Stamp::Kind::yearless && offset >= begin_ && offset < end_ &&
           stamp.month == month_ && stamp.day == day_ && stamp.time_of_day >= hour_ &&
           stamp.time_of_day < hour_ + std::chrono::hours(1);
  }

  Time resolve_other(std::uint64_t offset, const Stamp& stamp);

  const Calendar& calendar_;
  std::uint64_t begin_ = 0, end_ = 0;  // offsets for which the same sample counts
  std::uint8_t month_ = 0, day_ = 0;
  Duration hour_{};  // of the day
  Time hour_time_{};
};

}  // namespace ktrace::trace
