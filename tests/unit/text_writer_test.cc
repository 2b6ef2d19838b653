// The timeline as text: columns, dates, deltas, values, wrapping, colours, safety.

#include <algorithm>

#include <gtest/gtest.h>

#include "written.h"

namespace ktrace::output {
namespace {

using namespace std::string_view_literals;

const Origin kApiserver{"kube-apiserver.log", "kube-apiserver", ""};
const Origin kManager{"kube-controller-manager.log", "kube-controller-manager", ""};
const Origin kKubelet{"kubelet.log", "kubelet", "node1"};
const Origin kNameless{"x", "", ""};

Record record_of(std::string_view time, const Origin& origin, Severity severity,
                 std::string_view caller, std::string_view message) {
  Record record = record_at(time, origin, message);
  record.severity = severity;
  record.caller = caller;
  return record;
}

/// What follows the columns of a record from the source "x" without time, severity or caller.
std::string body_of(Record record, Style style = {}) {
  const std::string out = written("text", style, list(std::move(record)));
  const std::string head = std::string(24, ' ') + "x" + std::string(22, ' ');
  EXPECT_TRUE(out.starts_with(head)) << out;
  return out.substr(head.size());
}

std::string body_of(std::string_view message) { return body_of(record_at("", kNameless, message)); }

std::string body_of(const Attribute& attribute) {
  Record record = record_at("", kNameless);
  record.attributes = {attribute};
  return body_of(std::move(record));
}

/// The talk's example: one request, then what two components made of it.
std::vector<Record> talk() {
  std::vector<Record> records = list(
      record_of("2020-06-10T11:35:40.189286Z", kApiserver, Severity::info, "httplog.go:90", ""),
      record_of("2020-06-10T11:35:40.244334Z", kManager, Severity::info, "replica_set.go:562",
                "Too few replicas for ReplicaSet default/nginx-97499b967, need 3, creating 3 "
                "traceID=\"111\""),
      record_of("2020-06-10T11:35:41.345157Z", kKubelet, Severity::error, "reflector.go:207",
                "Starting reflector"));
  records[0].attributes = {text("verb", "POST"), text("URI", "/api/v1/namespaces/default/services"),
                           json("resp", "201"), text("UserAgent", "kubectl/v1.18.2 (linux/amd64)"),
                           text("traceID", "111")};
  for (Record& record : records) record.trace = {"traceID", "111"};
  return records;
}

TEST(TextWriter, AlignsTheColumnsOfATimeline) {
  EXPECT_EQ(written("text", {}, talk()),
            "2020-06-10 (UTC)\n"
            "11:35:40.189286         kube-apiserver          I httplog.go:90      verb=POST "
            "URI=/api/v1/namespaces/default/services resp=201 "
            "UserAgent=\"kubectl/v1.18.2 (linux/amd64)\" traceID=111\n"
            "11:35:40.244334 +55.0ms kube-controller-manager I replica_set.go:562 Too few replicas "
            "for ReplicaSet default/nginx-97499b967, need 3, creating 3 traceID=\"111\"\n"
            "11:35:41.345157  +1.10s kubelet/node1           E reflector.go:207   Starting "
            "reflector\n");
}

TEST(TextWriter, PutsMessagesBelowOnANarrowTerminal) {
  Style style;
  style.terminal = true;
  style.columns = 80;
  EXPECT_EQ(written("text", style, talk()),
            "2020-06-10 (UTC)\n"
            "11:35:40.189286         kube-apiserver          I httplog.go:90\n"
            "    verb=POST URI=/api/v1/namespaces/default/services resp=201\n"
            "    UserAgent=\"kubectl/v1.18.2 (linux/amd64)\" traceID=111\n"
            "11:35:40.244334 +55.0ms kube-controller-manager I replica_set.go:562\n"
            "    Too few replicas for ReplicaSet default/nginx-97499b967, need 3, creating 3\n"
            "    traceID=\"111\"\n"
            "11:35:41.345157  +1.10s kubelet/node1           E reflector.go:207\n"
            "    Starting reflector\n");
}

TEST(TextWriter, PutsACallerBelowThatHasNoRoomBesideTheRest) {
  Style style;
  style.columns = 60;
  const std::string text = written("text", style, talk());
  EXPECT_NE(text.find("11:35:40.244334 +55.0ms kube-controller-manager I\n"
                      "    replica_set.go:562 Too few replicas for ReplicaSet\n"),
            std::string::npos)
      << text;
}

TEST(TextWriter, KeepsOneLineARecordOnAWideTerminal) {
  Style style;
  style.terminal = true;
  style.columns = 120;
  EXPECT_EQ(written("text", style, talk()), written("text", {}, talk()));
}

TEST(TextWriter, ColoursSeverityComponentGapKeysAndTheWantedIdentifier) {
  Style style;
  style.color = true;
  EXPECT_EQ(written("text", style, talk()),
            "\x1b[2m2020-06-10 (UTC)\x1b[0m\n"
            "11:35:40.189286         \x1b[36mkube-apiserver\x1b[0m          I httplog.go:90      "
            "\x1b[2mverb=\x1b[0mPOST \x1b[2mURI=\x1b[0m/api/v1/namespaces/default/services "
            "\x1b[2mresp=\x1b[0m201 \x1b[2mUserAgent=\x1b[0m\"kubectl/v1.18.2 (linux/amd64)\" "
            "\x1b[2mtraceID=\x1b[0m\x1b[1m111\x1b[0m\n"
            "11:35:40.244334 \x1b[2m+55.0ms\x1b[0m \x1b[32mkube-controller-manager\x1b[0m I "
            "replica_set.go:562 Too few replicas for ReplicaSet default/nginx-97499b967, need 3, "
            "creating 3 traceID=\"\x1b[1m111\x1b[0m\"\n"
            "11:35:41.345157  \x1b[1;33m+1.10s\x1b[0m \x1b[35mkubelet/node1\x1b[0m           "
            "\x1b[1;31mE\x1b[0m reflector.go:207   Starting reflector\n");
}

TEST(TextWriter, WrapsTheSameWithAndWithoutColour) {
  Style style;
  style.columns = 60;
  const std::string plain = written("text", style, talk());
  style.color = true;
  std::string colored = written("text", style, talk());
  for (std::size_t at; (at = colored.find('\x1b')) != std::string::npos;) {
    colored.erase(at, colored.find('m', at) + 1 - at);
  }
  EXPECT_EQ(colored, plain);
}

// ---- Times ------------------------------------------------------------------------------------

TEST(TextWriter, ShowsTheDateWheneverItChangesInTheDisplayedZone) {
  Style style;
  style.zone = *Zone::parse("+02:00");
  const auto records = list(record_at("2020-06-10T20:00:00Z", kNameless, "a"),
                            record_at("2020-06-10T21:59:59.999999Z", kNameless, "b"),
                            record_at("2020-06-10T22:00:00Z", kNameless, "c"),
                            record_at("2020-06-10T21:59:59Z", kNameless, "d"));
  const std::string blank(22, ' ');
  EXPECT_EQ(written("text", style, records),
            "2020-06-10 (+02:00)\n"
            "22:00:00.000000         x" +
                blank +
                "a\n"
                "23:59:59.999999  +2h00m x" +
                blank +
                "b\n"
                "2020-06-11 (+02:00)\n"
                "00:00:00.000000 +1.00\u00b5s x" +
                blank +
                "c\n"
                "2020-06-10 (+02:00)\n"
                "23:59:59.000000  -1.00s x" +
                blank + "d\n");
}

TEST(TextWriter, LeavesTheTimeBlankWhereARecordStatesNone) {
  auto records =
      list(record_at("2020-06-10T11:00:00Z", kNameless, "a"), record_at("", kNameless, "b"),
           record_at("2020-06-10T11:00:00.002Z", kNameless, "c"));
  records[1].time = records[0].time;
  const std::string blank(22, ' ');
  EXPECT_EQ(written("text", {}, records),
            "2020-06-10 (UTC)\n"
            "11:00:00.000000         x" +
                blank +
                "a\n"
                "                        x" +
                blank +
                "b\n"
                "11:00:00.002000 +2.00ms x" +
                blank + "c\n");
}

TEST(TextWriter, WidensTheColumnOfTimesForMoreDigits) {
  const auto records = list(record_at("2020-06-10T11:00:00.123456789Z", kNameless, "a"),
                            record_at("2020-06-10T11:00:00.123456Z", kNameless, "b"));
  const std::string blank(22, ' ');
  EXPECT_EQ(written("text", {}, records),
            "2020-06-10 (UTC)\n"
            "11:00:00.123456789         x" +
                blank +
                "a\n"
                "11:00:00.123456     -789ns x" +
                blank + "b\n");
}

TEST(TextWriter, ShowsWhenRecordsBeganIfThatIsTheirOrder) {
  auto records = list(record_at("2020-06-10T00:00:00.5Z", kNameless, "a"),
                      record_at("2020-06-10T00:00:00.1Z", kNameless, "b"));
  records[0].duration = std::chrono::milliseconds(600);
  Style style;
  style.begin_order = true;
  const std::string blank(22, ' ');
  EXPECT_EQ(written("text", style, records),
            "2020-06-09 (UTC)\n"
            "23:59:59.900000         x" +
                blank +
                "a\n"
                "2020-06-10 (UTC)\n"
                "00:00:00.100000  +200ms x" +
                blank + "b\n");
}

TEST(TextWriter, SurvivesTimesThatAreTooFarApart) {
  auto records = list(record_at("2020-06-10T00:00:00Z", kNameless, "a"),
                      record_at("2020-06-10T00:00:00Z", kNameless, "b"));
  records[0].time = Time(std::chrono::hours(-24 * 365 * 200));
  records[1].time = Time(std::chrono::hours(24 * 365 * 200));
  EXPECT_NE(written("text", {}, records).find("+106751d23h"), std::string::npos);
}

// ---- Labels, callers --------------------------------------------------------------------------

TEST(TextWriter, PushesColumnsAsideForLongNamesButKeepsTheRestAligned) {
  const Origin longest{std::string(50, 'n'), "", ""};
  auto records = list(record_at("", longest, "a"), record_at("", kNameless, "b"));
  records[0].caller = "pkg/a_very_long_directory/a_very_long_file.go:1234";
  records[0].severity = records[1].severity = Severity::info;
  EXPECT_EQ(written("text", {}, records), std::string(24, ' ') + longest.name + " I " +
                                              std::string(records[0].caller) + " a\n" +
                                              std::string(24, ' ') + "x" + std::string(40, ' ') +
                                              "I" + std::string(34, ' ') + "b\n");
}

TEST(TextWriter, GivesOneColourToOneLabel) {
  const Origin rotated{"kubelet.log.1", "kubelet", "node1"};
  Style style;
  style.color = true;
  const std::string out = written("text", style,
                                  list(record_at("", kApiserver), record_at("", kKubelet),
                                       record_at("", rotated), record_at("", kManager)));
  EXPECT_EQ(out, std::string(24, ' ') + "\x1b[36mkube-apiserver\x1b[0m\n" + std::string(24, ' ') +
                     "\x1b[32mkubelet/node1\x1b[0m\n" + std::string(24, ' ') +
                     "\x1b[32mkubelet/node1\x1b[0m\n" + std::string(24, ' ') +
                     "\x1b[35mkube-controller-manager\x1b[0m\n");
}

TEST(TextWriter, ColoursSeveritiesByWeight) {
  Style style;
  style.color = true;
  const std::pair<Severity, std::string_view> cases[] = {
      {Severity::info, " I x\n"},
      {Severity::warning, " \x1b[33mW\x1b[0m x\n"},
      {Severity::error, " \x1b[1;31mE\x1b[0m x\n"},
      {Severity::fatal, " \x1b[37;41mF\x1b[0m x\n"},
  };
  for (const auto& [severity, expected] : cases) {
    const auto records = list(record_of("", kKubelet, severity, "x", ""));
    EXPECT_TRUE(written("text", style, records).ends_with(expected));
  }
}

// ---- Messages and values ----------------------------------------------------------------------

TEST(TextWriter, QuotesOnlyWhatWouldBeUnclearWithout) {
  const std::pair<Attribute, std::string_view> cases[] = {
      {text("k", "plain/value:1.2"), "k=plain/value:1.2\n"},
      {text("k", "ünï"), "k=ünï\n"},
      {text("k", ""), "k=\"\"\n"},
      {text("k", "two words"), "k=\"two words\"\n"},
      {text("k", "a=b"), "k=\"a=b\"\n"},
      {text("k", R"(say "a\b")"), "k=\"say \\\"a\\\\b\\\"\"\n"},
      {text("k", "tab\there"), "k=\"tab\there\"\n"},
      {text("k", "bell\a"), "k=\"bell\\x07\"\n"},
      {json("k", "5"), "k=5\n"},
      {json("k", R"({"a": "b c"})"), "k={\"a\": \"b c\"}\n"},
      {text("odd\nkey", "v"), "odd\\x0akey=v\n"},
  };
  for (const auto& [attribute, expected] : cases) EXPECT_EQ(body_of(attribute), expected);
}

TEST(TextWriter, IndentsTheLinesOfAMessage) {
  const std::string indent(47, ' ');
  EXPECT_EQ(body_of("panic:\n\tgoroutine 1\n\nend\n"),
            "panic:\n" + indent + "\tgoroutine 1\n\n" + indent + "end\n");
}

TEST(TextWriter, WritesValuesOfSeveralLinesAsKlogDoes) {
  Record record = record_at("", kNameless, "diff");
  record.attributes = {text("s", "{\n  \"a\": 1\n}\n"), text("t", "u")};
  const std::string indent(47, ' ');
  EXPECT_EQ(body_of(std::move(record)), "diff s=<\n" + indent + "  {\n" + indent +
                                            "    \"a\": 1\n" + indent + "  }\n" + indent +
                                            " > t=u\n");
}

TEST(TextWriter, WrapsOnlyBetweenWords) {
  Style style;
  style.columns = 20;
  const std::string word(40, 'w');
  const std::string message = "one two three four  five " + word + " six\n  indented line";
  const auto records = list(record_at("", kNameless, message));
  EXPECT_EQ(written("text", style, records), std::string(24, ' ') + "x\n" +
                                                 "    one two three\n"
                                                 "    four  five\n"
                                                 "    " +
                                                 word +
                                                 "\n"
                                                 "    six\n"
                                                 "      indented line\n");
}

TEST(TextWriter, FindsTheWantedIdentifierOnlyBehindItsKey) {
  Style style;
  style.color = true;
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"111 traceID=111", "111 traceID=\x1b[1m111\x1b[0m\n"},
      {"pod-111 111", "pod-111 111\n"},
      {"traceID:111", "traceID:\x1b[1m111\x1b[0m\n"},
      {R"({"traceID":"111"})", "{\"traceID\":\"\x1b[1m111\x1b[0m\"}\n"},
  };
  for (const auto& [message, expected] : cases) {
    Record record = record_at("", kNameless, message);
    record.trace = {"traceID", "111"};
    const std::string out = written("text", style, list(std::move(record)));
    EXPECT_TRUE(out.ends_with("\x1b[36mx\x1b[0m" + std::string(22, ' ') + std::string(expected)))
        << out;
  }
}

