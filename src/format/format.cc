// The table of payload formats, and slices to records.

#include "ktrace/format.h"

#include <algorithm>
#include <cstring>

#include "batches.h"
#include "entries.h"
#include "envelope.h"
#include "framing.h"
#include "line_ends.h"
#include "payloads.h"

namespace ktrace::format {
namespace {

// In order of trial.
constexpr Payload kPayloads[] = {
    {"klog",
     "klog text",
     starts_klog_text,
     false,
     parse_klog_text,
     glance_klog_text,
     nullptr,
     nullptr,
     {},
     starts_klog_text_glancing},
    {"klog-json", "klog JSON (component-base)", starts_klog_json, true, parse_klog_json,
     glance_klog_json},
    {"json", "structured JSON lines (zap, controller-runtime, etcd, slog)", starts_json, true,
     parse_json, nullptr},
    {"logrus", "logrus text (containerd, CRI-O)", starts_logrus, true, parse_logrus, nullptr},
    {"audit", "audit events", starts_audit, true, parse_audit, glance_audit, nullptr, skim_audit,
     "kube-apiserver"},
    {"audit-text", "audit events in the legacy format", starts_audit_text, true, parse_audit_text,
     nullptr, nullptr, nullptr, "kube-apiserver"},
    {"object", "Kubernetes objects, Events among them, one a line", starts_object, true,
     parse_object, nullptr, split_objects},
    {"object-lines", "Kubernetes objects as kubectl get -o json prints them", starts_object_lines,
     false, parse_object_lines, nullptr},
    {"otlp-span", "OTLP/JSON spans", starts_otlp_spans, true, parse_otlp_span, glance_otlp_span,
     split_otlp_spans},
    {"otlp-log", "OTLP/JSON log records", starts_otlp_logs, true, parse_otlp_log, nullptr,
     split_otlp_logs},
};

void begin_record(const Slice& slice, Record& record) {
  record.clear();
  record.raw = slice.raw;
  record.payload = without_line_end(slice.raw);
  record.context = slice.context;
}

// Removes the line at the front of `text` and gives it, without its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = line_end(text, 0);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  return without_line_end(line);
}

// Removes the line or the entry of several lines at the front of `text`, and gives it as unwrap()
// reads it.
std::string_view take_wrapped(std::string_view& text, Arena& arena) {
  const std::size_t size = entry_size(text);
  if (size == 0) return take_line(text);
  const std::string_view entry = entry_of(text.substr(0, size), arena);
  text.remove_prefix(size);
  return entry;
}

constexpr std::string_view kExpandedTab = "        ";

// The content of all lines of a record in one piece.
class Joined {
 public:
  // `room`: what it will need as a rule.
  Joined(const Wrapped& first, std::size_t room, Arena& arena)
      : first_(first), arena_(arena), room_(room), out_(arena.allocate(room + kPadding)) {
    append(first.content);
    partial_ = first.partial;
  }

  void add(std::string_view line, Arena& arena) {
    if (!partial_) append("\n");
    Wrapped next;
    const bool wrapped = unwrap(line, Detail::all, arena, next) &&
                         next.envelope == first_.envelope && next.stream == first_.stream;
    partial_ = wrapped && next.partial;
    std::string_view content = wrapped ? next.content : without_indent(line);
    // journalctl prints eight blanks for a tab, which klog's values of several lines begin with.
    if (first_.indent > 0 && content.starts_with(kExpandedTab)) {
      append("\t");
      content.remove_prefix(kExpandedTab.size());
    }
    append(content);
  }

  std::string_view text() const {
    std::memset(out_ + size_, 0, kPadding);
    return {out_, size_};
  }

 private:
  void append(std::string_view piece) {
    if (piece.size() > room_ - size_) grow(piece.size());
    size_ += piece.copy(out_ + size_, piece.size());
  }

  // What is no UTF-8 becomes longer when it is replaced.
  void grow(std::size_t more) {
    room_ = 2 * (room_ + more);
    char* const wider = arena_.allocate(room_ + kPadding);
    std::memcpy(wider, out_, size_);
    out_ = wider;
  }

  // A line that stands in no envelope of its own.
  std::string_view without_indent(std::string_view line) const {
    if (first_.weak && line.starts_with(first_.stream)) return line.substr(first_.stream.size());
    const std::size_t blank = std::min(line.find_first_not_of(' '), line.size());
    return line.substr(std::min(blank, first_.indent));
  }

