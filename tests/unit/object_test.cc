// What is read from Events and other objects of the Kubernetes API.

#include <string>

#include <gtest/gtest.h>

#include "parsed_record.h"

namespace ktrace::format {
namespace {

std::string time_of(const Record& record) {
  return record.has_time() ? format_rfc3339(record.stamp.time, record.stamp.digits) : "none";
}

// An Event of core/v1 with these members besides.
std::string event(const std::string& members) {
  return R"({"apiVersion":"v1","kind":"Event","involvedObject":{"kind":"Pod","name":"web-1",)"
         R"("namespace":"default"},"metadata":{"creationTimestamp":"2026-11-22T16:00:00Z","name":)"
         R"("web-1.18ea6c25449cb4a6"},"message":"Started container","reason":"Started")" +
         (members.empty() ? "" : "," + members) + "}\n";
}

TEST(Event, SaysWhatHappenedToWhichObject) {
  const ParsedRecord record(event(R"("type":"Normal","count":1)"));
  EXPECT_EQ(record->format, "event");
  EXPECT_EQ(record->message, "Started Pod default/web-1: Started container");
  EXPECT_EQ(record->severity, Severity::info);
  const ParsedRecord node(
      R"({"apiVersion":"v1","kind":"Event","involvedObject":{"kind":"Node","name":"n1"},)"
      R"("message":"m","reason":"NodeReady"})");
  EXPECT_EQ(node->message, "NodeReady Node n1: m");
}

TEST(Event, TellsHowOftenItWasReported) {
  EXPECT_EQ(ParsedRecord(event(R"("count":3)"))->message,
            "Started Pod default/web-1: Started container (x3)");
  EXPECT_EQ(ParsedRecord(event(R"("count":null,"series":{"count":12})"))->message,
            "Started Pod default/web-1: Started container (x12)");
}

TEST(Event, AWarningIsOne) {
  EXPECT_EQ(ParsedRecord(event(R"("type":"Warning")"))->severity, Severity::warning);
}

TEST(Event, StandsAtTheLatestOfItsTimes) {
  const auto time = [](const std::string& members) {
    return time_of(*ParsedRecord(event(members)));
  };
  EXPECT_EQ(time(R"("eventTime":"2026-11-22T16:51:48.797280Z","firstTimestamp":null)"),
            "2026-11-22T16:51:48.797280Z");
  EXPECT_EQ(
      time(R"("firstTimestamp":"2026-11-22T16:51:40Z","lastTimestamp":"2026-11-22T16:51:59Z")"),
      "2026-11-22T16:51:59Z");
  EXPECT_EQ(time(R"("eventTime":"2026-11-22T16:51:48.797280Z","series":{"count":2,)"
                 R"("lastObservedTime":"2026-11-22T16:53:48.000001Z"})"),
            "2026-11-22T16:53:48.000001Z");
  EXPECT_EQ(time(R"("eventTime":null)"), "2026-11-22T16:00:00Z") << "that of its creation";
}

TEST(Event, ItsNameTellsASecondMorePrecisely) {
  const auto time = [](const std::string& members) {
    return time_of(*ParsedRecord(event(members)));
  };
  EXPECT_EQ(
      time(R"("firstTimestamp":"2026-11-22T16:51:48Z","lastTimestamp":"2026-11-22T16:51:48Z")"),
      "2026-11-22T16:51:48.781274278Z");
  EXPECT_EQ(
      time(R"("firstTimestamp":"2026-11-22T16:51:48Z","lastTimestamp":"2026-11-22T16:51:49Z")"),
      "2026-11-22T16:51:49Z");
  EXPECT_EQ(time(R"("eventTime":"2026-11-22T16:51:48.500000Z")"), "2026-11-22T16:51:48.500000Z");
}

TEST(Event, OfTheNewApiHasOtherNames) {
  const ParsedRecord record(
      R"({"apiVersion":"events.k8s.io/v1","kind":"Event","regarding":{"kind":"Pod","name":"a",)"
      R"("namespace":"b"},"note":"words","reason":"Pulled","deprecatedCount":4,)"
      R"("deprecatedLastTimestamp":"2026-11-22T16:51:48Z","type":"Normal"})");
  EXPECT_EQ(record->message, "Pulled Pod b/a: words (x4)");
  EXPECT_EQ(time_of(*record), "2026-11-22T16:51:48Z");
}

TEST(Event, AllMembersAreAttributes) {
  const ParsedRecord record(
      R"({"kind":"Event","apiVersion":"v1","involvedObject":{},"count":1,"eventTime":null})");
  EXPECT_EQ(record->attributes, (Attributes{text("kind", "Event"), text("apiVersion", "v1"),
                                            json("involvedObject", "{}"), json("count", "1"),
                                            json("eventTime", "null")}));
  EXPECT_TRUE(record->attributes.front().detail);
}

TEST(Object, IsNamedAndStandsAtItsCreation) {
  const ParsedRecord record(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2026-11-22T16:51:48Z",)"
      R"("name":"web-1","namespace":"default"},"spec":{"nodeName":"n1"}})");
  EXPECT_EQ(record->format, "object");
  EXPECT_EQ(record->message, "Pod default/web-1");
  EXPECT_EQ(time_of(*record), "2026-11-22T16:51:48Z");
  EXPECT_EQ(record->severity, Severity::unspecified);
  EXPECT_EQ(record->attributes.back(), json("spec", R"({"nodeName":"n1"})"));
}

TEST(Object, WithoutANameIsPlain) {
  for (const std::string_view line :
       {R"({"apiVersion":"v1","kind":"Event","reason":"r"})", R"({"apiVersion":"v1","metadata":7})",
        R"({"apiVersion":"v1","kind":"List","items":[]})", R"({"apiVersion":"v1","kind":"Pod)"}) {
    EXPECT_EQ(ParsedRecord(line)->format, "plain") << line;
    EXPECT_EQ(ParsedRecord(line)->message, line);
  }
}

// ---- Lists over many lines --------------------------------------------------------------------

const std::string kHead = "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n";
const std::string kPod =
    "        {\n            \"apiVersion\": \"v1\",\n            \"kind\": \"Pod\",\n"
    "            \"metadata\": {\n                \"name\": \"a  b\",\n"
    "                \"labels\": {}\n            }\n        },\n";
const std::string kTail = "    ],\n    \"kind\": \"List\",\n    \"metadata\": {}\n}\n";

std::vector<std::string> messages(const std::string& bytes) {
  const PaddedText block(bytes);
  std::vector<std::string> found;
  Record record;
  for (Walk walk(block.view()); walk.next();) {
    parse(walk.slice(), record);
    found.push_back(record.format == "plain" ? "plain" : std::string(record.message));
  }
  return found;
}

using Messages = std::vector<std::string>;

TEST(ObjectList, OnOneLineHasARecordForEachItem) {
  const std::string item =
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"}})";
  EXPECT_EQ(messages(R"({"apiVersion":"v1","items":[)" + item + "," + item +
                     R"(],"kind":"List","metadata":{}})" + "\n"),
            (Messages{"Pod b/a", "Pod b/a"}));
  EXPECT_EQ(messages("[" + item + ", " + item + "]\n"), (Messages{"Pod b/a", "Pod b/a"}));
  EXPECT_EQ(messages(R"({"kind":"List","apiVersion":"v1","items":[]})"), Messages{"plain"});
}

TEST(ObjectList, OfTheServerTellsTheKindOfItsItems) {
  EXPECT_EQ(
      messages(R"({"kind":"ConfigMapList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},)"
               R"({"metadata":{"name":"b"}}]})"),
      (Messages{"ConfigMap a", "ConfigMap b"}));
}

