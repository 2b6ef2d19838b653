// A list of traces as a table.
//
//   TRACE KEY   RECORDS ERRORS SEV START 2020-06-10 UTC DURATION    GAP COMPONENTS
//   111   reqID      15      0 I   11:35:39.936            451ms  218ms kube-apiserver,kubelet
//
// All rows are looked at before the first is written, so that columns are as wide as they must be,
// up to limits that keep one hostile identifier from padding all other rows. Where all traces start
// on one day, the heading tells it, otherwise each row does. `-` stands for what a trace does not
// have: a severity; a duration and a gap when it is a single record; a component.
//
// A terminal gets rows that fit, by giving up step by step: "kube-" before the components; wide
// headings, long keys, fractions beside dates; on a narrow terminal the ends of the identifiers,
// down to a beginning that tells each from the others; components, then counted as "+2".
// Otherwise lines may have any length and nothing is cut.

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "colors.h"
#include "escape.h"
#include "ktrace/output.h"
#include "layout.h"

namespace ktrace::output {
namespace {

constexpr unsigned kNarrow = 110;
constexpr std::size_t kWidestTrace = 64;
constexpr std::size_t kWidestKey = 32;
constexpr std::size_t kBriefKey = 12;
constexpr std::size_t kLeastPrefix = 8;  // of an identifier
constexpr std::size_t kLeastComponents = std::string_view("COMPONENTS").size();
constexpr std::size_t kAnyWidth = std::numeric_limits<std::size_t>::max();

constexpr std::string_view kNone = "-";
constexpr std::string_view kEllipsis = "\u2026";
constexpr std::string_view kCommonPrefix = "kube-";

// ---- Cells ------------------------------------------------------------------------------------

/// Appends `text` for a terminal, its end replaced by an ellipsis when it is wider than `width`.
void append_cut(std::string_view text, std::size_t width, std::string& out) {
  const std::size_t before = out.size();
  append_visible(text, Breaks::show, out);
  if (visible_width(std::string_view(out).substr(before)) <= width) return;
  out.resize(before);
  if (width > 1) append_visible(cut(text, width - 1), Breaks::show, out);
  out += kEllipsis;
}

std::size_t cell_width(std::string_view text) {
  if (is_plain(text)) return text.size();
  std::string cell;
  append_visible(text, Breaks::show, cell);
  return visible_width(cell);
}

/// How the components of a row are shown.
struct ComponentStyle {
  bool bare = false;  // without the prefix that most have in common
  std::size_t width = kAnyWidth;

  std::string_view name(std::string_view component) const {
    const bool strip = bare && component.starts_with(kCommonPrefix);
    return strip ? component.substr(kCommonPrefix.size()) : component;
  }
};

std::string others(std::size_t count) { return count == 0 ? "" : fmt::format(",+{}", count); }

/// How many of the names there is room for, beside the count of the others.
std::size_t fitting(std::span<const std::string_view> names, const ComponentStyle& style) {
  if (style.width == kAnyWidth) return names.size();
  std::size_t fit = 0;
  std::size_t width = 0;
  for (std::size_t i = 0; i < names.size() && width <= style.width; ++i) {
    width += cell_width(style.name(names[i])) + (i > 0);
    if (width + others(names.size() - i - 1).size() <= style.width) fit = i + 1;
  }
  return fit;
}

/// Appends as many names as there is room for, but at least the beginning of one, separated by
/// commas, then how many are not shown.
void append_components(std::span<const std::string_view> names, const ComponentStyle& style,
                       std::string& out) {
  if (names.empty()) {
    out += kNone;
    return;
  }
  const std::size_t fit = fitting(names, style);
  const std::string rest = others(names.size() - std::max<std::size_t>(fit, 1));
  if (fit == 0) {
    const std::size_t room = std::max(style.width, rest.size() + 2) - rest.size();
    append_cut(style.name(names[0]), room, out);
  }
  for (std::size_t i = 0; i < fit; ++i) {
    if (i > 0) out += ',';
    append_visible(style.name(names[i]), Breaks::show, out);
  }
  out += rest;
}

std::size_t components_width(const TraceRow& row, bool is_bare) {
  if (row.components.empty()) return kNone.size();
  const ComponentStyle style{is_bare, kAnyWidth};
  std::size_t width = row.components.size() - 1;
  for (const std::string_view name : row.components) width += cell_width(style.name(name));
  return width;
}

// ---- Starts -----------------------------------------------------------------------------------

/// How the starts of the traces are shown, in the zone of display: with the date where they differ
/// in it, otherwise it stands in the heading.
class Starts {
 public:
  Starts() = default;
  Starts(const Zone& zone, Time first, Time last) : zone_(zone), day_(to_civil(first, zone)) {
    const CivilTime end = to_civil(last, zone);
    one_year_ = day_.year == end.year;
    one_day_ = one_year_ && day_.month == end.month && day_.day == end.day;
  }

