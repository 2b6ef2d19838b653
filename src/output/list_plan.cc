// All rows are looked at before the first is written, so that columns are as wide as they must be,
// up to limits that keep one hostile identifier from padding all other rows. What would not fit a
// terminal gives up step by step: see list_text.cc.

#include "list_plan.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "escape.h"

namespace ktrace::output {
namespace {

constexpr unsigned kNarrow = 110;
constexpr std::size_t kWidestTrace = 64;
constexpr std::size_t kWidestKey = 32;
constexpr std::size_t kBriefKey = 12;
constexpr std::size_t kLeastPrefix = 8;  // of an identifier
constexpr std::size_t kLeastComponents = std::string_view("COMPONENTS").size();

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

/// Each column has a heading, and one for tables that would not fit.
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
static_assert(std::size(kHeadings) == kColumns);

/// What the rows ask for. There may be a million: what most have in common is measured once.
class Survey {
 public:
  Survey() = default;
  Survey(const TraceRows& rows, const Zone& zone);

  Plan plan(bool brief, bool is_bare) const;

 private:
  void add(const TraceRow& row);
  void add(const Survey& other);
  void add_names(const TraceRow& row);

  void widen(Column column, std::size_t width) {
    widths_[column] = std::max(widths_[column], width);
  }

  // Below an hour a duration takes at most six columns.
  void widen(Column column, Duration length) {
    if (length < std::chrono::hours(1) && widths_[column] >= 6) return;
    widen(column, visible_width(format_duration(length)));
  }

  Starts starts_;
  Time first_ = Time::max();
  Time last_ = Time::min();
  std::array<std::size_t, kColumns> widths_{};  // of whole cells; starts depend on the plan
  std::size_t bare_names_ = 0;
  std::uint64_t most_records_ = 0, most_errors_ = 0;
  bool plain_ids_ = true;
  std::string_view key_;     // of the row before
  RecentLists<bool> lists_;  // of rows before
};

Survey::Survey(const TraceRows& rows, const Zone& zone) {
  std::vector<Survey> pieces(rows.pieces());
  rows.survey([&](std::size_t piece, const TraceRow& row) { pieces[piece].add(row); });
  for (const Survey& piece : pieces) add(piece);
  // Where nothing tells a time no day stands in the heading.
  if (first_ > last_) std::swap(first_, last_);
  starts_ = Starts(zone, first_, last_);
}

void Survey::add(const TraceRow& row) {
  const bool plain = is_plain(row.id);
  plain_ids_ = plain_ids_ && plain;
  widen(trace, plain ? row.id.size() : cell_width(row.id));
  if (!is_same(row.key, key_)) {
    key_ = row.key;
    widen(key, cell_width(row.key));
  }
  most_records_ = std::max(most_records_, row.records);
  most_errors_ = std::max(most_errors_, row.errors);
  if (row.records > 1) {
    widen(duration, distance(row.start, row.end));
    widen(gap, row.largest_gap);
  }
  add_names(row);
  if (!row.timed) return;
  first_ = std::min(first_, row.start);
  last_ = std::max(last_, row.start);
}

void Survey::add_names(const TraceRow& row) {
  lists_.get(row.components, [&] {
    widen(names, components_width(row.components, false));
    bare_names_ = std::max(bare_names_, components_width(row.components, true));
    return true;
  });
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
  Starts::Cell cell;
  plan.plain_ids = plain_ids_;
  plan.starts = starts_;
  plan.brief = brief;
  plan.bare = is_bare;
  plan.widths = widths_;
  plan.widths[records] = fmt::format_int(most_records_).size();
  plan.widths[errors] = fmt::format_int(most_errors_).size();
  plan.widths[trace] = std::min(widths_[trace], kWidestTrace);
  plan.widths[key] = std::min(widths_[key], brief ? kBriefKey : kWidestKey);
  plan.widths[start] = starts_.cell(first_, brief, cell).size();
  if (is_bare) plan.widths[names] = bare_names_;
  for (std::size_t i = 0; i < kColumns; ++i) {
    plan.headings[i] = brief ? kHeadings[i].brief : kHeadings[i].full;
    if (i == start) plan.headings[i] = starts_.heading(brief);
    plan.widths[i] = std::max(plan.widths[i], visible_width(plan.headings[i]));
  }
  return plan;
}

}  // namespace

Row::Align alignment(Column column) { return kHeadings[column].align; }

std::size_t Plan::width() const {
  std::size_t sum = kColumns - 1;
  for (const std::size_t column : widths) sum += column;
  return sum;
}

Plan plan_list(const TraceRows& rows, const Style& style) {
  const Survey survey(rows, style.zone);
  const unsigned columns = style.columns;
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

}  // namespace ktrace::output
