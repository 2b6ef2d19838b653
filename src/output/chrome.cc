// The timeline as a trace-event file for Perfetto and chrome://tracing.
//
// Source: the Trace Event Format document, and what Perfetto's json_trace_parser.cc and catapult's
// trace_event_importer.html do with it where they are stricter than the document.
//
//   process            a component on a node; pid from 1 in order of first appearance
//     trace            a slice per trace ID, from the first record's begin to the last record
//     records          an instant per record without a duration
//     requests         a slice per record with one, on as many threads as overlap
//   arrow              from the trace slice in one process to that in the next, whenever the
//                      timeline of a trace ID goes over to another process
//
// In a story things (objects, requests) stand in the place of trace IDs, and an arrow leads to each
// from the thing whose link brought it in.
//
// Slices on one thread must nest, and an arrow ends at the topmost slice of its thread at its time.
// So slices never overlap at all (lanes.h), and trace slices are in whole microseconds, which a
// double can hold: each arrow then lies within its slice in every viewer. An arrow that would go
// back in time, because clocks differ or an operation began earlier, is left out.
//
// Instants are written at once; slices and arrows need the lanes, and are kept until the end.
// Records without a stamp are counted, not drawn.

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "escape.h"
#include "json_object.h"
#include "ktrace/output.h"
#include "lanes.h"

namespace ktrace::output {
namespace {

constexpr std::size_t kLongestName = 80;

// Thread IDs. Lanes of requests go up from theirs; further lanes of traces come behind those.
constexpr std::size_t kTraceThread = 1;
constexpr std::size_t kRecordsThread = 2;
constexpr std::size_t kRequestsThread = 10;

// ---- Names ------------------------------------------------------------------------------------

std::string shorten(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  std::string name(cut(line, kLongestName));
  if (name.size() < line.size()) name += "\u2026";
  return name;
}

/// "GET /api/v1/pods" for a request, else the first line of the message.
std::string event_name(const Record& record) {
  const Attribute* verb = record.find("verb");
  const Attribute* uri = record.find("URI");
  if (uri == nullptr) uri = record.find("requestURI");
  if (verb != nullptr && uri != nullptr) {
    return shorten(fmt::format("{} {}", verb->value, uri->value));
  }
  std::string name = shorten(record.message);
  if (name.empty()) name = shorten(record.caller);
  return name.empty() ? "record" : name;
}

std::string process_name(const Origin* origin) {
  if (origin == nullptr) return "unknown";
  if (origin->component.empty()) return origin->name.empty() ? "unknown" : origin->name;
  if (origin->node.empty()) return origin->component;
  return fmt::format("{} ({})", origin->component, origin->node);
}

/// Trace IDs of 32 hex digits are one without regard to case.
std::string fold_trace_id(std::string_view id) {
  std::string folded(id);
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  if (id.size() != 32 || id.find_first_not_of(kHex) != std::string_view::npos) return folded;
  for (char& c : folded) c = c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
  return folded;
}

// ---- Events -----------------------------------------------------------------------------------

/// Where an event is drawn. Thread 0: on the process itself.
struct Place {
  std::size_t process = 0;
  std::size_t thread = 0;
};

/// Trace events, one a line.
class Events {
 public:
  /// Begins an event; more members are to follow, and close().
  JsonObject begin(std::string_view phase, const Place& place, std::string& out) {
    out += first_ ? "\n" : ",\n";
    first_ = false;
    JsonObject event(out);
    event.text("ph", phase);
    event.number("pid", place.process + 1);
    if (place.thread != 0) event.number("tid", place.thread);
    return event;
  }

  void name_process(std::size_t process, std::string_view name, std::string& out) {
    append_name({process}, "process_name", name, out);
    append_sort_index({process}, "process_sort_index", process + 1, out);
  }

  /// `lane` counts the threads of that name from 0.
  void name_thread(const Place& place, std::string_view name, std::size_t lane, std::size_t index,
                   std::string& out) {
    const std::string numbered = fmt::format("{} {}", name, lane + 1);
    append_name(place, "thread_name", lane == 0 ? name : numbered, out);
    append_sort_index(place, "thread_sort_index", index, out);
  }

