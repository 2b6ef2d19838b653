// Lists of traces: the table, how it fits a terminal, and JSON Lines.

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "escape.h"
#include "ktrace/output.h"

namespace ktrace::output {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

Time at(std::string_view rfc3339) { return parse_rfc3339(rfc3339).value(); }

/// The talk's example: the trace that everybody follows, and one that is a single record.
std::vector<TraceRow> talk() {
  std::vector<TraceRow> rows(2);
  rows[0].id = "111";
  rows[0].key = "traceID";
  rows[0].records = 15;
  rows[0].components = {"kube-apiserver", "kube-controller-manager", "kubelet"};
  rows[0].start = at("2020-06-10T11:35:39.936636Z");
  rows[0].end = at("2020-06-10T11:35:40.387846Z");
  rows[0].severity = Severity::info;
  rows[0].largest_gap = 217'526us;
  rows[0].gap_start = rows[0].start;
  rows[1].id = "222";
  rows[1].key = "reqID";
  rows[1].records = 1;
  rows[1].errors = 1;
  rows[1].components = {"kubelet"};
  rows[1].start = rows[1].end = at("2020-06-10T11:35:41Z");
  rows[1].severity = Severity::error;
  return rows;
}

/// The same with identifiers as clusters have them.
std::vector<TraceRow> cluster() {
  std::vector<TraceRow> rows = talk();
  rows[0].id = "0b1f2c3d-0c1d-4e2f-8a3b-4c5d6e7f8091";
  rows[0].key = "audit-ID";
  rows[1].id = "4bf92f3577b34da6a3ce929d0e0e4736";
  return rows;
}

class Rows final : public TraceRows {
 public:
  explicit Rows(const std::vector<TraceRow>& rows) : rows_(rows) {}

  std::size_t size() const override { return rows_.size(); }
  void make(std::size_t index, TraceRow& row) const override { row = rows_[index]; }

