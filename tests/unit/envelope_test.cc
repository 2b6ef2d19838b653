// Envelopes: what they say about a line, and how their lines make records.

#include "envelope.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "parsed_record.h"

namespace ktrace::format {
namespace {

using Records = std::vector<std::string>;

const std::string kHead = "I1122 16:50:45.041587   30287 file.go:12] ";

std::string cri(std::string_view content, std::string_view stream = "stderr",
                std::string_view tag = "F") {
  return "2026-11-22T16:50:45.041587123Z " + std::string(stream) + ' ' + std::string(tag) + ' ' +
         std::string(content) + '\n';
}

std::string docker(std::string_view escaped, std::string_view stream = "stderr") {
  return R"({"log":")" + std::string(escaped) + R"(","stream":")" + std::string(stream) +
         R"(","time":"2026-11-22T16:50:45.041587123Z"})" + '\n';
}

std::string journal(std::string_view content, std::string_view ident = "kubelet[288]") {
  return "Nov 22 17:01:33 node1 " + std::string(ident) + ": " + std::string(content) + '\n';
}

// The records of a block, whose groups are the same from whichever byte they are looked for.
std::vector<Slice> slices_of(std::string_view block, Slices& slices, std::string& raw) {
  std::vector<Slice> all;
  for (std::size_t at = 0; at < block.size();) {
    const Extent group = group_from(block, at);
    EXPECT_EQ(group.begin, at);
    for (std::size_t inside = at; inside < group.end; ++inside) {
      const Extent same = group_at(block, inside);
      EXPECT_EQ(same.begin, group.begin) << inside;
      EXPECT_EQ(same.end, group.end) << inside;
    }
    if (at > 0) {
      EXPECT_EQ(next_start(block, at), at);
    }
    Slices of_group;
    records(group.of(block), of_group);
    for (Slice slice : of_group.list) {
      raw += slice.raw;
      for (std::string_view* text : {&slice.raw, &slice.context}) {
        const std::string padded = std::string(*text) + std::string(kPadding, '"');
        *text = slices.arena.keep(padded).substr(0, text->size());
      }
      all.push_back(slice);
    }
    at = group.end;
  }
  return all;
}

// The payloads of the records of `text`.
Records payloads_of(std::string_view text) {
  const PaddedText block(text);
  Slices slices;
  std::string raw;
  Records payloads;
  Record record;
  for (const Slice& slice : slices_of(block.view(), slices, raw)) {
    parse(slice, record);
    payloads.emplace_back(record.payload);
  }
  EXPECT_EQ(raw.size(), text.size());
  return payloads;
}

TEST(Envelopes, HaveNamesOfTheirOwnAndDescriptions) {
  std::set<std::string_view> names;
  for (const Envelope& envelope : envelopes()) {
    EXPECT_TRUE(names.insert(envelope.name).second) << envelope.name;
    EXPECT_FALSE(envelope.description.empty());
  }
}

TEST(Envelopes, AreThoseOfTheManual) {
  std::set<std::string> expected, described;
  for (const Envelope& envelope : envelopes()) {
    std::string name;
    for (const char c : envelope.name) name += c == '-' ? std::string("\\-") : std::string(1, c);
    expected.insert(name);
  }
  std::ifstream manual(KTRACE_MANUAL);
  std::string section;
  for (std::string line; std::getline(manual, line);) {
    if (line.starts_with(".SH ")) section = line.substr(4);
    if (section == "ENVELOPES" && line.starts_with(".B ")) described.insert(line.substr(3));
  }
  EXPECT_EQ(described, expected);
}

TEST(Cri, TheContentIsTheRecord) {
  const ParsedRecord record(cri(kHead + "\"msg\" traceID=\"111\""));
  EXPECT_EQ(record->envelope, "cri");
  EXPECT_EQ(record->format, "klog");
  EXPECT_EQ(record->message, "msg");
  EXPECT_EQ(record->payload, kHead + "\"msg\" traceID=\"111\"");
  EXPECT_EQ(record->stamp.kind, Stamp::Kind::yearless);
  EXPECT_EQ(format_rfc3339(record->received.time, 9), "2026-11-22T16:50:45.041587123Z");
}

