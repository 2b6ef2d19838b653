// What is read from OTLP/JSON lines: many records each.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "json_cursor.h"
#include "parsed_record.h"

namespace ktrace::format {
namespace {

// All records of a line, and the bytes that they were read from.
class ParsedLine {
 public:
  explicit ParsedLine(std::string_view line) : text_(line) {
    for (Walk walk(text_.view()); walk.next();) {
      raw_ += walk.slice().raw;
      offsets_.push_back(walk.offset());
      slices_.push_back(std::make_unique<Slices>());
      records_.push_back(std::make_unique<Record>());
      // The walk's own memory is gone with the next group.
      Slice& kept = slices_.back()->list.emplace_back(walk.slice());
      kept.context = slices_.back()->arena.keep(walk.slice().context);
      parse(kept, *records_.back());
    }
  }
  ParsedLine(const ParsedLine&) = delete;
  ParsedLine& operator=(const ParsedLine&) = delete;

  std::size_t size() const { return records_.size(); }
  const Record& operator[](std::size_t i) const { return *records_.at(i); }
  const std::string& raw() const { return raw_; }
  const std::vector<std::size_t>& offsets() const { return offsets_; }

  std::vector<std::string> messages() const {
    std::vector<std::string> messages;
    for (const auto& record : records_) messages.emplace_back(record->message);
    return messages;
  }

 private:
  PaddedText text_;
  std::string raw_;
  std::vector<std::size_t> offsets_;
  std::vector<std::unique_ptr<Slices>> slices_;
  std::vector<std::unique_ptr<Record>> records_;
};

using Messages = std::vector<std::string>;

std::string span(const std::string& name, const std::string& members = "") {
  return R"({"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174",)"
         R"("parentSpanId":"","name":")" +
         name + R"(","kind":2,"startTimeUnixNano":"1795366240830708966",)" +
         R"("endTimeUnixNano":"1795366240832328139")" + (members.empty() ? "" : "," + members) +
         "}";
}

std::string resource(const std::string& service, const std::string& spans,
                     const std::string& scope = R"({"name":"lib"})") {
  return R"({"resource":{"attributes":[{"key":"service.name","value":{"stringValue":")" + service +
         R"("}}]},"scopeSpans":[{"scope":)" + scope + R"(,"spans":[)" + spans + "]}]}";
}

std::string line(const std::string& resources) {
  return R"({"resourceSpans":[)" + resources + "]}\n";
}

std::string value_of(const Record& record, std::string_view key) {
  const Attribute* attribute = record.find(key);
  return attribute == nullptr ? "none" : std::string(attribute->value);
}

TEST(OtlpSpans, EachIsARecordOfItsService) {
  const ParsedLine spans(line(resource("apiserver", span("a") + "," + span("b")) + "," +
                              resource("kubelet", span("c"))));
  EXPECT_EQ(spans.messages(), (Messages{"a", "b", "c"}));
  EXPECT_EQ(value_of(spans[1], "resource.service.name"), "apiserver");
  EXPECT_EQ(value_of(spans[2], "resource.service.name"), "kubelet");
  EXPECT_EQ(value_of(spans[2], "otel.scope.name"), "lib");
  EXPECT_EQ(spans[2].format, "otlp-span");
}

TEST(OtlpSpans, TheirBytesTileTheLine) {
  const std::string text = line(resource("a", span("a") + " , " + span("b")));
  const ParsedLine spans(text);
  EXPECT_EQ(spans.raw(), text);
  EXPECT_EQ(spans.offsets(), (std::vector<std::size_t>{0, text.find("{\"traceId\"", 200)}));
  EXPECT_EQ(spans[1].raw, span("b") + "]}]}]}\n");
}

TEST(OtlpSpans, StandAtTheirEndAndTellTheirDuration) {
  const ParsedLine spans(line(resource("a", span("a"))));
  EXPECT_EQ(format_rfc3339(spans[0].stamp.time, spans[0].stamp.digits),
            "2026-11-22T16:50:40.832328139Z");
  EXPECT_EQ(spans[0].duration, Duration(1619173));
  const ParsedLine open(line(resource(
      "a", R"({"name":"x","startTimeUnixNano":1795366240830708966,"endTimeUnixNano":"0"})")));
  EXPECT_EQ(open[0].stamp.time, Time(Duration(1795366240830708966)));
  EXPECT_FALSE(open[0].duration);
}