 private:
  void append_name(const Place& place, std::string_view kind, std::string_view name,
                   std::string& out) {
    JsonObject event = begin("M", place, out);
    event.text("name", kind);
    JsonObject arguments(event.member("args"));
    arguments.text("name", name);
    arguments.close();
    event.close();
  }

  void append_sort_index(const Place& place, std::string_view kind, std::size_t index,
                         std::string& out) {
    JsonObject event = begin("M", place, out);
    event.text("name", kind);
    JsonObject arguments(event.member("args"));
    arguments.number("sort_index", index);
    arguments.close();
    event.close();
  }

  bool first_ = true;
};

/// What a record is drawn with: its identifier; in a story the thing that it names.
Identifier group_of(const Record& record) {
  return record.via.empty() ? record.trace : Identifier{"", record.via.back().to};
}

bool is_slice(const Record& record) {
  return record.duration && *record.duration >= Duration::zero();
}

Time begin_of(const Record& record) { return is_slice(record) ? record.begin() : record.time; }

void add_microseconds(std::string_view name, Duration value, JsonObject& event) {
  append_decimal(value.count(), 3, event.member(name));
}

/// Time, name and arguments of the instant or slice of a record.
void add_content(const Record& record, JsonObject& event) {
  add_microseconds("ts", begin_of(record).time_since_epoch(), event);
  if (is_slice(record)) add_microseconds("dur", *record.duration, event);
  event.text("name", event_name(record));
  JsonObject arguments(event.member("args"));
  arguments.text("severity", severity_name(record.severity));
  arguments.text("caller", record.caller);
  arguments.text("message", record.message);
  arguments.attributes("attributes", record.attributes);
  if (record.origin != nullptr) arguments.text("source", record.origin->name);
  if (record.line != 0) arguments.number("line", record.line);
  arguments.text("traceId", record.trace.value);
  arguments.close();
}

// ---- What is kept until the end ---------------------------------------------------------------

/// A slice of a record; its thread is not known yet.
struct Request {
  Span span;
  std::string content;  ///< an object with what add_content adds
};

/// A trace ID in a process: one trace slice.
struct Presence {
  std::size_t trace = 0;
  std::size_t process = 0;
  Time begin{}, end{};
  std::uint64_t records = 0;
  std::size_t thread = 0;  ///< known at the end

  /// At least one microsecond, to be seen and to hold the ends of arrows.
  Span span() const {
    Span covering = Span::covering(begin, end);
    covering.end = std::max(covering.end, covering.begin + 1);
    return covering;
  }
};

struct Process {
  std::vector<Request> requests;
  std::vector<std::size_t> presences;
  bool has_instants = false;
};

struct Trace {
  std::string key, id;
  std::size_t last_presence = 0;
  Time last_time{};
};

/// From one presence to the next one of the same trace.
struct Arrow {
  std::size_t from = 0, to = 0;
  Time from_time{}, to_time{};
};

// ---- The writer -------------------------------------------------------------------------------

class ChromeWriter final : public Writer {
 public:
  explicit ChromeWriter(bool begin_order) : begin_order_(begin_order) {}

  void begin(std::span<const Origin* const>, std::string& out) override {
    out += R"({"displayTimeUnit":"ms","traceEvents":[)";
  }
  void record(const Record& record, std::string& out) override;
  void end(std::string& out) override;

 private:
  std::size_t process_of(const Origin* origin, std::string& out);
  void draw(const Record& record, std::size_t process, std::string& out);
  void add_to_trace(const Record& record, std::size_t process);
  void add_cause(const std::string& thing, std::size_t here, Time shown);
  std::size_t trace_of(const Identifier& identifier);
  std::size_t presence_of(std::size_t trace, std::size_t process, Time begin);

  void append_process(std::size_t process, std::string& out);
  std::size_t append_requests(std::size_t process, std::size_t sort_index, std::string& out);
  void append_presences(std::size_t process, std::size_t more_threads, std::string& out);
  void append_presence(const Presence& presence, std::string& out);
  void append_arrow(std::size_t number, const Arrow& arrow, std::string& out);
  void append_arrow_end(std::string_view phase, std::size_t number, std::size_t presence, Time time,
                        std::string& out);
  void append_summary(std::string& out) const;

