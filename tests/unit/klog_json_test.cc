// What is read from structured JSON lines: klog's own and those of other loggers.

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "parsed_record.h"
#include "unix_time.h"

namespace ktrace::format {
namespace {

std::string time_of(const Record& record) {
  return record.has_time() ? format_rfc3339(record.stamp.time, record.stamp.digits) : "none";
}

TEST(KlogJson, KeepsTypesAndOrderOfAttributes) {
  const ParsedRecord record(
      R"({"ts":1795366497352.417,"logger":"a.b","caller":"httplog/httplog.go:134","msg":"words",)"
      R"("v":3,"pod":{"name":"x","namespace":"y"},"list":["a",1],"n":1.50,"yes":true,"none":null,)"
      R"("text":"a \"b\"\n\u00e9"})"
      "\n");
  EXPECT_EQ(record->format, "klog-json");
  EXPECT_EQ(record->severity, Severity::info);
  EXPECT_EQ(record->caller, "httplog/httplog.go:134");
  EXPECT_EQ(record->message, "words");
  EXPECT_EQ(record->attributes,
            (Attributes{text("logger", "a.b"), json("v", "3"),
                        json("pod", R"({"name":"x","namespace":"y"})"), json("list", R"(["a",1])"),
                        json("n", "1.50"), json("yes", "true"), json("none", "null"),
                        text("text", "a \"b\"\n\u00e9")}));
}

struct TimeCase {
  std::string_view line, time;
};

class JsonTime : public testing::TestWithParam<TimeCase> {};

TEST_P(JsonTime, IsExactToTheDigit) {
  const ParsedRecord record(GetParam().line);
  EXPECT_EQ(time_of(*record), GetParam().time);
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, JsonTime,
    testing::Values(
        TimeCase{R"({"ts":1795366497352.417})", "2026-11-22T16:54:57.352417Z"},
        TimeCase{R"({"ts":1795366497352.4171})", "2026-11-22T16:54:57.3524171Z"},
        TimeCase{R"({"ts":1795366497352})", "2026-11-22T16:54:57.352Z"},
        TimeCase{R"({"ts":1580306777.04728})", "2020-01-29T14:06:17.04728Z"},
        TimeCase{R"({"ts":1580306777})", "2020-01-29T14:06:17Z"},
        TimeCase{R"({"ts":1580306777047281})", "2020-01-29T14:06:17.047281Z"},
        TimeCase{R"({"ts":1580306777047281234})", "2020-01-29T14:06:17.047281234Z"},
        TimeCase{R"({"ts":1580306777.0472812345678})", "2020-01-29T14:06:17.047281234Z"},
        TimeCase{R"({"ts": 1580306777.5 })", "2020-01-29T14:06:17.5Z"},
        TimeCase{R"({"ts":0})", "1970-01-01T00:00:00Z"}, TimeCase{R"({"ts":99999999999})", "none"},
        TimeCase{R"({"ts":99999999999999999999})", "none"},
        TimeCase{R"({"ts":1e9,"msg":"x"})", "none"}, TimeCase{R"({"ts":-1,"msg":"x"})", "none"},
        TimeCase{R"({"ts":1580306777,"ts":1580306778})", "2020-01-29T14:06:17Z"}));

INSTANTIATE_TEST_SUITE_P(
    Texts, JsonTime,
    testing::Values(
        TimeCase{R"({"level":"warn","ts":"2026-11-22T16:56:15.374612Z"})",
                 "2026-11-22T16:56:15.374612Z"},
        TimeCase{R"({"level":"info","ts":"2024-04-22T17:18:03.213763+0800"})",
                 "2024-04-22T09:18:03.213763Z"},
        TimeCase{R"({"ts":"2025-09-10T20:56:50.879693-07:00"})", "2025-09-11T03:56:50.879693Z"},
        TimeCase{R"({"time":"2024-06-04 00:27:53,501+08:00"})", "2024-06-03T16:27:53.501Z"},
        TimeCase{R"({"ts":"yesterday"})", "none"}, TimeCase{R"({"ts":null,"msg":"x"})", "none"}));

TEST(KlogJson, HasASeverityByItsVOnly) {
  EXPECT_EQ(ParsedRecord(R"({"ts":1,"msg":"x","v":0,"err":"e"})")->severity, Severity::info);
  EXPECT_EQ(ParsedRecord(R"({"ts":1,"msg":"x","err":"e"})")->severity, Severity::error);
  EXPECT_EQ(ParsedRecord(R"({"ts":1,"msg":"x"})")->severity, Severity::error);
}

