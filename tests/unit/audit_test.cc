// What is read from audit events.

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "parsed_record.h"

namespace ktrace::format {
namespace {

// An event of the v1 API; `members` stand where responseStatus does.
std::string event(std::string_view stage, std::string_view verb, std::string_view members,
                  std::string_view behind = "") {
  return fmt::format(
      R"({{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"6da5d65c",)"
      R"("stage":"{}","requestURI":"/api/v1/pods?limit=5\u0026watch=1","verb":"{}",)"
      R"("user":{{"username":"admin","groups":["a","b"]}},"sourceIPs":["127.0.0.1"],)"
      R"("objectRef":{{"resource":"pods","name":"x"}},{})"
      R"("requestReceivedTimestamp":"2026-11-22T16:51:42.912237Z",)"
      R"("stageTimestamp":"2026-11-22T16:51:42.923908Z"{}}})",
      stage, verb, members, behind);
}

const std::string kDone = R"("responseStatus":{"metadata":{},"code":200},)";

std::string time_of(const Record& record) {
  return record.has_time() ? format_rfc3339(record.stamp.time, record.stamp.digits) : "none";
}

TEST(Audit, StandsAtItsStageAndTellsItsDuration) {
  const ParsedRecord record(event("ResponseComplete", "list", kDone));
  EXPECT_EQ(record->format, "audit");
  EXPECT_EQ(time_of(*record), "2026-11-22T16:51:42.923908Z");
  EXPECT_EQ(record->duration, std::chrono::microseconds(11671));
}

TEST(Audit, OnlyACompleteRequestHasADuration) {
  EXPECT_FALSE(ParsedRecord(event("RequestReceived", "list", ""))->duration);
  EXPECT_FALSE(ParsedRecord(event("ResponseStarted", "watch", kDone))->duration);
  EXPECT_FALSE(ParsedRecord(event("ResponseComplete", "watch", kDone))->duration);
  EXPECT_TRUE(ParsedRecord(event("Panic", "list", ""))->duration);
}

TEST(Audit, SaysInOneLineWhatWasAsked) {
  const auto message = [](const std::string& line) {
    return std::string(ParsedRecord(line)->message);
  };
  EXPECT_EQ(message(event("ResponseComplete", "list", kDone)),
            "list /api/v1/pods?limit=5&watch=1 200 by admin");
  EXPECT_EQ(message(event("RequestReceived", "list", "")),
            "list /api/v1/pods?limit=5&watch=1 RequestReceived by admin");
  EXPECT_EQ(
      message(event("ResponseComplete", "get",
                    R"("impersonatedUser":{"username":"robot"},)"
                    R"("responseStatus":{"status":"Failure","reason":"NotFound","code":404},)")),
      "get /api/v1/pods?limit=5&watch=1 404 NotFound by admin as robot");
  EXPECT_EQ(message(R"({"kind":"Event","apiVersion":"audit.k8s.io/v1"})"), "");
}

TEST(Audit, AllMembersButTheTimeAreAttributes) {
  const ParsedRecord record(
      event("ResponseComplete", "list", kDone, R"(,"annotations":{"a/b":"{c}"})"));
  EXPECT_EQ(record->attributes,
            (Attributes{text("kind", "Event"), text("apiVersion", "audit.k8s.io/v1"),
                        text("level", "Request"), text("auditID", "6da5d65c"),
                        text("stage", "ResponseComplete"),
                        text("requestURI", "/api/v1/pods?limit=5&watch=1"), text("verb", "list"),
                        json("user", R"({"username":"admin","groups":["a","b"]})"),
                        json("sourceIPs", R"(["127.0.0.1"])"),
                        json("objectRef", R"({"resource":"pods","name":"x"})"),
                        json("responseStatus", R"({"metadata":{},"code":200})"),
                        text("requestReceivedTimestamp", "2026-11-22T16:51:42.912237Z"),
                        json("annotations", R"({"a/b":"{c}"})")}));
}

TEST(Audit, OnlyItsIdIsShownBesideTheMessage) {
  const ParsedRecord record(event("Panic", "list", kDone));
  for (const Attribute& member : record->attributes) {
    EXPECT_EQ(member.detail, member.key != "auditID") << member.key;
  }
}

TEST(Audit, TheResponseDecidesTheSeverity) {
  const auto severity = [](std::string_view stage, std::string_view code) {
    return ParsedRecord(
               event(stage, "get", fmt::format(R"("responseStatus":{{"code":{}}},)", code)))
        ->severity;
  };
  EXPECT_EQ(severity("ResponseComplete", "201"), Severity::info);
  EXPECT_EQ(severity("ResponseComplete", "409"), Severity::warning);
  EXPECT_EQ(severity("ResponseComplete", "504"), Severity::error);
  EXPECT_EQ(severity("Panic", "200"), Severity::error);
  EXPECT_EQ(severity("ResponseComplete", "[5]"), Severity::info);
  EXPECT_EQ(ParsedRecord(event("RequestReceived", "get", ""))->severity, Severity::info);
}

TEST(Audit, TheFirstApiCalledItsTimeTimestamp) {
  const ParsedRecord record(
      R"({"kind":"Event","apiVersion":"audit.k8s.io/v1beta1","metadata":{"creationTimestamp":)"
      R"("2017-08-29T07:43:50Z"},"level":"Metadata","timestamp":"2017-08-29T07:43:50Z",)"
      R"("auditID":"a","stage":"ResponseComplete","requestURI":"/api","verb":"get"})");
  EXPECT_EQ(record->format, "audit");
  EXPECT_EQ(time_of(*record), "2017-08-29T07:43:50Z");
  EXPECT_FALSE(record->duration);
}

TEST(Audit, ARequestThatEndsBeforeItBeginsHasNoDuration) {
  std::string line = event("ResponseComplete", "list", kDone);
  line.replace(line.find("42.923908"), 9, "41.000000");
  EXPECT_FALSE(ParsedRecord(line)->duration);
}

TEST(Audit, MembersOfWrongTypesAreOnlyAttributes) {
  const ParsedRecord record(
      R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":7,"verb":null,"user":"me",)"
      R"("responseStatus":[],"stageTimestamp":12,"auditID":{"a":1}})");
  EXPECT_EQ(record->format, "audit");
  EXPECT_EQ(time_of(*record), "none");
  EXPECT_EQ(record->severity, Severity::info);
  EXPECT_EQ(record->attributes.back(), json("auditID", R"({"a":1})"));
}

TEST(Audit, ALineThatIsCutIsItsText) {
  const std::string line = event("ResponseComplete", "list", kDone);
  for (const std::size_t size : {70U, 200U, 300U}) {
    const ParsedRecord record(line.substr(0, size));
    EXPECT_EQ(record->format, "plain");
    EXPECT_EQ(record->message, line.substr(0, size));
    EXPECT_FALSE(record->has_time());
  }
}

TEST(Audit, ALineThatIsTornInTheMiddleKeepsTheTimeAtItsEnd) {
  std::string line = event("ResponseComplete", "list", kDone);
  line.erase(line.find("\"verb\""), 9);
  const ParsedRecord record(line);
  EXPECT_EQ(record->format, "audit");
  EXPECT_EQ(time_of(*record), "2026-11-22T16:51:42.923908Z");
  EXPECT_EQ(record->message, line);
  EXPECT_TRUE(record->attributes.empty());
}

// ---- The legacy format ------------------------------------------------------------------------

constexpr std::string_view kText =
    R"(2017-09-12T10:24:03.123456789Z AUDIT: id="6da5d65c" stage="ResponseComplete" ip="::1" )"
    R"(method="list" user="admin" groups="\"a\",\"b\"" as="<self>" asgroups="<lookup>" )"
    R"x(user-agent="kubectl/v1.8 (linux)" namespace="default" uri="/api/v1/pods" response="403")x";

TEST(AuditText, IsReadAsItsJsonWouldBe) {
  const ParsedRecord record(kText);
  EXPECT_EQ(record->format, "audit-text");
  EXPECT_EQ(time_of(*record), "2017-09-12T10:24:03.123456789Z");
  EXPECT_EQ(record->message, "list /api/v1/pods 403 by admin");
  EXPECT_EQ(record->severity, Severity::warning);
  EXPECT_FALSE(record->duration);
  ASSERT_EQ(record->attributes.size(), 12U);
  EXPECT_EQ(record->attributes[0], text("auditID", "6da5d65c"));
  EXPECT_EQ(record->attributes[5], text("groups", R"("a","b")"));
}

TEST(AuditText, OldLinesTellLess) {
  EXPECT_EQ(ParsedRecord(R"(2017-03-01T10:24:03.1+01:00 AUDIT: id="a" ip="::1" method="GET" )"
                         R"(user="u" groups="" as="robot" asgroups="" namespace="<none>" uri="/x")")
                ->message,
            "GET /x by u as robot");
  const ParsedRecord response(R"(2017-03-01T10:24:03.1+01:00 AUDIT: id="a" response="500")");
  EXPECT_EQ(response->severity, Severity::error);
  EXPECT_EQ(response->attributes, (Attributes{text("auditID", "a"), text("response", "500")}));
}

TEST(AuditText, WhatCannotBeReadIsShown) {
  const ParsedRecord record(kText.substr(0, kText.size() - 6));
  EXPECT_EQ(record->format, "audit-text");
  EXPECT_EQ(record->message, "list /api/v1/pods by admin response");
  EXPECT_EQ(ParsedRecord(R"(2017-13-01T10:24:03.1Z AUDIT: id="a" response="500")")->format,
            "plain");
}

class AuditGlance : public testing::TestWithParam<std::string> {};

TEST_P(AuditGlance, SeesWhatParsingFinds) {
  const PaddedText padded(GetParam());
  Record parsed, scratch;
  parse(padded.view(), parsed);
  for (const bool severity : {false, true}) {
    const Glance seen = glance({padded.view(), {}, nullptr, 0}, severity, scratch);
    EXPECT_EQ(seen.stamp, parsed.stamp);
    EXPECT_EQ(severity ? seen.severity : parsed.severity, parsed.severity);
  }
}

// For links, an event tells the same members and time; how a member is typed is not looked at.
TEST_P(AuditGlance, SkimmingFindsWhatParsingFinds) {
  const PaddedText padded(GetParam());
  Record parsed, skimmed;
  const Slice slice{padded.view(), {}, nullptr, 0};
  parse(slice, parsed);
  parse(slice, skimmed, Depth::links);
  EXPECT_EQ(skimmed.format, parsed.format);
  EXPECT_EQ(skimmed.stamp, parsed.stamp);
  for (const Attribute& member : parsed.attributes) {
    ASSERT_NE(skimmed.find(member.key), nullptr) << member.key;
    EXPECT_EQ(skimmed.find(member.key)->value, member.value);
  }
}

constexpr std::string_view kOtherTime = R"("stageTimestamp":"2020-01-01T00:00:00.000000Z")";

INSTANTIATE_TEST_SUITE_P(
    Lines, AuditGlance,
    testing::Values(
        event("ResponseComplete", "list", kDone), event("Panic", "list", "") + "\r\n",
        event("ResponseComplete", "list", kDone, R"(,"annotations":{"a":"b","c":"d"})") + "\n",
        event("ResponseComplete", "list", kDone, R"(,"annotations":{"a":"}}"})"),
        event("ResponseComplete", "list", kDone, R"(,"annotations":{"a":"{\"b\":\"c\"}"})"),
        event("ResponseComplete", "list", kDone, R"(,"annotations":{})"),
        // Another one's time within, before and behind its own.
        event("ResponseComplete", "list",
              fmt::format(R"("requestObject":{{"a":"b",{}}},)", kOtherTime)),
        event("ResponseComplete", "list", kDone,
              fmt::format(R"(,"annotations":{{"a":"b",{}}})", kOtherTime)),
        event("ResponseComplete", "list", kDone, fmt::format(R"(,"a":"b",{})", kOtherTime)),
        event("ResponseComplete", "list", kDone,
              fmt::format(R"(,"annotations":{{"a":"b",{},"annotations":{{"c":"d"}}}})",
                          kOtherTime)),
        // Broken, but not at the end.
        event("ResponseComplete", "list", "]"), event("ResponseComplete", "li\xffst", kDone),
        event("ResponseComplete", "list", R"("apiVersion":"v1",)"),
        event("ResponseComplete", "list", kDone) + "}",
        event("ResponseComplete", "list", kDone).substr(0, 300)));

// Damage after which a parser might see the end of the line inside of a member that begins before.
TEST(Audit, ADamagedLineHasOneTimeParsedOrNot) {
  for (const char* broken : {R"("v1":")", R"("v1","objectRef":{"name":"a"b")"}) {
    std::string line =
        fmt::format(R"({{"kind":"Event","apiVersion":"audit.k8s.io/{},"stageTimestamp":)"
                    R"("2026-11-22T16:51:42.923908Z","annotations":{{"}}}})",
                    std::string_view(broken).substr(1));
    const std::size_t size = line.size();
    line.append(kPadding, '\0');
    const Slice slice{std::string_view(line).substr(0, size), {}, nullptr, 0};
    Record record, scratch;
    parse(slice, record);
    EXPECT_EQ(time_of(record), "2026-11-22T16:51:42.923908Z");
    EXPECT_EQ(glance(slice, false, scratch).stamp, record.stamp);
  }
}

}  // namespace
}  // namespace ktrace::format