  /// `brief`: shorter where something else tells, or few will miss it.
  std::string heading(bool brief) const {
    std::string text = one_day_ && brief ? "" : "START ";
    if (one_day_) text += fmt::format("{:04}-{:02}-{:02} ", day_.year, day_.month, day_.day);
    std::string_view zone = zone_.name();
    if (brief) zone.remove_prefix(zone.rfind('/') + 1);
    append_visible(zone, Breaks::show, text);
    return text;
  }

  using Room = std::array<char, 32>;

  std::string_view cell(Time start, bool brief, Room& room) const {
    const CivilTime civil = to_civil(start, zone_);
    const auto milliseconds = static_cast<unsigned>(civil.fraction / std::chrono::milliseconds(1));
    char* end = room.data();
    if (!one_year_) end = fmt::format_to(end, "{:04}-", civil.year);
    if (!one_day_) end = two(two(end, civil.month, '-'), civil.day, ' ');
    end = two(two(two(end, civil.hour, ':'), civil.minute, ':'), civil.second, '.');
    if (one_day_ || !brief) {
      *end++ = static_cast<char>('0' + milliseconds / 100);
      end = two(end, milliseconds % 100, ' ');
    }
    return {room.data(), static_cast<std::size_t>(end - room.data()) - 1};
  }

 private:
  // Two digits and what stands behind them.
  static char* two(char* out, unsigned number, char behind) {
    *out++ = static_cast<char>('0' + number / 10);
    *out++ = static_cast<char>('0' + number % 10);
    *out++ = behind;
    return out;
  }

  Zone zone_;
  CivilTime day_{};  // of the first
  bool one_year_ = true;
  bool one_day_ = true;
};

// ---- Identifiers ------------------------------------------------------------------------------

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool folded_less(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return folded(x) < folded(y); });
}

std::size_t common_beginning(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) { return folded(x) == folded(y); };
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end(), same);
  return static_cast<std::size_t>(end - a.begin());
}

/// How many bytes of the identifiers tell each from all others, at least kLeastPrefix. Without
/// case, as `grep --prefix` may take them.
std::size_t telling_prefix(const TraceRows& rows) {
  std::vector<std::string> ids;
  ids.reserve(rows.size());
  TraceRow row;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows.make(i, row);
    ids.push_back(row.id);
  }
  std::sort(ids.begin(), ids.end(), folded_less);
  std::size_t prefix = kLeastPrefix;
  for (std::size_t i = 1; i < ids.size(); ++i) {
    prefix = std::max(prefix, common_beginning(ids[i - 1], ids[i]) + 1);
  }
  return prefix;
}

// ---- Columns ----------------------------------------------------------------------------------

/// The columns in their order, each with its heading and the one for tables that would not fit.
enum Column : std::size_t { trace, key, records, errors, severity, start, duration, gap, names };

struct Heading {
  std::string_view full, brief;
  Row::Align align = Row::Align::left;
};

constexpr Heading kHeadings[] = {
    {"TRACE", "TRACE"},
    {"KEY", "KEY"},
    {"RECORDS", "RECS", Row::Align::right},
    {"ERRORS", "ERRS", Row::Align::right},
    {"SEV", "SEV"},
    {},  // the start's heading tells day and zone
    {"DURATION", "DURATION", Row::Align::right},
    {"GAP", "GAP", Row::Align::right},
    {"COMPONENTS", "COMPONENTS"},
};
constexpr std::size_t kColumns = std::size(kHeadings);

using Widths = std::array<std::size_t, kColumns>;

/// How one table is laid out.
struct Plan {
  bool brief = false;
  bool bare = false;
  bool cuts_traces = false;
  bool plain_ids = false;  // all are printable ASCII
  Widths widths{};
  std::array<std::string, kColumns> headings;

  std::size_t width() const {
    std::size_t sum = kColumns - 1;
    for (const std::size_t column : widths) sum += column;
    return sum;
  }
};

/// What the rows ask for. There may be a million: what most have in common is measured once.
class Survey {
 public:
  Survey() = default;
  Survey(const TraceRows& rows, const Zone& zone);

  const Starts& starts() const { return starts_; }

  Plan plan(bool brief, bool is_bare) const;