TEST(Cri, HasOffsetsFractionsAndTagsOfAllKinds) {
  for (const std::string_view line :
       {"2026-11-22T11:50:45-05:00 stdout F x", "2026-11-22T16:50:45.041Z stdout F:a:b x",
        "2016-10-20T18:39:20.57606443Z stdout P:TAG1:TAG2 x",
        "2022-10-29T16:10:22.592603036+00:00 stdout F x"}) {
    const ParsedRecord record(line);
    EXPECT_EQ(record->envelope, "cri") << line;
    EXPECT_EQ(record->message, "x") << line;
    EXPECT_EQ(record->stamp.kind, Stamp::Kind::absolute) << line;
  }
  EXPECT_EQ(ParsedRecord("2022-10-29T16:10:22.592603036-05:00 stdout F ")->message, "");
  EXPECT_NE(ParsedRecord("2022-10-29T16:10:22.592603036-05:00 stdout X x")->envelope, "cri");
  EXPECT_NE(ParsedRecord("2022-10-29T16:10:22.592603036-05:00 stdin F x")->envelope, "cri");
}

TEST(Cri, APlainLineHasTheTimeOfTheEnvelope) {
  const ParsedRecord record(cri("listening"));
  EXPECT_EQ(record->format, "plain");
  EXPECT_EQ(format_rfc3339(record->stamp.time, record->stamp.digits),
            "2026-11-22T16:50:45.041587123Z");
}

TEST(Cri, LinesThatStartNothingContinueKlogText) {
  EXPECT_EQ(payloads_of(cri(kHead + "Trace[1]: a") + cri("Trace[1]: b") + cri("odd") + cri("") +
                        cri(kHead + "c")),
            (Records{kHead + "Trace[1]: a\nTrace[1]: b\nodd\n", kHead + "c"}));
}

TEST(Cri, LinesAreRecordsWhereThereIsNoKlogText) {
  EXPECT_EQ(payloads_of(cri("a") + cri("b") + cri("  of b") + cri("c")),
            (Records{"a", "b\n  of b", "c"}));
  EXPECT_EQ(payloads_of(cri(R"({"ts":1,"msg":"a"})") + cri("b") + cri("c")),
            (Records{R"({"ts":1,"msg":"a"})", "b", "c"}));
}

TEST(Cri, PiecesAreJoined) {
  EXPECT_EQ(payloads_of(cri(kHead + "traceID=\"1", "stderr", "P") + cri("1", "stderr", "P") +
                        cri("1\"") + cri(kHead + "b")),
            (Records{kHead + "traceID=\"111\"", kHead + "b"}));
  EXPECT_EQ(payloads_of(cri(kHead + "a", "stderr", "P") + cri("")), Records{kHead + "a"});
}

TEST(Cri, PiecesOfTwoStreamsInterleave) {
  const std::string a = cri(kHead + "a", "stderr", "P"), b = cri(kHead + "b", "stdout", "P");
  EXPECT_EQ(payloads_of(a + b + cri("A") + cri("B", "stdout") + cri(kHead + "c")),
            (Records{kHead + "aA", kHead + "bB", kHead + "c"}));
  EXPECT_EQ(payloads_of(a + cri(kHead + "whole", "stdout") + cri("A")),
            (Records{kHead + "aA", kHead + "whole"}));
}

TEST(Cri, APieceIsHeldOpenBesideThoseOfAnotherStream) {
  EXPECT_EQ(payloads_of(cri(kHead + "a", "stdout", "P") + cri(kHead + "b", "stderr", "P") +
                        cri("B") + cri(kHead + "c") + cri("A", "stdout") + cri(kHead + "d")),
            (Records{kHead + "aA", kHead + "bB", kHead + "c", kHead + "d"}));
}

TEST(Cri, APieceThatIsNeverEndedHoldsNothingUpForLong) {
  std::string text = cri(kHead + "cut", "stdout", "P");
  Records expected{kHead + "cut"};
  for (int i = 0; i < 30; ++i) {
    text += cri(kHead + "whole");
    expected.push_back(kHead + "whole");
  }
  EXPECT_EQ(payloads_of(text), expected);
  const PaddedText block(text);
  EXPECT_GT(last_start(block.view(), 0), text.size() / 2);
}

TEST(Docker, TheContentIsDecoded) {
  const ParsedRecord record(
      docker(R"(I1122 16:50:45.041587   30287 file.go:12] \"m\" a=\"\u003c\/\ud83d\ude00\"\n)"));
  EXPECT_EQ(record->envelope, "docker");
  EXPECT_EQ(record->message, "m");
  ASSERT_EQ(record->attributes.size(), 1U);
  EXPECT_EQ(record->attributes[0].value, "</\xF0\x9F\x98\x80");
  EXPECT_EQ(ParsedRecord(R"({"log":"x\n","stream":"stdout","attrs":{"a":"b"},)"
                         R"("time":"2026-11-22T16:50:45Z"})")
                ->message,
            "x");
  EXPECT_NE(ParsedRecord(R"({"log":"x\n","stream":"stdout"})")->envelope, "docker");
}

