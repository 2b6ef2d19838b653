// What is known of sources as JSON Lines: one object a source, and a last one for all of them,
// which is told from the others by its number of `sources`. What is not known is left out.

#include "clock.h"
#include "escape.h"
#include "json_object.h"
#include "ktrace/output.h"

namespace ktrace::output {
namespace {

/// An array of what `append` writes for each of `values`; left out when there are none.
template <typename Value, typename Append>
void append_all(std::string_view name, const std::vector<Value>& values, JsonObject& object,
                Append append) {
  if (values.empty()) return;
  std::string& out = object.member(name);
  out += '[';
  for (const Value& value : values) {
    if (&value != values.data()) out += ',';
    JsonObject one(out);
    append(value, one);
    one.close();
  }
  out += ']';
}

void append_counts(std::string_view name, const std::vector<Counted>& counts, JsonObject& object) {
  if (counts.empty()) return;
  JsonObject all(object.member(name));
  for (const auto& [key, count] : counts) all.number(key, count);
  all.close();
}

// The most frequent name, and all of them if there are several.
void append_names(std::string_view one, std::string_view all, const std::vector<Counted>& counts,
                  JsonObject& object) {
  if (!counts.empty()) object.text(one, counts.front().first);
  if (counts.size() > 1) append_counts(all, counts, object);
}

void append_span(const std::optional<Time>& start, const std::optional<Time>& end,
                 JsonObject& object) {
  if (!start || !end) return;
  object.time("start", *start);
  object.time("end", *end);
  object.milliseconds("durationMs", distance(*start, *end));
}

void append_year(const CheckRow& row, JsonObject& object) {
  if (!row.year) return;
  object.number("year", static_cast<std::uint64_t>(*row.year));
  object.text("yearFrom", row.year_from);
  object.text("zone", row.zone);
  object.text("zoneFrom", row.zone_from);
}

class CheckJson final : public CheckWriter {
 public:
  void source(const CheckRow& row, std::string& out) override;
  void total(const CheckTotal& total, std::string& out) override;
};

void CheckJson::source(const CheckRow& row, std::string& out) {
  JsonObject object(out);
  object.text("source", row.source);
  append_names("component", "components", row.components, object);
  append_names("node", "nodes", row.nodes, object);
  if (!row.envelopes.empty()) object.text("envelope", row.envelopes.front().first);
  append_counts("envelopes", row.envelopes, object);
  if (!row.payloads.empty()) object.text("payload", row.payloads.front().first);
  append_counts("payloads", row.payloads, object);
  object.number("records", row.records);
  object.number("lines", row.lines);
  object.number("unparsed", row.unparsed);
  append_all("unparsedSamples", row.samples, object,
             [](const CheckSample& sample, JsonObject& one) {
               one.number("line", sample.line);
               one.text("text", sample.text);
             });
  append_span(row.start, row.end, object);
  append_year(row, object);
  object.number("outOfOrder", row.late);
  object.member("inOrder") += row.in_order ? "true" : "false";
  if (row.late > 0) object.milliseconds("maxLateMs", row.lateness);
  append_counts("identifiers", row.identifiers, object);
  if (row.usual_gap) object.milliseconds("usualGapMs", *row.usual_gap);
  append_all("gaps", row.gaps, object, [](const CheckGap& gap, JsonObject& one) {
    one.time("start", gap.start);
    one.milliseconds("durationMs", gap.length);
    one.member("unusual") += gap.unusual ? "true" : "false";
  });
  object.close();
  out += '\n';
}

void CheckJson::total(const CheckTotal& total, std::string& out) {
  JsonObject object(out);
  object.number("sources", total.sources);
  object.number("records", total.records);
  append_span(total.start, total.end, object);
  object.texts("components", total.components);
  object.texts("missing", total.missing);
  append_all("skew", total.skew, object, [](const CheckSkew& skew, JsonObject& one) {
    one.text("source", skew.source);
    one.text("reference", skew.reference);
    one.text("match", skew.match);
    one.number("anchors", skew.anchors);
    one.milliseconds("aheadMs", skew.ahead);
    one.milliseconds("spreadMs", skew.spread);
    one.member("significant") += skew.significant ? "true" : "false";
  });
  append_all("findings", total.findings, object, [](const CheckFinding& finding, JsonObject& one) {
    one.text("kind", finding.kind);
    one.text("subject", finding.subject);
    one.text("message", finding.message);
  });
  object.close();
  out += '\n';
}

}  // namespace

std::unique_ptr<CheckWriter> make_check_json(const Style&) { return std::make_unique<CheckJson>(); }

}  // namespace ktrace::output
