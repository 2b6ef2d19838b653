// JSON Lines: the members, their order, and that output is valid whatever the input holds.

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "written.h"

namespace ktrace::output {
namespace {

using namespace std::string_view_literals;

const Origin kApiserver{"logs/kube-apiserver.log", "kube-apiserver", "cp1"};
const Origin kNameless{"a.log", "", ""};

std::string json_of(Record record) { return written("json", {}, list(std::move(record))); }

/// The one member "message" of a line, read back.
std::string message_read_back(std::string_view message) {
  const std::string line = json_of(record_at("", kNameless, message));
  simdjson::dom::parser parser;
  std::string_view found;
  EXPECT_EQ(parser.parse(line)["message"].get(found), simdjson::SUCCESS) << line;
  return std::string(found);
}

TEST(JsonWriter, WritesAllThatARecordHasInOneOrder) {
  Record record = record_at("2020-06-10T11:35:40.154162Z", kApiserver, "HTTP");
  record.severity = Severity::info;
  record.caller = "httplog.go:90";
  record.attributes = {text("verb", "GET"), json("resp", "404"), json("pod", R"({"name":"a"})")};
  record.duration = Duration(2'009'283);
  record.trace = {"reqID", "111"};
  record.line = 4;
  record.offset = 799;
  record.payload = "I0610 11:35:40.154162 …";
  record.raw = "envelope I0610 …\n";
  EXPECT_EQ(json_of(std::move(record)),
            R"({"time":"2020-06-10T11:35:40.154162Z","severity":"INFO",)"
            R"("component":"kube-apiserver","node":"cp1","caller":"httplog.go:90",)"
            R"("message":"HTTP","attributes":{"verb":"GET","resp":404,"pod":{"name":"a"}},)"
            R"("durationMs":2.009283,"traceId":"111","traceKey":"reqID",)"
            R"("source":"logs/kube-apiserver.log","line":4,"offset":799,)"
            "\"raw\":\"I0610 11:35:40.154162 …\"}\n");
}

TEST(JsonWriter, LeavesOutWhatARecordDoesNotHave) {
  EXPECT_EQ(json_of(record_at("", kNameless)), "{\"source\":\"a.log\",\"offset\":0}\n");
  EXPECT_EQ(json_of(Record()), "{\"offset\":0}\n");
}

TEST(JsonWriter, WritesTimesWithTheDigitsOfTheSourceButAtLeastSix) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"2020-06-10T11:35:40Z", "2020-06-10T11:35:40.000000Z"},
      {"2020-06-10T11:35:40.5Z", "2020-06-10T11:35:40.500000Z"},
      {"2020-06-10T11:35:40.123456789Z", "2020-06-10T11:35:40.123456789Z"},
      {"2020-06-10T11:35:40.1234567+02:00", "2020-06-10T09:35:40.1234567Z"},
  };
  for (const auto& [written, expected] : cases) {
    const std::string line = json_of(record_at(written, kNameless));
    EXPECT_EQ(line,
              fmt::format("{{\"time\":\"{}\",\"source\":\"a.log\",\"offset\":0}}\n", expected));
  }
}

TEST(JsonWriter, WritesDurationsExactly) {
  const std::pair<std::int64_t, std::string_view> cases[] = {
      {0, "0"},
      {1, "0.000001"},
      {719'637'000, "719.637"},
      {1'000'000, "1"},
      {-1'500'000, "-1.5"},
      {3'600'000'000'000, "3600000"},
      {INT64_MAX, "9223372036854.775807"},
      {INT64_MIN, "-9223372036854.775808"},
  };
  for (const auto& [nanoseconds, expected] : cases) {
    Record record = record_at("", kNameless);
    record.duration = Duration(nanoseconds);
    EXPECT_EQ(json_of(std::move(record)),
              fmt::format("{{\"durationMs\":{},\"source\":\"a.log\",\"offset\":0}}\n", expected));
  }
}

TEST(JsonWriter, EscapesWhatJsonAndTerminalsCannotTake) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"plain ünï ✓ 🚀", "plain ünï ✓ 🚀"},
      {R"(a "b" \c)", R"(a \"b\" \\c)"},
      {"two\nlines\r\n\ttab", R"(two\nlines\r\n\ttab)"},
      {"\x1b[31m \x07 \x7f \0."sv, R"(\u001b[31m \u0007 \u007f \u0000.)"},
      {"\xc2\x80 \xc2\x9b \xc2\x9f \xc2\xa0", "\\u0080 \\u009b \\u009f \xc2\xa0"},
      {"evil \u202e \u2066", R"(evil \u202e \u2066)"},
      // One U+FFFD for each maximal part of a sequence.
      {"\xff|\xc3|\xe2\x82|\xf0\x9f\x9a|\x80\x80", "\ufffd|\ufffd|\ufffd|\ufffd|\ufffd\ufffd"},
      {"\xc0\xaf overlong", "\ufffd\ufffd overlong"},
      {"\xed\xa0\x80 surrogate", "\ufffd\ufffd\ufffd surrogate"},
      {"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
      {"cut \xe2\x82", "cut \ufffd"},
      // Beside each other in one word of eight bytes, and across two.
      {"12345\"7\"\\0\"\"34567\"", R"(12345\"7\"\\0\"\"34567\")"},
  };
  for (const auto& [message, expected] : cases) {
    EXPECT_EQ(json_of(record_at("", kNameless, message)),
              fmt::format("{{\"message\":\"{}\",\"source\":\"a.log\",\"offset\":0}}\n", expected));
  }
}

TEST(JsonWriter, EscapesKeysAndNames) {
  const Origin strange{"a\n\".log", "k\x1b", "n\xff"};
  Record record = record_at("", strange);
  record.attributes = {text("a\"b\x01", "")};
  EXPECT_EQ(json_of(std::move(record)),
            "{\"component\":\"k\\u001b\",\"node\":\"n\ufffd\",\"attributes\":{\"a\\\"b\\u0001\":"
            "\"\"},\"source\":\"a\\n\\\".log\",\"offset\":0}\n");
}

TEST(JsonWriter, KeepsJsonValuesOnOneLineAndSafe) {
  Record record = record_at("", kNameless);
  record.attributes = {json("v", "{\"a\":\n\t[1.50, \"\\u001b\x7f\xc2\x9b\xff\"]}")};
  EXPECT_EQ(json_of(std::move(record)),
            "{\"attributes\":{\"v\":{\"a\":  [1.50, \"\\u001b\\u007f\\u009b\ufffd\"]}},"
            "\"source\":\"a.log\",\"offset\":0}\n");
}

TEST(JsonWriter, GivesAllValidTextBack) {
  for (const std::string_view message :
       {"plain"sv, "\"\\/\b\f\n\r\t\x1b\x7f\0"sv, "ü\u0085\u2028\u202e\U0010ffff"sv}) {
    EXPECT_EQ(message_read_back(message), message);
  }
}

TEST(JsonWriter, WritesValidJsonForAnyBytes) {
  std::mt19937 random(20200610);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    // Mostly bytes from the interesting quarters.
    for (char& c : bytes)
      c = static_cast<char>(random() % 3 == 0 ? random() : 0x80 | random() % 127);
    const std::string line = json_of(record_at("", kNameless, bytes));
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    if (!bytes.empty()) message_read_back(bytes);
  }
}

}  // namespace
}  // namespace ktrace::output