TEST(Docker, PiecesLackTheNewline) {
  EXPECT_EQ(
      payloads_of(docker(kHead + "traceID=\\\"1") + docker("11\\\"\\n") + docker(kHead + "b\\n")),
      (Records{kHead + "traceID=\"111\"", kHead + "b"}));
}

TEST(Journal, AllFormsTellTimeHostAndIdentifier) {
  const std::pair<std::string_view, std::string_view> forms[] = {
      {"Nov 22 17:01:33", ""},
      {"Nov  2 17:01:33.349642", ""},
      {"nov 22 17:01:33", ""},
      {"2026-11-22T17:01:33+0000", "2026-11-22T17:01:33Z"},
      {"2026-11-22T18:01:33+01:00", "2026-11-22T17:01:33Z"},
      {"2026-11-22T17:01:33.349642+0000", "2026-11-22T17:01:33.349642Z"},
      {"Sun 2026-11-22 17:01:33 UTC", "2026-11-22T17:01:33Z"},
      {"Sun 2026-11-22 18:01:33 CET", ""}};
  for (const auto& [time, absolute] : forms) {
    const ParsedRecord record(std::string(time) + " node1 kubelet[288]: " + kHead + "m");
    EXPECT_EQ(record->envelope, "journal") << time;
    EXPECT_EQ(record->message, "m") << time;
    EXPECT_EQ(record->component, "kubelet") << time;
    EXPECT_EQ(record->node, "node1") << time;
    if (absolute.empty()) {
      EXPECT_EQ(record->received.kind, Stamp::Kind::yearless) << time;
    } else {
      EXPECT_EQ(format_rfc3339(record->received.time, record->received.digits), absolute) << time;
    }
  }
  EXPECT_EQ(ParsedRecord("Nov 22 17:01:33 node1 kernel: x")->component, "kernel");
  EXPECT_EQ(ParsedRecord("Nov 22 17:01:33 node1 /usr/bin/a[1]: x")->component, "a");
  EXPECT_EQ(ParsedRecord("Nov 22 17:01:33 node1 no identifier: x")->envelope, "");
}

TEST(Journal, LinesOfOtherIdentifiersAreRecordsOfTheirOwn) {
  EXPECT_EQ(payloads_of(journal(kHead + "a") + journal("started", "systemd[1]") + journal("of a") +
                        journal("x", "kernel") + journal(kHead + "b")),
            (Records{kHead + "a\nof a", "started", "x", kHead + "b"}));
}

TEST(Journal, MessagesOfSeveralLinesAreIndented) {
  const std::string indent(std::string("Nov 22 17:01:33 node1 kubelet[288]: ").size(), ' ');
  EXPECT_EQ(payloads_of(journal(kHead + "a") + indent + "\tb\n" + "-- Boot 1 --\n"),
            (Records{kHead + "a\n\tb", "-- Boot 1 --"}));
  EXPECT_EQ(payloads_of(journal(kHead + "a=<") + journal("        b") + journal(" >")),
            Records{kHead + "a=<\n\tb\n >"});
}

// ---- Entries that are no line of their own ----------------------------------------------------

std::string field(std::string_view name, std::string_view value) {
  return std::string(name) + "=" + std::string(value) + "\n";
}

std::string binary_field(std::string_view name, std::string_view value) {
  std::string text = std::string(name) + "\n";
  for (std::size_t size = value.size(), i = 0; i < 8; ++i, size >>= 8) {
    text += static_cast<char>(size & 0xff);
  }
  return text + std::string(value) + "\n";
}

std::string exported(const std::string& message) {
  return field("__CURSOR", "s=1;i=2") + field("__REALTIME_TIMESTAMP", "1795366893349642") +
         field("_HOSTNAME", "node1") + message + field("SYSLOG_IDENTIFIER", "kubelet") +
         field("_PID", "288") + "\n";
}

