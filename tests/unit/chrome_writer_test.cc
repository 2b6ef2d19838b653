// Trace-event files: a whole example, and the rules of the viewers checked over random timelines.

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "written.h"

namespace ktrace::output {
namespace {

const Origin kApiserver{"kube-apiserver.log", "kube-apiserver", "cp1"};
const Origin kKubelet{"kubelet.log", "kubelet", ""};

// ---- The viewers' rules -----------------------------------------------------------------------

using Thread = std::pair<std::uint64_t, std::uint64_t>;

struct Slice {
  double begin, end;
};

struct FlowEnd {
  Thread thread;
  double time;
};

/// What a strict viewer makes of a file; holds the file to the rules while it reads.
class Viewer {
 public:
  explicit Viewer(std::string_view file) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    EXPECT_EQ(parser.parse(file.data(), file.size()).get(root), simdjson::SUCCESS) << file;
    EXPECT_EQ(text(root["displayTimeUnit"]), "ms");
    for (const simdjson::dom::element event : root["traceEvents"].get_array()) read(event);
    without_time = root["otherData"]["recordsWithoutTime"].get_uint64();
    records = root["otherData"]["records"].get_uint64();
  }

  void check() const {
    for (const auto& [thread, slices_of_thread] : slices) check_apart(slices_of_thread);
    for (const Thread& thread : used_) {
      EXPECT_TRUE(thread_names.contains(thread)) << thread.first << ' ' << thread.second;
      EXPECT_TRUE(process_names.contains(thread.first));
    }
    EXPECT_EQ(starts.size(), ends.size());
    for (const auto& [id, start] : starts) check_arrow(start, ends.at(id));
  }

  std::map<Thread, std::vector<Slice>> slices;
  std::map<Thread, std::string> thread_names;
  std::map<std::uint64_t, std::string> process_names;
  std::map<std::uint64_t, FlowEnd> starts, ends;
  std::size_t instants = 0;
  std::uint64_t records = 0, without_time = 0;

 private:
  static std::string text(simdjson::simdjson_result<simdjson::dom::element> element) {
    return std::string(std::string_view(element));
  }

  void read(simdjson::dom::element event) {
    const std::string phase = text(event["ph"]);
    const std::uint64_t process = event["pid"];
    if (phase == "M") return read_metadata(event, process);
    const Thread thread{process, event["tid"]};
    const double time = event["ts"];
    used_.insert(thread);
    EXPECT_FALSE(text(event["name"]).empty());
    if (phase == "X") {
      slices[thread].push_back({time, time + double(event["dur"])});
    } else if (phase == "i") {
      EXPECT_EQ(text(event["s"]), "t");
      EXPECT_TRUE(event["args"].is_object());
      ++instants;
    } else {
      read_flow(event, phase, {thread, time});
    }
  }

  void read_metadata(simdjson::dom::element event, std::uint64_t process) {
    EXPECT_EQ(event["ts"].error(), simdjson::NO_SUCH_FIELD);
    const std::string kind = text(event["name"]);
    if (kind == "process_name") process_names[process] = text(event["args"]["name"]);
    if (kind == "thread_name") {
      thread_names[{process, event["tid"]}] = text(event["args"]["name"]);
    }
  }

  void read_flow(simdjson::dom::element event, const std::string& phase, const FlowEnd& end) {
    ASSERT_TRUE(phase == "s" || phase == "f") << phase;
    EXPECT_EQ(text(event["cat"]) + text(event["name"]), "tracenext");
    EXPECT_EQ(event["bp"].error() == simdjson::SUCCESS, phase == "f");
    EXPECT_TRUE((phase == "s" ? starts : ends).try_emplace(event["id"], end).second);
  }

  /// In doubles, as viewers hold them.
  static void check_apart(std::vector<Slice> all) {
    std::sort(all.begin(), all.end(),
              [](const Slice& a, const Slice& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].end, all[i].begin);
  }

  void check_arrow(const FlowEnd& start, const FlowEnd& end) const {
    EXPECT_LE(start.time, end.time);
    EXPECT_NE(start.thread.first, end.thread.first);
    for (const FlowEnd& one : {start, end}) {
      const auto found = slices.find(one.thread);
      ASSERT_NE(found, slices.end());
      EXPECT_TRUE(std::any_of(found->second.begin(), found->second.end(), [&](const Slice& slice) {
        return slice.begin <= one.time && one.time <= slice.end;
      }));
    }
  }

