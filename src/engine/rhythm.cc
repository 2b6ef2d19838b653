// What is usual is weighed by time, not by number: a burst of a thousand lines does not make the
// ten seconds between two heartbeats unusual. In a source whose records come at random with a mean
// gap m, half of the time passes in gaps up to 1.7 m, and the longest of a million gaps is 14 m: a
// limit of ten times what is usual (17 m) is seldom met by chance. Lengths are counted in classes
// of powers of two; the mean of a class stands for its members.

#include "rhythm.h"

#include <algorithm>
#include <bit>

namespace ktrace::engine {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

constexpr std::uint64_t kLeastRecords = 20;
constexpr std::size_t kSetApart = 3;  // gaps that do not count for what is usual

constexpr Duration kLeastGap = std::chrono::seconds(10);
constexpr int kGapFactor = 10;

constexpr Duration kLeastSilence = std::chrono::seconds(5);
constexpr int kSilenceFactor = 5;

// later - earlier, or the longest Duration where that is too short.
Duration distance(Time from, Time to) {
  return earlier(to, Duration::max()) > from ? Duration::max() : to - from;
}

std::size_t bucket_of(Duration length) {
  return static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(length.count())));
}

}  // namespace

void Rhythm::add(Time time) {
  if (records_ == 0) first_ = start_ = time;
  const bool follows = records_ > 0 || before_;
  ++records_;
  start_ = std::min(start_, time);
  if (follows && time < latest_) {
    ++late_;
    lateness_ = std::max(lateness_, distance(time, latest_));
    return;
  }
  if (follows) add_gap({latest_, distance(latest_, time)});
  latest_ = time;
}

void Rhythm::append(const Rhythm& later) {
  if (!later.any()) return;
  if (!any() && !before_) {
    *this = later;
    return;
  }
  if (!later.before_) add_gap({latest_, distance(latest_, later.first_)});
  if (!any()) {
    first_ = later.first_;
    start_ = later.start_;
  }
  start_ = std::min(start_, later.start_);
  latest_ = std::max(latest_, later.latest_);
  records_ += later.records_;
  late_ += later.late_;
  lateness_ = std::max(lateness_, later.lateness_);
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    buckets_[i].gaps += later.buckets_[i].gaps;
    buckets_[i].seconds += later.buckets_[i].seconds;
    buckets_[i].rest += later.buckets_[i].rest;
  }
  for (const Gap& gap : later.gaps_) keep(gap);
}

void Rhythm::add_gap(const Gap& gap) {
  if (gap.length == Duration::zero()) return;
  const auto length = static_cast<std::uint64_t>(gap.length.count());
  Bucket& bucket = buckets_[bucket_of(gap.length)];
  ++bucket.gaps;
  bucket.seconds += length / kSecond;
  bucket.rest += length % kSecond;
  keep(gap);
}

void Rhythm::keep(const Gap& gap) {
  if (gaps_.size() == kMostGaps && gap.length <= gaps_.back().length) return;
  const auto place =
      std::upper_bound(gaps_.begin(), gaps_.end(), gap,
                       [](const Gap& a, const Gap& b) { return a.length > b.length; });
  gaps_.insert(place, gap);
  if (gaps_.size() > kMostGaps) gaps_.pop_back();
}

void Rhythm::shift(Duration by) {
  const auto move = [by](Time& time) { time = earlier(time, -by); };
  if (before_) move(*before_);
  for (Time* time : {&first_, &start_, &latest_}) move(*time);
  for (Gap& gap : gaps_) move(gap.start);
}

std::optional<Duration> Rhythm::usual_gap() const {
  if (records_ < kLeastRecords || !in_order()) return std::nullopt;
  struct Class {
    double gaps, nanoseconds;
  };
  std::array<Class, 64> classes{};
  double all = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const Bucket& bucket = buckets_[i];
    classes[i] = {static_cast<double>(bucket.gaps),
                  static_cast<double>(bucket.seconds) * 1e9 + static_cast<double>(bucket.rest)};
  }
  for (std::size_t i = 0; i < std::min(kSetApart, gaps_.size()); ++i) {
    Class& own = classes[bucket_of(gaps_[i].length)];
    own.gaps -= 1;
    own.nanoseconds -= static_cast<double>(gaps_[i].length.count());
  }
  for (const Class& one : classes) all += one.gaps > 0 ? one.nanoseconds : 0;
  double passed = 0;
  for (const Class& one : classes) {
    if (one.gaps <= 0) continue;
    passed += one.nanoseconds;
    if (passed >= all / 2) return Duration(static_cast<std::int64_t>(one.nanoseconds / one.gaps));
  }
  return std::nullopt;
}

bool Rhythm::unusual(const Gap& gap) const {
  const auto usual = usual_gap();
  return usual && gap.length >= kLeastGap && gap.length / kGapFactor >= *usual;
}

bool Rhythm::ends_early(Time end) const {
  const auto usual = usual_gap();
  if (!usual || end <= latest_) return false;
  const Duration silence = distance(latest_, end);
  const Duration longest = gaps_.empty() ? Duration::zero() : gaps_.front().length;
  return silence >= kLeastSilence && silence / kSilenceFactor >= *usual &&
         silence / 3 >= longest / 2;
}

}  // namespace ktrace::engine
