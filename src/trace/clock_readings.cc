// Of an hour that clocks have shown twice, which pass is meant? klog does not say. A log runs
// forward: where its clock goes back by more than lines ever are late, in that hour, the second
// pass begins. An envelope that tells when a record was received tells its pass, too. Where neither
// is there, what goes on from the time before the hour is of the first pass, and what goes on into
// the time behind it of the second; when both do, or neither, nothing is decided.
//
// What was decided is kept as marks: the time at which the source was at some offsets. Behind a
// mark of the second pass a stamp means that, too, unless it is of a line of the first that comes
// late.

#include <algorithm>

#include "ktrace/calendar.h"

namespace ktrace::trace {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Duration kStep = minutes(1);  // of the readings that are kept
constexpr std::size_t kMostReadings = 100'000;

constexpr Duration kAround = hours(6);     // of the set-back: readings that count
constexpr Duration kLatest = minutes(5);   // no line is later
constexpr Duration kGoesOn = minutes(10);  // the longest silence over which a log goes on
constexpr Duration kClockError = std::chrono::seconds(2);

Duration place_in_year(const Stamp& stamp) {
  return hours(24) * (31 * stamp.month + stamp.day) + stamp.time_of_day;
}

// The readings around one set-back, as if all were of the first pass.
class Passes {
 public:
  using Marks = std::vector<std::pair<std::uint64_t, Time>>;

  explicit Passes(const SetBack& set_back) : at_(set_back.at), by_(set_back.by) {}

  void add(const ClockReading& reading, Time time) {
    if (time < at_ - kAround || time > at_ + kAround) return;
    all_.push_back({reading.offset, time, reading.received});
  }

  bool any_inside() const {
    return std::any_of(all_.begin(), all_.end(), [this](const One& one) { return inside(one); });
  }

  // Empty when nothing can be decided.
  Marks decide() const {
    Marks marks = by_envelopes();
    if (marks.empty()) marks = by_order();
    if (marks.empty()) marks = by_neighbours();
    return marks;
  }

 private:
  struct One {
    std::uint64_t offset;
    Time time;
    std::optional<Time> received;
  };

  bool inside(const One& one) const { return one.time >= at_ - by_ && one.time < at_; }

  Marks by_envelopes() const {
    Marks marks;
    for (const One& one : all_) {
      if (!one.received) continue;
      const bool second = inside(one) && one.time + by_ <= *one.received + kClockError;
      marks.emplace_back(one.offset, second ? one.time + by_ : one.time);
    }
    return marks;
  }

  Marks by_order() const {
    std::optional<Time> latest;
    const One* step = nullptr;
    for (const One& one : all_) {
      if (!inside(one) || (step != nullptr && of_first_pass(one, *latest))) continue;
      if (latest && one.time < *latest - kLatest) {
        if (step != nullptr) return {};
        step = &one;
        latest = one.time;
      }
      latest = std::max(latest.value_or(one.time), one.time);
    }
    return step == nullptr ? Marks() : marks_around(*step);
  }

  // Whether it comes late: `latest` is what the clock has shown in the second pass.
  bool of_first_pass(const One& one, Time latest) const {
    return latest + by_ - one.time < kLatest;
  }

  // `step`: the first reading of the second pass.
  Marks marks_around(const One& step) const {
    Marks marks;
    for (const One& one : all_) {
      if (one.offset < step.offset || !inside(one)) {
        marks.emplace_back(one.offset, one.time);
        continue;
      }
      const bool first = one.offset == step.offset;
      if (!first && of_first_pass(one, marks.back().second - by_)) continue;
      marks.emplace_back(one.offset, one.time + by_);
    }
    return marks;
  }

  Marks by_neighbours() const {
    const auto in = [this](const One& one) { return inside(one); };
    const auto first = std::find_if(all_.begin(), all_.end(), in);
    const auto behind = std::find_if(all_.rbegin(), all_.rend(), in).base();
    const bool begins = first != all_.begin() && first->time - std::prev(first)->time <= kGoesOn;
    const bool ends =
        behind != all_.end() && behind->time - std::prev(behind)->time - by_ <= kGoesOn;
    if (begins == ends) return {};
    Marks marks;
    for (auto one = first; one != behind; ++one) {
      marks.emplace_back(one->offset, inside(*one) && ends ? one->time + by_ : one->time);
    }
    return marks;
  }

  Time at_;
  Duration by_;
  std::vector<One> all_;
};

}  // namespace

void ClockReadings::see(std::uint64_t offset, const Stamp& stamp, std::optional<Time> received) {
  if (stamp.kind != Stamp::Kind::yearless || list_.size() == kMostReadings) return;
  if (!list_.empty()) {
    const Duration by = place_in_year(stamp) - place_in_year(list_.back().stamp);
    const bool again = std::chrono::abs(by) < kStep;
    const bool received_later = received && list_.back().received &&
                                std::chrono::abs(*received - *list_.back().received) >= kStep;
    if (again && !received_later) return;
  }
  list_.push_back({offset, stamp, received});
}

std::vector<SetBack> Calendar::set_backs() const {
  if (samples_.empty()) return {};
  Time begin = Time::max(), end = Time::min();
  for (const Sample& sample : samples_) {
    const Time time = read(sample.offset, sample.stamp);
    begin = std::min(begin, time);
    end = std::max(end, time);
  }
  // A first sample that shows the hour twice told stands less than it before the set-back.
  return zone_.set_backs(begin, earlier(end, -hours(3)));
}

void Calendar::settle(const SetBack& set_back, std::span<const ClockReading> readings) {
  Passes passes(set_back);
  for (const ClockReading& reading : readings) {
    passes.add(reading, read(reading.offset, reading.stamp));
  }
  if (!passes.any_inside()) return;
  Marks marks = passes.decide();
  if (marks.empty()) return undecided_.push_back(set_back);
  folds_.push_back({set_back, std::move(marks)});
}

bool Calendar::told_twice(Time time) const {
  return std::any_of(folds_.begin(), folds_.end(), [time](const Fold& fold) {
    return time > fold.set_back.at - fold.set_back.by - hours(1) &&
           time < fold.set_back.at + fold.set_back.by;
  });
}

// `time` as if it were of the first pass.
Time Calendar::in_its_pass(std::uint64_t offset, Time time) const {
  for (const auto& [set_back, marks] : folds_) {
    if (time < set_back.at - set_back.by || time >= set_back.at) continue;
    const auto behind =
        std::upper_bound(marks.begin(), marks.end(), offset,
                         [](std::uint64_t at, const auto& mark) { return at < mark.first; });
    const Time now = (behind == marks.begin() ? behind : std::prev(behind))->second;
    return now >= set_back.at && now - time >= kLatest ? time + set_back.by : time;
  }
  return time;
}

}  // namespace ktrace::trace
