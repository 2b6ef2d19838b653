// The table of payload formats, and slices to records.

#include "ktrace/format.h"

#include "framing.h"
#include "line_ends.h"
#include "payloads.h"

namespace ktrace::format {
namespace {

// In order of trial.
constexpr Payload kPayloads[] = {
    {"klog", "klog text", starts_klog_text, false, parse_klog_text, glance_klog_text},
    {"klog-json", "klog JSON (component-base)", starts_klog_json, true, parse_klog_json,
     glance_klog_json},
    {"json", "structured JSON lines (zap, controller-runtime, etcd, slog)", starts_json, true,
     parse_json, nullptr},
    {"audit", "audit events", starts_audit, true, parse_audit, glance_audit},
    {"audit-text", "audit events in the legacy format", starts_audit_text, true, parse_audit_text,
     nullptr},
    {"object", "Kubernetes objects, Events among them, one a line", starts_object, true,
     parse_object, nullptr, split_objects},
    {"object-lines", "Kubernetes objects as kubectl get -o json prints them", starts_object_lines,
     false, parse_object_lines, nullptr},
    {"otlp-span", "OTLP/JSON spans", starts_otlp_spans, true, parse_otlp_span, glance_otlp_span,
     split_otlp_spans},
    {"otlp-log", "OTLP/JSON log records", starts_otlp_logs, true, parse_otlp_log, nullptr,
     split_otlp_logs},
};

std::string_view without_line_end(std::string_view raw) {
  if (raw.ends_with('\n')) raw.remove_suffix(raw.ends_with("\r\n") ? 2 : 1);
  return raw;
}

void begin_record(const Slice& slice, Record& record) {
  record.clear();
  record.raw = slice.raw;
  record.payload = without_line_end(slice.raw);
  record.context = slice.context;
}

const Payload* payload_of(const Slice& slice) {
  return slice.payload != nullptr ? slice.payload : recognise_within(slice.raw, 0);
}

}  // namespace

std::span<const Payload> payloads() { return kPayloads; }

const Payload* recognise(const char* line) {
  for (const Payload& payload : kPayloads) {
    if (payload.starts(line)) return &payload;
  }
  return nullptr;
}

void parse(const Slice& slice, Record& record) {
  begin_record(slice, record);
  const Payload* payload = payload_of(slice);
  if (payload != nullptr && payload->parse(record)) {
    if (record.format.empty()) record.format = payload->name;
    return;
  }
  begin_record(slice, record);
  record.format = "plain";
  record.message = with_plain_line_ends(record.payload, record.arena);
}

Glance glance(const Slice& slice, bool severity, Record& scratch) {
  Glance seen;
  const Payload* payload = payload_of(slice);
  if (payload == nullptr) return seen;
  if (payload->glance != nullptr && payload->glance(slice.raw, severity, seen)) return seen;
  parse(slice, scratch);
  return {scratch.stamp, scratch.severity};
}

}  // namespace ktrace::format
