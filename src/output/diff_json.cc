// Two stories as JSON Lines: one object a kind of step, in the order of both stories, and a last
// one for all. Steps that are the same are there, too: a script has no eyes to tire.

#include <map>

#include "json_object.h"
#include "ktrace/output.h"

namespace ktrace::output {
namespace {

void write_side(const DiffSide& side, std::string& out) {
  JsonObject object(out);
  object.number("records", side.records);
  object.number("objects", side.objects);
  object.milliseconds("firstMs", side.first);
  object.milliseconds("lastMs", side.last);
  if (side.took) object.milliseconds("durationMs", *side.took);
  object.text("source", side.source);
  object.number("offset", side.offset);
  object.close();
}

void write_row(const DiffRow& row, std::string& out) {
  JsonObject object(out);
  object.text("change", row.change);
  object.text("component", row.component);
  object.text("object", row.object);
  object.text("severity", severity_name(row.severity));
  object.text("step", row.words);
  if (row.a.records > 0) write_side(row.a, object.member("a"));
  if (row.b.records > 0) write_side(row.b, object.member("b"));
  if (row.longer != Duration::zero()) object.milliseconds("longerMs", row.longer);
  if (row.lost != Duration::zero()) {
    object.milliseconds("lostMs", row.lost);
    object.milliseconds("atMsA", row.at_a);
    object.milliseconds("atMsB", row.at_b);
  }
  object.close();
  out += '\n';
}

void write_story(const DiffStory& story, std::string& out) {
  JsonObject object(out);
  object.text("start", story.start);
  object.number("records", story.records);
  JsonObject objects(object.member("objects"));
  for (const auto& [kind, count] : story.objects) objects.number(kind, count);
  objects.close();
  if (story.records > 0) {
    object.time("begin", story.begin);
    object.time("end", story.end);
  }
  object.close();
}

}  // namespace

void write_diff_json(const StoryDiff& diff, const Style&, std::string& out) {
  std::map<std::string_view, std::uint64_t> changes;
  for (const DiffRow& row : diff.rows) {
    write_row(row, out);
    ++changes[row.change];
  }
  JsonObject total(out);
  write_story(diff.a, total.member("a"));
  write_story(diff.b, total.member("b"));
  JsonObject counts(total.member("steps"));
  for (const auto& [change, count] : changes) counts.number(change, count);
  counts.close();
  total.close();
  out += '\n';
}

}  // namespace ktrace::output
