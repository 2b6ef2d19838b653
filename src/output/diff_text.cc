// Two stories as a table, as diff(1) shows files: what only A has behind -, what only B has behind
// +, ! where one lost time, ~ where a step came much more often in one. What is the same is counted
// where it stands, or shown when all is. Times are since the beginning of each story.
//
//          A         B  difference  step
// -   +1.20s                        pod: kubelet Created PodSandbox for pod
// !   +1.30s    +31.0s     +29.6s   pod: kubelet Pulled Pod *: Successfully pulled *
//     4 steps alike
//
// Last, the steps that lost most time on either side.

#include <algorithm>

#include <fmt/format.h>

#include "colors.h"
#include "escape.h"
#include "ktrace/output.h"
#include "layout.h"

namespace ktrace::output {
namespace {

constexpr std::size_t kTime = 9, kDifference = 10;
constexpr std::size_t kIndent = 2 + kTime + 1 + kTime + 1 + kDifference + 2;
constexpr std::size_t kMostLosses = 5;
constexpr std::string_view kRed = "31", kGreen = "32", kYellow = "33";

char mark_of(const DiffRow& row) {
  if (row.a.records == 0) return '+';
  if (row.b.records == 0) return '-';
  if (row.change == "often") return '~';
  return row.change == "same" ? ' ' : '!';
}

std::string_view color_of(char mark) {
  switch (mark) {
    case '-':
      return kRed;
    case '+':
      return kGreen;
    case '!':
    case '~':
      return kYellow;
    default:
      return kPlain;
  }
}

// "pod: kubelet Created PodSandbox for pod"
std::string name_of(const DiffRow& row) {
  std::string name;
  if (!row.object.empty()) name.append(row.object).append(": ");
  name.append(row.component).append(" ");
  if (row.severity >= Severity::warning) {
    name.append(1, severity_letter(row.severity)).append(" ");
  }
  return name.append(row.words);
}

std::string since(Duration time) { return fmt::format("+{}", format_duration(time)); }

std::string plural(const std::string& word) {
  if (word.ends_with('s')) return fmt::format("{}es", word);
  if (word.ends_with('y')) return fmt::format("{}ies", word.substr(0, word.size() - 1));
  return fmt::format("{}s", word);
}

class DiffText {
 public:
  DiffText(const StoryDiff& diff, const Style& style, std::string& out)
      : diff_(diff), style_(style), out_(out) {}

  void write() {
    write_story('A', diff_.a);
    write_story('B', diff_.b);
    out_ += '\n';
    Row heading(out_);
    cells(heading, ' ', "A", "B", "difference", kDim);
    heading.cell("step", 0, color_if(kDim));
    heading.flush();
    out_ += '\n';
    for (const DiffRow& row : diff_.rows) {
      if (row.change == "same" && !diff_.all) {
        ++alike_;
        continue;
      }
      flush_alike();
      write_row(row);
    }
    flush_alike();
    write_losses("\nwhere B lost time", +1);
    write_losses("\nwhere A lost time", -1);
  }

 private:
  void write_story(char letter, const DiffStory& story) {
    std::string text = fmt::format("{} {}: {} records", letter, story.start, story.records);
    const char* between = " about ";
    for (const auto& [kind, count] : story.objects) {
      text += fmt::format("{}{} {}", between, count, count == 1 ? kind : plural(kind));
      between = ", ";
    }
    if (story.records > 0) {
      const CivilTime at = to_civil(story.begin, style_.zone);
      text += fmt::format(" in {}, from {:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06} ({})",
                          format_duration(distance(story.begin, story.end)), at.year, at.month,
                          at.day, at.hour, at.minute, at.second, at.fraction.count() / 1000,
                          style_.zone.name());
    }
    line(text, 0, 2, kBold);
  }

  void flush_alike() {
    if (alike_ == 0) return;
    line(fmt::format("{} step{} alike", alike_, alike_ == 1 ? "" : "s"), kIndent, kIndent, kDim);
    alike_ = 0;
  }

  std::string_view color_if(std::string_view color) const { return style_.color ? color : kPlain; }

