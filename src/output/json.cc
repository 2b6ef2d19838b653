// JSON Lines: one object a record.
//
// Members stand in one order: what happened (time, severity, component, node, caller, message,
// attributes, durationMs), what it belongs to (traceId, traceKey, via), where it was read (source,
// line, offset, raw). What a record does not have is left out. The time is always the one that the
// record states, in UTC, also when records are ordered by their begin; a record without a stamp has
// none. Output is valid JSON and valid UTF-8 whatever the input holds, so that bytes that are no
// UTF-8 cannot be had back from it: that is what raw output is for.

#include "clock.h"
#include "json_object.h"
#include "ktrace/output.h"

namespace ktrace::output {
namespace {

class JsonWriter final : public Writer {
 public:
  void begin(std::span<const Origin* const>, std::string&) override {}
  void record(const Record& record, std::string& out) override;
  void end(std::string&) override {}

 private:
  void append_event(const Record& record, JsonObject& object);
  void append_time(const Record& record, std::string& out);
  static void append_via(const Record& record, JsonObject& object);
  static void append_place(const Record& record, JsonObject& object);

  SecondChange second_changes_;
  std::string second_;  // of the record before: RFC 3339 up to the fraction
};

void JsonWriter::record(const Record& record, std::string& out) {
  JsonObject object(out);
  append_event(record, object);
  object.text("traceId", record.trace.value);
  object.text("traceKey", record.trace.key);
  append_via(record, object);
  append_place(record, object);
  object.close();
  out += '\n';
}

// From the start of the story to the record; the last link is told by the record itself.
void JsonWriter::append_via(const Record& record, JsonObject& object) {
  if (record.via.empty()) return;
  std::string& out = object.member("via");
  out += '[';
  for (const Via& via : record.via) {
    if (&via != &record.via.front()) out += ',';
    JsonObject link(out);
    link.text("kind", via.kind);
    link.text("from", via.from);
    link.text("to", via.to);
    if (!via.source.empty()) {
      JsonObject evidence(link.member("evidence"));
      evidence.text("source", via.source);
      evidence.number("offset", via.offset);
      evidence.close();
    }
    link.close();
  }
  out += ']';
}

void JsonWriter::append_event(const Record& record, JsonObject& object) {
  if (record.has_time()) append_time(record, object.member("time"));
  object.text("severity", severity_name(record.severity));
  if (record.origin != nullptr) {
    object.text("component", record.origin->component);
    object.text("node", record.origin->node);
  }
  object.text("caller", record.caller);
  object.text("message", record.message);
  object.attributes("attributes", record.attributes);
  if (record.duration) append_decimal(record.duration->count(), 6, object.member("durationMs"));
}

void JsonWriter::append_time(const Record& record, std::string& out) {
  if (second_changes_(record.time)) {
    second_ = format_rfc3339(record.time, 0);
    second_.pop_back();  // the Z goes behind the fraction
  }
  out += '"';
  out += second_;
  append_fraction(record.time, shown_digits(record.stamp.digits), out);
  out += "Z\"";
}

void JsonWriter::append_place(const Record& record, JsonObject& object) {
  if (record.origin != nullptr) object.text("source", record.origin->name);
  if (record.line != 0) object.number("line", record.line);
  object.number("offset", record.offset);
  object.text("raw", record.payload);
}

}  // namespace

std::unique_ptr<Writer> make_json(const Style&) { return std::make_unique<JsonWriter>(); }

}  // namespace ktrace::output