TEST(JournalExport, FieldsTellWhatTheEntryIs) {
  const ParsedRecord record(exported(field("MESSAGE", kHead + "\"m\" a=\"b=c\"")));
  EXPECT_EQ(record->envelope, "journal-export");
  EXPECT_EQ(record->format, "klog");
  EXPECT_EQ(record->message, "m");
  EXPECT_EQ(record->component, "kubelet");
  EXPECT_EQ(record->node, "node1");
  EXPECT_EQ(record->payload, kHead + "\"m\" a=\"b=c\"");
  EXPECT_EQ(format_rfc3339(record->received.time, 6), "2026-11-22T17:01:33.349642Z");
}

TEST(JournalExport, BinaryFieldsHaveAnyBytes) {
  const std::string ten = "0123456789";  // its length is a line feed
  EXPECT_EQ(payloads_of(exported(binary_field("MESSAGE", ten)) +
                        exported(binary_field("MESSAGE", kHead + "a\x01" + "b\n\n\tc")) +
                        exported(binary_field("MESSAGE", kHead + std::string(300, 'x')))),
            (Records{ten, kHead + "a\x01" + "b\n\n\tc", kHead + std::string(300, 'x')}));
}

TEST(JournalExport, EntriesOfOneProcessContinueARecord) {
  EXPECT_EQ(payloads_of(exported(field("MESSAGE", kHead + "Trace[1]: a")) +
                        exported(field("MESSAGE", "Trace[1]: b")) +
                        exported(field("MESSAGE", kHead + "c"))),
            (Records{kHead + "Trace[1]: a\nTrace[1]: b", kHead + "c"}));
}

TEST(JournalExport, OneThatIsCutIsNoEntry) {
  const std::string whole = exported(field("MESSAGE", kHead + "a"));
  const std::string cut = exported(binary_field("MESSAGE", kHead + "b"));
  for (const std::size_t size : {std::size_t{9}, cut.size() / 2, cut.size() - 1}) {
    const Records records = payloads_of(whole + cut.substr(0, size));
    ASSERT_FALSE(records.empty());
    EXPECT_TRUE(records.front().starts_with(kHead + "a"));
  }
}

TEST(CloudLogging, EntriesOfAnArrayAreLikeLines) {
  const std::string first = kHead + "\\\"one\\\" a=1", second = kHead + "\\\"two\\\"";
  const auto entry = [](const std::string& text, const std::string& indent) {
    const std::string line = "\n" + indent;
    return indent + "{" + line + R"(  "insertId": "1",)" + line + R"(  "resource": {)" + line +
           R"(    "labels": { "node_name": "node1" })" + line + "  }," + line +
           R"(  "textPayload": ")" + text + R"(",)" + line +
           R"(  "timestamp": "2026-11-22T16:50:45.041587123Z")" + line + "}";
  };
  const Records expected{kHead + "\"one\" a=1", kHead + "\"two\""};
  EXPECT_EQ(payloads_of(entry(first, "") + "\n" + entry(second, "") + "\n"), expected);
  const Records lines =
      payloads_of("[\n" + entry(first, "  ") + ",\n" + entry(second, "  ") + "\n]\n");
  ASSERT_GE(lines.size(), 3U);
  EXPECT_EQ(lines[1], expected[0]);
  EXPECT_TRUE(lines[2].starts_with(expected[1]));
  const ParsedRecord record(entry(first, "  ") + ",\n");
  EXPECT_EQ(record->envelope, "cloud-logging");
  EXPECT_EQ(record->node, "node1");
  EXPECT_EQ(record->message, "one");
}

TEST(CloudLogging, AnArrayMayStandOnLines) {
  const auto entry = [](const std::string& text) {
    return R"({"insertId":"1","textPayload":")" + text +
           R"(","timestamp":"2026-11-22T16:50:45.041587123Z"})";
  };
  const Records expected{kHead + "a", kHead + "b"};
  EXPECT_EQ(payloads_of("[" + entry(kHead + "a") + "," + entry(kHead + "b") + "]\n"), expected);
  EXPECT_EQ(payloads_of(entry(kHead + "a") + ",\n" + entry(kHead + "b") + "]\n"), expected);
}

TEST(CloudLogging, EntriesOfAnArrayOnOneLineMakeRecordsTogether) {
  const auto entry = [](const std::string& pod, const std::string& text) {
    return R"({"insertId":"1","resource":{"labels":{"pod_name":")" + pod +
           R"("}},"textPayload":")" + text + R"(","timestamp":"2026-11-22T16:50:45.041587123Z"})";
  };
  EXPECT_EQ(payloads_of("[" + entry("a", kHead + "Trace[1]: a") + ", " + entry("b", kHead + "b") +
                        "," + entry("a", "Trace[1]: end") + "," + entry("b", kHead + "c") + "]\n"),
            (Records{kHead + "Trace[1]: a\nTrace[1]: end", kHead + "b", kHead + "c"}));
}

