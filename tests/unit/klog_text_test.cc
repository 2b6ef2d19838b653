// What is read from klog text: headers of all kinds, structured and printf messages.

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "parsed_record.h"

namespace ktrace::format {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kHead = "I1122 16:50:45.041587   30287 file.go:12] ";

// The record that one call of klog made, from what it printed behind the header.
ParsedRecord body(std::string_view text) { return ParsedRecord(kHead + std::string(text) + "\n"); }

TEST(KlogHeader, TellsSeverityTimeAndCaller) {
  const ParsedRecord record("W0930 00:01:02.500000    1992 prober.go:116] words\n");
  EXPECT_EQ(record->format, "klog");
  EXPECT_EQ(record->severity, Severity::warning);
  EXPECT_EQ(record->stamp.kind, Stamp::Kind::yearless);
  EXPECT_EQ(record->stamp.month, 9);
  EXPECT_EQ(record->stamp.day, 30);
  EXPECT_EQ(record->stamp.digits, 6);
  EXPECT_EQ(record->stamp.time_of_day, minutes(1) + seconds(2) + microseconds(500000));
  EXPECT_EQ(record->caller, "prober.go:116");
  EXPECT_EQ(record->message, "words");
}

TEST(KlogHeader, AcceptsAllSeveritiesAndALeapSecond) {
  EXPECT_EQ(ParsedRecord("I1231 23:59:60.999999 1 a.go:1] x")->stamp.time_of_day,
            hours(23) + minutes(59) + seconds(60) + microseconds(999999));
  EXPECT_EQ(ParsedRecord("I0101 00:00:00.000000 1 a.go:1] x")->severity, Severity::info);
  EXPECT_EQ(ParsedRecord("E0101 00:00:00.000000 1 a.go:1] x")->severity, Severity::error);
  EXPECT_EQ(ParsedRecord("F0101 00:00:00.000000 1 a.go:1] x")->severity, Severity::fatal);
}

struct HeaderCase {
  std::string_view line, caller, message;
};

class KlogHeaderForms : public testing::TestWithParam<HeaderCase> {};

TEST_P(KlogHeaderForms, AreRead) {
  const ParsedRecord record(GetParam().line);
  EXPECT_EQ(record->format, "klog");
  EXPECT_EQ(record->caller, GetParam().caller);
  EXPECT_EQ(record->message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, KlogHeaderForms,
    testing::Values(
        HeaderCase{"I1122 16:50:45.041587       1 a.go:1] padded pid", "a.go:1", "padded pid"},
        HeaderCase{"I1122 16:50:45.041587 1952452992 a.cc:253] glog", "a.cc:253", "glog"},
        HeaderCase{"I1122 16:50:45.041587 1 a.go:1] collapsed", "a.go:1", "collapsed"},
        HeaderCase{"I1122 16:50:45.041587         a.go:1] pid 0", "a.go:1", "pid 0"},
        HeaderCase{"I1122 16:50:45.041587 7 dir/a.go:1] directory", "dir/a.go:1", "directory"},
        HeaderCase{"I1122 16:50:45.041587 7 ???:1] no caller", "???:1", "no caller"},
        HeaderCase{"I1122 16:50:45.041587 7 3rd.go:0] digit", "3rd.go:0", "digit"},
        HeaderCase{"I1122 16:50:45.041587 7 a.go:1] ", "a.go:1", ""},
        HeaderCase{"I1122 16:50:45.041587 7 a.go:1]", "a.go:1", ""},
        HeaderCase{"I1122 16:50:45.041587 7 a.go:1]  two blanks", "a.go:1", " two blanks"},
        HeaderCase{"I1122 16:50:45.041587 7 cut sho", "", "cut sho"},
        HeaderCase{"I1122 16:50:45.041587 ", "", ""},
        HeaderCase{"I1122 16:50:45.041587 7 [x] words", "", "[x] words"},
        HeaderCase{"I1122 16:50:45.041587] ktesting", "", "ktesting"}));

class NoKlogHeader : public testing::TestWithParam<std::string_view> {};

TEST_P(NoKlogHeader, IsPlain) {
  const ParsedRecord record(GetParam());
  EXPECT_EQ(record->format, "plain");
  EXPECT_EQ(record->stamp, Stamp());
  EXPECT_EQ(record->message, GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    All, NoKlogHeader,
    testing::Values(
        "Error: unknown flag", "Flag --logging-format has been deprecated",
        "I1322 16:50:45.041587 1 a.go:1] month 13", "I0022 16:50:45.041587 1 a.go:1] month 0",
        "I1132 16:50:45.041587 1 a.go:1] day 32", "I1122 24:50:45.041587 1 a.go:1] hour 24",
        "I1122 16:60:45.041587 1 a.go:1] minute 60", "I1122 16:50:61.041587 1 a.go:1] second 61",
        "I1122 16:50:45.04158  1 a.go:1] five digits",
        "I1122 16:50:45.0415871 a.go:1] seven digits", "D1122 16:50:45.041587 1 a.go:1] debug",
        " I1122 16:50:45.041587 1 a.go:1] indented", "I1122 16:5", "I", ""));

TEST(KlogPrintf, MayHaveManyLines) {
  const auto record = body("panic: boom\n\ngoroutine 1 [running]:\nmain.main()");
  EXPECT_EQ(record->message, "panic: boom\n\ngoroutine 1 [running]:\nmain.main()");
  EXPECT_EQ(record->payload, kHead + std::string(record->message));
  EXPECT_EQ(record->raw, std::string(record->payload) + "\n");
}

TEST(KlogPrintf, EndsOfLinesFromWindowsAreNoPartOfIt) {
  const ParsedRecord record(kHead + "one\r\ntwo\r three\r\n");
  EXPECT_EQ(record->message, "one\ntwo\r three");
  EXPECT_EQ(record->payload, kHead + "one\r\ntwo\r three");
  const auto pairs = body("\"a\" b=\"c\"\r");
  EXPECT_EQ(pairs->message, "a");
  EXPECT_EQ(pairs->attributes, Attributes{text("b", "c")});
}

struct Case {
  std::string_view name, body, message;
  Attributes attributes;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  return std::string(info.param.name);
}

class KlogPrintfPairs : public testing::TestWithParam<Case> {};

TEST_P(KlogPrintfPairs, BecomeAttributes) {
  const auto record = body(GetParam().body);
  EXPECT_EQ(record->message, GetParam().message);
  EXPECT_EQ(record->attributes, GetParam().attributes);
}

INSTANTIATE_TEST_SUITE_P(
    All, KlogPrintfPairs,
    testing::Values(
        Case{"BehindTheWords",
             R"(need 3, creating 3 traceID="111")",
             "need 3, creating 3",
             {text("traceID", "111")}},
        Case{"SeveralBehindInTheirOrder",
             R"(words a="1" b="two words" c="")",
             "words",
             {text("a", "1"), text("b", "two words"), text("c", "")}},
        Case{"BeforeTheWords",
             R"(objectsetid="04bc" traceid="ca05" Looking to cleanup)",
             "Looking to cleanup",
             {text("objectsetid", "04bc"), text("traceid", "ca05")}},
        Case{"OfEqualKeysTheOneOfTheLastLine",
             "words traceID=\"aaa\"\ntraceID=\"bbb\"",
             "words traceID=\"aaa\"",
             {text("traceID", "bbb")}},
        Case{"OfEqualKeysTheLastBehindTheWords",
             R"(words traceID="1" traceID="2")",
             R"(words traceID="1")",
             {text("traceID", "2")}},
        Case{"OfEqualKeysOnBothSidesTheFirst",
             R"(a="1" words b="2" a="3")",
             R"(words b="2" a="3")",
             {text("a", "1")}},
        Case{"OnBothSides", R"(a="1" words b="2")", "words", {text("a", "1"), text("b", "2")}},
        Case{"BehindUnbalancedQuotes",
             R"(from object-"default"/"token“ traceID="111")",
             R"(from object-"default"/"token“)",
             {text("traceID", "111")}},
        Case{"WithEscapes",
             R"(words err="say \"hi\" to=\"x\"")",
             "words",
             {text("err", R"(say "hi" to="x")")}},
        Case{"WithAColonBehindThem", R"(words traceID="111":)", "words", {text("traceID", "111")}},
        Case{"AloneInTheRequestLogOf1_18",
             R"(verb="GET" latency=1.2ms resp=200 srcIP="[::1]:45094" reqID="111": )",
             "",
             {text("verb", "GET"), text("latency", "1.2ms"), json("resp", "200"),
              text("srcIP", "[::1]:45094"), text("reqID", "111")}},
        Case{"FollowedByAStack",
             "verb=\"GET\" resp=500 srcIP=\"a\": \ngoroutine 1 [running]:",
             "goroutine 1 [running]:",
             {text("verb", "GET"), json("resp", "500"), text("srcIP", "a")}},
        Case{"NotUnquotedBehindTheWords", "words a=1 b=2", "words a=1 b=2", {}},
        Case{"NotWithinTheWords", R"(a b="c" d)", R"(a b="c" d)", {}},
        Case{"NotFlags", R"(FLAG: --address="0.0.0.0")", R"(FLAG: --address="0.0.0.0")", {}},
        Case{"NotURLParameters", R"(see "http://a/?x="b"")", R"(see "http://a/?x="b"")", {}},
        Case{"NotCutShort", R"(a="b)", R"(a="b)", {}},
        Case{"NotEndingInAnEscape", R"(x a="b\")", R"(x a="b\")", {}}),
    name_of);

class KlogStructured : public testing::TestWithParam<Case> {};

TEST_P(KlogStructured, IsRead) {
  const auto record = body(GetParam().body);
  EXPECT_EQ(record->format, "klog");
  EXPECT_EQ(record->message, GetParam().message);
  EXPECT_EQ(record->attributes, GetParam().attributes);
}

INSTANTIATE_TEST_SUITE_P(
    Values, KlogStructured,
    testing::Values(Case{"None", R"("Starting")", "Starting", {}},
                    Case{"Strings",
                         R"("m" pod="kube-system/kube-dns" empty="")",
                         "m",
                         {text("pod", "kube-system/kube-dns"), text("empty", "")}},
                    Case{"Escapes",
                         R"("a \"b\"\n\tc" err="x: \"y\" \\z \x41\102\u00e9\U0001F600")",
                         "a \"b\"\n\tc",
                         {text("err", "x: \"y\" \\z ABé😀")}},
                    Case{"QuoteThatIsEscaped",
                         R"("m" a="\q\x4\ud800\u12\400\")",
                         R"("m" a="\q\x4\ud800\u12\400\")",
                         {}},
                    Case{"EscapesKeptLiterally",
                         R"("m" a="\q \xzz \ud800 \U00110000 \400")",
                         "m",
                         {text("a", R"(\q \xzz \ud800 \U00110000 \400)")}},
                    Case{"NumbersAndWordsOfJSON",
                         R"("m" a=1 b=-2.5e3 c=true d=null e=false)",
                         "m",
                         {json("a", "1"), json("b", "-2.5e3"), json("c", "true"), json("d", "null"),
                          json("e", "false")}},
                    Case{"NumbersThatAreNotJSON",
                         R"("m" a=01 b=1. c=+1 d=1.2ms e=0x1 f=NaN g=-)",
                         "m",
                         {text("a", "01"), text("b", "1."), text("c", "+1"), text("d", "1.2ms"),
                          text("e", "0x1"), text("f", "NaN"), text("g", "-")}},
                    Case{"CompactJSON",
                         R"("m" pods=["a/b","c] d"] o={"k":"a \"}\" b","n":[1,{}]} x=1)",
                         "m",
                         {json("pods", R"(["a/b","c] d"])"),
                          json("o", R"({"k":"a \"}\" b","n":[1,{}]})"), json("x", "1")}},
                    Case{"EmptyContainers",
                         R"("m" a={} b=[] c="x")",
                         "m",
                         {json("a", "{}"), json("b", "[]"), text("c", "x")}},
                    Case{"NilIsNull",
                         R"("m" a=<nil> b=nil c=null)",
                         "m",
                         {json("a", "null"), json("b", "null"), json("c", "null")}},
                    Case{"Missing", R"x("m" key="(MISSING)")x", "m", {text("key", "(MISSING)")}},
                    Case{"NothingAtAll", R"("m" a= b="x")", "m", {text("a", ""), text("b", "x")}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    ValuesBefore1_28, KlogStructured,
    testing::Values(Case{"PointerToStruct",
                         R"("m" pod="a/b" event=&{ID:0043 Type:Started Data:cbf} x=1)",
                         "m",
                         {text("pod", "a/b"), text("event", "&{ID:0043 Type:Started Data:cbf}"),
                          json("x", "1")}},
                    Case{"Struct",
                         R"("m" event={ID:0043 Type:Started})",
                         "m",
                         {text("event", "{ID:0043 Type:Started}")}},
                    Case{"Slice",
                         R"("m" pods=[kube-system/a kube-system/b] x=1)",
                         "m",
                         {text("pods", "[kube-system/a kube-system/b]"), json("x", "1")}},
                    Case{"Map",
                         R"("m" labels=map[a:b c:map[d:e f:g]] x=1)",
                         "m",
                         {text("labels", "map[a:b c:map[d:e f:g]]"), json("x", "1")}},
                    Case{"UnquotedDuration",
                         R"("HTTP" latency=1.2ms resp=200)",
                         "HTTP",
                         {text("latency", "1.2ms"), json("resp", "200")}},
                    Case{"BracketThatNeverCloses",
                         R"("m" a=map[b c="d")",
                         "m",
                         {text("a", "map[b"), text("c", "d")}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Keys, KlogStructured,
    testing::Values(Case{"Dashed",
                         R"("m" audit-ID="1" a.b="2" A_1="3")",
                         "m",
                         {text("audit-ID", "1"), text("a.b", "2"), text("A_1", "3")}},
                    Case{"NotStrings",
                         R"("m" %!s(int=1)="value" {name}="v" map[test:%!s(bool=true)]="t")",
                         "m",
                         {text("%!s(int=1)", "value"), text("{name}", "v"),
                          text("map[test:%!s(bool=true)]", "t")}},
                    Case{"WithBlanks",
                         R"("m" a=1 unschedulable plugins={"N":{}})",
                         "m",
                         {json("a", "1"), json("unschedulable plugins", R"({"N":{}})")}},
                    Case{"TwiceTheLastCounts",
                         R"("m" pod="old" a=1 pod="new")",
                         "m",
                         {json("a", "1"), text("pod", "new")}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Blocks, KlogStructured,
    testing::Values(
        Case{"OfLines",
             "\"m\" s=<\n\t{\n\t  \"a\": 1\n\t}\n > more=1 b=\"c\"",
             "m",
             {text("s", "{\n  \"a\": 1\n}"), json("more", "1"), text("b", "c")}},
        Case{"AtTheEnd",
             "\"m\" headers=<\n\tAccept: */*\n\tAudit-Id: 552a\n >",
             "m",
             {text("headers", "Accept: */*\nAudit-Id: 552a")}},
        Case{"WithHeadersAndMarkersInside",
             "\"m\" s=<\n\tI1122 16:50:45.041587 1 a.go:1] x\n\t > y=1\n\t\t\"\\n\n > z=2",
             "m",
             {text("s", "I1122 16:50:45.041587 1 a.go:1] x\n > y=1\n\t\"\\n"), json("z", "2")}},
        Case{"OfOneLine", "\"m\" s=<\n\tAudit-Id: 5\n >", "m", {text("s", "Audit-Id: 5\n")}},
        Case{"Empty", "\"m\" s=<\n > z=2", "m", {text("s", ""), json("z", "2")}},
        Case{"TwoOfThem",
             "\"m\" a=<\n\t1\n\n > b=<\n\t2\n >",
             "m",
             {text("a", "1\n"), text("b", "2\n")}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Leftovers, KlogStructured,
    testing::Values(
        Case{"CutInAString", R"("m" a=1 err="cut sho)", R"(m err="cut sho)", {json("a", "1")}},
        Case{"CutInABlock", "\"m\" a=1 s=<\n\tone\n\ttw", "m s=<\n\tone\n\ttw", {json("a", "1")}},
        Case{"CutInTheMessage", R"("cut sho)", R"("cut sho)", {}},
        Case{"LinesBehindThePairs", "\"m\" a=1\ngoroutine 1", "m\ngoroutine 1", {json("a", "1")}},
        Case{"WordsBehindThePairs", R"("m" a=1 and words)", "m and words", {json("a", "1")}},
        Case{"PrintfThatBeginsWithAQuote", R"("foo" is not bar=3)", R"("foo" is not bar=3)", {}},
        Case{"PrintfOfTwoQuotes", R"("default"/"x" is gone)", R"("default"/"x" is gone)", {}},
        Case{"PrintfThatBeginsWithAQuoteAndEndsInATrace",
             R"("foo" is bad traceID="1")",
             R"("foo" is bad)",
             {text("traceID", "1")}}),
    name_of);

TEST(KlogStructuredMessage, QuotesInAnObjectReferenceAreKept) {
  const auto record = body(R"("m" pod="ns/a"b" x=1)");
  EXPECT_EQ(record->attributes, (Attributes{text("pod", "ns/a\"b"), json("x", "1")}));
}

TEST(KlogStructuredMessage, OfManyEqualKeysTheLastCounts) {
  std::string pairs = "\"m\"";
  for (int i = 0; i < 1000; ++i) pairs += fmt::format(" k{}={}", i % 100, i);
  const auto record = body(pairs);
  ASSERT_EQ(record->attributes.size(), 100U);
  EXPECT_EQ(record->attributes.front(), json("k0", "900"));
  EXPECT_EQ(record->attributes.back(), json("k99", "999"));
}

TEST(KlogStructuredMessage, JsonOfMoreThanAMebibyteIsNotChecked) {
  const std::string long_array = "[\"" + std::string(2 << 20, 'x') + " } \"]";
  const auto record = body("\"m\" a=" + long_array + " b=1");
  EXPECT_EQ(record->attributes,
            (Attributes{{"a", long_array, Attribute::Type::long_json}, json("b", "1")}));
}

TEST(Ktesting, PrintsPairsBehindUnquotedWords) {
  const ParsedRecord record(
      "I1122 16:50:45.041587] prefix/sub: hello world pod=\"a/b\" n=1 o={\"a\":[1]}\n");
  EXPECT_EQ(record->severity, Severity::info);
  EXPECT_EQ(record->message, "prefix/sub: hello world");
  EXPECT_EQ(record->attributes,
            (Attributes{text("pod", "a/b"), json("n", "1"), json("o", R"({"a":[1]})")}));
}

// Bad input must not take more than linear time: with quadratic time these would not end.
TEST(HostileKlog, IsReadInLinearTime) {
  const auto repeated = [](std::string_view piece) {
    std::string text;
    while (text.size() < 400'000) text += piece;
    return text;
  };
  for (const std::string_view piece :
       {" a={", " a=[x", " a={\"}\"", " a=(", " =", " a=\"\\", "\"", "\\\"", " a=<\n", "(",
        " a=\"b\"", " a=<\n\t\n >", " a=\"b\"c", "\n >", " k", "{\"a\":"}) {
    for (const std::string_view opening : {"\"m\"", "m", "a=\"b\"", "\"m\" a=1"}) {
      const auto record = body(std::string(opening) + repeated(piece) + "\"");
      EXPECT_EQ(record->format, "klog");
    }
  }
}

}  // namespace
}  // namespace ktrace::format