TEST(KlogJson, OfTwoEqualKeysTheLastCounts) {
  const ParsedRecord record(R"({"ts":1,"msg":"a","pod":{"n":1},"v":3,"pod":{"n":2},"msg":"b"})");
  EXPECT_EQ(record->message, "b");
  EXPECT_EQ(record->attributes, (Attributes{json("v", "3"), json("pod", R"({"n":2})")}));
}

TEST(KlogJson, PrintfMessagesAreReadLikeThoseOfText) {
  EXPECT_EQ(ParsedRecord(R"({"ts":1,"msg":"FLAG: --a=\"b\"\n","v":1})")->message,
            "FLAG: --a=\"b\"");
  const ParsedRecord record(R"({"ts":1,"msg":"creating 3 traceID=\"111\"","v":1})");
  EXPECT_EQ(record->message, "creating 3");
  EXPECT_EQ(record->attributes, (Attributes{json("v", "1"), text("traceID", "111")}));
}

TEST(KlogJson, BlanksBetweenTokensAreNoPartOfValues) {
  const ParsedRecord record(
      "{\"ts\" : 1 , \"msg\" : \"x\" , \"o\" : { \"a\" : 1 } , \"n\" : 2 }\r\n");
  EXPECT_EQ(record->message, "x");
  EXPECT_EQ(record->attributes, (Attributes{json("o", R"({ "a" : 1 })"), json("n", "2")}));
}

TEST(KlogJson, OddKeysAndValuesAreKept) {
  const ParsedRecord record(
      R"({"ts":1,"a\"b":"x","":"empty","half":"\ud800","huge":123456789012345678901234567890,)"
      R"("nan":NaN,"v":1})");
  EXPECT_EQ(record->attributes,
            (Attributes{text("a\"b", "x"), text("", "empty"), text("half", R"(\ud800)"),
                        json("huge", "123456789012345678901234567890"), text("nan", "NaN"),
                        json("v", "1")}));
}

TEST(KlogJson, NestedTextThatIsNoJsonIsAString) {
  const ParsedRecord record(R"({"ts":1,"a":{"b":nul},"c":[1,],"v":1})");
  EXPECT_EQ(record->attributes,
            (Attributes{text("a", R"({"b":nul})"), text("c", "[1,]"), json("v", "1")}));
}

TEST(KlogJson, BytesThatAreNoUtf8AreReplaced) {
  const ParsedRecord record("{\"ts\":1,\"msg\":\"a\xff\xc3\xa9\xe2\x82\",\"v\":1}");
  EXPECT_EQ(record->format, "klog-json");
  EXPECT_EQ(record->message, "a\uFFFD\u00e9\uFFFD\uFFFD");
}

TEST(OtherJson, NamesItsSeverity) {
  const ParsedRecord etcd(
      R"({"level":"warn","ts":"2026-11-22T16:56:15.374612Z","logger":"etcd-client",)"
      R"("caller":"v3/retry_interceptor.go:65","msg":"retrying","attempt":0,"error":"e"})");
  EXPECT_EQ(etcd->format, "json");
  EXPECT_EQ(etcd->severity, Severity::warning);
  EXPECT_EQ(etcd->caller, "v3/retry_interceptor.go:65");
  EXPECT_EQ(etcd->message, "retrying");
  EXPECT_EQ(etcd->attributes,
            (Attributes{text("logger", "etcd-client"), json("attempt", "0"), text("error", "e")}));
}

TEST(OtherJson, SpeaksManyDialects) {
  const ParsedRecord zap(R"x({"level":"Level(-2)","ts":1580306777.5,"msg":"m"})x");
  EXPECT_EQ(zap->severity, Severity::info);
  EXPECT_EQ(time_of(*zap), "2020-01-29T14:06:17.5Z");
  const ParsedRecord slog(R"({"time":"2020-01-29T14:06:17Z","level":"ERROR","msg":"m","k":1})");
  EXPECT_EQ(slog->severity, Severity::error);
  EXPECT_EQ(slog->attributes, Attributes{json("k", "1")});
  const ParsedRecord cloud(
      R"({"severity":"CRITICAL","timestamp":"2020-01-29T14:06:17Z","message":"m"})");
  EXPECT_EQ(cloud->severity, Severity::fatal);
  EXPECT_EQ(cloud->message, "m");
}