 private:
  void add(const TraceRow& row);
  void add(const Survey& other);
  void add_names(const TraceRow& row);

  void widen(Column column, std::size_t width) {
    widths_[column] = std::max(widths_[column], width);
  }

  Starts starts_;
  Time first_ = Time::max();
  Time last_ = Time::min();
  Widths widths_{};  // of whole cells; starts depend on the plan
  std::size_t bare_names_ = 0;
  std::uint64_t most_records_ = 0, most_errors_ = 0;
  bool plain_ids_ = true;
  std::string_view key_, one_;  // the key and the only component of a row before
};

Survey::Survey(const TraceRows& rows, const Zone& zone) {
  std::vector<Survey> pieces(rows.pieces());
  rows.each([&](std::size_t piece, const TraceRow& row) { pieces[piece].add(row); });
  for (const Survey& piece : pieces) add(piece);
  // Where nothing tells a time no day stands in the heading.
  if (first_ > last_) std::swap(first_, last_);
  starts_ = Starts(zone, first_, last_);
}

void Survey::add(const TraceRow& row) {
  const bool plain = is_plain(row.id);
  plain_ids_ = plain_ids_ && plain;
  widen(trace, plain ? row.id.size() : cell_width(row.id));
  if (row.key.data() != key_.data() || row.key.size() != key_.size()) {
    key_ = row.key;
    widen(key, cell_width(row.key));
  }
  most_records_ = std::max(most_records_, row.records);
  most_errors_ = std::max(most_errors_, row.errors);
  if (row.records > 1) {
    widen(duration, visible_width(format_duration(distance(row.start, row.end))));
    widen(gap, visible_width(format_duration(row.largest_gap)));
  }
  add_names(row);
  if (!row.timed) return;
  first_ = std::min(first_, row.start);
  last_ = std::max(last_, row.start);
}

void Survey::add_names(const TraceRow& row) {
  const std::string_view one = row.components.size() == 1 ? row.components[0] : "";
  if (!one.empty() && one.data() == one_.data() && one.size() == one_.size()) return;
  one_ = one;
  widen(names, components_width(row, false));
  bare_names_ = std::max(bare_names_, components_width(row, true));
}

void Survey::add(const Survey& other) {
  plain_ids_ = plain_ids_ && other.plain_ids_;
  most_records_ = std::max(most_records_, other.most_records_);
  most_errors_ = std::max(most_errors_, other.most_errors_);
  for (std::size_t i = 0; i < kColumns; ++i) widen(static_cast<Column>(i), other.widths_[i]);
  bare_names_ = std::max(bare_names_, other.bare_names_);
  first_ = std::min(first_, other.first_);
  last_ = std::max(last_, other.last_);
}

Plan Survey::plan(bool brief, bool is_bare) const {
  Plan plan;
  Starts::Room room;
  plan.plain_ids = plain_ids_;
  plan.brief = brief;
  plan.bare = is_bare;
  plan.widths = widths_;
  plan.widths[records] = fmt::format_int(most_records_).size();
  plan.widths[errors] = fmt::format_int(most_errors_).size();
  plan.widths[trace] = std::min(widths_[trace], kWidestTrace);
  plan.widths[key] = std::min(widths_[key], brief ? kBriefKey : kWidestKey);
  plan.widths[start] = starts_.cell(first_, brief, room).size();
  if (is_bare) plan.widths[names] = bare_names_;
  for (std::size_t i = 0; i < kColumns; ++i) {
    plan.headings[i] = brief ? kHeadings[i].brief : kHeadings[i].full;
    if (i == start) plan.headings[i] = starts_.heading(brief);
    plan.widths[i] = std::max(plan.widths[i], visible_width(plan.headings[i]));
  }
  return plan;
}

/// The plan that gives up least; `columns` 0: nothing.
Plan fit(const Survey& survey, const TraceRows& rows, unsigned columns) {
  Plan plan = survey.plan(false, false);
  if (columns == 0 || plan.width() <= columns) return plan;
  plan = survey.plan(false, true);
  if (plan.width() <= columns) return plan;
  plan = survey.plan(true, true);
  if (plan.width() <= columns) return plan;
  std::size_t& ids = plan.widths[trace];
  std::size_t& components = plan.widths[names];
  const std::size_t others = plan.width() - ids - components;
  const std::size_t room = columns > others ? columns - others : 0;
  if (columns < kNarrow) {
    const std::size_t least = std::min(ids, telling_prefix(rows) + 1);
    const std::size_t whole = ids;
    ids = std::clamp(room > components ? room - components : 0, least, ids);
    plan.cuts_traces = ids < whole;
  }
  components = std::max(room > ids ? room - ids : 0, kLeastComponents);
  return plan;
}

