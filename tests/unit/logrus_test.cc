// logrus text.

#include <gtest/gtest.h>

#include "parsed_record.h"

namespace ktrace::format {
namespace {

TEST(Logrus, ReadsTimeLevelMessageAndPairs) {
  const ParsedRecord record(
      R"(time="2024-01-01T01:00:00.5Z" level=warning msg="a \"b\"" id=7 name=/runtime.v1/Run)");
  EXPECT_EQ(record->format, "logrus");
  EXPECT_EQ(format_rfc3339(record->stamp.time, record->stamp.digits), "2024-01-01T01:00:00.5Z");
  EXPECT_EQ(record->severity, Severity::warning);
  EXPECT_EQ(record->message, "a \"b\"");
  EXPECT_EQ(record->attributes, (Attributes{json("id", "7"), text("name", "/runtime.v1/Run")}));
}

TEST(Logrus, TheTimeOfCrioHasABlank) {
  const ParsedRecord record(R"(time="2024-06-04 00:27:53.501046477+08:00" level=info msg="x")");
  EXPECT_EQ(format_rfc3339(record->stamp.time, 9), "2024-06-03T16:27:53.501046477Z");
}

TEST(Logrus, WhatIsNoPairIsKept) {
  const std::string_view line = R"(time="2024-01-01T01:00:00Z" level=error msg="x" and so on)";
  const ParsedRecord record(line);
  EXPECT_EQ(record->message, line);
  EXPECT_EQ(record->severity, Severity::error);
  EXPECT_EQ(ParsedRecord(R"(time="2024-99-01T01:00:00Z" level=info)")->format, "plain");
  EXPECT_EQ(ParsedRecord(R"(time="soon" level=info)")->format, "plain");
}

}  // namespace
}  // namespace ktrace::format
