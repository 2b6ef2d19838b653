// The timeline as text, made to be read.
//
//   2020-06-10 (UTC)
//   11:35:40.199000 +9.71ms kube-apiserver          I httplog.go:90      verb=GET URI=…
//   11:35:40.244334 +45.3ms kube-controller-manager I replica_set.go:562 Too few replicas for …
//
// Columns: time of day, time since the record before, component (and node), severity, caller; then
// message and attributes. The date stands on a line of its own whenever it changes. The column of
// components is as wide as the sources demand, up to a limit; those of times and callers widen with
// what has been seen. On a terminal of less than kWide columns the message stands below the
// other columns, wrapped, and so does a caller that has no room beside them. Nothing is ever cut
// off.
//
// A record without a stamp shows no time, and the next one counts from the record before it.
// Characters of double width are taken for one column.

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>

#include "body.h"
#include "clock.h"
#include "colors.h"
#include "escape.h"
#include "ktrace/output.h"
#include "layout.h"

namespace ktrace::output {
namespace {

constexpr unsigned kWide = 120;
constexpr std::size_t kIndent = 4;  // of the message on a narrow terminal
constexpr std::size_t kDeltaWidth = std::string_view("+45.3ms").size();
constexpr std::size_t kWidestLabel = 40;
constexpr std::size_t kWidestCaller = 32;
constexpr Duration kLongGap = std::chrono::seconds(1);

/// Yellow and red are left to severities, blue comes late because it is dark on black.
constexpr std::array<std::string_view, 8> kComponentColors = {"36",   "32",   "35",   "34",
                                                              "1;36", "1;32", "1;35", "1;34"};

// ---- Labels -----------------------------------------------------------------------------------

/// How a source is called in the timeline: component/node; by its name when nothing is known of it.
struct Label {
  std::string text;
  std::string_view color;
};

class Labels {
 public:
  /// Labels of sources that were not announced are made when they come up.
  const Label& of(const Origin& origin) {
    const auto [entry, added] = labels_.try_emplace(&origin);
    if (added) entry->second = make(origin);
    return entry->second;
  }

  std::size_t width() const { return width_; }

 private:
  Label make(const Origin& origin) {
    Label label;
    append_visible(origin.component.empty() ? origin.name : origin.component, Breaks::show,
                   label.text);
    if (!origin.component.empty() && !origin.node.empty()) {
      label.text += '/';
      append_visible(origin.node, Breaks::show, label.text);
    }
    const std::size_t position =
        positions_.try_emplace(label.text, positions_.size()).first->second;
    label.color = kComponentColors[position % kComponentColors.size()];
    width_ = std::max(width_, std::min(visible_width(label.text), kWidestLabel));
    return label;
  }

  std::unordered_map<const Origin*, Label> labels_;
  std::unordered_map<std::string, std::size_t> positions_;  // among distinct labels
  std::size_t width_ = 0;
};

// ---- The writer -------------------------------------------------------------------------------

class TextWriter final : public Writer {
 public:
  explicit TextWriter(const Style& style)
      : style_(style), narrow_(style.columns > 0 && style.columns < kWide), body_(style.color) {}

  void begin(std::span<const Origin* const> origins, std::string&) override {
    for (const Origin* origin : origins) labels_.of(*origin);
  }
  void record(const Record& record, std::string& out) override;
  void end(std::string&) override {}

 private:
  std::string_view color(std::string_view wanted) const { return style_.color ? wanted : kPlain; }

  Time shown_time(const Record& record) const {
    return style_.begin_order ? record.begin() : record.time;
  }

  void enter_second(Time shown, std::string& out);
  void append_clock(const Record& record, Row& row);
  void append_delta(const Record& record, Row& row);
  void append_label(const Record& record, Row& row);
  void append_severity(const Record& record, Row& row) const;
  void append_caller(const Record& record, Row& row);
  void append_body(const Record& record, Row& row, std::string& out);
  void append_via(const Record& record, std::string& out) const;