TEST(OtlpSpans, IdsAreOfOneCaseAndEmptyOnesAreNone) {
  const ParsedLine spans(line(resource("a", span("a"))));
  EXPECT_EQ(value_of(spans[0], "traceId"), "5b8efff798038103d269b633813fc60c");
  EXPECT_EQ(value_of(spans[0], "spanId"), "eee19b7ec3c1b174");
  EXPECT_EQ(value_of(spans[0], "parentSpanId"), "none");
  const ParsedLine zeros(
      line(resource("a", R"({"name":"x","traceId":"00000000000000000000000000000000"})")));
  EXPECT_EQ(value_of(zeros[0], "traceId"), "none");
}

TEST(OtlpSpans, AttributesKeepTheirTypes) {
  const ParsedLine spans(line(resource(
      "a",
      span(
          "a",
          R"("attributes":[{"key":"audit-id","value":{"stringValue":"6d \"q\""}},)"
          R"({"key":"n","value":{"intValue":"-5"}},{"key":"m","value":{"intValue":7}},)"
          R"({"key":"d","value":{"doubleValue":1.5}},{"key":"b","value":{"boolValue":true}},)"
          R"({"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"}]}}},)"
          R"({"key":"o","value":{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":false}},)"
          R"({"key":"e","value":{}}]}}},{"key":"y","value":{"bytesValue":"AAE="}},)"
          R"({"key":"nan","value":{"doubleValue":"NaN"}},{"key":"none","value":{}}])"))));
  const std::vector<Attribute> first(spans[0].attributes.begin(), spans[0].attributes.begin() + 10);
  EXPECT_EQ(first, (Attributes{text("audit-id", "6d \"q\""), json("n", "-5"), json("m", "7"),
                               json("d", "1.5"), json("b", "true"), json("l", R"(["x",1])"),
                               json("o", R"({"k":false,"e":null})"), text("y", "AAE="),
                               text("nan", "NaN"), json("none", "null")}));
}

TEST(OtlpSpans, ASpansOwnMembersAreNotReplacedByItsAttributes) {
  const ParsedLine spans(line(resource(
      "a", span("a", R"("attributes":[{"key":"traceId","value":{"stringValue":"other"}}])"))));
  EXPECT_EQ(value_of(spans[0], "traceId"), "5b8efff798038103d269b633813fc60c");
}

TEST(OtlpSpans, AFailedOneIsAnError) {
  const ParsedLine spans(line(
      resource("a", span("a", R"("status":{"code":2,"message":"gone \"away\""})") + "," +
                        span("b", R"("status":{"code":1})") + "," + span("c", R"("status":{})"))));
  EXPECT_EQ(spans[0].severity, Severity::error);
  EXPECT_EQ(value_of(spans[0], "otel.status_code"), "ERROR");
  EXPECT_EQ(value_of(spans[0], "otel.status_description"), "gone \"away\"");
  EXPECT_EQ(spans[1].severity, Severity::info);
  EXPECT_EQ(value_of(spans[1], "otel.status_code"), "OK");
  EXPECT_EQ(value_of(spans[2], "otel.status_code"), "none");
}

TEST(OtlpSpans, KeepTheirLinksAndEvents) {
  const ParsedLine spans(line(resource(
      "a", span("a", R"("links":[{"traceId":"ab"}],"events":[{"name":"e"}],"flags":256)"))));
  EXPECT_EQ(value_of(spans[0], "links"), R"([{"traceId":"ab"}])");
  EXPECT_FALSE(spans[0].find("links")->detail);
  EXPECT_TRUE(spans[0].find("events")->detail);
  EXPECT_EQ(value_of(spans[0], "kind"), "server");
}

TEST(OtlpSpans, MembersMayComeInAnyOrder) {
  const ParsedLine spans(R"({"resourceSpans":[{"scopeSpans":[{"spans":[)" + span("a") +
                         R"(],"scope":{"name":"late"}}],"schemaUrl":"x","resource":{"attributes":)"
                         R"([{"key":"service.name","value":{"stringValue":"etcd"}}]}}]})");
  EXPECT_EQ(value_of(spans[0], "resource.service.name"), "etcd");
  EXPECT_EQ(value_of(spans[0], "otel.scope.name"), "late");
}

TEST(OtlpSpans, OfALineThatIsCutTheWholeOnesAreReadAndTheRest) {
  const std::string text = line(resource("a", span("a") + "," + span("b") + "," + span("c")));
  const std::string cut = text.substr(0, text.find(R"("name":"c")") + 20);
  const ParsedLine spans(cut);
  EXPECT_EQ(spans.messages(), (Messages{"a", "b", cut.substr(cut.rfind(R"({"traceId")"))}));
  EXPECT_EQ(spans[2].format, "plain");
  EXPECT_EQ(spans.raw(), cut);
  EXPECT_EQ(value_of(spans[1], "resource.service.name"), "a");
}

