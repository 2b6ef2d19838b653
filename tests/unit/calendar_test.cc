// Years for the year-less stamps of klog.

#include "ktrace/calendar.h"

#include <gtest/gtest.h>

#include "stamps.h"

namespace ktrace::trace {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Time at(const char* text) { return parse_rfc3339(text).value(); }

std::string resolved(const Calendar& calendar, std::uint64_t offset, const Stamp& stamp) {
  return format_rfc3339(calendar.resolve(offset, stamp), 0);
}

const Duration kEleven = hours(23) + minutes(59);

TEST(Calendar, TakesTheYearOfTheFirstRecordFromTheFlag) {
  Calendar calendar;
  calendar.add_sample(0, yearless(6, 10));
  calendar.set_first_year(2020);
  EXPECT_EQ(resolved(calendar, 0, yearless(6, 10)), "2020-06-10T12:00:00Z");
}

TEST(Calendar, PassesNewYearInTheMiddleOfALog) {
  Calendar calendar;
  calendar.add_sample(0, yearless(12, 31, kEleven));
  calendar.set_first_year(2023);
  EXPECT_EQ(resolved(calendar, 0, yearless(12, 31, kEleven)), "2023-12-31T23:59:00Z");
  EXPECT_EQ(resolved(calendar, 100, yearless(1, 1, seconds(1))), "2024-01-01T00:00:01Z");
}

TEST(Calendar, LeavesALateLineInTheOldYearAndItsNeighboursInTheNew) {
  Calendar calendar;
  calendar.add_sample(0, yearless(1, 1, seconds(1)));
  calendar.set_first_year(2024);
  EXPECT_EQ(resolved(calendar, 50, yearless(12, 31, kEleven)), "2023-12-31T23:59:00Z");
  EXPECT_EQ(resolved(calendar, 100, yearless(1, 1, seconds(2))), "2024-01-01T00:00:02Z");
}

TEST(Calendar, ALateSampleMovesNobody) {
  Calendar calendar;
  calendar.add_sample(0, yearless(1, 1, seconds(1)));
  calendar.add_sample(50, yearless(12, 31, kEleven));
  calendar.set_first_year(2024);
  EXPECT_EQ(resolved(calendar, 50, yearless(12, 31, kEleven)), "2023-12-31T23:59:00Z");
  EXPECT_EQ(resolved(calendar, 100, yearless(1, 1, seconds(2))), "2024-01-01T00:00:02Z");
}

TEST(Calendar, NeverLetsTheLastSampleBeLaterThanTheFileWasWritten) {
  Calendar calendar;
  calendar.add_sample(0, yearless(12, 30));
  calendar.add_sample(100, yearless(1, 2));
  calendar.set_latest(at("2026-01-02T13:00:00Z"), Calendar::Evidence::modified);
  EXPECT_EQ(resolved(calendar, 0, yearless(12, 30)), "2025-12-30T12:00:00Z");
  EXPECT_EQ(resolved(calendar, 100, yearless(1, 2)), "2026-01-02T12:00:00Z");
}

TEST(Calendar, AllowsForClocksAheadOfUtc) {
  Calendar calendar;
  calendar.add_sample(0, yearless(1, 1, hours(3)));
  calendar.set_latest(at("2025-12-31T19:00:00Z"), Calendar::Evidence::today);
  EXPECT_EQ(resolved(calendar, 0, yearless(1, 1, hours(3))), "2026-01-01T03:00:00Z");
}

TEST(Calendar, GivesLinesAtTheHeadTheFirstStampOfAnyKind) {
  Calendar calendar;
  calendar.add_sample(50, yearless(12, 31));
  calendar.set_first_year(2023);
  EXPECT_EQ(resolved(calendar, 0, Stamp()), "2023-12-31T12:00:00Z");
  calendar.set_beginning(60, at("2023-12-30T00:00:00Z"));
  EXPECT_EQ(resolved(calendar, 0, Stamp()), "2023-12-31T12:00:00Z");
  calendar.set_beginning(40, at("2023-12-30T00:00:00Z"));
  EXPECT_EQ(resolved(calendar, 0, Stamp()), "2023-12-30T00:00:00Z");
}

TEST(Calendar, CountsSeveralYears) {
  Calendar calendar;
  calendar.add_sample(0, yearless(11, 1));
  calendar.add_sample(10, yearless(5, 1));
  calendar.add_sample(20, yearless(11, 1));
  calendar.add_sample(30, yearless(2, 1));
  calendar.set_latest(at("2026-02-01T13:00:00Z"), Calendar::Evidence::modified);
  EXPECT_EQ(resolved(calendar, 0, yearless(11, 1)), "2024-11-01T12:00:00Z");
  EXPECT_EQ(resolved(calendar, 12, yearless(6, 1)), "2025-06-01T12:00:00Z");
  EXPECT_EQ(resolved(calendar, 40, yearless(2, 1)), "2026-02-01T12:00:00Z");
}

TEST(Calendar, BelievesADatedLineMoreThanTheModificationTime) {
  Calendar calendar;
  calendar.add_sample(0, yearless(12, 31));
  calendar.add_sample(90, yearless(1, 1));
  calendar.set_dated(80, at("2021-12-31T13:00:00Z"));
  calendar.set_latest(at("2026-02-01T13:00:00Z"), Calendar::Evidence::modified);
  EXPECT_EQ(calendar.evidence(), Calendar::Evidence::dated_line);
  EXPECT_EQ(resolved(calendar, 0, yearless(12, 31)), "2021-12-31T12:00:00Z");
  EXPECT_EQ(resolved(calendar, 95, yearless(1, 1)), "2022-01-01T12:00:00Z");
}

TEST(Calendar, BelievesTheFlagMoreThanAnything) {
  Calendar calendar;
  calendar.add_sample(0, yearless(12, 31));
  calendar.set_first_year(2019);
  calendar.set_dated(0, at("2021-12-31T13:00:00Z"));
  calendar.set_latest(at("2026-02-01T13:00:00Z"), Calendar::Evidence::modified);
  EXPECT_EQ(resolved(calendar, 0, yearless(12, 31)), "2019-12-31T12:00:00Z");
}

TEST(Calendar, PutsTheLeapDayIntoAYearThatHasIt) {
  Calendar calendar;
  calendar.add_sample(0, yearless(2, 29));
  calendar.set_latest(at("2026-06-01T00:00:00Z"), Calendar::Evidence::modified);
  EXPECT_EQ(resolved(calendar, 0, yearless(2, 29)), "2024-02-29T12:00:00Z");
}

TEST(Calendar, ReadsStampsInTheSourcesZone) {
  Calendar calendar(*Zone::parse("Europe/Berlin"));
  calendar.add_sample(0, yearless(1, 1, minutes(30)));
  calendar.set_first_year(2024);
  EXPECT_EQ(resolved(calendar, 0, yearless(1, 1, minutes(30))), "2023-12-31T23:30:00Z");
}

TEST(Calendar, LeavesAbsoluteStampsAlone) {
  Stamp stamp;
  stamp.kind = Stamp::Kind::absolute;
  stamp.time = at("2001-02-03T04:05:06Z");
  EXPECT_EQ(Calendar().resolve(0, stamp), stamp.time);
}

TEST(Calendar, GivesARecordWithoutStampTheTimeAtWhichTheSourceBegins) {
  Calendar calendar;
  calendar.add_sample(10, yearless(6, 10));
  calendar.set_first_year(2020);
  EXPECT_EQ(resolved(calendar, 0, Stamp()), "2020-06-10T12:00:00Z");
}

TEST(CalendarCursor, GivesWhatTheCalendarGives) {
  Calendar calendar(*Zone::parse("Europe/Berlin"));
  calendar.add_sample(0, yearless(12, 31, kEleven));
  calendar.add_sample(1000, yearless(10, 24, kEleven));
  calendar.set_first_year(2023);
  CalendarCursor cursor(calendar);
  std::uint64_t offset = 0;
  for (const auto& [month, day] :
       {std::pair{12, 31}, {1, 1}, {12, 31}, {3, 31}, {10, 24}, {10, 27}}) {
    for (int minute = 0; minute < 24 * 60; minute += 7, ++offset) {
      const Stamp stamp =
          yearless(static_cast<unsigned>(month), static_cast<unsigned>(day), minutes(minute));
      ASSERT_EQ(cursor.resolve(offset, stamp), calendar.resolve(offset, stamp)) << minute;
    }
  }
}

// ---- Envelopes ----

// A calendar of records that were received `waits` after their time, in a zone that shows `ahead`.
Calendar received(Duration ahead, std::initializer_list<Duration> waits) {
  Calendar calendar;
  const Time start = at("2024-06-10T12:00:00Z");
  std::uint64_t offset = 0;
  for (const Duration wait : waits) {
    const Stamp stamp = yearless(6, 10, hours(12) + ahead + seconds(offset));
    calendar.add_sample(offset, stamp);
    calendar.add_reception(offset, stamp, start + seconds(offset) + wait);
    ++offset;
  }
  calendar.set_envelopes(false);
  return calendar;
}

TEST(Envelopes, TellTheYear) {
  const Calendar calendar = received(hours(0), {seconds(0)});
  EXPECT_EQ(calendar.evidence(), Calendar::Evidence::envelope);
  EXPECT_EQ(resolved(calendar, 0, yearless(6, 10)), "2024-06-10T12:00:00Z");
}

TEST(Envelopes, TellAZoneThatExistsOnEarth) {
  for (const int offset : {-300, 120, 345, -570}) {
    const Duration ahead = minutes(offset);
    const Calendar calendar = received(ahead, {seconds(30), seconds(1), seconds(29)});
    EXPECT_TRUE(calendar.zone_from_envelopes());
    EXPECT_EQ(calendar.resolve(0, yearless(6, 10, hours(12) + ahead)), at("2024-06-10T12:00:00Z"));
  }
}

TEST(Envelopes, LatenessIsNoZone) {
  // All are filled in at once, long after: each has waited less than the one before.
  Calendar calendar;
  for (unsigned i = 0; i < 8; ++i) {
    const Stamp stamp = yearless(6, 10, hours(12) + minutes(i * 10));
    calendar.add_sample(i, stamp);
    calendar.add_reception(i, stamp, at("2024-06-10T15:00:00Z"));
  }
  calendar.set_envelopes(false);
  EXPECT_FALSE(calendar.zone_from_envelopes());
  EXPECT_EQ(resolved(calendar, 0, yearless(6, 10)), "2024-06-10T12:00:00Z");
}

TEST(Envelopes, MinutesOfLatenessLeaveTheZoneOpen) {
  const Calendar calendar = received(hours(0), {minutes(11), minutes(10)});
  EXPECT_FALSE(calendar.zone_from_envelopes());
  EXPECT_EQ(resolved(calendar, 0, yearless(6, 10)), "2024-06-10T12:00:00Z");
}

TEST(Envelopes, OneLateRecordDoesNotHideTheZone) {
  const Calendar calendar = received(hours(2), {hours(3), seconds(0), seconds(1), seconds(1)});
  EXPECT_TRUE(calendar.zone_from_envelopes());
  EXPECT_EQ(resolved(calendar, 1, yearless(6, 10, hours(14))), "2024-06-10T12:00:00Z");
}

TEST(Envelopes, AStatedZoneStands) {
  Calendar calendar(*Zone::parse("+02:00"));
  calendar.add_sample(0, yearless(6, 10));
  calendar.add_reception(0, yearless(6, 10), at("2024-06-10T12:00:00Z"));
  calendar.set_envelopes(true);
  EXPECT_FALSE(calendar.zone_from_envelopes());
  EXPECT_EQ(resolved(calendar, 0, yearless(6, 10)), "2024-06-10T10:00:00Z");
}

TEST(Envelopes, TheYearOfARecordReceivedInTheNextIsItsOwn) {
  Calendar calendar;
  calendar.add_sample(0, yearless(12, 31, kEleven));
  calendar.add_reception(0, yearless(12, 31, kEleven), at("2024-01-01T00:00:10Z"));
  calendar.set_envelopes(false);
  EXPECT_EQ(resolved(calendar, 0, yearless(12, 31, kEleven)), "2023-12-31T23:59:00Z");
}

TEST(Envelopes, TheClocksOfASourceMayBeSet) {
  for (const auto& [before, after, day] : {std::tuple{2, 1, 25}, {1, 2, 29}}) {
    const unsigned month = day == 25 ? 10 : 3;
    const Time set = at(day == 25 ? "2026-10-25T01:00:00Z" : "2026-03-29T01:00:00Z");
    Calendar calendar;
    for (int i = -3; i < 3; ++i) {
      const Duration since_midnight = hours(1) + minutes(20 * i) + seconds(1);
      const Duration ahead = hours(i < 0 ? before : after);
      const Stamp stamp = yearless(month, static_cast<unsigned>(day), since_midnight + ahead);
      const auto offset = static_cast<std::uint64_t>(i + 3);
      calendar.add_sample(offset, stamp);
      calendar.add_reception(offset, stamp, set + minutes(20 * i) + seconds(2));
    }
    calendar.set_envelopes(false);
    EXPECT_EQ(calendar.zone().name(), day == 25 ? "+02:00, then +01:00" : "+01:00, then +02:00");
    EXPECT_EQ(calendar.resolve(0, yearless(month, static_cast<unsigned>(day), hours(before))),
              set - hours(1));
    EXPECT_EQ(calendar.resolve(9, yearless(month, static_cast<unsigned>(day), hours(12))),
              set + hours(11) - hours(after));
  }
}

TEST(Envelopes, RecordsThatComeAnHourLateSetNoClock) {
  Calendar calendar;
  for (unsigned i = 0; i < 8; ++i) {
    const Stamp stamp = yearless(10, 24, hours(12) + minutes(i));
    calendar.add_sample(i, stamp);
    const Time time = at("2026-10-24T12:00:01Z") + minutes(i);
    calendar.add_reception(i, stamp, i < 5 ? time : time + hours(1));
  }
  calendar.set_envelopes(false);
  EXPECT_EQ(calendar.zone().name(), "UTC");
}

// ---- Hours that are told twice ----

// A log in the zone of Berlin of the night in which clocks went from 03:00 back to 02:00, and what
// its records mean: times of day as klog prints them, and hours and minutes in UTC.
struct Night {
  std::vector<std::string> clock;
  std::vector<std::string> meaning;
  bool decided = true;
};

Duration time_of_day(const std::string& text) {
  return parse_rfc3339("1970-01-01T" + text + ":00Z")->time_since_epoch();
}

class ToldTwice : public testing::TestWithParam<Night> {};

TEST_P(ToldTwice, MeansWhatTheOrderOfLinesSays) {
  Calendar calendar(*Zone::parse("Europe/Berlin"));
  ClockReadings readings;
  std::vector<Stamp> stamps;
  for (const std::string& clock : GetParam().clock) {
    stamps.push_back(yearless(10, 25, time_of_day(clock)));
    readings.see(stamps.size() - 1, stamps.back(), std::nullopt);
  }
  calendar.add_sample(0, stamps.front());
  calendar.add_sample(stamps.size() - 1, stamps.back());
  calendar.set_first_year(2026);
  ASSERT_EQ(calendar.set_backs().size(), 1u);
  for (const SetBack& set_back : calendar.set_backs()) calendar.settle(set_back, readings.list());
  EXPECT_EQ(calendar.undecided().empty(), GetParam().decided);
  CalendarCursor cursor(calendar);
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    EXPECT_EQ(resolved(calendar, i, stamps[i]).substr(11, 5), GetParam().meaning[i]) << i;
    EXPECT_EQ(cursor.resolve(i, stamps[i]), calendar.resolve(i, stamps[i]));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ToldTwice,
    testing::Values(
        // A step back begins the second pass.
        Night{{"01:59", "02:30", "02:59", "02:01", "02:20", "02:40", "02:59", "03:01"},
              {"23:59", "00:30", "00:59", "01:01", "01:20", "01:40", "01:59", "02:01"}},
        // A line of the first pass that comes late.
        Night{{"01:59", "02:30", "02:59", "02:00", "02:58", "02:01", "02:40"},
              {"23:59", "00:30", "00:59", "01:00", "00:58", "01:01", "01:40"}},
        // Lines that are late by a little are no step.
        Night{{"01:59", "02:03", "02:10", "02:07", "02:20"},
              {"23:59", "00:03", "00:10", "00:07", "00:20"}},
        // It goes on into the time behind, and begins within: all is of the second pass.
        Night{{"02:40", "02:50", "02:59", "03:01"}, {"01:40", "01:50", "01:59", "02:01"}},
        // It comes from the time before, and ends within.
        Night{{"01:59", "02:05", "02:10"}, {"23:59", "00:05", "00:10"}},
        // Nobody can know.
        Night{{"01:30", "02:10", "03:30"}, {"23:30", "00:10", "02:30"}, false},
        Night{{"01:59", "02:05", "02:59", "03:01"}, {"23:59", "00:05", "00:59", "02:01"}, false}));

TEST(ToldTwiceInEnvelopes, IsDecidedByThem) {
  Calendar calendar(*Zone::parse("Europe/Berlin"));
  ClockReadings readings;
  const Stamp stamp = yearless(10, 25, hours(2) + minutes(10));
  calendar.add_sample(0, yearless(10, 25, hours(1)));
  calendar.add_sample(9, yearless(10, 25, hours(4)));
  calendar.set_first_year(2026);
  readings.see(1, stamp, at("2026-10-25T00:10:01Z"));
  readings.see(2, stamp, at("2026-10-25T01:10:01Z"));
  for (const SetBack& set_back : calendar.set_backs()) calendar.settle(set_back, readings.list());
  EXPECT_EQ(resolved(calendar, 1, stamp), "2026-10-25T00:10:00Z");
  EXPECT_EQ(resolved(calendar, 2, stamp), "2026-10-25T01:10:00Z");
}

}  // namespace
}  // namespace ktrace::trace