  std::set<Thread> used_;
};

// ---- Examples ---------------------------------------------------------------------------------

constexpr std::string_view kTalk =
    R"json({"displayTimeUnit":"ms","traceEvents":[
{"ph":"M","pid":1,"name":"process_name","args":{"name":"kube-apiserver (cp1)"}},
{"ph":"M","pid":1,"name":"process_sort_index","args":{"sort_index":1}},
{"ph":"M","pid":2,"name":"process_name","args":{"name":"kubelet"}},
{"ph":"M","pid":2,"name":"process_sort_index","args":{"sort_index":2}},
{"ph":"i","pid":2,"tid":2,"s":"t","ts":1591788940345157,"name":"SyncLoop","args":{"message":"SyncLoop\nADD","source":"kubelet.log","traceId":"111"}},
{"ph":"X","pid":1,"tid":10,"ts":1591788940155338.864,"dur":33947.136,"name":"POST /api/v1/pods","args":{"severity":"INFO","caller":"httplog.go:90","message":"HTTP","attributes":{"verb":"POST","URI":"/api/v1/pods","resp":201},"source":"kube-apiserver.log","line":6,"traceId":"111"}},
{"ph":"M","pid":1,"tid":10,"name":"thread_name","args":{"name":"requests"}},
{"ph":"M","pid":1,"tid":10,"name":"thread_sort_index","args":{"sort_index":3}},
{"ph":"X","pid":1,"tid":1,"ts":1591788940155338,"dur":33948,"name":"traceID 111","args":{"traceId":"111","records":1}},
{"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"trace"}},
{"ph":"M","pid":1,"tid":1,"name":"thread_sort_index","args":{"sort_index":1}},
{"ph":"X","pid":2,"tid":1,"ts":1591788940345157,"dur":1,"name":"traceID 111","args":{"traceId":"111","records":1}},
{"ph":"M","pid":2,"tid":1,"name":"thread_name","args":{"name":"trace"}},
{"ph":"M","pid":2,"tid":1,"name":"thread_sort_index","args":{"sort_index":1}},
{"ph":"M","pid":2,"tid":2,"name":"thread_name","args":{"name":"records"}},
{"ph":"M","pid":2,"tid":2,"name":"thread_sort_index","args":{"sort_index":2}},
{"ph":"s","pid":1,"tid":1,"ts":1591788940189286,"cat":"trace","name":"next","id":1},
{"ph":"f","pid":2,"tid":1,"ts":1591788940345157,"cat":"trace","name":"next","id":1,"bp":"e"}
],"otherData":{"producer":"ktrace","records":3,"recordsWithoutTime":1,"traceIds":["111"]}}
)json";

TEST(ChromeWriter, DrawsARequestAndWhatFollowedElsewhere) {
  auto records = list(record_at("2020-06-10T11:35:40.189286Z", kApiserver, "HTTP"),
                      record_at("2020-06-10T11:35:40.345157Z", kKubelet, "SyncLoop\nADD"),
                      record_at("", kKubelet, "no time"));
  records[0].severity = Severity::info;
  records[0].caller = "httplog.go:90";
  records[0].attributes = {text("verb", "POST"), text("URI", "/api/v1/pods"), json("resp", "201")};
  records[0].duration = Duration(33'947'136);
  records[0].line = 6;
  for (Record& record : records) record.trace = {"traceID", "111"};
  EXPECT_EQ(written("chrome", {}, records), kTalk);
}

TEST(ChromeWriter, IsAValidFileWithoutRecords) {
  EXPECT_EQ(written("chrome", {}, {}),
            "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n],\"otherData\":{\"producer\":"
            "\"ktrace\",\"records\":0,\"recordsWithoutTime\":0,\"traceIds\":[]}}\n");
}

TEST(ChromeWriter, NamesEventsShortlyAndCutsNoCharacter) {
  const std::string longest(79, 'a');
  const std::pair<std::string, std::string> cases[] = {
      {"first line\nsecond", "first line"},
      {longest + "b", longest + "b"},
      {longest + "bc", longest + "b\u2026"},
      {longest + "ü", longest + "\u2026"},
      {"", "record"},
      {"\nsecond", "record"},
  };
  for (const auto& [message, expected] : cases) {
    const std::string file =
        written("chrome", {}, list(record_at("2020-06-10T11:00:00Z", kKubelet, message)));
    EXPECT_NE(file.find(fmt::format(R"("name":"{}","args":{{)", expected)), std::string::npos)
        << file;
  }
}

TEST(ChromeWriter, TakesSourcesOfOneComponentForOneProcess) {
  const Origin rotated{"kubelet.log.1", "kubelet", ""};
  const Origin nameless{"a.log", "", "node1"};
  const Viewer viewer(written("chrome", {},
                              list(record_at("2020-06-10T11:00:00Z", kKubelet, "a"),
                                   record_at("2020-06-10T11:00:01Z", rotated, "b"),
                                   record_at("2020-06-10T11:00:02Z", nameless, "c"))));
  EXPECT_EQ(viewer.process_names,
            (std::map<std::uint64_t, std::string>{{1, "kubelet"}, {2, "a.log"}}));
}

TEST(ChromeWriter, JoinsTraceIdsThatDifferInTheCaseOfTheirHexDigits) {
  auto records = list(record_at("2020-06-10T11:00:00Z", kApiserver, "a"),
                      record_at("2020-06-10T11:00:01Z", kKubelet, "b"));
  records[0].trace = {"traceID", "4bf92f3577b34da6a3ce929d0e0e4736"};
  records[1].trace = {"trace_id", "4BF92F3577B34DA6A3CE929D0E0E4736"};
  EXPECT_EQ(Viewer(written("chrome", {}, records)).starts.size(), 1U);
}