TEST(TextWriter, FindsTheWantedIdentifierInsideValues) {
  Style style;
  style.color = true;
  Record record = record_at("", kNameless);
  record.trace = {"Audit-Id", "a1"};
  record.attributes = {text("headers", "Date: a1\nAudit-Id: a1"), json("o", R"({"Audit-Id":"a1"})"),
                       text("traceparent", "00-a1-b")};
  const std::string out = written("text", style, list(std::move(record)));
  EXPECT_NE(out.find("Date: a1\n"), std::string::npos) << out;
  EXPECT_NE(out.find("Audit-Id: \x1b[1ma1\x1b[0m\n"), std::string::npos) << out;
  EXPECT_NE(out.find("{\"Audit-Id\":\"\x1b[1ma1\x1b[0m\"}"), std::string::npos) << out;
  EXPECT_NE(out.find("00-a1-b"), std::string::npos) << out;
}

// ---- Safety -----------------------------------------------------------------------------------

TEST(TextWriter, ShowsWhatATerminalWouldObey) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"\x1b]0;title\a", "\\x1b]0;title\\x07\n"},
      {"back\b and \x7f", "back\\x08 and \\x7f\n"},
      {"c1 \xc2\x9b\x33\x31m", "c1 \\x9b31m\n"},
      {"bad \xff\xe2\x82.", "bad \\xff\\xe2\\x82.\n"},
      {"bidi \u202e \u2069", "bidi \\u202e \\u2069\n"},
      {"nul \0."sv, "nul \\x00.\n"},
      {"return\rhere", "return\\x0dhere\n"},
  };
  for (const auto& [message, expected] : cases) EXPECT_EQ(body_of(message), expected);
}

TEST(TextWriter, LetsNoFieldSendEscapesOrBreakItsLine) {
  const std::string evil = "\x1b[2J\n";
  const Origin origin{evil, evil, evil};
  Style style;
  Record record = record_of("", origin, Severity::info, evil, "m");
  record.attributes = {text(evil, "v"), json("j", "\"\x7f\"")};
  const std::string out = written("text", style, list(std::move(record)));
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_EQ(out.find('\x7f'), std::string::npos);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1) << out;
}

}  // namespace
}  // namespace ktrace::output