TEST(FluentBit, ItsStandardOutputIsArrays) {
  const auto entry = [](const std::string& text) {
    return R"({"date":1795366893.5,"stream":"stderr","log":")" + text + R"("})";
  };
  EXPECT_EQ(payloads_of("[" + entry(kHead + "a") + "," + entry("of a") + "," + entry(kHead + "b") +
                        "]\n[" + entry(kHead + "c") + "]\n"),
            (Records{kHead + "a\nof a", kHead + "b", kHead + "c"}));
}

TEST(Elasticsearch, PiecesInAnArrayOnOneLineAreJoined) {
  const auto hit = [](const std::string& tag, const std::string& text) {
    return R"({"_index":"logs","_source":{"stream":"stderr","logtag":")" + tag + R"(","log":")" +
           text + R"(","@timestamp":"2026-11-22T17:01:33Z"}})";
  };
  EXPECT_EQ(payloads_of("[" + hit("P", kHead + "long") + "," + hit("F", "er") + "," +
                        hit("F", kHead + "b") + "]\n"),
            (Records{kHead + "longer", kHead + "b"}));
}

TEST(Framing, AWrappedJsonRecordIsCompleteWithItsLine) {
  const auto complete = [](std::string_view text) {
    const PaddedText block(text);
    return is_complete(block.view(), 0);
  };
  const std::string json = R"({\"ts\":1,\"msg\":\"a\"})";
  EXPECT_TRUE(complete(docker(json + "\\n")));
  EXPECT_FALSE(complete(docker(json)));  // a piece
  EXPECT_TRUE(complete(cri(R"({"ts":1,"msg":"a"})")));
  EXPECT_FALSE(complete(cri(R"({"ts":1,"msg":"a"})", "stderr", "P")));
  EXPECT_FALSE(complete(cri(kHead + "a")));
  EXPECT_FALSE(complete(cri(R"({"ts":1,"msg":"a"})") + cri("b")));
}

TEST(Kubectl, TimestampsAndPrefix) {
  const std::string time = "2026-11-22T16:50:45.041587123Z ";
  const std::string prefix = "[pod/kube-apiserver-cp1/kube-apiserver] ";
  for (const std::string& before : {time, prefix, prefix + time}) {
    const ParsedRecord record(before + kHead + "m");
    EXPECT_EQ(record->envelope, "kubectl") << before;
    EXPECT_EQ(record->message, "m") << before;
    EXPECT_EQ(record->component, before == time ? "" : "kube-apiserver") << before;
    EXPECT_EQ(record->node, before == time ? "" : "cp1") << before;
    EXPECT_EQ(payloads_of(before + kHead + "Trace[1]: a\n" + before + "Trace[1]: b\n"),
              Records{kHead + "Trace[1]: a\nTrace[1]: b"});
  }
  EXPECT_EQ(ParsedRecord("[pod/coredns-5d78/coredns] x")->node, "");
  EXPECT_EQ(ParsedRecord("2026-11-22T16:50:45Z x")->envelope, "") << "kubectl writes a fraction";
}

TEST(Kubectl, ATimeIsOneWord) {
  const std::string_view cut = "1 34-67-90T23:56:89.1 x\n";
  EXPECT_TRUE(wrapped_at("2026-11-22T16:50:45.1Z x\n", 0));
  EXPECT_FALSE(wrapped_at(cut, 0));
  EXPECT_FALSE(wrapped_at(":\n" + std::string(cut), 2)) << "of the line before nothing is seen";
}

TEST(Kubectl, ATimeInBareKlogTextStartsNothing) {
  const std::string quoted = "2026-11-22T16:50:45.041587123Z said the container\n";
  EXPECT_EQ(payloads_of(kHead + "log:\n" + quoted + kHead + "b\n"),
            (Records{kHead + "log:\n" + quoted.substr(0, quoted.size() - 1), kHead + "b"}));
}

