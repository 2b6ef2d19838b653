// What the records of a trace sum up to, whatever their order is.

#include "trace_sums.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ktrace::engine {
namespace {

const std::vector<std::string> kNames{"kubelet", "", "kube-apiserver", "etcd"};

Time second(int count) { return Time(std::chrono::seconds(count)); }

Observation observation(Time time, std::uint16_t component, Severity severity = Severity::info,
                        std::uint8_t key = 0) {
  return {time, 0, component, key, severity};
}

Summary sum_of(const std::vector<Observation>& seen) {
  Sums sums;
  sums.begin();
  Adder(kNames).add(seen, sums);
  return sums.list.back();
}

TEST(Adder, TellsWhatTheRecordsOfATraceHaveInCommon) {
  Sums sums;
  Adder adder(kNames);
  sums.begin();
  adder.add(std::vector{observation(second(10), 2)}, sums);
  sums.begin();
  adder.add(std::vector{observation(second(10), 2, Severity::warning, 7)}, sums);
  adder.add(std::vector{observation(second(11), 0, Severity::error), observation(second(17), 1),
                        observation(second(23), 2)},
            sums);
  adder.add(std::vector{observation(kNoTime, 2)}, sums);
  ASSERT_EQ(sums.list.size(), 2u);
  const Summary& sum = sums.list[1];
  EXPECT_EQ(sum.records, 5u);
  EXPECT_EQ(sum.errors, 1u);
  EXPECT_EQ(sum.severity, Severity::error);
  EXPECT_EQ(sum.key, 7);
  EXPECT_EQ(sum.start, second(10));
  EXPECT_EQ(sum.end, second(23));
  EXPECT_EQ(sum.gap, std::chrono::seconds(6));
  EXPECT_EQ(sum.gap_start, second(11));
  EXPECT_EQ(sums.components, (std::vector<std::uint16_t>{2, 2, 0}));
  EXPECT_EQ(sum.components, 1u);
  EXPECT_EQ(sum.component_count, 2u);
}

TEST(Adder, FindsTheGapBetweenRecordsOfDifferentSources) {
  const Summary sum =
      sum_of({observation(second(1), 0), observation(second(2), 0), observation(second(20), 0),
              observation(second(1), 2), observation(second(9), 2), observation(second(16), 2)});
  EXPECT_EQ(sum.gap, std::chrono::seconds(7));
  EXPECT_EQ(sum.gap_start, second(2));
}

TEST(Adder, TakesTheFirstOfEqualGaps) {
  const Summary sum =
      sum_of({observation(second(6), 0), observation(second(4), 0), observation(second(2), 0)});
  EXPECT_EQ(sum.gap, std::chrono::seconds(2));
  EXPECT_EQ(sum.gap_start, second(2));
}

TEST(Adder, CountsRecordsWithoutTime) {
  const Summary sum = sum_of({observation(kNoTime, 3), observation(kNoTime, 0)});
  EXPECT_EQ(sum.records, 2u);
  EXPECT_EQ(sum.start, kNoTime);
  EXPECT_EQ(sum.gap, Duration::zero());
  EXPECT_EQ(sum.component_count, 2u);
}

TEST(Adder, HoldsGapsLongerThanADuration) {
  const Summary sum =
      sum_of({observation(Time::max() - std::chrono::seconds(1), 0), observation(Time::min(), 0),
              observation(second(5), 0), observation(second(4), 0)});
  EXPECT_EQ(sum.gap, Duration::max());
  EXPECT_EQ(sum.gap_start, Time::min());
  EXPECT_EQ(sum.duration(), Duration::max());
}

// One record after the other, in the order of time.
struct Slow {
  Summary sum;
  std::vector<std::uint16_t> components;

  explicit Slow(std::vector<Observation> seen) {
    std::stable_sort(seen.begin(), seen.end(),
                     [](const Observation& a, const Observation& b) { return a.time < b.time; });
    sum.start = sum.end = sum.gap_start = seen.front().time;
    sum.key = seen.front().key;
    for (const Observation& one : seen) add(one);
  }

  void add(const Observation& one) {
    ++sum.records;
    if (one.severity >= Severity::error) ++sum.errors;
    sum.severity = std::max(sum.severity, one.severity);
    const bool known = std::count(components.begin(), components.end(), one.component) > 0;
    if (!known && !kNames[one.component].empty()) components.push_back(one.component);
    if (one.time == kNoTime) return;
    if (distance(sum.end, one.time) > sum.gap) {
      sum.gap = distance(sum.end, one.time);
      sum.gap_start = sum.end;
    }
    sum.end = one.time;
  }
};

TEST(Adder, GivesTheSameInAnyOrder) {
  std::mt19937_64 random(1);
  Adder adder(kNames);
  for (int round = 0; round < 20'000; ++round) {
    // Times that are spread, that are few and equal, that stand in runs, and those of all years.
    const std::int64_t range = std::int64_t{1} << (random() % 63);
    const std::size_t size = 1 + random() % 70, run = 1 + random() % 30;
    std::vector<Observation> seen;
    for (std::size_t i = 0; i < size; ++i) {
      const auto time = static_cast<std::int64_t>(random()) % range;
      seen.push_back(observation(random() % 20 == 0 ? kNoTime : Time(Duration(time)),
                                 static_cast<std::uint16_t>(random() % kNames.size()),
                                 static_cast<Severity>(random() % 6),
                                 static_cast<std::uint8_t>(random())));
    }
    for (std::size_t begin = 0; begin < size && round % 2 == 0; begin += run) {
      std::stable_sort(seen.begin() + static_cast<std::ptrdiff_t>(begin),
                       seen.begin() + static_cast<std::ptrdiff_t>(std::min(begin + run, size)),
                       [](const Observation& a, const Observation& b) { return a.time < b.time; });
    }
    Sums sums;
    sums.begin();
    adder.add(seen, sums);
    const Summary& sum = sums.list.back();
    const Slow slow(seen);
    EXPECT_EQ(sums.components, slow.components);
    EXPECT_EQ(sum.component_count, slow.components.size());
    EXPECT_EQ(sum.records, slow.sum.records);
    EXPECT_EQ(sum.errors, slow.sum.errors);
    EXPECT_EQ(sum.severity, slow.sum.severity);
    EXPECT_EQ(sum.key, slow.sum.key);
    EXPECT_EQ(sum.start, slow.sum.start);
    EXPECT_EQ(sum.end, slow.sum.end);
    EXPECT_EQ(sum.gap, slow.sum.gap);
    EXPECT_EQ(sum.gap_start, slow.sum.gap_start);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
}

}  // namespace
}  // namespace ktrace::engine
