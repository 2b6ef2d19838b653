// The shape of a story: its objects as a tree, each with when it was made, first seen by each
// component, ready and deleted; then the longest waits, errors and warnings, and what was never
// seen. Times are those since the beginning of the story, which the first line tells in full.

#include <fmt/format.h>

#include "clock.h"
#include "escape.h"
#include "json_object.h"
#include "ktrace/output.h"
#include "layout.h"

namespace ktrace::output {
namespace {

constexpr std::size_t kHanging = 4;  // of what did not fit on its line

class TextSummary {
 public:
  TextSummary(const StorySummary& summary, const Style& style, std::string& out)
      : summary_(summary), style_(style), out_(out) {}

  void write() {
    line(0, fmt::format("{}: {} records in {}, from {}", summary_.start, summary_.records,
                        format_duration(distance(summary_.begin, summary_.end)),
                        civil(summary_.begin)));
    for (const StoryNode& node : summary_.nodes) write(node);
    if (!summary_.waits.empty()) line(0, "\nlongest waits");
    for (const StoryWait& wait : summary_.waits) {
      line(1, fmt::format("{} of {}: between {} and {}", format_duration(wait.length), wait.object,
                          wait.before, wait.after));
    }
    if (!summary_.trouble.empty()) line(0, "\nerrors and warnings");
    for (const StoryTrouble& trouble : summary_.trouble) {
      line(1, fmt::format("{} {}x {}", severity_letter(trouble.severity), trouble.records,
                          trouble.words));
    }
    if (!summary_.unseen.empty()) line(0, "\nnever seen");
    for (const std::string& words : summary_.unseen) line(1, words);
  }

 private:
  void write(const StoryNode& node) {
    std::string text = node.name;
    const auto add = [&](const char* what, const std::optional<Time>& time) {
      if (time) text += fmt::format("  {} {}", what, since_begin(*time));
    };
    add("created", node.created);
    for (const auto& [component, time] : node.seen) {
      text += fmt::format("  {} {}", component, since_begin(time));
    }
    add("ready", node.ready);
    add("deleted", node.deleted);
    text += fmt::format("  ({} records", node.records);
    if (node.errors > 0) text += fmt::format(", {} errors", node.errors);
    if (node.warnings > 0) text += fmt::format(", {} warnings", node.warnings);
    line(node.depth, text + ")", 2);
  }

  std::string since_begin(Time time) const {
    const bool before = time < summary_.begin;
    const Duration length =
        before ? distance(time, summary_.begin) : distance(summary_.begin, time);
    return fmt::format("{}{}", before ? '-' : '+', format_duration(length));
  }

  std::string civil(Time time) const {
    const CivilTime at = to_civil(time, style_.zone);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06} ({})", at.year, at.month, at.day,
                       at.hour, at.minute, at.second, at.fraction.count() / 1000,
                       style_.zone.name());
  }

  // A terminal has it wrapped where so many spaces are.
  void line(std::size_t depth, std::string_view text, std::size_t spaces = 1) {
    std::string visible;
    append_visible(text, Breaks::keep, visible);
    const std::size_t columns = style_.columns == 0 ? std::string::npos : style_.columns;
    append_wrapped(visible, 2 * depth, columns, out_, kHanging, spaces);
    out_ += '\n';
  }

  const StorySummary& summary_;
  const Style& style_;
  std::string& out_;
};

class JsonSummary {
 public:
  JsonSummary(const StorySummary& summary, std::string& out) : summary_(summary), out_(out) {}

  void write() {
    JsonObject object(out_);
    object.text("start", summary_.start);
    object.number("records", summary_.records);
    object.text("begin", format_rfc3339(summary_.begin, 6));
    object.text("end", format_rfc3339(summary_.end, 6));
    array(object, "objects", summary_.nodes, [this](const StoryNode& node) { write(node); });
    array(object, "waits", summary_.waits, [this](const StoryWait& wait) { write(wait); });
    array(object, "trouble", summary_.trouble, [this](const StoryTrouble& one) { write(one); });
    array(object, "unseen", summary_.unseen,
          [this](const std::string& words) { append_json_string(words, out_); });
    object.close();
    out_ += '\n';
  }

 private:
  template <typename List, typename Write>
  void array(JsonObject& object, std::string_view name, const List& list, const Write& write) {
    object.member(name) += '[';
    for (const auto& one : list) {
      if (&one != &list.front()) out_ += ',';
      write(one);
    }
    out_ += ']';
  }

  void write(const StoryNode& node) {
    JsonObject object(out_);
    object.text("object", node.name);
    object.number("depth", node.depth);
    const auto add = [&](const char* name, const std::optional<Time>& time) {
      if (time) object.text(name, format_rfc3339(*time, 6));
    };
    add("created", node.created);
    add("ready", node.ready);
    add("deleted", node.deleted);
    JsonObject seen(object.member("firstSeen"));
    for (const auto& [component, time] : node.seen) {
      seen.text(component, format_rfc3339(time, 6));
    }
    seen.close();
    object.number("records", node.records);
    object.number("errors", node.errors);
    object.number("warnings", node.warnings);
    object.close();
  }

  void write(const StoryWait& wait) {
    JsonObject object(out_);
    append_decimal(wait.length.count(), 6, object.member("durationMs"));
    object.text("object", wait.object);
    object.text("before", wait.before);
    object.text("after", wait.after);
    object.close();
  }

  void write(const StoryTrouble& trouble) {
    JsonObject object(out_);
    object.text("severity", severity_name(trouble.severity));
    object.text("message", trouble.words);
    object.number("records", trouble.records);
    object.close();
  }

  const StorySummary& summary_;
  std::string& out_;
};

}  // namespace

void write_summary(const StorySummary& summary, std::string_view format, const Style& style,
                   std::string& out) {
  if (format == "json") {
    JsonSummary(summary, out).write();
  } else {
    TextSummary(summary, style, out).write();
  }
}

}  // namespace ktrace::output