TEST(Stern, PodAndContainerStandBeforeTheLine) {
  for (const std::string& before :
       {std::string("kube-apiserver-cp1 kube-apiserver "),
        std::string("kube-system kube-apiserver-cp1 kube-apiserver "),
        std::string("\x1b[36mkube-apiserver-cp1\x1b[0m \x1b[36mkube-apiserver\x1b[0m ")}) {
    const ParsedRecord record(before + kHead + "m");
    EXPECT_EQ(record->envelope, "stern") << before;
    EXPECT_EQ(record->message, "m") << before;
    EXPECT_EQ(record->component, "kube-apiserver") << before;
    EXPECT_EQ(record->node, "cp1") << before;
    EXPECT_EQ(payloads_of(before + kHead + "a\n" + before + "of a\n" + before + kHead + "b\n"),
              (Records{kHead + "a\nof a", kHead + "b"}))
        << before;
  }
  EXPECT_EQ(ParsedRecord("some words of prose")->envelope, "");
}

TEST(Stern, PlainLinesAreToldByNamesThatAreNoWords) {
  for (const std::string_view before :
       {"web-7c48958ccd-wnqcq nginx ", "kube-proxy-wnqcq kube-proxy ", "etcd-cp1 etcd ",
        "default kube-proxy-wnqcq kube-proxy ", "web-0 nginx 2026-11-22T16:50:45.041587123Z "}) {
    const ParsedRecord record(std::string(before) + "listening");
    EXPECT_EQ(record->envelope, "stern") << before;
    EXPECT_EQ(record->message, "listening") << before;
  }
  for (const std::string_view prose :
       {"pod web-7c48958ccd-wnqcq was deleted", "web-0 nginx listening", "kube-proxy started well",
        "web-7c48958ccd-wnqcq   1/1     Running", "my-https server started"}) {
    EXPECT_EQ(ParsedRecord(prose)->envelope, "") << prose;
  }
}

// Envelopes that are JSON objects around the same line.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

struct Object {
  std::string_view envelope;
  std::string before, behind;
  std::string_view component, node, time;
};

const Object kObjects[] = {
    {"journal-json",
     R"({"_PID":"288","SYSLOG_IDENTIFIER":"kubelet","__REALTIME_TIMESTAMP":"1795366893364782","MESSAGE":)",
     R"(,"_HOSTNAME":"node1"})", "kubelet", "node1", "2026-11-22T17:01:33.364782Z"},
    {"stern-json", R"({"message":)",
     R"(,"nodeName":"node1","namespace":"kube-system","podName":"p","containerName":"kubelet"})",
     "kubelet", "node1", ""},
    {"stern-json", R"({"pod":"p","container":"kubelet","message":)", "}", "kubelet", "", ""},
    {"cloud-logging", R"({"insertId":"a","timestamp":"2026-11-22T17:01:33Z","textPayload":)",
     R"(,"resource":{"type":"k8s_container","labels":{"container_name":"kubelet","pod_name":"p"}},)"
     R"("labels":{"compute.googleapis.com/resource_name":"node1"}})",
     "kubelet", "node1", "2026-11-22T17:01:33Z"},
    {"cloud-logging",
     R"({"severity":"INFO","logName":"projects/p/logs/kubelet","jsonPayload":{"MESSAGE":)",
     R"(,"_HOSTNAME":"node1","SYSLOG_IDENTIFIER":"kubelet"},"timestamp":"2026-11-22T17:01:33Z"})",
     "kubelet", "node1", "2026-11-22T17:01:33Z"},
    {"logcli", R"({"labels":{"container":"kubelet","node_name":"node1"},"line":)",
     R"(,"timestamp":"2026-11-22T18:01:33+01:00"})", "kubelet", "node1", "2026-11-22T17:01:33Z"},
    {"fluent-bit", R"({"time":"2026-11-22T17:01:33Z","stream":"stderr","_p":"F","log":)",
     R"(,"kubernetes":{"pod_name":"p","container_name":"kubelet","host":"node1"}})", "kubelet",
     "node1", "2026-11-22T17:01:33Z"},
    {"fluent-bit", R"({"date":1795366893.5,"message":)", "}", "", "", "2026-11-22T17:01:33.5Z"},
    {"elasticsearch",
     R"({"_index":"logs","_id":"1","_source":{"@timestamp":"2026-11-22T17:01:33Z","message":)",
     R"(,"kubernetes":{"container":{"name":"kubelet"},"node":{"name":"node1"}}}})", "kubelet",
     "node1", "2026-11-22T17:01:33Z"}};

