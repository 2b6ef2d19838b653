// What records tell about requests and operations, and the dates that klog writes with a year.

#include <string>

#include <gtest/gtest.h>

#include "parsed_record.h"

namespace ktrace::format {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

const std::string kHead = "I1122 16:50:45.041587   30287 httplog.go:134] ";

ParsedRecord body(std::string_view text) { return ParsedRecord(kHead + std::string(text) + "\n"); }

TEST(RequestLog, Since1_19TellsItsLatency) {
  EXPECT_EQ(body(R"("HTTP" verb="GET" URI="/a" latency="700.49µs" srcIP="a:1" resp=200)")->duration,
            nanoseconds(700490));
  EXPECT_EQ(body(R"("HTTP" verb="CONNECT" URI="/a" latency="1.5s" hijacked=true)")->duration,
            milliseconds(1500));
}

TEST(RequestLog, AWatchThatOpensHasNoDuration) {
  EXPECT_FALSE(body(R"("HTTP" verb="WATCH" URI="/a" latency="1ms" resp=0)")->duration);
  EXPECT_EQ(body(R"("HTTP" verb="WATCH" URI="/a" latency="1ms" resp=200)")->duration,
            milliseconds(1));
  EXPECT_EQ(body(R"("HTTP" verb="GET" URI="/a" latency="1ms" resp=0)")->duration, milliseconds(1));
}

TEST(RequestLog, InJsonTellsTheSame) {
  const ParsedRecord record(
      R"({"ts":1,"msg":"HTTP","v":3,"verb":"GET","URI":"/a","latency":"1.9ms","resp":200})");
  EXPECT_EQ(record->duration, microseconds(1900));
}

TEST(RequestLog, Of1_18IsPairsOnly) {
  const auto record =
      body(R"(verb="POST" URI="/api/v1/pods" latency=342.074453ms resp=500 UserAgent="kcm/v1.18.0")"
           R"( srcIP="[::1]:45094": )");
  EXPECT_EQ(record->message, "");
  EXPECT_EQ(record->duration, nanoseconds(342074453));
  EXPECT_EQ(record->attributes,
            (Attributes{text("verb", "POST"), text("URI", "/api/v1/pods"),
                        text("latency", "342.074453ms"), json("resp", "500"),
                        text("UserAgent", "kcm/v1.18.0"), text("srcIP", "[::1]:45094")}));
}

TEST(RequestLog, To1_17IsWords) {
  const auto record =
      body("GET /apis/x: (907.851µs) 404 [[hyperkube/v1.10.0 (linux/amd64) kube] 127.0.0.1:58754]");
  EXPECT_EQ(record->duration, nanoseconds(907851));
  EXPECT_EQ(
      record->attributes,
      (Attributes{text("verb", "GET"), text("URI", "/apis/x"), text("latency", "907.851µs"),
                  json("resp", "404"), text("userAgent", "hyperkube/v1.10.0 (linux/amd64) kube"),
                  text("srcIP", "127.0.0.1:58754")}));
}

TEST(RequestLog, To1_17MayHoldAStackOrBeHijacked) {
  const auto stack =
      body("GET /healthz: (340.401µs) 500\ngoroutine 1 [running]:\n [agent 1.2.3.4:5]");
  EXPECT_EQ(stack->duration, nanoseconds(340401));
  EXPECT_EQ(*stack->find("resp"), json("resp", "500"));
  EXPECT_EQ(*stack->find("userAgent"), text("userAgent", "agent"));
  const auto hijacked = body("GET /exec: (1.5s) hijacked [kubectl/v1.12 1.2.3.4:5]");
  EXPECT_EQ(hijacked->duration, milliseconds(1500));
  EXPECT_EQ(hijacked->find("resp"), nullptr);
}

TEST(RequestLog, To1_17MayCarryATrace) {
  const auto record =
      body(R"(GET /a: (1ms) 200 [[kubectl/v1.10.0] 127.0.0.1:58754] traceID="111":)");
  EXPECT_EQ(record->duration, milliseconds(1));
  EXPECT_EQ(*record->find("traceID"), text("traceID", "111"));
  EXPECT_EQ(*record->find("srcIP"), text("srcIP", "127.0.0.1:58754"));
}

TEST(RequestLog, OtherLinesHaveNoDuration) {
  EXPECT_FALSE(body(R"("Finished" latency="1ms")")->duration);
  EXPECT_FALSE(body("GET /healthz: (soon) 500 [a b]")->duration);
  EXPECT_FALSE(body("GET http://localhost:8080/ 200 OK in 187 milliseconds")->duration);
  EXPECT_FALSE(body(R"("HTTP" verb="GET" URI="/a" latency="soon" resp=200)")->duration);
}

const std::string kTrace =
    "Trace[581813521]: \"Patch\" url:/apis/x,user-agent:kopf/1.32.1,protocol:HTTP/1.1 "
    "(16-Jul-2021 12:17:01.799) (total time: 2411ms):";
const std::string kOldTrace =
    "Trace[965115906]: \"Get\" url:/apis/x,client:127.0.0.1 (started: 2019-12-26 "
    "10:25:24.498854247 +0000 UTC m=+80.898256085) (total time: 822.890477ms):";

TEST(Utiltrace, TellsItsTotalTime) {
  const auto record = body(kTrace + "\nTrace[581813521]: [2.4s] [2.4s] END");
  EXPECT_EQ(record->duration, milliseconds(2411));
  EXPECT_EQ(record->message, kTrace + "\nTrace[581813521]: [2.4s] [2.4s] END");
  EXPECT_TRUE(record->attributes.empty());
  EXPECT_EQ(body(kOldTrace)->duration, nanoseconds(822890477));
}

TEST(Utiltrace, InJsonTellsTheSame) {
  const ParsedRecord record(
      R"({"ts":1,"msg":"Trace[1]: \"Create\" a:b (22-Nov-2026 16:56:11.751) (total time: 1513ms):\nTrace[1]: END","v":0})");
  EXPECT_EQ(record->duration, milliseconds(1513));
}

