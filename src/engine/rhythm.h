// The rhythm of a source: from when to when it has records, how long it usually is silent, where it
// was silent for longer, and which of its records come late.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ktrace/time.h"

namespace ktrace::engine {

/// A time without records: from a record to the next in time.
struct Gap {
  Time start{};
  Duration length{};
};

/// Takes the times of records in the order of their positions. Of bounded size. For one thread.
class Rhythm {
 public:
  /// How many gaps are kept: the longest, of equal ones the earliest.
  static constexpr std::size_t kMostGaps = 8;

  Rhythm() = default;

  /// What is added comes behind a record of time `latest`, which is not part of it.
  explicit Rhythm(Time latest) : before_(latest), latest_(latest) {}

  void add(Time time);

  /// Whether `later`, the rhythm of what follows, is what it is whatever stands before: no record
  /// of it comes before the latest one here. Otherwise it must be taken again, behind latest().
  bool fits(const Rhythm& later) const {
    return !any() || !later.any() || later.before_ || later.first_ >= latest_;
  }

  /// Appends the rhythm of what follows; it fits.
  void append(const Rhythm& later);

  /// Moves all times.
  void shift(Duration by);

  bool any() const { return records_ > 0; }
  std::uint64_t records() const { return records_; }
  Time start() const { return start_; }    ///< of the earliest record; only if any()
  Time latest() const { return latest_; }  ///< of the latest record

  /// Records earlier than one that stands before them, and by how much at most.
  std::uint64_t late() const { return late_; }
  Duration lateness() const { return lateness_; }

  /// Whether the records come in the order of time, apart from some. Those of a dump do not: then
  /// nothing here tells of a silence.
  bool in_order() const { return late_ <= records_ / 2; }

  /// The longest first.
  const std::vector<Gap>& gaps() const { return gaps_; }

  /// Half of the time from start to latest, apart from the three longest gaps, passes in gaps that
  /// are no longer than about this. Empty when there are too few records to speak of a usual gap.
  std::optional<Duration> usual_gap() const;

  /// Whether a gap is much longer than usual: ten times, and ten seconds at least.
  bool unusual(const Gap& gap) const;

  /// Whether records should have come until `end` if things had gone on as before: the silence is
  /// five seconds at least, five times the usual gap and half as long again as the longest.
  bool ends_early(Time end) const;

 private:
  struct Bucket {
    std::uint64_t gaps = 0;
    std::uint64_t seconds = 0;  // whole ones, of all gaps together
    std::uint64_t rest = 0;     // nanoseconds, less than a second
  };

  void add_gap(const Gap& gap);
  void keep(const Gap& gap);

  std::optional<Time> before_;
  Time first_{};  // of the first record
  Time start_{};
  Time latest_{};
  std::uint64_t records_ = 0;
  std::uint64_t late_ = 0;
  Duration lateness_{};
  std::vector<Gap> gaps_;
  std::array<Bucket, 64> buckets_{};  // gaps by the number of bits of their length
};

}  // namespace ktrace::engine
