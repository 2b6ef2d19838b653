// The rhythm of a source: late records, usual and unusual gaps, early ends.

#include "rhythm.h"

#include <random>

#include <gtest/gtest.h>

namespace ktrace::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Time at(Duration since) { return Time(std::chrono::hours(24 * 365 * 50)) + since; }

Rhythm rhythm_of(const std::vector<Duration>& times) {
  Rhythm rhythm;
  for (const Duration time : times) rhythm.add(at(time));
  return rhythm;
}

// A record each second, `records` of them.
Rhythm steady(int records) {
  Rhythm rhythm;
  for (int i = 0; i < records; ++i) rhythm.add(at(seconds(i)));
  return rhythm;
}

TEST(Rhythm, TellsTheEarliestAndTheLatestRecord) {
  const Rhythm rhythm = rhythm_of({seconds(5), seconds(2), seconds(9), seconds(7)});
  EXPECT_EQ(rhythm.start(), at(seconds(2)));
  EXPECT_EQ(rhythm.latest(), at(seconds(9)));
  EXPECT_EQ(rhythm.records(), 4u);
  EXPECT_FALSE(Rhythm().any());
}

TEST(Rhythm, CountsRecordsThatAreEarlierThanOneBefore) {
  const Rhythm rhythm = rhythm_of({seconds(5), seconds(2), seconds(4), seconds(5), seconds(6)});
  EXPECT_EQ(rhythm.late(), 2u);
  EXPECT_EQ(rhythm.lateness(), seconds(3));
}

TEST(Rhythm, ALateRecordMakesNoGap) {
  const Rhythm rhythm = rhythm_of({seconds(10), seconds(1), seconds(11)});
  ASSERT_EQ(rhythm.gaps().size(), 1u);
  EXPECT_EQ(rhythm.gaps()[0].start, at(seconds(10)));
  EXPECT_EQ(rhythm.gaps()[0].length, seconds(1));
}

TEST(Rhythm, KeepsTheLongestGapsOfEqualOnesTheEarliest) {
  Rhythm rhythm;
  Duration time{};
  for (int i = 0; i < 20; ++i) rhythm.add(at(time += seconds(i == 7 ? 3 : 2)));
  ASSERT_EQ(rhythm.gaps().size(), Rhythm::kMostGaps);
  EXPECT_EQ(rhythm.gaps()[0].length, seconds(3));
  EXPECT_EQ(rhythm.gaps()[1].start, at(seconds(2)));
  EXPECT_EQ(rhythm.gaps()[2].start, at(seconds(4)));
}

TEST(Rhythm, IsUsuallySilentForAsLongAsHalfOfTheTimePassesIn) {
  EXPECT_EQ(steady(100).usual_gap(), seconds(1));
  EXPECT_EQ(steady(19).usual_gap(), std::nullopt);
  // Bursts of many records do not make the time between them unusual.
  Rhythm bursts;
  for (int i = 0; i < 5000; ++i) bursts.add(at(seconds(10) * (i / 100) + milliseconds(i % 100)));
  EXPECT_NEAR(static_cast<double>(bursts.usual_gap()->count()), 9.9e9, 0.1e9);
  EXPECT_FALSE(bursts.unusual(bursts.gaps().front()));
}

TEST(Rhythm, AGapIsUnusualFromTenTimesTheUsualOn) {
  Rhythm rhythm = steady(100);
  rhythm.add(at(seconds(99 + 9)));
  EXPECT_FALSE(rhythm.unusual(rhythm.gaps().front()));
  rhythm.add(at(seconds(99 + 9 + 11)));
  EXPECT_EQ(rhythm.gaps().front().length, seconds(11));
  EXPECT_TRUE(rhythm.unusual(rhythm.gaps().front()));
  EXPECT_FALSE(rhythm.unusual(rhythm.gaps().back()));
}

TEST(Rhythm, ALongOutageDoesNotBecomeUsual) {
  Rhythm rhythm = steady(60);
  rhythm.add(at(std::chrono::hours(5)));
  EXPECT_TRUE(rhythm.unusual(rhythm.gaps().front()));
}