  Style style_;
  bool narrow_;
  Labels labels_;
  Body body_;
  std::size_t clock_width_ = std::string_view("11:35:40.189286").size();
  std::size_t caller_width_ = std::string_view("replica_set.go:562").size();
  SecondChange second_changes_;
  std::string second_;  // of the record before: its time of day up to the fraction
  std::string date_;    // shown last
  std::optional<Time> previous_;
  std::string cell_;           // being made
  bool caller_below_ = false;  // the caller of the record, in cell_, stands before its message
};

void TextWriter::record(const Record& record, std::string& out) {
  if (record.has_time()) enter_second(shown_time(record), out);
  Row row(out);
  append_clock(record, row);
  append_delta(record, row);
  append_label(record, row);
  append_severity(record, row);
  append_caller(record, row);
  append_body(record, row, out);
  append_via(record, out);
  out += '\n';
}

void TextWriter::enter_second(Time shown, std::string& out) {
  if (!second_changes_(shown)) return;
  const CivilTime civil = to_civil(shown, style_.zone);
  second_ = fmt::format("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second);
  std::string date = fmt::format("{:04}-{:02}-{:02} (", civil.year, civil.month, civil.day);
  append_visible(style_.zone.name(), Breaks::show, date);
  date += ')';
  if (date == date_) return;
  paint(date, color(kDim), out);
  out += '\n';
  date_ = std::move(date);
}

void TextWriter::append_clock(const Record& record, Row& row) {
  cell_.clear();
  if (record.has_time()) {
    cell_ += second_;
    append_fraction(shown_time(record), shown_digits(record.stamp.digits), cell_);
  }
  clock_width_ = std::max(clock_width_, cell_.size());
  row.cell(cell_, clock_width_);
}

void TextWriter::append_delta(const Record& record, Row& row) {
  if (!record.has_time()) return row.cell({}, kDeltaWidth);
  const Time shown = shown_time(record);
  cell_.clear();
  Duration gap{};
  if (previous_ && shown < *previous_) {
    cell_ += '-';
    cell_ += format_duration(distance(shown, *previous_));
  } else if (previous_) {
    gap = distance(*previous_, shown);
    cell_ += '+';
    cell_ += format_duration(gap);
  }
  previous_ = shown;
  row.cell(cell_, kDeltaWidth, color(gap >= kLongGap ? kBoldYellow : kDim), Row::Align::right);
}

void TextWriter::append_label(const Record& record, Row& row) {
  if (record.origin == nullptr) {
    row.cell({}, labels_.width());
  } else {
    const Label& label = labels_.of(*record.origin);
    row.cell(label.text, labels_.width(), color(label.color));
  }
}

void TextWriter::append_severity(const Record& record, Row& row) const {
  const char letter = severity_letter(record.severity);
  const bool known = record.severity != Severity::unspecified;
  row.cell(std::string_view(&letter, known ? 1 : 0), 1, color(severity_color(record.severity)));
}

void TextWriter::append_caller(const Record& record, Row& row) {
  cell_.clear();
  append_visible(record.caller, Breaks::show, cell_);
  const std::size_t width = visible_width(cell_);
  caller_below_ = narrow_ && width > 0 && row.next() + width > style_.columns;
  if (caller_below_) return;
  caller_width_ = std::max(caller_width_, std::min(width, kWidestCaller));
  row.cell(cell_, caller_width_);
}

void TextWriter::append_body(const Record& record, Row& row, std::string& out) {
  row.flush();
  const std::string_view body = body_.compose(record);
  if (caller_below_) {
    out += '\n';
    append_wrapped(cell_.append(" ").append(body), kIndent, style_.columns, out);
  } else if (body.empty()) {
    return;
  } else if (narrow_) {
    out += '\n';
    append_wrapped(body, kIndent, style_.columns, out);
  } else {
    append_indented(body, row.advance(), out);
  }
}

// What brought the record into a story: the thing it names and the link that led to that; on
// request the whole way, a link a line.
void TextWriter::append_via(const Record& record, std::string& out) const {
  if (record.via.empty()) return;
  const Via& last = record.via.back();
  std::string text = (narrow_ ? "(via " : "  (via ") + last.to;
  if (record.via.size() > 1) {
    const Via& link = record.via[record.via.size() - 2];
    text += fmt::format(": {} {}", link.relation, link.from);
  }
  text += ')';
  if (style_.why) {
    for (const Via& link : record.via) {
      text += "\n    ";
      if (link.from.empty()) {
        text += fmt::format("this record: {} of {}", link.kind, link.to);
      } else {
        text += fmt::format("{} → {}: {} {}  [{}, {} byte {}]", link.from, link.to, link.relation,
                            link.from, link.kind, link.source, link.offset);
      }
    }
  }
  std::string visible;
  append_visible(text, Breaks::keep, visible);
  if (!narrow_) return paint(visible, color(kDim), out);
  std::string wrapped;
  append_wrapped(visible, kIndent, style_.columns, wrapped, kIndent);
  out += '\n';
  paint(wrapped, color(kDim), out);
}

}  // namespace

std::unique_ptr<Writer> make_text(const Style& style) {
  return std::make_unique<TextWriter>(style);
}

}  // namespace ktrace::output