  bool begin_order_;
  Events events_;
  std::uint64_t records_ = 0;
  std::uint64_t records_without_time_ = 0;
  std::vector<Process> processes_;
  std::unordered_map<std::string, std::size_t> process_numbers_;  // by name
  std::vector<Trace> traces_;
  std::unordered_map<std::string, std::size_t> trace_numbers_;  // by folded ID
  std::vector<Presence> presences_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> presence_numbers_;
  std::vector<Arrow> arrows_;
};

void ChromeWriter::record(const Record& record, std::string& out) {
  ++records_;
  if (!record.has_time()) {
    ++records_without_time_;
    return;
  }
  const std::size_t process = process_of(record.origin, out);
  draw(record, process, out);
  if (!group_of(record).value.empty()) add_to_trace(record, process);
}

std::size_t ChromeWriter::process_of(const Origin* origin, std::string& out) {
  const std::string name = process_name(origin);
  const auto [entry, added] = process_numbers_.try_emplace(name, processes_.size());
  if (added) {
    processes_.emplace_back();
    events_.name_process(entry->second, name, out);
  }
  return entry->second;
}

void ChromeWriter::draw(const Record& record, std::size_t process, std::string& out) {
  if (is_slice(record)) {
    std::string content;
    JsonObject object(content);
    add_content(record, object);
    object.close();
    processes_[process].requests.push_back(
        {Span::covering(record.begin(), record.time), std::move(content)});
    return;
  }
  processes_[process].has_instants = true;
  JsonObject event = events_.begin("i", {process, kRecordsThread}, out);
  event.text("s", "t");
  add_content(record, event);
  event.close();
}

void ChromeWriter::add_to_trace(const Record& record, std::size_t process) {
  const bool first = !trace_numbers_.contains(fold_trace_id(group_of(record).value));
  const std::size_t number = trace_of(group_of(record));
  const std::size_t here = presence_of(number, process, begin_of(record));
  Presence& presence = presences_[here];
  presence.begin = std::min(presence.begin, begin_of(record));
  presence.end = std::max(presence.end, record.time);
  ++presence.records;

  Trace& trace = traces_[number];
  const Time shown = begin_order_ ? begin_of(record) : record.time;
  if (trace.last_presence != here && trace.last_time <= shown) {
    arrows_.push_back({trace.last_presence, here, trace.last_time, shown});
  }
  if (first && record.via.size() > 1)
    add_cause(record.via[record.via.size() - 2].from, here, shown);
  trace.last_presence = here;
  trace.last_time = shown;
}

/// An arrow from the thing whose link leads to that at `here`, where it was seen last.
void ChromeWriter::add_cause(const std::string& thing, std::size_t here, Time shown) {
  const auto cause = trace_numbers_.find(fold_trace_id(thing));
  if (cause == trace_numbers_.end()) return;
  const Trace& trace = traces_[cause->second];
  if (trace.last_time > shown) return;
  arrows_.push_back({trace.last_presence, here, trace.last_time, shown});
}

std::size_t ChromeWriter::trace_of(const Identifier& identifier) {
  const auto [entry, added] =
      trace_numbers_.try_emplace(fold_trace_id(identifier.value), traces_.size());
  if (added) {
    Trace& trace = traces_.emplace_back();
    trace.key = identifier.key;
    trace.id = identifier.value;
    trace.last_presence = presences_.size();  // the one that is made next is its first
  }
  return entry->second;
}

std::size_t ChromeWriter::presence_of(std::size_t trace, std::size_t process, Time begin) {
  const auto [entry, added] =
      presence_numbers_.try_emplace(std::pair(trace, process), presences_.size());
  if (added) {
    presences_.push_back({trace, process, begin, begin});
    processes_[process].presences.push_back(entry->second);
  }
  return entry->second;
}

// ---- The end: lanes, slices, arrows -----------------------------------------------------------

void ChromeWriter::end(std::string& out) {
  for (std::size_t process = 0; process < processes_.size(); ++process) {
    append_process(process, out);
  }
  for (std::size_t i = 0; i < arrows_.size(); ++i) append_arrow(i + 1, arrows_[i], out);
  out += "\n],";
  append_summary(out);
  out += "}\n";
}

void ChromeWriter::append_process(std::size_t process, std::string& out) {
  // From top to bottom: traces, records, requests.
  const std::size_t presences = processes_[process].presences.size();
  const std::size_t requests = append_requests(process, presences + 2, out);
  append_presences(process, kRequestsThread + requests, out);
  if (processes_[process].has_instants) {
    events_.name_thread({process, kRecordsThread}, "records", 0, presences + 1, out);
  }
}

/// Returns the number of threads.
std::size_t ChromeWriter::append_requests(std::size_t process, std::size_t sort_index,
                                          std::string& out) {
  const std::vector<Request>& requests = processes_[process].requests;
  std::vector<Span> spans;
  for (const Request& request : requests) spans.push_back(request.span);
  const std::vector<std::size_t> lanes = assign_lanes(spans);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    JsonObject event = events_.begin("X", {process, kRequestsThread + lanes[i]}, out);
    event.members_of(requests[i].content);
    event.close();
  }
  const std::size_t threads = count_lanes(lanes);
  for (std::size_t lane = 0; lane < threads; ++lane) {
    events_.name_thread({process, kRequestsThread + lane}, "requests", lane, sort_index + lane,
                        out);
  }
  return threads;
}

/// `more_threads`: the thread of the second lane; the others follow.
void ChromeWriter::append_presences(std::size_t process, std::size_t more_threads,
                                    std::string& out) {
  const std::vector<std::size_t>& numbers = processes_[process].presences;
  std::vector<Span> spans;
  for (const std::size_t number : numbers) spans.push_back(presences_[number].span());
  const std::vector<std::size_t> lanes = assign_lanes(spans);
  const auto thread_of = [&](std::size_t lane) {
    return lane == 0 ? kTraceThread : more_threads + lane - 1;
  };
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Presence& presence = presences_[numbers[i]];
    presence.thread = thread_of(lanes[i]);
    append_presence(presence, out);
  }
  for (std::size_t lane = 0; lane < count_lanes(lanes); ++lane) {
    events_.name_thread({process, thread_of(lane)}, "trace", lane, lane + 1, out);
  }
}