TEST(Objects, HoldTheLineAndSayWhoseItIs) {
  for (const Object& object : kObjects) {
    const ParsedRecord record(object.before + json_string(kHead + "\"m\" a=1") + object.behind);
    EXPECT_EQ(record->envelope, object.envelope) << object.before;
    EXPECT_EQ(record->format, "klog") << object.before;
    EXPECT_EQ(record->message, "m") << object.before;
    EXPECT_EQ(record->payload, kHead + "\"m\" a=1") << object.before;
    EXPECT_EQ(record->component, object.component) << object.before;
    EXPECT_EQ(record->node, object.node) << object.before;
    if (object.time.empty()) continue;
    EXPECT_EQ(format_rfc3339(record->received.time, record->received.digits), object.time)
        << object.before;
  }
}

TEST(Objects, HoldTheLinesOfOneRecord) {
  for (const Object& object : kObjects) {
    const auto line = [&](std::string_view text) {
      return object.before + json_string(text) + object.behind + '\n';
    };
    EXPECT_EQ(payloads_of(line(kHead + "a") + line("of a") + line(kHead + "b")),
              (Records{kHead + "a\nof a", kHead + "b"}))
        << object.before;
  }
}

TEST(JournalJson, MessagesAreNotAlwaysStrings) {
  const auto message = [](std::string_view value) {
    const ParsedRecord record(R"({"__REALTIME_TIMESTAMP":"1795366893364782","MESSAGE":)" +
                              std::string(value) + "}");
    EXPECT_EQ(record->envelope, "journal-json") << value;
    return std::string(record->message);
  };
  EXPECT_EQ(message("[104,105,27]"), "hi\x1b");
  EXPECT_EQ(message(R"(["a","b\"c"])"), "a\nb\"c");
  EXPECT_EQ(message("null"), "");
}

TEST(JournalJson, EntriesMayStandOnLines) {
  const auto entry = [](std::string_view message) {
    return "{\n\t\"_PID\" : \"288\",\n\t\"__REALTIME_TIMESTAMP\" : \"1795366893364782\",\n"
           "\t\"SYSLOG_IDENTIFIER\" : \"kubelet\",\n\t\"MESSAGE\" : " +
           std::string(message) + "\n}\n";
  };
  EXPECT_EQ(payloads_of(entry('"' + kHead + "a\"") + entry('"' + kHead + "b\"") +
                        entry("[\n\t\t104,\n\t\t105\n\t]")),
            (Records{kHead + "a", kHead + "b\nhi"}));
  const ParsedRecord record(entry('"' + kHead + "a\""));
  EXPECT_EQ(record->envelope, "journal-json");
  EXPECT_EQ(record->component, "kubelet");
  EXPECT_EQ(record->message, "a");
  const PaddedText bytes(entry("[\n\t\t104,\n\t\t105\n\t]"));
  EXPECT_TRUE(hides(bytes.view(), bytes.view().find("\"MESSAGE\"")));
}

// ---- Batches ----

struct Batch {
  std::string line;
  std::vector<std::string> messages;
};

const Batch kBatches[] = {
    {R"({"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[)"
     R"({"traceId":"ab","name":"one","endTimeUnixNano":"1795366893000000001"},)"
     R"({"traceId":"ab","name":"tw\u00f6 <","endTimeUnixNano":"1795366893000000002"},)"
     R"({"traceId":"ab","name":"three","endTimeUnixNano":"1795366893000000003"}]}]}]})",
     {"one", "tw\u00f6 <", "three"}},
    {R"({"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[)"
     R"({"stage":"Panic","verb":"get","requestURI":"/a"},)"
     R"({"stage":"Panic","verb":"get","requestURI":"/b"}]})",
     {"get /a Panic", "get /b Panic"}},
    {R"({"kind":"EventList","apiVersion":"v1","items":[)"
     R"({"involvedObject":{"kind":"Pod","name":"a"},"reason":"R","message":"m"},)"
     R"({"involvedObject":{"kind":"Pod","name":"b"},"reason":"R","message":"m"}]})",
     {"R Pod a: m", "R Pod b: m"}}};

// The messages of all records of a block, of which each stands in an envelope.
std::vector<std::string> wrapped_messages(std::string_view block) {
  Slices slices;
  std::string raw;
  std::vector<std::string> messages;
  const PaddedText bytes(block);
  for (const Slice& slice : slices_of(bytes.view(), slices, raw)) {
    Record record;
    parse(slice, record);
    EXPECT_FALSE(record.envelope.empty());
    EXPECT_EQ(record.received.kind, Stamp::Kind::absolute);
    EXPECT_LE(record.payload.size(), slice.raw.size());
    messages.emplace_back(record.message);
  }
  EXPECT_EQ(raw, block);
  return messages;
}

