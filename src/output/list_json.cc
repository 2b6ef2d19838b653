// A list of traces as JSON Lines: one object a trace.
//
// Members stand in one order: what the trace is called (traceId, key), what it holds (records,
// errors, severity, components), when (start, end, durationMs), where it stood still (largestGapMs,
// gapStart). What a trace does not have is left out: the severity where no record states one, the
// start of the gap where there is none. Times are UTC with the digits that they need, at least six;
// durations are exact.

#include "clock.h"
#include "escape.h"
#include "json_object.h"
#include "ktrace/output.h"

namespace ktrace::output {
namespace {

/// Digits of the second's fraction without which the time would not be exact.
unsigned digits_of(Time time) {
  unsigned digits = 9;
  for (auto rest = time.time_since_epoch().count(); digits > 0 && rest % 10 == 0; rest /= 10) {
    --digits;
  }
  return digits;
}

void append_time(std::string_view name, Time time, JsonObject& object) {
  object.text(name, format_rfc3339(time, shown_digits(digits_of(time))));
}

void append_milliseconds(std::string_view name, Duration duration, JsonObject& object) {
  append_decimal(duration.count(), 6, object.member(name));
}

void append_names(std::string_view name, std::span<const std::string_view> values,
                  JsonObject& object) {
  std::string& out = object.member(name);
  out += '[';
  for (const std::string_view& value : values) {
    if (&value != values.data()) out += ',';
    append_json_string(value, out);
  }
  out += ']';
}

class ListJson final : public ListWriter {
 public:
  void begin(std::span<const TraceRow>, std::string&) override {}
  void row(const TraceRow& row, std::string& out) override;
  void end(std::string&) override {}
};

void ListJson::row(const TraceRow& row, std::string& out) {
  JsonObject object(out);
  object.text("traceId", row.id);
  object.text("key", row.key);
  object.number("records", row.records);
  object.number("errors", row.errors);
  object.text("severity", severity_name(row.severity));
  append_names("components", row.components, object);
  append_time("start", row.start, object);
  append_time("end", row.end, object);
  append_milliseconds("durationMs", distance(row.start, row.end), object);
  append_milliseconds("largestGapMs", row.largest_gap, object);
  if (row.largest_gap > Duration::zero()) append_time("gapStart", row.gap_start, object);
  object.close();
  out += '\n';
}

}  // namespace

std::unique_ptr<ListWriter> make_list_json(const Style&) { return std::make_unique<ListJson>(); }

}  // namespace ktrace::output