 private:
  const std::vector<TraceRow>& rows_;
};

std::string written(std::string_view name, const Style& style, const std::vector<TraceRow>& rows) {
  std::string out;
  const auto writer = find_list_format(name)->make(style);
  writer->begin(Rows(rows), out);
  writer->rows(Rows(rows), 0, rows.size(), out);
  writer->end(out);
  return out;
}

std::string table(const std::vector<TraceRow>& rows, unsigned columns = 0) {
  Style style;
  style.columns = columns;
  return written("text", style, rows);
}

std::string json_of(const TraceRow& row) { return written("json", {}, {row}); }

/// The words of one line of a table: 0 is the heading.
std::vector<std::string> words(const std::string& table, std::size_t line) {
  std::size_t begin = 0;
  for (; line > 0; --line) begin = table.find('\n', begin) + 1;
  std::vector<std::string> found;
  while (table[begin] != '\n') {
    const std::size_t end = table.find_first_of(" \n", begin);
    if (end > begin) found.push_back(table.substr(begin, end - begin));
    begin = table[end] == '\n' ? end : end + 1;
  }
  return found;
}

std::size_t widest_line(std::string_view table) {
  std::size_t widest = 0;
  while (!table.empty()) {
    const std::size_t end = table.find('\n');
    widest = std::max(widest, visible_width(table.substr(0, end)));
    table.remove_prefix(end + 1);
  }
  return widest;
}

TEST(ListFormats, StandInOneTable) {
  ASSERT_EQ(list_formats().size(), 2u);
  for (const ListFormat& format : list_formats()) {
    EXPECT_EQ(find_list_format(format.name), &format);
    EXPECT_FALSE(format.description.empty());
  }
  EXPECT_EQ(find_list_format("chrome"), nullptr);
}

// ---- The table ---------------------------------------------------------------------------------

TEST(ListText, AlignsItsColumns) {
  EXPECT_EQ(table(talk()),
            "TRACE KEY     RECORDS ERRORS SEV START 2020-06-10 UTC DURATION   GAP COMPONENTS\n"
            "111   traceID      15      0 I   11:35:39.936            451ms 218ms "
            "kube-apiserver,kube-controller-manager,kubelet\n"
            "222   reqID         1      1 E   11:35:41.000                -     - kubelet\n");
}

TEST(ListText, OfNoTracesIsEmpty) { EXPECT_EQ(table({}), ""); }

TEST(ListText, ShowsADashForWhatATraceDoesNotHave) {
  std::vector<TraceRow> rows = talk();
  rows[1].severity = Severity::unspecified;
  rows[1].components.clear();
  const std::vector<std::string> expected = {"222",          "reqID", "1", "1", "-",
                                             "11:35:41.000", "-",     "-", "-"};
  EXPECT_EQ(words(table(rows), 2), expected);
}

TEST(ListText, ShowsDatesInTheRowsWhenTracesStartOnSeveralDays) {
  std::vector<TraceRow> rows = talk();
  rows[1].start = at("2020-06-11T00:00:00.25Z");
  EXPECT_EQ(table(rows),
            "TRACE KEY     RECORDS ERRORS SEV START UTC          DURATION   GAP COMPONENTS\n"
            "111   traceID      15      0 I   06-10 11:35:39.936    451ms 218ms "
            "kube-apiserver,kube-controller-manager,kubelet\n"
            "222   reqID         1      1 E   06-11 00:00:00.250        -     - kubelet\n");
}

TEST(ListText, ShowsYearsWhenTracesStartInSeveral) {
  std::vector<TraceRow> rows = talk();
  rows[1].start = at("2021-06-10T11:35:41Z");
  EXPECT_EQ(words(table(rows), 1)[5], "2020-06-10");
  EXPECT_EQ(words(table(rows), 2)[5], "2021-06-10");
}

TEST(ListText, JudgesDaysInTheZoneOfDisplay) {
  std::vector<TraceRow> rows = talk();
  rows[0].start = at("2020-06-10T21:30:00Z");
  rows[1].start = at("2020-06-10T22:30:00Z");
  Style style;
  style.zone = *Zone::parse("Europe/Berlin");
  const std::string out = written("text", style, rows);
  EXPECT_NE(out.find("START Europe/Berlin "), out.npos) << out;
  EXPECT_NE(out.find("06-10 23:30:00.000"), out.npos) << out;
  EXPECT_NE(out.find("06-11 00:30:00.000"), out.npos) << out;
  rows[0].start = rows[1].start;
  EXPECT_NE(written("text", style, rows).find("START 2020-06-11 Europe/Berlin "), out.npos);
}

TEST(ListText, ColoursHeadingErrorsAndSeverity) {
  Style style;
  style.color = true;
  const std::string out = written("text", style, talk());
  EXPECT_TRUE(out.starts_with("\x1b[1mTRACE\x1b[0m \x1b[1mKEY\x1b[0m ")) << out;
  EXPECT_NE(out.find("     0 I "), out.npos) << out;
  EXPECT_NE(out.find("\x1b[1;31m1\x1b[0m \x1b[1;31mE\x1b[0m "), out.npos) << out;
}

TEST(ListText, ShowsWhatATerminalWouldObey) {
  std::vector<TraceRow> rows = talk();
  const std::string_view hostile = "\x1b]0;x\x07\n\xff\u202e";
  rows[0].id = rows[0].key = rows[0].components[0] = hostile;
  for (const unsigned columns : {0u, 80u}) {
    const std::string out = table(rows, columns);
    EXPECT_EQ(out.find_first_of("\x1b\x07\xff"), out.npos) << out;
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3) << out;
  }
}