TEST(Utiltrace, CutShortHasNoDuration) {
  EXPECT_FALSE(body("Trace[1]: \"Get\" a:b (total time: 8")->duration == nanoseconds(8));
  EXPECT_FALSE(body("Trace[1]: \"Get\" a:b")->duration);
}

struct EvidenceCase {
  std::string line, time;
};

class DatedEvidence : public testing::TestWithParam<EvidenceCase> {};

TEST_P(DatedEvidence, IsWhatKlogWroteWithAYear) {
  const auto time = dated_evidence(GetParam().line);
  EXPECT_EQ(time ? format_rfc3339(*time, 3) : "none", GetParam().time);
}

INSTANTIATE_TEST_SUITE_P(
    All, DatedEvidence,
    testing::Values(
        EvidenceCase{"Log file created at: 2024/02/01 17:50:37", "2024-02-01T17:50:37.000Z"},
        EvidenceCase{"Log file created at: 2024-02-01 17:50:37\r\n", "2024-02-01T17:50:37.000Z"},
        EvidenceCase{kHead + kTrace, "2021-07-16T12:17:01.799Z"},
        EvidenceCase{kTrace, "2021-07-16T12:17:01.799Z"},
        EvidenceCase{kHead + kOldTrace, "2019-12-26T10:25:24.498Z"},
        EvidenceCase{"Log file created at: soon", "none"},
        EvidenceCase{"Log file created at: 2024/02/31 17:50:37", "none"},
        EvidenceCase{"words (16-Jul-2021 12:17:01.799) (total time: 2411ms):", "none"},
        EvidenceCase{"Trace[1]: \"Get\" (16-Foo-2021 12:17:01.799) (total time: 1ms):", "none"},
        EvidenceCase{"Trace[1]: ---\"About to write\" 0ms (16:53:38.352)", "none"},
        EvidenceCase{"Trace[1]: ) (total time: ", "none"}, EvidenceCase{"", "none"}));

}  // namespace
}  // namespace ktrace::format