// ---- The writer -------------------------------------------------------------------------------

class ListText final : public ListWriter {
 public:
  explicit ListText(const Style& style) : style_(style) {}

  void begin(const TraceRows& rows, std::string& out) override;
  void row(const TraceRow& row, std::string& out) const override;
  void end(std::string&) override {}

 private:
  void cell(Column column, std::string_view text, Row& row, std::string_view color = kPlain) const {
    row.cell(text, plan_.widths[column], style_.color ? color : kPlain, kHeadings[column].align);
  }

  /// `text` is shown as a terminal can take it, which is made in `made` if need be.
  void any_cell(Column column, std::string_view text, std::string& made, Row& row,
                std::string_view color = kPlain) const {
    if (is_plain(text)) return plain_cell(column, text, row, color);
    made.clear();
    append_visible(text, Breaks::show, made);
    cell(column, made, row, color);
  }

  void plain_cell(Column column, std::string_view text, Row& row,
                  std::string_view color = kPlain) const {
    row.plain_cell(text, plan_.widths[column], style_.color ? color : kPlain,
                   kHeadings[column].align);
  }

  void cut_cell(Column column, std::string_view text, std::string& made, Row& row,
                std::string_view color = kPlain) const;
  void duration_cells(const TraceRow& row, Row& cells) const;
  void names_cell(const TraceRow& row, std::string& made, Row& cells) const;

  Style style_;
  Starts starts_;
  Plan plan_;
};

void ListText::begin(const TraceRows& rows, std::string& out) {
  if (rows.size() == 0) return;
  const Survey survey(rows, style_.zone);
  starts_ = survey.starts();
  plan_ = fit(survey, rows, style_.columns);
  Row row(out);
  for (std::size_t i = 0; i < kColumns; ++i) {
    cell(static_cast<Column>(i), plan_.headings[i], row, kBold);
  }
  row.flush();
  out += '\n';
}

void ListText::row(const TraceRow& row, std::string& out) const {
  Row cells(out);
  std::string made;  // a cell
  Starts::Room room;
  const auto number = [](const fmt::format_int& text) {
    return std::string_view(text.data(), text.size());
  };
  const char letter = severity_letter(row.severity);
  const bool stated = row.severity != Severity::unspecified;
  if (plan_.cuts_traces) {
    cut_cell(trace, row.id, made, cells);
  } else if (plan_.plain_ids) {
    plain_cell(trace, row.id, cells);
  } else {
    any_cell(trace, row.id, made, cells);
  }
  if (plan_.brief) {
    cut_cell(key, row.key, made, cells, kDim);
  } else {
    any_cell(key, row.key, made, cells, kDim);
  }
  plain_cell(records, number(fmt::format_int(row.records)), cells);
  plain_cell(errors, number(fmt::format_int(row.errors)), cells,
             row.errors > 0 ? kBoldRed : kPlain);
  plain_cell(severity, stated ? std::string_view(&letter, 1) : kNone, cells,
             severity_color(row.severity));
  const bool timed = row.timed;
  plain_cell(start, timed ? starts_.cell(row.start, plan_.brief, room) : kNone, cells);
  duration_cells(row, cells);
  names_cell(row, made, cells);
  cells.flush();
  out += '\n';
}

void ListText::duration_cells(const TraceRow& row, Row& cells) const {
  if (row.records < 2) {
    plain_cell(duration, kNone, cells);
    plain_cell(gap, kNone, cells);
    return;
  }
  cell(duration, format_duration(distance(row.start, row.end)), cells);
  cell(gap, format_duration(row.largest_gap), cells);
}

void ListText::cut_cell(Column column, std::string_view text, std::string& made, Row& row,
                        std::string_view color) const {
  made.clear();
  append_cut(text, plan_.widths[column], made);
  cell(column, made, row, color);
}

void ListText::names_cell(const TraceRow& row, std::string& made, Row& cells) const {
  const bool fitted = style_.columns > 0;
  const ComponentStyle style{plan_.bare, fitted ? plan_.widths[names] : kAnyWidth};
  if (!fitted && row.components.size() == 1) {
    return any_cell(names, style.name(row.components[0]), made, cells);
  }
  made.clear();
  append_components(row.components, style, made);
  cell(names, made, cells);
}

}  // namespace

std::unique_ptr<ListWriter> make_list_text(const Style& style) {
  return std::make_unique<ListText>(style);
}

}  // namespace ktrace::output