TEST(Batches, HaveAllTheirRecordsInAnyEnvelope) {
  for (const auto& [line, messages] : kBatches) {
    const std::string quoted = json_string(line);
    const std::string escaped = quoted.substr(1, quoted.size() - 2);
    EXPECT_EQ(wrapped_messages(cri(line)), messages);
    EXPECT_EQ(wrapped_messages(docker(escaped + "\\n")), messages);
    EXPECT_EQ(wrapped_messages(R"({"insertId":"1","timestamp":"2026-11-22T17:01:33Z",)"
                               R"("textPayload":)" +
                               quoted + "}\n"),
              messages);
    const std::size_t half = line.size() / 2;
    EXPECT_EQ(wrapped_messages(cri(line.substr(0, half), "stdout", "P") +
                               cri(line.substr(half), "stdout")),
              messages);
  }
}

TEST(CloudLogging, TheTraceOfTheEntryIsAnAttribute) {
  const ParsedRecord record(
      R"({"insertId":"a","textPayload":"x\n","trace":"projects/p/traces/4bf92f","spanId":"1",)"
      R"("severity":"ERROR","timestamp":"2026-11-22T17:01:33Z"})");
  EXPECT_EQ(record->message, "x");
  EXPECT_EQ(record->severity, Severity::error);
  ASSERT_NE(record->find("logging.googleapis.com/trace"), nullptr);
  EXPECT_EQ(record->find("logging.googleapis.com/trace")->value, "projects/p/traces/4bf92f");
}

TEST(FluentBit, BytesThatAreNoUtf8MakeTheTextLonger) {
  const std::string bytes(500, '\xff');
  const auto line = [](const std::string& text) {
    return R"({"stream":"stderr","log":")" + text + "\"}\n";
  };
  std::string replaced;
  for (std::size_t i = 0; i < bytes.size(); ++i) replaced += "\uFFFD";
  EXPECT_EQ(payloads_of(line(kHead + bytes) + line(bytes)),
            Records{kHead + replaced + "\n" + replaced});
}

TEST(FluentBit, PiecesAreJoined) {
  const std::string before = R"({"time":"2026-11-22T17:01:33Z","stream":"stderr","logtag":")";
  EXPECT_EQ(payloads_of(before + R"(P","log":")" + kHead + "trace\"}\n" + before +
                        R"(F","log":"ID"})" + "\n"),
            Records{kHead + "traceID"});
}

TEST(Objects, PayloadsThatBeginLikeEnvelopesAreNone) {
  for (const std::string_view line :
       {R"({"time":"2026-11-22T17:01:33Z","level":"INFO","msg":"x"})",
        R"({"severity":"INFO","timestamp":"2026-11-22T17:01:33Z","message":"x"})",
        R"({"timestamp":"2026-11-22T17:01:33Z","message":"x"})"}) {
    const ParsedRecord record(line);
    EXPECT_EQ(record->envelope, "") << line;
    EXPECT_EQ(record->message, "x") << line;
    EXPECT_EQ(record->format, "json") << line;
  }
}

TEST(Framing, BareAndWrappedLinesMix) {
  EXPECT_EQ(payloads_of(kHead + "bare\ncontinued\n" + cri(kHead + "a") + docker("x\\n") +
                        cri("of a") + kHead + "bare\n"),
            (Records{kHead + "bare\ncontinued", kHead + "a\nof a", "x", kHead + "bare"}));
}

TEST(Framing, WhatBareTextQuotesIsItsOwn) {
  EXPECT_EQ(payloads_of(kHead + "log of the container:\n" + cri("started")),
            Records{kHead + "log of the container:\n" +
                    cri("started").substr(0, cri("started").size() - 1)});
}

TEST(Framing, ALongGroupDoesNotTakeQuadraticTime) {
  std::string text = cri(kHead + "a");
  for (int i = 0; i < 20'000; ++i) text += cri("\tframe");
  const PaddedText block(text);
  EXPECT_EQ(group_at(block.view(), text.size() - 2).begin, 0U);
  EXPECT_EQ(last_start(block.view(), 0), 0U);
  Slices slices;
  records(block.view(), slices);
  EXPECT_EQ(slices.list.size(), 1U);
}

}  // namespace
}  // namespace ktrace::format