TEST(Rhythm, EndsEarlyWhenItsSilenceIsLongerThanAllBefore) {
  Rhythm rhythm = steady(100);
  EXPECT_FALSE(rhythm.ends_early(rhythm.latest()));
  EXPECT_FALSE(rhythm.ends_early(rhythm.latest() + seconds(4)));
  EXPECT_TRUE(rhythm.ends_early(rhythm.latest() + seconds(6)));
  rhythm.add(rhythm.latest() + seconds(20));
  EXPECT_FALSE(rhythm.ends_early(rhythm.latest() + seconds(25)));
  EXPECT_TRUE(rhythm.ends_early(rhythm.latest() + seconds(31)));
  EXPECT_FALSE(steady(5).ends_early(at(seconds(1000)))) << "too few records to tell";
}

// Newest first, or by name: silence does not show.
TEST(Rhythm, OfADumpTellsNothing) {
  Rhythm rhythm;
  for (int i = 100; i > 0; --i) rhythm.add(at(seconds(i)));
  EXPECT_FALSE(rhythm.in_order());
  EXPECT_EQ(rhythm.usual_gap(), std::nullopt);
  EXPECT_FALSE(rhythm.ends_early(at(std::chrono::hours(9))));
  EXPECT_TRUE(steady(100).in_order());
}

void expect_same(const Rhythm& a, const Rhythm& b) {
  ASSERT_EQ(a.records(), b.records());
  EXPECT_EQ(a.start(), b.start());
  EXPECT_EQ(a.latest(), b.latest());
  EXPECT_EQ(a.late(), b.late());
  EXPECT_EQ(a.lateness(), b.lateness());
  EXPECT_EQ(a.usual_gap(), b.usual_gap());
  ASSERT_EQ(a.gaps().size(), b.gaps().size());
  for (std::size_t i = 0; i < a.gaps().size(); ++i) {
    EXPECT_EQ(a.gaps()[i].start, b.gaps()[i].start);
    EXPECT_EQ(a.gaps()[i].length, b.gaps()[i].length);
  }
}

// Wherever the parts end: one that does not fit is taken again, as its user does.
TEST(Rhythm, IsTheSameInParts) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Time> times;
    Duration time{};
    for (int i = 0; i < 60; ++i) {
      time += milliseconds(random() % 50);
      times.push_back(at(time - (random() % 8 == 0 ? milliseconds(random() % 300) : seconds(0))));
    }
    Rhythm whole, together;
    for (const Time one : times) whole.add(one);
    for (std::size_t begin = 0; begin < times.size();) {
      const std::size_t end = std::min<std::size_t>(begin + random() % 20, times.size());
      Rhythm part;
      for (std::size_t i = begin; i < end; ++i) part.add(times[i]);
      if (!together.fits(part)) {
        part = Rhythm(together.latest());
        for (std::size_t i = begin; i < end; ++i) part.add(times[i]);
      }
      together.append(part);
      begin = end;
    }
    expect_same(whole, together);
  }
}

TEST(Rhythm, Shifts) {
  Rhythm rhythm = rhythm_of({seconds(1), seconds(4)});
  rhythm.shift(std::chrono::hours(1));
  EXPECT_EQ(rhythm.start(), at(seconds(3601)));
  EXPECT_EQ(rhythm.latest(), at(seconds(3604)));
  EXPECT_EQ(rhythm.gaps()[0].start, at(seconds(3601)));
}

TEST(Rhythm, SurvivesTimesThatAreTooFarApart) {
  Rhythm rhythm;
  rhythm.add(Time::min());
  rhythm.add(Time::max());
  rhythm.add(Time::min());
  EXPECT_EQ(rhythm.lateness(), Duration::max());
  EXPECT_EQ(rhythm.gaps()[0].length, Duration::max());
}

}  // namespace
}  // namespace ktrace::engine