  void cells(Row& row, char mark, std::string_view a, std::string_view b,
             std::string_view difference, std::string_view color) const {
    color = color_if(color);
    row.cell(std::string_view(&mark, mark == ' ' ? 0 : 1), 1, color);
    row.cell(a, kTime, color, Row::Align::right);
    row.cell(b, kTime, color, Row::Align::right);
    row.cell(difference, kDifference + 1, color, Row::Align::right);
  }

  void write_row(const DiffRow& row) {
    const char mark = mark_of(row);
    const bool took = longer_counts(row);
    const Duration lost = took ? row.longer : row.lost;
    std::string difference;
    if (mark == '!' && lost != Duration::zero()) {
      const bool by_b = lost > Duration::zero();
      difference = fmt::format("{}{}", by_b ? '+' : '-', format_duration(by_b ? lost : -lost));
    }
    const bool firsts = mark != '!' || took;
    std::string head;
    Row cells_of(head);
    cells(cells_of, mark, row.a.records > 0 ? since(firsts ? row.a.first : row.at_a) : "",
          row.b.records > 0 ? since(firsts ? row.b.first : row.at_b) : "", difference,
          color_of(mark));
    const std::string body = name_of(row) + counts_of(row) + (took ? took_of(row) : "");
    cells_of.advance();
    out_ += head;
    put(body, kIndent, color_of(mark));
  }

  // (3x, 12x): where they differ, or are many.
  static std::string counts_of(const DiffRow& row) {
    if (row.a.records == row.b.records) {
      return row.a.records > 1 ? fmt::format("  ({}x)", row.a.records) : "";
    }
    const std::uint64_t only = std::max(row.a.records, row.b.records);
    if (row.a.records == 0 || row.b.records == 0) {
      return only > 1 ? fmt::format("  ({}x)", only) : "";
    }
    return fmt::format("  ({}x, {}x)", row.a.records, row.b.records);
  }

  // Whether what differs is how long the step itself took.
  static bool longer_counts(const DiffRow& row) {
    const bool changed = row.change == "slower" || row.change == "faster";
    return changed && std::chrono::abs(row.longer) > std::chrono::abs(row.lost);
  }

  static std::string took_of(const DiffRow& row) {
    return fmt::format("  took {}, {}", format_duration(*row.a.took), format_duration(*row.b.took));
  }

  void write_losses(std::string_view title, int sign) {
    std::vector<const DiffRow*> rows;
    for (const DiffRow& row : diff_.rows) {
      const bool changed = row.change == "slower" || row.change == "faster";
      if (changed && !longer_counts(row) && row.lost * sign > Duration::zero())
        rows.push_back(&row);
    }
    std::stable_sort(rows.begin(), rows.end(), [&](const DiffRow* a, const DiffRow* b) {
      return a->lost * sign > b->lost * sign;
    });
    if (rows.empty()) return;
    out_.append(title).append("\n");
    for (std::size_t i = 0; i < rows.size() && i < kMostLosses; ++i) {
      const DiffRow& row = *rows[i];
      std::string text =
          fmt::format("{} before {}", format_duration(row.lost * sign), name_of(row));
      if (row.after != SIZE_MAX) text += ", after " + name_of(diff_.rows[row.after]);
      line(text, 2, 4, kPlain);
    }
  }

  void line(std::string_view text, std::size_t first, std::size_t others, std::string_view color) {
    out_.append(first, ' ');
    put(text, others, color);
  }

  // The end of a line; made visible, and wrapped for a terminal.
  void put(std::string_view text, std::size_t indent, std::string_view color) {
    std::string visible, wrapped;
    append_visible(text, Breaks::show, visible);
    if (style_.columns > kIndent) {
      append_wrapped(visible, indent, style_.columns, wrapped);
      visible = wrapped.substr(indent);
    }
    paint(visible, color_if(color), out_);
    out_ += '\n';
  }

  const StoryDiff& diff_;
  const Style& style_;
  std::string& out_;
  std::size_t alike_ = 0;
};

}  // namespace

void write_diff_text(const StoryDiff& diff, const Style& style, std::string& out) {
  DiffText(diff, style, out).write();
}

}  // namespace ktrace::output
