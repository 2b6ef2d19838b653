// A list of traces as JSON Lines: one object a trace.
//
// Members stand in one order: what the trace is called (traceId, key), what it holds (records,
// errors, severity, components), when (start, end, durationMs), where it stood still (largestGapMs,
// gapStart). What a trace does not have is left out: the severity where no record states one, the
// start of the gap where there is none. Times are UTC with the digits that they need, at least six;
// durations are exact.

#include "clock.h"
#include "json_object.h"
#include "ktrace/output.h"

namespace ktrace::output {
namespace {

class ListJson final : public ListWriter {
 public:
  void begin(const TraceRows&, std::string&) override {}
  void rows(const TraceRows& rows, std::size_t begin, std::size_t end,
            std::string& out) const override;
  void end(std::string&) override {}
};

void write(const TraceRow& row, std::string& out) {
  JsonObject object(out);
  object.text("traceId", row.id);
  object.text("key", row.key);
  object.number("records", row.records);
  object.number("errors", row.errors);
  object.text("severity", severity_name(row.severity));
  object.texts("components", row.components);
  if (row.timed) {
    object.time("start", row.start);
    object.time("end", row.end);
    object.milliseconds("durationMs", distance(row.start, row.end));
    object.milliseconds("largestGapMs", row.largest_gap);
  }
  if (row.largest_gap > Duration::zero()) object.time("gapStart", row.gap_start);
  object.close();
  out += '\n';
}

void ListJson::rows(const TraceRows& rows, std::size_t begin, std::size_t end,
                    std::string& out) const {
  TraceRow row;
  for (std::size_t i = begin; i < end; ++i) {
    rows.make(i, row);
    write(row, out);
  }
}

}  // namespace

std::unique_ptr<ListWriter> make_list_json(const Style&) { return std::make_unique<ListJson>(); }

}  // namespace ktrace::output