TEST(ChromeWriter, LeavesOutAnArrowThatWouldGoBackInTime) {
  auto records = list(record_at("2020-06-10T11:00:01Z", kApiserver, "a"),
                      record_at("2020-06-10T11:00:00Z", kKubelet, "b"),
                      record_at("2020-06-10T11:00:02Z", kApiserver, "c"));
  for (Record& record : records) record.trace = {"traceID", "1"};
  const Viewer viewer(written("chrome", {}, records));
  viewer.check();
  EXPECT_EQ(viewer.starts.size(), 1U);
}

TEST(ChromeWriter, PutsOverlappingRequestsOnLanesOfTheirOwn) {
  // |--a--|   |-d-|
  //   |--b--|
  //     |--c--|        c ends when d begins: viewers round, so not on one lane
  auto records = list(record_at("2020-06-10T11:00:00.006Z", kKubelet, "a"),
                      record_at("2020-06-10T11:00:00.008Z", kKubelet, "b"),
                      record_at("2020-06-10T11:00:00.010Z", kKubelet, "c"),
                      record_at("2020-06-10T11:00:00.014Z", kKubelet, "d"));
  const int durations[] = {6, 6, 6, 4};
  for (std::size_t i = 0; i < 4; ++i) records[i].duration = std::chrono::milliseconds(durations[i]);
  const Viewer viewer(written("chrome", {}, records));
  viewer.check();
  EXPECT_EQ(viewer.slices.at({1, 10}).size(), 2U);
  EXPECT_EQ(viewer.slices.at({1, 11}).size(), 1U);
  EXPECT_EQ(viewer.slices.at({1, 12}).size(), 1U);
  EXPECT_EQ(viewer.thread_names.at({1, 12}), "requests 3");
}

TEST(ChromeWriter, GivesTracesThatOverlapLanesOfTheirOwn) {
  auto records = list(record_at("2020-06-10T11:00:01Z", kKubelet, "a"),
                      record_at("2020-06-10T11:00:02Z", kKubelet, "b"),
                      record_at("2020-06-10T11:00:03Z", kKubelet, "a"),
                      record_at("2020-06-10T11:00:04Z", kKubelet, "b"));
  for (Record& record : records) record.trace = {"traceID", record.message};
  records[3].duration = Duration(5);
  const Viewer viewer(written("chrome", {}, records));
  viewer.check();
  EXPECT_EQ(
      viewer.thread_names,
      (std::map<Thread, std::string>{
          {{1, 1}, "trace"}, {{1, 2}, "records"}, {{1, 10}, "requests"}, {{1, 11}, "trace 2"}}));
}

TEST(ChromeWriter, CountsADurationBelowZeroAsNone) {
  auto records = list(record_at("2020-06-10T11:00:01Z", kKubelet, "a"));
  records[0].duration = Duration(-1);
  const Viewer viewer(written("chrome", {}, records));
  EXPECT_EQ(viewer.instants, 1U);
  EXPECT_TRUE(viewer.slices.empty());
}

// ---- Any timeline -----------------------------------------------------------------------------

std::vector<Record> random_records(std::mt19937& random, std::span<const Origin> origins) {
  static constexpr std::string_view kIds[] = {"", "1", "2", "3", "4"};
  std::vector<Record> records;
  for (unsigned i = 0; i < 300; ++i) {
    Record record = record_at("2026-11-22T17:01:33Z", origins[random() % origins.size()], "m");
    record.time += Duration(random() % 3'000'000);  // crowded: 3 ms
    if (random() % 2 == 0) record.duration = Duration(random() % 40'000);
    if (random() % 9 == 0) record.duration = Duration(random() % 3'000'000);
    if (random() % 20 == 0) record.stamp.kind = Stamp::Kind::none;
    record.trace = {"traceID", kIds[random() % std::size(kIds)]};
    records.push_back(std::move(record));
  }
  return records;
}

TEST(ChromeWriter, ObeysTheRulesOfTheViewersForAnyTimeline) {
  const Origin origins[] = {{"a", "kube-apiserver", "cp1"}, {"b", "kubelet", "n1"}, {"c", "", ""}};
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    std::vector<Record> records = random_records(random, origins);
    Style style;
    style.begin_order = seed % 2 == 1;
    std::stable_sort(records.begin(), records.end(), [&](const Record& a, const Record& b) {
      return style.begin_order ? a.begin() < b.begin() : a.time < b.time;
    });
    const Viewer viewer(written("chrome", style, records));
    viewer.check();
    std::size_t slices_of_requests = 0;
    for (const auto& [thread, slices] : viewer.slices) {
      if (viewer.thread_names.at(thread).starts_with("requests")) {
        slices_of_requests += slices.size();
      }
    }
    EXPECT_EQ(viewer.records, records.size());
    EXPECT_EQ(viewer.instants + slices_of_requests + viewer.without_time, records.size());
  }
}

}  // namespace
}  // namespace ktrace::output