  const Wrapped& first_;
  Arena& arena_;
  std::size_t room_;
  char* out_;
  std::size_t size_ = 0;
  bool partial_ = false;
};

void take_envelope(const Wrapped& first, Record& record) {
  record.envelope = first.envelope->name;
  record.component = first.component;
  record.node = first.node;
  record.received = envelope_stamp(first.time);
  record.payload = first.content;
}

// As unwrap_record(), of what take(rest, arena) takes from the record, one wrapped line at a time.
template <typename Take>
bool unwrap_each(const Take& take, Record& record, Wrapped& first) {
  std::string_view rest = record.raw;
  if (rest.empty() || !unwrap(take(rest, record.arena), Detail::all, record.arena, first)) {
    return false;
  }
  take_envelope(first, record);
  if (rest.empty()) return true;
  Joined joined(first, record.raw.size(), record.arena);
  while (!rest.empty()) joined.add(take(rest, record.arena), record.arena);
  record.payload = joined.text();
  return true;
}

// Forgets what a payload format read in vain.
void become_plain(Record& record) {
  record.stamp = {};
  record.severity = Severity::unspecified;
  record.caller = {};
  record.attributes.clear();
  record.duration.reset();
  record.format = "plain";
  record.message = with_plain_line_ends(record.payload, record.arena);
}

void add_identifiers(const Wrapped& envelope, Record& record) {
  const auto add = [&record](std::string_view key, std::string_view value) {
    if (value.empty() || record.find(key) != nullptr) return;
    record.attributes.push_back({key, value, Attribute::Type::string});
  };
  add("logging.googleapis.com/trace", envelope.trace);
  add("logging.googleapis.com/spanId", envelope.span);
  add("auditID", envelope.audit);
}

// glance() for one wrapped line.
bool glance_inside(const Slice& slice, bool severity, Arena& arena, Glance& seen) {
  std::string_view rest = slice.raw;
  Wrapped inside;
  arena.clear();
  if (rest.empty() || !unwrap(take_wrapped(rest, arena), Detail::all, arena, inside)) return false;
  if (inside.partial || inside.json || !rest.empty()) return false;
  const Payload* payload = recognise_within(inside.content, 0);
  return payload != nullptr && payload->glance != nullptr &&
         payload->glance(inside.content, severity, seen);
}

// The first format of which starts(payload) says that a record of it starts at `line`.
template <typename Starts>
const Payload* first_of(const char* line, const Starts& starts) {
  if (*line == '\n') return nullptr;  // logs have millions of empty lines
  for (const Payload& payload : kPayloads) {
    if (starts(payload)) return &payload;
  }
  return *line == '[' && kEntryArray.starts(line) ? &kEntryArray : nullptr;
}

}  // namespace

std::string_view padded(std::string_view text, Arena& arena) {
  char* const out = arena.allocate(text.size() + kPadding);
  text.copy(out, text.size());
  std::memset(out + text.size(), 0, kPadding);
  return {out, text.size()};
}

bool unwrap_record(Record& record, Wrapped& first) {
  return unwrap_each(take_wrapped, record, first);
}

std::span<const Payload> payloads() { return kPayloads; }

const Payload* recognise(const char* line) {
  return first_of(line, [line](const Payload& payload) { return payload.starts(line); });
}

const Payload* recognise(const char* line, std::optional<Glance>& seen) {
  seen.reset();
  return first_of(line, [&](const Payload& payload) {
    if (payload.starts_glancing == nullptr) return payload.starts(line);
    if (payload.starts_glancing(line, seen.emplace())) return true;
    seen.reset();
    return false;
  });
}

void parse(const Slice& slice, Record& record, Depth depth) {
  begin_record(slice, record);
  const Payload* payload = slice.payload != nullptr ? slice.payload : bare_start(slice.raw, 0);
  Wrapped envelope;
  if (const Payload* const part = open_part(payload, record, envelope)) {
    take_envelope(envelope, record);
    payload = part;
  } else if (payload == &kEntryArray ? unwrap_each(take_element, record, envelope)
                                     : payload == nullptr && unwrap_record(record, envelope)) {
    payload = envelope.json ? &kPayloads[2] : recognise_within(record.payload, 0);
  }
  const bool skims = depth == Depth::links && payload != nullptr && payload->skim != nullptr;
  if (payload != nullptr && (skims ? payload->skim : payload->parse)(record)) {
    if (record.format.empty()) record.format = payload->name;
    if (!payload->component.empty()) record.component = payload->component;
  } else {
    become_plain(record);
  }
  if (envelope.envelope == nullptr) return;
  if (!record.has_time()) record.stamp = record.received;
  if (record.severity == Severity::unspecified) record.severity = envelope.severity;
  add_identifiers(envelope, record);
}

Glance glance(const Slice& slice, bool severity, Record& scratch) {
  Glance seen;
  const Payload* payload = slice.payload != nullptr ? slice.payload : bare_start(slice.raw, 0);
  if (payload != nullptr && payload->glance != nullptr &&
      payload->glance(slice.raw, severity, seen)) {
    return seen;
  }
  if (payload == nullptr && glance_inside(slice, severity, scratch.arena, seen)) return seen;
  parse(slice, scratch);
  return {scratch.stamp, scratch.severity};
}

}  // namespace ktrace::format
