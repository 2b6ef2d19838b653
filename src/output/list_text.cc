// A list of traces as a table.
//
//   TRACE KEY   RECORDS ERRORS SEV START 2020-06-10 UTC DURATION    GAP COMPONENTS
//   111   reqID      15      0 I   11:35:39.936            451ms  218ms kube-apiserver,kubelet
//
// Where all traces start on one day, the heading tells it, otherwise each row does. `-` stands for
// what a trace does not have: a severity; a duration and a gap when it is a single record; a
// component.
//
// A terminal gets rows that fit, by giving up step by step: "kube-" before the components; wide
// headings, long keys, fractions beside dates; on a narrow terminal the ends of the identifiers,
// down to a beginning that tells each from the others; components, then counted as "+2".
// Otherwise lines may have any length and nothing is cut.
//
// Most rows of a long list are of one record, and look like one shortly before but for their
// identifiers and starts: they are made by copying that row and writing over these.

#include <array>
#include <cstring>

#include <fmt/format.h>

#include "colors.h"
#include "escape.h"
#include "ktrace/output.h"
#include "layout.h"
#include "list_cells.h"
#include "list_plan.h"

namespace ktrace::output {
namespace {

/// Writes rows of one table, one after the other.
class TableRows {
 public:
  TableRows(const Plan& plan, const Style& style, std::string& out)
      : plan_(plan), style_(style), out_(out) {}

  void add(const TraceRow& row) {
    if (!is_common(row)) return write(row);
    const std::string_view component = row.components.empty() ? "" : row.components.front();
    Common& common = commons_[place_of(row, component)];
    if (!common.looks_like(row, component)) return keep(row, component, common);
    const std::size_t begin = out_.size();
    out_ += common.text;
    row.id.copy(out_.data() + begin, row.id.size());
    const std::string_view start = start_of(row);
    start.copy(out_.data() + begin + common.start, start.size());
  }

  /// What is no row, but has its cells.
  void add(const std::array<std::string, kColumns>& headings);

 private:
  /// A row of one record.
  struct Common {
    std::string_view key, component;
    std::uint64_t errors = 0;
    Severity severity = Severity::unspecified;
    std::size_t id = 0;     // how long it is
    std::size_t start = 0;  // where that stands in `text`
    std::string text;

    bool looks_like(const TraceRow& row, std::string_view only) const {
      return id == row.id.size() && is_same(key, row.key) && is_same(component, only) &&
             severity == row.severity && errors == row.errors;
    }
  };

  bool is_common(const TraceRow& row) const {
    return row.records == 1 && row.timed && row.components.size() <= 1 && plan_.plain_ids &&
           !plan_.cuts_traces && !row.id.empty();
  }

  static std::size_t place_of(const TraceRow& row, std::string_view component) {
    const auto key = reinterpret_cast<std::uintptr_t>(row.key.data());
    const auto name = reinterpret_cast<std::uintptr_t>(component.data());
    return (key / 32 + name / 16 * 5 + static_cast<std::size_t>(row.severity) * 3 + row.id.size()) %
           kCommons;
  }

  void keep(const TraceRow& row, std::string_view component, Common& common) {
    const std::size_t begin = out_.size();
    write(row);
    common = {row.key,       component,      row.errors,        row.severity,
              row.id.size(), start_ - begin, out_.substr(begin)};
  }

  void write(const TraceRow& row);

  void cell(Column column, std::string_view text, Row& row, std::string_view color = kPlain) const {
    row.cell(text, plan_.widths[column], style_.color ? color : kPlain, alignment(column));
  }

  /// `text` is shown as a terminal can take it, which is made in `made` if need be.
  void any_cell(Column column, std::string_view text, Row& row, std::string_view color = kPlain) {
    if (is_plain(text)) return plain_cell(column, text, row, color);
    made_.clear();
    append_visible(text, Breaks::show, made_);
    cell(column, made_, row, color);
  }

  void plain_cell(Column column, std::string_view text, Row& row, std::string_view color = kPlain) {
    row.plain_cell(text, plan_.widths[column], style_.color ? color : kPlain, alignment(column));
  }