TEST(ListText, IsNotWidenedByOneHugeIdentifier) {
  std::vector<TraceRow> rows = talk();
  const std::string huge(100'000, 'x');
  rows[0].id = huge;
  const std::string out = table(rows);
  EXPECT_LT(out.size(), huge.size() + 500);
  EXPECT_NE(out.find(huge), out.npos);
}

TEST(ListText, WritesRowsThatLookAlikeLikeAnyOthers) {
  const std::string_view names[] = {"kubelet", "kube-scheduler", "a\nb"};
  std::vector<TraceRow> rows;
  for (int i = 0; i < 200; ++i) {
    TraceRow& row = rows.emplace_back(talk()[i % 7 == 0 ? 0 : 1]);
    row.id = fmt::format("{:0{}x}", i * 12345, i % 5 == 0 ? 36 : 32);
    row.severity = i % 3 == 0 ? Severity::error : Severity::unspecified;
    row.errors = i % 3 == 0 ? 1 : 0;
    row.timed = i % 11 != 0;
    row.start = row.end = at("2020-06-10T11:35:41Z") + i % 4 * 333ms - i / 50 * 24h;
    if (i % 7 != 0) row.components.assign(i % 6 == 0 ? 0 : 1, names[i % 3]);
  }
  for (const unsigned columns : {0u, 80u, 130u}) {
    Style style;
    style.color = columns == 130;
    style.columns = columns;
    const auto writer = find_list_format("text")->make(style);
    std::string each;
    writer->begin(Rows(rows), each);
    for (std::size_t i = 0; i < rows.size(); ++i) writer->rows(Rows(rows), i, i + 1, each);
    EXPECT_EQ(written("text", style, rows), each);
  }
}

// ---- On a terminal -----------------------------------------------------------------------------

TEST(ListTextOnATerminal, LeavesAllAsItIsWhereItFits) {
  EXPECT_EQ(table(cluster(), 200), table(cluster()));
}

TEST(ListTextOnATerminal, DropsTheCommonPrefixOfComponentsFirst) {
  EXPECT_EQ(table(cluster(), 140),
            "TRACE                                KEY      RECORDS ERRORS SEV START 2020-06-10 UTC "
            "DURATION   GAP COMPONENTS\n"
            "0b1f2c3d-0c1d-4e2f-8a3b-4c5d6e7f8091 audit-ID      15      0 I   11:35:39.936        "
            "    451ms 218ms apiserver,controller-manager,kubelet\n"
            "4bf92f3577b34da6a3ce929d0e0e4736     reqID          1      1 E   11:35:41.000        "
            "        -     - kubelet\n");
}

TEST(ListTextOnATerminal, Of80ColumnsShortensIdentifiersAndCountsComponents) {
  EXPECT_EQ(table(cluster(), 80),
            "TRACE     KEY      RECS ERRS SEV 2020-06-10 UTC DURATION   GAP COMPONENTS\n"
            "0b1f2c3d… audit-ID   15    0 I   11:35:39.936      451ms 218ms apiserver,+2\n"
            "4bf92f35… reqID       1    1 E   11:35:41.000          -     - kubelet\n");
}

TEST(ListTextOnATerminal, NeverShortensIdentifiersThatFit) {
  const std::string out = table(talk(), 80);
  EXPECT_EQ(words(out, 1).front(), "111");
  EXPECT_LE(widest_line(out), 80u) << out;
}

TEST(ListTextOnATerminal, KeepsAsMuchOfIdentifiersAsTellsThemApart) {
  std::vector<TraceRow> rows = cluster();
  rows[0].id = "4bf92f3577b34da6a3ce929d0e0e4736";
  rows[1].id = "4BF92F3577B3aaaaaaaaaaaaaaaaaaaa";
  const std::string out = table(rows, 80);
  EXPECT_EQ(words(out, 1).front(), "4bf92f3577b34…") << "they differ only after 12 digits";
  EXPECT_EQ(words(out, 2).front(), "4BF92F3577B3a…");
}

TEST(ListTextOnATerminal, GivesIdentifiersTheRoomThatIsLeft) {
  std::vector<TraceRow> rows = cluster();
  rows[0].components = {"kubelet"};
  const std::string out = table(rows, 96);
  EXPECT_EQ(words(out, 1).front(), "0b1f2c3d-0c1d-4e2f-8a3b-4c5d6e7…");
  EXPECT_EQ(words(out, 2).front(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(widest_line(out), 96u) << out;
}

TEST(ListTextOnATerminal, FitsManyComponentsKeysAndDates) {
  std::vector<TraceRow> rows = cluster();
  rows[0].key = "logging.googleapis.com/trace";
  rows[0].records = 1'234'567;
  for (int i = 0; i < 20; ++i) rows[0].components.push_back("cloud-controller-manager");
  for (const unsigned columns : {80u, 90u, 100u, 120u, 140u, 200u}) {
    EXPECT_LE(widest_line(table(rows, columns)), columns) << table(rows, columns);
  }
  rows[1].start = at("2020-06-11T00:00:00Z");
  for (const unsigned columns : {80u, 140u}) {
    EXPECT_LE(widest_line(table(rows, columns)), columns) << table(rows, columns);
  }
}

TEST(ListTextOnATerminal, ShowsAtLeastTheBeginningOfAComponent) {
  std::vector<TraceRow> rows = cluster();
  rows[0].components = {"kube-controller-manager", "kubelet"};
  EXPECT_EQ(words(table(rows, 72), 1).back(), "contro…,+1");
  rows[0].components = {"kube-controller-manager"};
  EXPECT_EQ(words(table(rows, 72), 1).back(), "controlle…");
}

TEST(ListTextOnATerminal, SurvivesAnyWidth) {
  for (unsigned columns = 1; columns < 200; ++columns) {
    const std::string out = table(cluster(), columns);
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3);
    EXPECT_LE(widest_line(out), std::max(columns, 73u)) << out;
  }
}

// ---- JSON Lines --------------------------------------------------------------------------------

TEST(ListJson, WritesAllThatATraceHasInOneOrder) {
  EXPECT_EQ(json_of(talk()[0]),
            R"({"traceId":"111","key":"traceID","records":15,"errors":0,"severity":"INFO",)"
            R"("components":["kube-apiserver","kube-controller-manager","kubelet"],)"
            R"("start":"2020-06-10T11:35:39.936636Z","end":"2020-06-10T11:35:40.387846Z",)"
            R"("durationMs":451.21,"largestGapMs":217.526,)"
            "\"gapStart\":\"2020-06-10T11:35:39.936636Z\"}\n");
}

TEST(ListJson, LeavesOutWhatATraceDoesNotHave) {
  TraceRow row = talk()[1];
  row.severity = Severity::unspecified;
  row.components.clear();
  EXPECT_EQ(json_of(row),
            R"({"traceId":"222","key":"reqID","records":1,"errors":1,"components":[],)"
            R"("start":"2020-06-10T11:35:41.000000Z","end":"2020-06-10T11:35:41.000000Z",)"
            "\"durationMs\":0,\"largestGapMs\":0}\n");
}

TEST(ListJson, WritesTimesWithTheDigitsThatTheyNeedButAtLeastSix) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"2020-06-10T11:35:40Z", "2020-06-10T11:35:40.000000Z"},
      {"2020-06-10T11:35:40.1234567Z", "2020-06-10T11:35:40.1234567Z"},
      {"2020-06-10T11:35:40.123456789Z", "2020-06-10T11:35:40.123456789Z"},
      {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
  };
  for (const auto& [start, expected] : cases) {
    TraceRow row = talk()[1];
    row.start = at(start);
    EXPECT_NE(json_of(row).find(fmt::format("\"start\":\"{}\"", expected)), std::string::npos)
        << json_of(row);
  }
}

TEST(ListJson, WritesDurationsExactlyWhateverTheyAre) {
  TraceRow row = talk()[0];
  row.end = row.start + 1ns;
  EXPECT_NE(json_of(row).find("\"durationMs\":0.000001,"), std::string::npos);
  row.start = Time(std::chrono::hours(-24 * 365 * 200));
  row.end = Time(std::chrono::hours(24 * 365 * 200));
  EXPECT_NE(json_of(row).find("\"durationMs\":9223372036854.775807,"), std::string::npos);
}

TEST(ListJson, IsValidWhateverIdentifiersHold) {
  TraceRow row = talk()[0];
  row.id = "a\"b\\\n\xff";
  row.components = {"\x1b[31m", "\""};
  simdjson::dom::parser parser;
  std::string_view id;
  const std::string line = json_of(row);
  EXPECT_EQ(parser.parse(line)["traceId"].get(id), simdjson::SUCCESS) << line;
  EXPECT_EQ(id, "a\"b\\\n\uFFFD");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

}  // namespace
}  // namespace ktrace::output