TEST(ObjectList, MayHoldAuditEvents) {
  const std::string event =
      R"({"level":"Metadata","auditID":"x","stage":"ResponseComplete","requestURI":"/api",)"
      R"("verb":"get"})";
  EXPECT_EQ(
      messages(R"({"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[)" +
               event + "," + event + "]}\n"),
      (Messages{"get /api", "get /api"}));
}

TEST(ObjectList, ThatIsCutGivesItsWholeItemsAndTheRest) {
  EXPECT_EQ(
      messages(R"([{"apiVersion":"v1","metadata":{"name":"a"}},{"metadata":{"name":"b"}},{"m)"),
      (Messages{"a", "b", "plain"}));
}

TEST(ObjectLines, EachItemOfAListIsARecord) {
  EXPECT_EQ(messages(kHead + kPod + kPod + kTail), (Messages{"plain", "Pod a  b", "Pod a  b"}));
}

TEST(ObjectLines, ValuesHaveNoBlanksBetweenTokens) {
  const ParsedRecord record(kPod);
  EXPECT_EQ(record->attributes, (Attributes{text("apiVersion", "v1"), text("kind", "Pod"),
                                            json("metadata", R"({"name":"a  b","labels":{}})")}));
  EXPECT_EQ(record->raw, kPod);
}

TEST(ObjectLines, OneObjectIsARecord) {
  EXPECT_EQ(
      messages(
          "{\n    \"kind\": \"Pod\",\n    \"metadata\": {\n        \"name\": \"x\"\n    }\n}\n"),
      Messages{"Pod x"});
  EXPECT_EQ(messages("{\r\n  \"metadata\": {\r\n    \"name\": \"x\"\r\n  }\r\n}\r\n"),
            Messages{"x"});
}

TEST(ObjectLines, ItemsOfTheServersOwnListsHaveNoKind) {
  EXPECT_EQ(
      messages("{\n  \"kind\": \"ConfigMapList\",\n  \"items\": [\n    {\n      \"metadata\": {\n"
               "        \"name\": \"c\",\n        \"namespace\": \"d\"\n      }\n    }\n  ]\n}\n"),
      (Messages{"plain", "d/c"}));
}

TEST(ObjectLines, SubjectsOfARoleAreNoItems) {
  const std::string role =
      "{\n  \"apiVersion\": \"rbac.authorization.k8s.io/v1\",\n  \"kind\": \"RoleBinding\",\n"
      "  \"metadata\": {\n    \"name\": \"r\"\n  },\n  \"subjects\": [\n    {\n      \"kind\": "
      "\"User\",\n      \"name\": \"u\"\n    }\n  ]\n}\n";
  EXPECT_EQ(messages(role), Messages{"RoleBinding r"});
}

TEST(ObjectLines, AnItemThatIsCutIsPlain) {
  EXPECT_EQ(messages(kPod + kPod.substr(0, 120)), (Messages{"Pod a  b", "plain"}));
}

TEST(ObjectLines, JsonInsideAKlogRecordStaysThere) {
  const std::string log =
      "I1122 16:50:41.777527   30287 apf_controller.go:609] Controller writing Condition\n{\n"
      "  \"type\": \"Dangling\",\n- \"lastTransitionTime\": null\n}\n";
  const PaddedText block(log);
  EXPECT_EQ(group_from(block.view(), 0).end, log.size());
}

}  // namespace
}  // namespace ktrace::format
