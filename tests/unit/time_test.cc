// Times as logs write them, as users type them, as ktrace shows them.

#include "ktrace/time.h"

#include <gtest/gtest.h>

namespace ktrace {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Time at(const char* rfc3339) { return parse_rfc3339(rfc3339).value(); }

Zone zone(const char* name) { return *Zone::parse(name); }

TEST(Rfc3339, ReadsWhatKubernetesWrites) {
  const Time expected = at("2026-11-22T16:50:40Z");
  EXPECT_EQ(at("2026-11-22T16:50:40.000000000Z"), expected);
  EXPECT_EQ(at("2026-11-22T17:50:40+01:00"), expected);
  EXPECT_EQ(at("2026-11-22T11:50:40-0500"), expected);
  EXPECT_EQ(at("2026-11-22 16:50:40,0Z"), expected);
  EXPECT_EQ(at("2026-11-22t16:50:40z"), expected);
  EXPECT_EQ(at("2026-11-22T18:50:40+02"), expected);
}

TEST(Distance, IsAtMostWhatADurationHolds) {
  EXPECT_EQ(distance(at("2026-11-22T16:50:40Z"), at("2026-11-22T16:50:42Z")), seconds(2));
  EXPECT_EQ(distance(at("1700-01-01T00:00:00Z"), at("2200-01-01T00:00:00Z")), Duration::max());
}

TEST(Rfc3339, CountsTheDigitsOfTheFraction) {
  std::uint8_t digits = 99;
  EXPECT_EQ(*parse_rfc3339("1970-01-01T00:00:00.000012345Z", &digits), Time(nanoseconds(12345)));
  EXPECT_EQ(digits, 9);
  EXPECT_EQ(*parse_rfc3339("1970-01-01T00:00:00.5Z", &digits), Time(milliseconds(500)));
  EXPECT_EQ(digits, 1);
  EXPECT_TRUE(parse_rfc3339("1970-01-01T00:00:00Z", &digits));
  EXPECT_EQ(digits, 0);
}

TEST(Rfc3339, RefusesWhatIsNoPointInTime) {
  for (const char* text : {"", "2026-11-22", "2026-11-22T16:50:40", "2026-13-22T16:50:40Z",
                           "2026-02-30T16:50:40Z", "2026-11-22T24:50:40Z", "2026-11-22T16:50:40Zx",
                           "2026-11-22T16:50:40+0", "9999-01-01T00:00:00Z", "16:50:40Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Rfc3339, ReadsAllYearsThatTimeHolds) {
  EXPECT_EQ(format_rfc3339(at("1678-01-01T00:00:00Z"), 0), "1678-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(at("1678-01-01T00:00:00+14:00"), 0), "1677-12-31T10:00:00Z");
  EXPECT_EQ(format_rfc3339(at("2261-12-31T23:59:59.999999999Z"), 9),
            "2261-12-31T23:59:59.999999999Z");
  EXPECT_FALSE(parse_rfc3339("1677-12-31T23:59:59Z"));
  EXPECT_FALSE(parse_rfc3339("2262-01-01T00:00:00Z"));
}

TEST(Rfc3339, IsWrittenWithAsManyDigitsAsAsked) {
  const Time time = at("2026-01-02T03:04:05.678901234Z");
  EXPECT_EQ(format_rfc3339(time, 6), "2026-01-02T03:04:05.678901Z");
  EXPECT_EQ(format_rfc3339(time, 9), "2026-01-02T03:04:05.678901234Z");
  EXPECT_EQ(format_rfc3339(time, 0), "2026-01-02T03:04:05Z");
}

TEST(Durations, AreReadAsGoWritesThem) {
  EXPECT_EQ(parse_duration("719.637ms"), microseconds(719637));
  EXPECT_EQ(parse_duration("822.890477ms"), nanoseconds(822890477));
  EXPECT_EQ(parse_duration("700.49\u00b5s"), nanoseconds(700490));
  EXPECT_EQ(parse_duration("700.49us"), nanoseconds(700490));
  EXPECT_EQ(parse_duration("1m2.5s"), seconds(62) + milliseconds(500));
  EXPECT_EQ(parse_duration("2h45m0s"), hours(2) + minutes(45));
  EXPECT_EQ(parse_duration("-10m"), minutes(-10));
  EXPECT_EQ(parse_duration("1d"), hours(24));
  EXPECT_EQ(parse_duration("0s"), nanoseconds(0));
}

TEST(Durations, RefuseWhatIsNone) {
  for (const char* text : {"", "-", "5", "ms", "5x", "1..5s", "10m later", "1e400s", "99999999h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Durations, AreShownWithThreeDigits) {
  EXPECT_EQ(format_duration(nanoseconds(0)), "0ns");
  EXPECT_EQ(format_duration(nanoseconds(999)), "999ns");
  EXPECT_EQ(format_duration(microseconds(71)), "71.0\u00b5s");
  EXPECT_EQ(format_duration(microseconds(217526)), "218ms");
  EXPECT_EQ(format_duration(milliseconds(1200)), "1.20s");
  EXPECT_EQ(format_duration(microseconds(9'994)), "9.99ms");
  EXPECT_EQ(format_duration(microseconds(9'995)), "10.0ms");
  EXPECT_EQ(format_duration(microseconds(99'950)), "100ms");
  EXPECT_EQ(format_duration(microseconds(1'125)), "1.12ms");
  EXPECT_EQ(format_duration(microseconds(1'375)), "1.38ms");
  EXPECT_EQ(format_duration(microseconds(999'900)), "1.00s");
  EXPECT_EQ(format_duration(seconds(182)), "3m02s");
  EXPECT_EQ(format_duration(hours(5) + minutes(7)), "5h07m");
  EXPECT_EQ(format_duration(hours(49)), "2d01h");
  EXPECT_EQ(format_duration(-seconds(2)), "-2.00s");
}

TEST(Zones, TurnClocksIntoTimesAndBack) {
  const Time noon = at("2026-07-01T12:00:00Z");
  for (const auto& [name, offset] : {std::pair{"UTC", hours(0)},
                                     {"Europe/Berlin", hours(2)},
                                     {"America/New_York", hours(-4)},
                                     {"+05:00", hours(5)}}) {
    EXPECT_EQ(zone(name).to_local(noon), noon.time_since_epoch() + offset) << name;
    EXPECT_EQ(zone(name).to_time(noon.time_since_epoch() + offset), noon) << name;
  }
}

TEST(Zones, TakeTheEarlierOfTwoEqualClockReadings) {
  // On 25 October 2026 Berlin's clocks show 02:30 twice.
  EXPECT_EQ(from_civil(2026, 10, 25, hours(2) + minutes(30), zone("Europe/Berlin")),
            at("2026-10-25T00:30:00Z"));
}

TEST(Zones, SaySoWhenThereIsNone) {
  const auto result = Zone::parse("Europe/Atlantis");
  ASSERT_FALSE(result);
  EXPECT_NE(result.message().find("Europe/Atlantis"), std::string::npos);
}

TEST(CivilDates, KnowTheCalendar) {
  EXPECT_EQ(from_civil(2024, 2, 29, hours(1)), at("2024-02-29T01:00:00Z"));
  EXPECT_FALSE(from_civil(2026, 2, 29, hours(1)));
  EXPECT_FALSE(from_civil(2026, 0, 1, hours(1)));
  EXPECT_FALSE(from_civil(3000, 1, 1, hours(1)));
}

TEST(CivilDates, AreThereForTheFirstAndTheLastTime) {
  for (const char* name : {"UTC", "-23:59", "+23:59", "Europe/Berlin", "America/New_York"}) {
    EXPECT_EQ(to_civil(Time::min(), zone(name)).year, 1677) << name;
    EXPECT_EQ(to_civil(Time::max(), zone(name)).year, 2262) << name;
    EXPECT_LT(zone(name).to_time(Duration::min()), at("1678-01-01T00:00:00Z")) << name;
    EXPECT_GT(zone(name).to_time(Duration::max()), at("2261-12-31T23:59:59Z")) << name;
  }
}

TEST(TimeBounds, AreReadInAllTheirSpellings) {
  const Time now = at("2026-11-22T18:00:00Z");
  const Zone berlin = zone("Europe/Berlin");
  EXPECT_EQ(TimeBound::parse("2026-11-22T16:00:00Z", berlin, now)->time,
            at("2026-11-22T16:00:00Z"));
  EXPECT_EQ(TimeBound::parse("2026-11-22 16:00", berlin, now)->time, at("2026-11-22T15:00:00Z"));
  EXPECT_EQ(TimeBound::parse("2026-11-22", berlin, now)->time, at("2026-11-21T23:00:00Z"));
  EXPECT_EQ(TimeBound::parse("-10m", berlin, now)->time, now - minutes(10));
  EXPECT_EQ(TimeBound::parse("10m", berlin, now)->time, now - minutes(10));
  EXPECT_EQ(TimeBound::parse("now", berlin, now)->time, now);
  const auto clock = TimeBound::parse("15:04:05.5", berlin, now);
  EXPECT_TRUE(clock->time_of_day);
  EXPECT_EQ(clock->clock, hours(15) + minutes(4) + milliseconds(5500));
  EXPECT_FALSE(TimeBound::parse("yesterday", berlin, now));
}

}  // namespace
}  // namespace ktrace
