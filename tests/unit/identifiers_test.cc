// What is an identifier of a record, and what only looks like one.

#include "ktrace/identifiers.h"

#include <algorithm>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktrace::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(Record record, const KeySet& keys = KeySet::defaults()) {
  std::vector<Identifier> identifiers;
  collect_identifiers(record, keys, identifiers);
  std::vector<std::string> texts;
  for (const Identifier& identifier : identifiers) {
    texts.push_back(std::string(identifier.key) + "=" + std::string(identifier.value));
  }
  return texts;
}

Record with_message(std::string_view message) {
  Record record;
  record.message = message;
  return record;
}

Record with_attribute(std::string_view key, std::string_view value,
                      Attribute::Type type = Attribute::Type::string) {
  Record record;
  record.attributes.push_back({key, value, type});
  return record;
}

constexpr auto kJson = Attribute::Type::json;
constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";

TEST(Identifiers, InLongJsonAreMembers) {
  const auto long_json = [](std::string_view text) {
    return found(with_attribute("obj", text, Attribute::Type::long_json));
  };
  EXPECT_THAT(long_json(R"({"a":[{"traceID":"111","n":{"audit-ID" : "222"}}],"reqID":333})"),
              ElementsAre("traceID=111", "audit-ID=222", "reqID=333"));
  EXPECT_THAT(long_json(R"({"a":"\"traceID\":\"111\"","traceID":null,"reqID":{"b":"1"}})"),
              IsEmpty());
  EXPECT_THAT(long_json(R"(["traceID","111"])"), IsEmpty());
  for (const char* cut :
       {"{\"traceID\":\"", "{\"traceID\":", "{\"traceID\"", "{\"traceID\\", "["}) {
    EXPECT_THAT(long_json(cut), IsEmpty()) << cut;
  }
}

TEST(KeySet, ComparesWithoutCaseHyphenAndUnderscore) {
  for (const char* key : {"traceID", "trace_id", "trace-id", "TraceId", "traceid", "TRACE_ID",
                          "reqID", "requestID", "request_id", "audit-ID", "auditID", "Audit-Id",
                          "traceparent", "logging.googleapis.com/trace", "dd.trace_id"}) {
    EXPECT_TRUE(KeySet::defaults().contains(key)) << key;
  }
  for (const char* key : {"", "trace", "podUID", "xtraceID", "traceIDs", "span_id", "-", "_"}) {
    EXPECT_FALSE(KeySet::defaults().contains(key)) << key;
  }
}

TEST(KeySet, OfTheUsersOwn) {
  const KeySet keys({"Session-Key"});
  EXPECT_TRUE(keys.contains("sessionkey"));
  EXPECT_FALSE(keys.contains("traceID"));
}

TEST(Identifiers, AreAttributes) {
  EXPECT_THAT(found(with_attribute("traceID", "111")), ElementsAre("traceID=111"));
  EXPECT_THAT(found(with_attribute("reqID", "111", kJson)), ElementsAre("reqID=111"));
  EXPECT_THAT(found(with_attribute("traceID", "")), IsEmpty());
  EXPECT_THAT(found(with_attribute("traceID", "null", kJson)), IsEmpty());
  EXPECT_THAT(found(with_attribute("podUID", kTrace)), IsEmpty());
}

TEST(Identifiers, AreMembersOfJsonAtAnyDepth) {
  EXPECT_THAT(found(with_attribute("ctx", R"({"a":[{"trace_id":"111"}],"reqID":7})", kJson)),
              ElementsAre("trace_id=111", "reqID=7"));
  EXPECT_THAT(
      found(with_attribute("ctx", R"({"msg":"traceID=111","x":"\"traceID\":\"1\""})", kJson)),
      IsEmpty());
}

TEST(Identifiers, StandInMessages) {
  for (const char* message :
       {"traceID=111", "traceID=\"111\"", "start traceID=111 end", "start traceID=111: end",
        "(traceID=111)", "[traceID=111]", "a,traceID=111,b", "a {traceID:111}", "traceID='111'",
        "traceID=\u201c111\u201d more", "x\u201c traceID=\"111\":", "{\"traceID\":\"111\"}",
        "first line\nsecond traceID=\"111\"", "first line\n    traceID: 111"}) {
    EXPECT_THAT(found(with_message(message)), ElementsAre("traceID=111")) << message;
  }
}

TEST(Identifiers, OfUtiltraceStandBetweenCommas) {
  EXPECT_THAT(found(with_message("Trace[58]: \"Patch\" url:/api/v1,audit-id:d1d6-aee5,client:::1 "
                                 "(16-Jul-2021 12:17:01.799) (total time: 2411ms):")),
              ElementsAre("audit-id=d1d6-aee5"));
}

TEST(Identifiers, AreNotWhatOnlyLooksLikeThem) {
  for (const char* message :
       {"Trace[111]: \"Patch\"", "the trace 111", "xtraceID=111", "my.traceID=111",
        "quoted \\\"traceID\\\":\\\"111\\\"", "traceID 111", "traceID=", "see traceID: 111 there",
        "url?traceID=111", "path/traceID=111"}) {
    EXPECT_THAT(found(with_message(message)), IsEmpty()) << message;
  }
}

TEST(Identifiers, InsideAQuotedValueAreSomebodyElses) {
  EXPECT_THAT(found(with_message("Failed err=\"upstream said traceID=111 and left\" at last")),
              IsEmpty());
  EXPECT_THAT(found(with_message("a=\"unbalanced traceID=\"111\" b")), ElementsAre("traceID=111"));
  EXPECT_THAT(found(with_attribute("err", "call failed: traceID=111")), IsEmpty());
}