TEST(OtherJson, ASecondKeyOfOneMeaningIsAnAttribute) {
  const ParsedRecord record(R"({"level":"odd","msg":"m","message":"n","caller":1})");
  EXPECT_EQ(record->format, "json");
  EXPECT_EQ(record->severity, Severity::unspecified);
  EXPECT_EQ(record->message, "m");
  EXPECT_EQ(record->attributes,
            (Attributes{text("level", "odd"), text("message", "n"), json("caller", "1")}));
}

class CutJson : public testing::TestWithParam<std::string_view> {};

TEST_P(CutJson, KeepsItsTimeAndItsText) {
  const ParsedRecord record(GetParam());
  EXPECT_TRUE(record->format == "klog-json" || record->format == "json");
  EXPECT_EQ(time_of(*record), "2020-01-29T14:06:17.500Z");
  EXPECT_EQ(record->message, GetParam());
  EXPECT_TRUE(record->attributes.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, CutJson,
    testing::Values(R"({"ts":1580306777500,"caller":"a.go:1","msg":"cut sho)",
                    R"({"ts":1580306777500,"a":{"b":[1,2)", R"({"ts":1580306777500,"v":1} garbage)",
                    R"({"ts":1580306777500,"v":1}{"ts":1580306777501,"v":1})",
                    R"({"ts":1580306777500,"a")", R"({"ts":1580306777500,"a":})",
                    R"({"ts":1580306777500,,"v":1})", R"({"ts":1580306777500,"a":"b":"c","v":1})",
                    "{\"ts\":1580306777500,\"a\":\"tab\there\"}",
                    R"({"level":"info","ts":"2020-01-29T14:06:17.500Z","msg":"cut)"));

TEST(CutJson, WithoutAWholeTimeIsPlain) {
  for (const std::string_view line : {R"({"ts":15803067)", R"({"ts":)", R"({"ts":"2020-01-29T14)",
                                      R"({"level":"info","msg":"cut)", R"({"msg":)"}) {
    const ParsedRecord record(line);
    EXPECT_EQ(record->format, "plain");
    EXPECT_FALSE(record->has_time());
    EXPECT_EQ(record->message, line);
  }
}

TEST(HostileJson, DeepNestingIsAString) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  const ParsedRecord record(R"({"ts":1,"msg":"m","deep":)" + deep + R"(,"v":1})");
  EXPECT_EQ(record->message, "m");
  EXPECT_EQ(record->attributes, (Attributes{text("deep", deep), json("v", "1")}));
}

TEST(HostileJson, OpenNestingIsItsText) {
  const std::string line = R"({"ts":1,"deep":)" + std::string(200'000, '[');
  EXPECT_EQ(ParsedRecord(line)->message, line);
}

TEST(HostileJson, ManyEqualKeysTakeLinearTime) {
  std::string line = R"({"ts":1)";
  for (int i = 0; i < 100'000; ++i) line += fmt::format(R"(,"key{}":{})", i / 2, i);
  EXPECT_EQ(ParsedRecord(line + "}")->attributes.size(), 50'000U);
}

TEST(HostileJson, ALineOfManyMebibytesKeepsItsTimeAndItsText) {
  const std::string line = R"({"ts":1000,"msg":")" + std::string(9'000'000, 'x') + R"("})";
  const ParsedRecord record(line);
  EXPECT_EQ(record->format, "klog-json");
  EXPECT_EQ(time_of(*record), "1970-01-01T00:16:40Z");
  EXPECT_EQ(record->message, line);
}

TEST(UnixTime, EndsWhereTimesDo) {
  for (const char* const last :
       {"9223372036854775807", "9223372036854775.807", "9223372036854.775807",
        "9223372036.854775807", "009223372036.8547758079"}) {
    const auto stamp = read_unix_time(last);
    ASSERT_TRUE(stamp) << last;
    EXPECT_EQ(stamp->time, Time::max()) << last;
  }
  for (const char* const later :
       {"9223372036854775808", "9223372036854775810", "92233720368547758070",
        "9223372036854775.808", "9223372036854.775808", "9223372036.854775808", "9223372037",
        "92233720368"}) {
    EXPECT_FALSE(read_unix_time(later)) << later;
  }
}

}  // namespace
}  // namespace ktrace::format
