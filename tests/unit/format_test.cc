// Where records begin and end, and the table of payload formats.

#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "parsed_record.h"

namespace ktrace::format {
namespace {

const std::string kKlog = "I1122 16:50:45.041587   30287 file.go:12] some words to fill the line\n";
const std::string kJson =
    R"({"ts":1795366497352.417,"caller":"file.go:1","msg":"words to fill","v":3})"
    "\n";
const std::string kPlain = "Error: unknown flag\n";

// The records of a block, walked from its beginning.
std::vector<std::string> records_of(std::string_view bytes) {
  const PaddedText block(bytes);
  std::vector<std::string> records;
  for (std::size_t at = 0; at < bytes.size();) {
    const Extent extent = group_from(block.view(), at);
    EXPECT_EQ(extent.begin, at);
    EXPECT_GT(extent.end, at);
    for (std::size_t inside = at; inside < extent.end; ++inside) {
      const Extent same = group_at(block.view(), inside);
      EXPECT_EQ(same.begin, extent.begin) << inside;
      EXPECT_EQ(same.end, extent.end) << inside;
    }
    at = extent.end;
  }
  for (Walk walk(block.view()); walk.next();) records.emplace_back(walk.slice().raw);
  return records;
}

using Records = std::vector<std::string>;

TEST(Bounds, AHeaderStartsARecordAndOtherLinesContinueIt) {
  EXPECT_EQ(records_of(kKlog + kKlog), (Records{kKlog, kKlog}));
  EXPECT_EQ(records_of(kKlog + "Trace[1]: a\n\n\tb\n" + kKlog),
            (Records{kKlog + "Trace[1]: a\n\n\tb\n", kKlog}));
}

TEST(Bounds, AJsonObjectEndsWithItsLine) {
  EXPECT_EQ(records_of(kJson + kJson), (Records{kJson, kJson}));
  EXPECT_EQ(records_of(kJson + "a\nb\n" + kJson), (Records{kJson, "a\nb\n", kJson}));
  EXPECT_EQ(records_of(kJson + kKlog + kJson), (Records{kJson, kKlog, kJson}));
}

TEST(Bounds, WhatPrecedesTheFirstStartIsOneRecord) {
  EXPECT_EQ(records_of(kPlain + "Flag --x has been deprecated\n" + kKlog),
            (Records{kPlain + "Flag --x has been deprecated\n", kKlog}));
  EXPECT_EQ(records_of("\n\n" + kJson), (Records{"\n\n", kJson}));
  EXPECT_EQ(records_of(kPlain + kPlain), Records{kPlain + kPlain});
}

TEST(Bounds, TheLastLineMayLackItsEnd) {
  const std::string cut = kKlog.substr(0, 30);
  EXPECT_EQ(records_of(kKlog + cut), (Records{kKlog, cut}));
  EXPECT_EQ(records_of(kJson + R"({"ts":1,)"), (Records{kJson, R"({"ts":1,)"}));
  EXPECT_EQ(records_of("x"), Records{"x"});
  EXPECT_EQ(records_of(""), Records{});
}

TEST(Bounds, PaddingBehindTheBlockDoesNotMatter) {
  // The padding would complete this line to a header.
  const std::string cut = "I1122 16:50:45.041587";
  EXPECT_EQ(records_of(kKlog + cut), Records{kKlog + cut});
  EXPECT_EQ(ParsedRecord(cut)->format, "plain");
  EXPECT_EQ(ParsedRecord("I1122 16:5")->format, "plain");
  EXPECT_EQ(ParsedRecord("{")->format, "plain");
}

TEST(Bounds, NulAndOtherBytesAreOrdinary) {
  const std::string nul("a\0b\n\0\n", 6);
  EXPECT_EQ(records_of(kKlog + nul + kKlog), (Records{kKlog + nul, kKlog}));
  EXPECT_EQ(records_of("\xff\xfe\n" + kKlog), (Records{"\xff\xfe\n", kKlog}));
}

TEST(Bounds, NextStartIsAtOrBehindThePosition) {
  const PaddedText block(kPlain + kKlog + kJson);
  const std::size_t klog = kPlain.size(), json = klog + kKlog.size();
  const std::size_t size = block.view().size();
  EXPECT_EQ(next_start(block.view(), 0), klog);
  EXPECT_EQ(next_start(block.view(), klog), klog);
  EXPECT_EQ(next_start(block.view(), klog + 1), json);
  EXPECT_EQ(next_start(block.view(), json + 1), size);
  EXPECT_EQ(next_start(block.view(), size), size);
  EXPECT_EQ(next_start(block.view(), size + 1), size);
}

TEST(Bounds, LastStartLiesBehindThePosition) {
  const PaddedText block(kKlog + kJson + kPlain);
  const std::size_t json = kKlog.size();
  EXPECT_EQ(last_start(block.view(), 0), json);
  EXPECT_EQ(last_start(block.view(), json - 1), json);
  EXPECT_EQ(last_start(block.view(), json), json) << "nothing behind it";
  EXPECT_EQ(last_start(block.view(), json + 1), json + 1);
  EXPECT_EQ(last_start(PaddedText(kKlog).view(), 0), 0U);
}

TEST(Bounds, LastStartLeavesAShortLastLineUndecided) {
  const std::string cut = kKlog.substr(0, kPadding - 1);
  EXPECT_EQ(last_start(PaddedText(kJson + kKlog + cut).view(), 0), kJson.size());
  const std::string enough = kKlog.substr(0, kPadding);
  EXPECT_EQ(last_start(PaddedText(kJson + kKlog + enough).view(), 0), kJson.size() + kKlog.size());
}

// Only these are told by a line's head.
TEST(SureStarts, AreTheStartsOfKlogText) {
  const std::string cri = "2026-11-22T16:50:45.041587123Z stderr F " + kKlog;
  const std::string lines[] = {
      kKlog, kJson, kPlain, cri, "\n", "I1122 16:50\n", "\tat file.go:12\n"};
  std::mt19937 random(1);
  std::string text;
  std::set<std::size_t> starts;
  for (int i = 0; i < 300; ++i) {
    const std::string& line = lines[random() % std::size(lines)];
    if (line == kKlog) starts.insert(text.size());
    text += line;
  }
  const PaddedText block(text);
  for (const std::size_t start : starts) {
    EXPECT_EQ(group_at(block.view(), start).begin, start);
    std::optional<Glance> seen;
    ASSERT_NE(recognise_surely(block.view().data() + start, seen), nullptr);
    EXPECT_EQ(seen->severity, Severity::info);
    EXPECT_EQ(seen->stamp.month, 11);
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto behind = starts.upper_bound(at);
    EXPECT_EQ(last_sure_start(block.view(), at), behind == starts.begin() ? 0 : *std::prev(behind));
    const std::size_t line = text.find('\n', at) + 1;
    const auto next = starts.lower_bound(line);
    EXPECT_EQ(next_sure_start(block.view(), at), next == starts.end() ? text.size() : *next);
  }
}

TEST(Bounds, LongContinuationsTakeLinearTime) {
  std::string text = kKlog;
  for (int i = 0; i < 100'000; ++i) text += "E\n";
  const PaddedText block(text);
  EXPECT_EQ(group_at(block.view(), text.size() - 1).begin, 0U);
  EXPECT_EQ(last_start(block.view(), 0), 0U);
  EXPECT_EQ(next_start(block.view(), 1), text.size());
}

TEST(Payloads, HaveNamesOfTheirOwnAndDescriptions) {
  std::set<std::string_view> names{"plain"};
  for (const Payload& payload : payloads()) {
    EXPECT_TRUE(names.insert(payload.name).second) << payload.name;
    EXPECT_FALSE(payload.description.empty());
  }
}

TEST(Payloads, AreInTheManual) {
  std::ifstream file(KTRACE_MANUAL);
  std::stringstream manual;
  manual << file.rdbuf();
  for (const Payload& payload : payloads()) {
    std::string name(payload.name);
    for (std::size_t at = 0; (at = name.find('-', at)) != name.npos; at += 2)
      name.insert(at, 1, '\\');
    EXPECT_NE(manual.str().find("\n.B " + name + "\n"), std::string::npos) << name;
  }
}

TEST(Payloads, AreRecognisedByTheFirstBytesOfALine) {
  const auto name = [](std::string_view line) {
    const Payload* payload = recognise(PaddedText(line).view().data());
    return payload == nullptr ? "none" : std::string(payload->name);
  };
  EXPECT_EQ(name(kKlog), "klog");
  EXPECT_EQ(name(kJson), "klog-json");
  EXPECT_EQ(name(R"({"ts":"2026-11-22T16:56:15Z","msg":"x"})"), "json");
  EXPECT_EQ(name(R"({"level":"info","ts":1,"msg":"x"})"), "json");
  EXPECT_EQ(name(R"({"time" : "2026-11-22T16:56:15Z"})"), "json");
  EXPECT_EQ(name(R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"M"})"), "audit");
  EXPECT_EQ(name("2017-09-12T10:24:03.123456789+02:00 AUDIT: id=\"a\" ip=\"::1\""), "audit-text");
  EXPECT_EQ(name(R"({"kind":"Event","apiVersion":"v1","metadata":{}})"), "object");
  EXPECT_EQ(name(R"({"kind":"Pod","apiVersion":"v1","metadata":{}})"), "object");
  EXPECT_EQ(name(R"({"action":"Binding","apiVersion":"v1","count":1})"), "object");
  EXPECT_EQ(name(R"([{"kind":"Event","apiVersion":"v1","metadata":{}}])"), "object");
  EXPECT_EQ(name(R"({"resourceSpans":[{"resource":{}}]})"), "otlp-span");
  EXPECT_EQ(name(R"({"resourceLogs":[{"resource":{}}]})"), "otlp-log");
  EXPECT_EQ(name("        {\n            \"apiVersion\": \"v1\",\n"), "object-lines");
  for (const std::string_view line :
       {R"({"kind":"Event"})", R"({"kind":"Status","apiVersion":"v1","metadata":{}})",
        "        {\n            \"kind\": \"User\",\n", "{\n  \"type\": \"Dangling\",\n",
        R"({"log":"x"})", R"({"message":"forbidden"})", R"( {"ts":1})", R"({ "ts":1})",
        R"({"tsx":1})", R"({"ts","level"})", R"(["ts"])", "{}\n", "Error: x\n",
        "2026/11/22 16:53:57 traces export\n"}) {
    EXPECT_EQ(name(line), "none") << line;
  }
}

TEST(Parse, SetsRawAndPayload) {
  const ParsedRecord record(kKlog.substr(0, kKlog.size() - 1) + "\r\n");
  EXPECT_EQ(record->raw.size(), kKlog.size() + 1);
  EXPECT_EQ(record->payload, kKlog.substr(0, kKlog.size() - 1));
  EXPECT_EQ(ParsedRecord(kPlain)->payload, "Error: unknown flag");
  EXPECT_EQ(ParsedRecord("a\n\n")->payload, "a\n");
  EXPECT_EQ(ParsedRecord("\n")->payload, "");
}

TEST(Parse, MakesAPlainRecordOfTheRest) {
  const ParsedRecord record(kPlain + "more\r\nlines\n");
  EXPECT_EQ(record->format, "plain");
  EXPECT_EQ(record->message, "Error: unknown flag\nmore\nlines");
  EXPECT_EQ(record->severity, Severity::unspecified);
  EXPECT_FALSE(record->has_time());
}

TEST(Parse, ForgetsTheRecordBefore) {
  const PaddedText klog(
      "E1122 16:50:45.041587 1 a.go:1] \"HTTP\" verb=\"GET\" URI=\"/\" latency=\"1s\"");
  const PaddedText plain(kPlain);
  Record record;
  parse(klog.view(), record);
  ASSERT_TRUE(record.duration);
  parse(plain.view(), record);
  EXPECT_EQ(record.format, "plain");
  EXPECT_FALSE(record.duration);
  EXPECT_TRUE(record.attributes.empty());
  EXPECT_EQ(record.caller, "");
  EXPECT_EQ(record.stamp, Stamp());
}

TEST(Glance, SeesTheStampAndSeverityThatParsingFinds) {
  for (const std::string& line :
       {kKlog, kJson, kPlain, std::string("E1122 16:50:45.041587 x"),
        std::string(R"({"ts":1795366497352.4,"caller":"f.go:1","msg":"m","err":"e"})"),
        std::string(R"({"ts":1795366497352.4,"msg":"a {\"v\":1} b","v":3})"),
        std::string(R"({"ts":1795366497352.4,"msg":"m","pod":{"name":"a","v":1}})"),
        std::string(R"({"ts":1795366497352.4,"msg":"m","pod":{"name":"a"},"v":2,"ts":5})"),
        std::string(R"({"ts":1795366497352.4,"msg":"cut sho)"), std::string(R"({"ts":12x,"v":1})"),
        std::string(R"({"ts": 1795366497352,"msg":"m","v":1})"),
        std::string(R"({"level":"warn","ts":"2026-11-22T16:56:15Z","msg":"m"})")}) {
    const PaddedText padded(line);
    Record parsed, scratch;
    parse(padded.view(), parsed);
    const Glance seen = glance(Slice{padded.view(), {}, nullptr, 0}, true, scratch);
    EXPECT_EQ(seen.stamp, parsed.stamp) << line;
    EXPECT_EQ(seen.severity, parsed.severity) << line;
  }
}

TEST(Walk, KeepsWhatItSawOfARecordOnTheWay) {
  const std::string warning = "W" + kKlog.substr(1, 4) + kKlog.substr(5);
  const PaddedText block(kKlog + warning + kKlog + "continued\n" + kJson + warning + warning +
                         "E1122 16:50:45.041587 1 a:1]\n" + kKlog + kKlog.substr(0, 30));
  Record scratch;
  std::string seen;
  for (Walk walk(block.view()); walk.next();) {
    const Glance expected = glance(walk.slice(), true, scratch);
    seen += walk.seen() ? walk.slice().raw.front() : '.';
    if (!walk.seen()) continue;
    EXPECT_EQ(walk.seen()->stamp, expected.stamp) << walk.offset();
    EXPECT_EQ(walk.seen()->severity, expected.severity) << walk.offset();
  }
  EXPECT_EQ(seen, "..I..W.I.");
}

TEST(Glance, SeesTheSameInLinesThatAreNearlyJson) {
  const std::string line =
      R"({"ts":1795366497352.4,"msg":"m \"q\"","pod":{"name":"a","list":[1,{"v":2},[]]},"v":0,)"
      R"("w":true,"e":"\u0076"})";
  std::mt19937 random(7);
  const std::string_view pieces("{}[]\",:\\v1 \t\x01n");
  for (int round = 0; round < 20000; ++round) {
    std::string changed = line;
    for (auto change = random() % 3 + 1; change > 0; --change) {
      const std::size_t at = 6 + random() % (changed.size() - 6);
      const char piece = pieces[random() % pieces.size()];
      if (random() % 3 == 0) {
        changed.erase(at, 1);
      } else if (random() % 2 == 0) {
        changed.insert(at, 1, piece);
      } else {
        changed[at] = piece;
      }
    }
    const PaddedText padded(changed);
    Record parsed, scratch;
    parse(padded.view(), parsed);
    const Glance seen = glance(Slice{padded.view(), {}, nullptr, 0}, true, scratch);
    ASSERT_EQ(seen.stamp, parsed.stamp) << changed;
    ASSERT_EQ(seen.severity, parsed.severity) << changed;
  }
}

}  // namespace
}  // namespace ktrace::format