TEST(Identifiers, AreHeaderLinesOfAnAttributeOfSeveralLines) {
  EXPECT_THAT(found(with_attribute("headers", "Accept: x\nAudit-Id: 2a-b\nDate: traceID=9\n")),
              ElementsAre("Audit-Id=2a-b"));
}

TEST(Identifiers, UnderOneKeyDoNotDependOnTheOtherKeys) {
  const auto check = [](const auto& make, std::string_view text) {
    const std::vector<std::string> all = found(make(text));
    for (const char* key : {"traceID", "requestID", "reqID", "auditID"}) {
      const KeySet one({key});
      std::vector<std::string> expected;
      std::copy_if(all.begin(), all.end(), std::back_inserter(expected), [&](const auto& id) {
        return one.contains(std::string_view(id).substr(0, id.find('=')));
      });
      EXPECT_EQ(found(make(text), one), expected) << text;
    }
  };
  for (const char* message :
       {"requestID: foo traceID=1\n", "requestID='a traceID=1' reqID=2",
        "requestID=\"a\\\" traceID=1\" reqID=2", "requestID=\"a traceID=1\"b reqID=2",
        "requestID=a(traceID=1) reqID={auditID:2,requestID:3}",
        "requestID=[traceID=[auditID=[reqID=1"}) {
    check(with_message, message);
  }
  check([](std::string_view text) { return with_attribute("requestID", text); },
        "a\ntraceID: 1\nrequest-id: 2");
  check(
      [](std::string_view text) { return with_attribute("obj", text, Attribute::Type::long_json); },
      R"({"requestID":"traceID":"1","reqID":{"traceID":2}})");
}

TEST(Identifiers, InABareValueAreNoPartOfIt) {
  EXPECT_THAT(found(with_message("traceID=a(reqID=b) auditID={x}")),
              ElementsAre("traceID=a", "reqID=b", "auditID={x"));
}

TEST(Identifiers, OfATraceparentAreItsTraceField) {
  const std::string id = kTrace;
  EXPECT_EQ(identifier_value("traceparent", "00-" + id + "-00f067aa0ba902b7-01"), id);
  EXPECT_EQ(identifier_value("Traceparent", "cc-" + id + "-00f067aa0ba902b7-01-more"), id);
  for (const std::string& bad : {"00-" + id, "ff-" + id + "-00f067aa0ba902b7-01",
                                 std::string("00-") + std::string(32, '0') + "-00f067aa0ba902b7-01",
                                 "00-" + id + "-00f067aa0ba902b7-01x", std::string("none")}) {
    EXPECT_EQ(identifier_value("traceparent", bad), "") << bad;
  }
}

TEST(Identifiers, OfCloudLoggingAreTheLastSegment) {
  EXPECT_EQ(identifier_value("logging.googleapis.com/trace", "projects/p/traces/abc"), "abc");
  EXPECT_EQ(identifier_value("logging.googleapis.com/trace", "abc"), "abc");
}

TEST(SameIdentifier, IgnoresCaseOnlyForTraceIds) {
  EXPECT_TRUE(same_identifier(kTrace, "4BF92F3577B34DA6A3CE929D0E0E4736"));
  EXPECT_TRUE(same_identifier("abc", "abc"));
  EXPECT_FALSE(same_identifier("abc", "ABC"));
  EXPECT_FALSE(same_identifier("111", "1112"));
}

TEST(Wanted, MatchesOnlyWholeIdentifiers) {
  const Wanted wanted({"111"}, false, KeySet::defaults());
  Record whole = with_attribute("traceID", "111"), longer = with_attribute("traceID", "1112");
  EXPECT_EQ(wanted.match(whole).key, "traceID");
  EXPECT_EQ(wanted.match(longer).value, "");
}

TEST(Wanted, MatchesBeginningsWhenAsked) {
  const Wanted wanted({"4bf92f35"}, true, KeySet::defaults());
  Record record = with_attribute("traceID", "4BF92F3577B34DA6A3CE929D0E0E4736");
  EXPECT_NE(wanted.match(record).value, "");
}

TEST(Wanted, UnderstandsATraceparent) {
  const Wanted wanted({std::string("00-") + kTrace + "-00f067aa0ba902b7-01"}, false,
                      KeySet::defaults());
  EXPECT_THAT(wanted.ids(), ElementsAre(kTrace));
}

TEST(Wanted, IsSearchedForAsItIsUnlessALoggerWouldEscapeIt) {
  const auto verbatim = [](const char* id) {
    return Wanted({id}, false, KeySet::defaults()).verbatim();
  };
  EXPECT_TRUE(verbatim("d1d6bcff-aee5-45b0-a885-3d5a601c7205"));
  EXPECT_TRUE(verbatim("projects/p:1_2.3"));
  for (const char* id : {"a\"b", "a\\b", "a<b", "a&b", "a b", "\u00e4", "a\nb"}) {
    EXPECT_FALSE(verbatim(id)) << id;
  }
}

TEST(Wanted, IsComparedWithoutCaseOnlyWhenItIsATraceId) {
  EXPECT_TRUE(Wanted({kTrace}, false, KeySet::defaults()).any_case());
  EXPECT_FALSE(Wanted({"abc"}, false, KeySet::defaults()).any_case());
  EXPECT_FALSE(Wanted({"12345678901234567890123456789012"}, false, KeySet::defaults()).any_case());
}

}  // namespace
}  // namespace ktrace::trace