TEST(OtlpSpans, OneThatIsNoJsonIsItsText) {
  const ParsedLine spans(line(resource("a", span("a") + R"(,{"name":},)" + span("c"))));
  EXPECT_EQ(spans.messages(), (Messages{"a", R"({"name":},)", "c"}));
}

TEST(OtlpSpans, ALineWithoutAnyIsItsText) {
  for (const std::string_view text :
       {R"({"resourceSpans":[]})", R"({"resourceSpans":null})", R"({"resourceSpans":[{}]})",
        R"({"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]})", R"({"resourceSpans":[{"scope)"}) {
    const ParsedLine spans(text);
    EXPECT_EQ(spans.messages(), Messages{std::string(text)});
    EXPECT_EQ(spans[0].format, "plain");
  }
}

TEST(OtlpSpans, AMillionBracketsAreJustText) {
  const std::string deep(1'000'000, '[');
  const ParsedLine spans(line(resource("a", span("a", R"("events":)" + deep))));
  EXPECT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].format, "plain");
}

TEST(OtlpSpans, DeepValuesDoNoHarm) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"arrayValue":{"values":[)";
  const ParsedLine spans(R"({"resourceSpans":[{"resource":{"attributes":[{"key":"deep","value":)" +
                         deep + std::string("{}") +
                         [] {
                           std::string close;
                           for (int i = 0; i < 100'000; ++i) close += "]}}";
                           return close;
                         }() +
                         R"(}]},"scopeSpans":[{"spans":[)" + span("a") + "]}]}]}");
  EXPECT_EQ(spans.messages(), Messages{"a"});
  EXPECT_NE(spans[0].find("resource.deep"), nullptr);
}

TEST(OtlpSpans, AGlanceSeesWhatParsingFinds) {
  const std::string text =
      line(resource("a", span("a") + "," + span("b", R"("status":{"code":2})") + "," +
                             span("c", R"("x":nonsense)") +
                             R"(,{"name":"d","events":[{"endTimeUnixNano":"5"}]},{"name":})"));
  const PaddedText block(text);
  std::size_t seen = 0;
  for (Walk walk(block.view()); walk.next(); ++seen) {
    Record parsed, scratch;
    parse(walk.slice(), parsed);
    const Glance glanced = glance(walk.slice(), true, scratch);
    EXPECT_EQ(glanced.stamp, parsed.stamp) << seen;
    EXPECT_EQ(glanced.severity, parsed.severity) << seen;
  }
  EXPECT_EQ(seen, 5U);
}

TEST(OtlpLogs, AreRecords) {
  const ParsedLine logs(
      R"({"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"timeUnixNano":)"
      R"("1795366240830708966","severityNumber":13,"severityText":"Warning","body":{"stringValue":)"
      R"("some words"},"attributes":[{"key":"a","value":{"intValue":"1"}}],"traceId":"AB",)"
      R"("spanId":""},{"timeUnixNano":"0","observedTimeUnixNano":"1795366240830708967",)"
      R"("severityText":"ERROR","body":{"kvlistValue":{"values":[{"key":"k","value":{"intValue":)"
      R"("2"}}]}}}]}]}]})");
  ASSERT_EQ(logs.size(), 2U);
  EXPECT_EQ(logs[0].format, "otlp-log");
  EXPECT_EQ(logs[0].message, "some words");
  EXPECT_EQ(logs[0].severity, Severity::warning);
  EXPECT_EQ(value_of(logs[0], "a"), "1");
  EXPECT_EQ(value_of(logs[0], "traceId"), "ab");
  EXPECT_EQ(value_of(logs[0], "spanId"), "none");
  EXPECT_EQ(logs[1].message, R"({"k":2})");
  EXPECT_EQ(logs[1].severity, Severity::error);
  EXPECT_EQ(logs[1].stamp.time, Time(Duration(1795366240830708967)));
}

TEST(JsonCursor, PassesValues) {
  JsonCursor cursor(R"( {"a\"}":["]",{}], "b" : 12 } x)");
  EXPECT_EQ(cursor.skip(), R"({"a\"}":["]",{}], "b" : 12 })");
  EXPECT_EQ(cursor.peek(), 'x');
  EXPECT_EQ(JsonCursor("12,").skip(), "12");
  EXPECT_EQ(JsonCursor("\"a\\").skip(), "");
  EXPECT_EQ(JsonCursor("[{\"a").skip(), "");
  EXPECT_EQ(JsonCursor(",").skip(), "");
  EXPECT_EQ(JsonCursor("").skip(), "");
}

}  // namespace
}  // namespace ktrace::format