void ChromeWriter::append_presence(const Presence& presence, std::string& out) {
  const Trace& trace = traces_[presence.trace];
  const Span span = presence.span();
  JsonObject event = events_.begin("X", {presence.process, presence.thread}, out);
  append_decimal(span.begin, 0, event.member("ts"));
  append_decimal(span.end - span.begin, 0, event.member("dur"));
  event.text("name", trace.key.empty() ? trace.id : fmt::format("{} {}", trace.key, trace.id));
  JsonObject arguments(event.member("args"));
  arguments.text("traceId", trace.id);
  arguments.number("records", presence.records);
  arguments.close();
  event.close();
}

void ChromeWriter::append_arrow(std::size_t number, const Arrow& arrow, std::string& out) {
  append_arrow_end("s", number, arrow.from, arrow.from_time, out);
  append_arrow_end("f", number, arrow.to, arrow.to_time, out);
}

void ChromeWriter::append_arrow_end(std::string_view phase, std::size_t number,
                                    std::size_t presence, Time time, std::string& out) {
  const Presence& at = presences_[presence];
  JsonObject event = events_.begin(phase, {at.process, at.thread}, out);
  add_microseconds("ts", time.time_since_epoch(), event);
  event.text("cat", "trace");
  event.text("name", "next");
  event.number("id", number);
  // Without it the arrow would end at the next slice to begin.
  if (phase == "f") event.text("bp", "e");
  event.close();
}

void ChromeWriter::append_summary(std::string& out) const {
  out += R"("otherData":)";
  JsonObject summary(out);
  summary.text("producer", "ktrace");
  summary.number("records", records_);
  summary.number("recordsWithoutTime", records_without_time_);
  summary.member("traceIds") += '[';
  for (const Trace& trace : traces_) {
    if (&trace != &traces_.front()) out += ',';
    append_json_string(trace.id, out);
  }
  out += ']';
  summary.close();
}

}  // namespace

std::unique_ptr<Writer> make_chrome(const Style& style) {
  return std::make_unique<ChromeWriter>(style.begin_order);
}

}  // namespace ktrace::output