  void cut_cell(Column column, std::string_view text, Row& row, std::string_view color = kPlain);
  void duration_cells(const TraceRow& row, Row& cells);
  void names_cell(const TraceRow& row, Row& cells);

  std::string_view start_of(const TraceRow& row) {
    return plan_.starts.cell(row.start, plan_.brief, start_cell_);
  }

  static constexpr std::size_t kCommons = 16;

  const Plan& plan_;
  const Style& style_;
  std::string& out_;
  std::string made_;                // a cell
  RecentLists<std::string> names_;  // their cells
  Starts::Cell start_cell_;
  std::size_t start_ = 0;  // where the start of the row that was written last stands
  std::array<Common, kCommons> commons_;
};

void TableRows::add(const std::array<std::string, kColumns>& headings) {
  Row row(out_);
  for (std::size_t i = 0; i < kColumns; ++i) {
    cell(static_cast<Column>(i), headings[i], row, kBold);
  }
  row.flush();
  out_ += '\n';
}

void TableRows::write(const TraceRow& row) {
  Row cells(out_);
  const auto number = [](const fmt::format_int& text) {
    return std::string_view(text.data(), text.size());
  };
  const char letter = severity_letter(row.severity);
  const bool stated = row.severity != Severity::unspecified;
  if (plan_.cuts_traces) {
    cut_cell(trace, row.id, cells);
  } else if (plan_.plain_ids) {
    plain_cell(trace, row.id, cells);
  } else {
    any_cell(trace, row.id, cells);
  }
  if (plan_.brief) {
    cut_cell(key, row.key, cells, kDim);
  } else {
    any_cell(key, row.key, cells, kDim);
  }
  plain_cell(records, number(fmt::format_int(row.records)), cells);
  plain_cell(errors, number(fmt::format_int(row.errors)), cells,
             row.errors > 0 ? kBoldRed : kPlain);
  plain_cell(severity, stated ? std::string_view(&letter, 1) : kNone, cells,
             severity_color(row.severity));
  cells.advance();
  start_ = out_.size();
  plain_cell(start, row.timed ? start_of(row) : kNone, cells);
  duration_cells(row, cells);
  names_cell(row, cells);
  cells.flush();
  out_ += '\n';
}

void TableRows::duration_cells(const TraceRow& row, Row& cells) {
  if (row.records < 2) {
    plain_cell(duration, kNone, cells);
    plain_cell(gap, kNone, cells);
    return;
  }
  cell(duration, format_duration(distance(row.start, row.end)), cells);
  cell(gap, format_duration(row.largest_gap), cells);
}

void TableRows::cut_cell(Column column, std::string_view text, Row& row, std::string_view color) {
  made_.clear();
  append_cut(text, plan_.widths[column], made_);
  cell(column, made_, row, color);
}

void TableRows::names_cell(const TraceRow& row, Row& cells) {
  const auto make = [&] {
    const std::size_t width = style_.columns > 0 ? plan_.widths[names] : kAnyWidth;
    std::string made;
    append_components(row.components, {plan_.bare, width}, made);
    return made;
  };
  cell(names, names_.get(row.components, make), cells);
}

class ListText final : public ListWriter {
 public:
  explicit ListText(const Style& style) : style_(style) {}

  void begin(const TraceRows& rows, std::string& out) override {
    if (rows.size() == 0) return;
    plan_ = plan_list(rows, style_);
    TableRows(plan_, style_, out).add(plan_.headings);
  }

  void rows(const TraceRows& rows, std::size_t begin, std::size_t end,
            std::string& out) const override {
    TableRows table(plan_, style_, out);
    TraceRow row;
    for (std::size_t i = begin; i < end; ++i) {
      rows.make(i, row);
      table.add(row);
    }
  }

  void end(std::string&) override {}

 private:
  Style style_;
  Plan plan_;
};

}  // namespace

std::unique_ptr<ListWriter> make_list_text(const Style& style) {
  return std::make_unique<ListText>(style);
}

}  // namespace ktrace::output
