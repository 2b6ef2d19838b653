// What is known of sources as a report: a block for each, one for all, then what may be wrong.
//
//   kube-apiserver.log
//     what    kube-apiserver, klog
//     time    2026-11-22 16:50:40.367 to 16:54:11.647 UTC, 3m31s
//     year    2026 from modification time, zone UTC by default
//     records 5607 in 6389 lines, 12 lines not parsed, 34 out of order by up to 24.1ms
//     IDs     audit-ID 3022, reqID 12
//     gaps    5.51s from 16:52:01.123, 4.96s from 16:53:17.004; usually up to 951ms
//
//   All 8 sources
//     ...
//   Findings
//     missing    kube-scheduler: no records of it
//
// A line is left out when there is nothing to say. On a terminal lines are wrapped; otherwise they
// may have any length.

#include <fmt/format.h>

#include "clock.h"
#include "colors.h"
#include "escape.h"
#include "ktrace/output.h"
#include "layout.h"

namespace ktrace::output {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kBody = 10;     // where what follows a label begins
constexpr std::size_t kFinding = 13;  // the same, of findings
constexpr std::size_t kMostNames = 4;
constexpr Duration kWorthWhile = std::chrono::seconds(1);
constexpr std::string_view kUnread = "plain";

std::string visible(std::string_view text) {
  std::string out;
  append_visible(text, Breaks::show, out);
  return out;
}

/// A list in words: parts with commas between.
class Words {
 public:
  template <typename... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (!text_.empty()) text_ += ", ";
    text_ += fmt::format(format, std::forward<Arguments>(arguments)...);
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string date_of(Time time, const Zone& zone) {
  const CivilTime civil = to_civil(time, zone);
  return fmt::format("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day);
}

std::string clock_of(Time time, const Zone& zone) {
  const CivilTime civil = to_civil(time, zone);
  std::string text = fmt::format("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second);
  append_fraction(time, 3, text);
  return text;
}

/// The time of day, with the date when it is not that of `reference`.
std::string time_of(Time time, Time reference, const Zone& zone) {
  const std::string date = date_of(time, zone);
  return (date == date_of(reference, zone) ? "" : date + " ") + clock_of(time, zone);
}

class CheckText final : public CheckWriter {
 public:
  explicit CheckText(const Style& style) : style_(style) {}

  void source(const CheckRow& row, std::string& out) override;
  void total(const CheckTotal& total, std::string& out) override;

 private:
  void heading(std::string_view text, std::string& out) const;
  void line(std::string_view label, const std::string& body, std::string& out,
            std::size_t indent = kBody) const;
  std::string painted(const std::string& text, std::string_view color, bool when) const;

  void all_sources(const CheckTotal& total, std::string& out) const;
  std::string span(Time start, Time end) const;
  std::string kinds(const CheckRow& row) const;
  std::string year(const CheckRow& row) const;
  std::string records(const CheckRow& row) const;
  std::string gaps(const CheckRow& row) const;
  std::string clock(const CheckSkew& skew) const;

  Style style_;
};

void CheckText::heading(std::string_view text, std::string& out) const {
  paint(text, style_.color ? kBold : kPlain, out);
  out += '\n';
}

void CheckText::line(std::string_view label, const std::string& body, std::string& out,
                     std::size_t indent) const {
  if (body.empty()) return;
  std::string lines;
  indent = std::max(indent, kIndent + label.size() + 1);
  append_wrapped(body, indent, style_.columns == 0 ? std::string::npos : style_.columns, lines);
  out.append(kIndent, ' ');
  paint(label, style_.color ? kDim : kPlain, out);
  out.append(lines, kIndent + label.size());
  out += '\n';
}

std::string CheckText::painted(const std::string& text, std::string_view color, bool when) const {
  std::string out;
  paint(text, style_.color && when ? color : kPlain, out);
  return out;
}

std::string CheckText::span(Time start, Time end) const {
  const Zone& zone = style_.zone;
  return fmt::format("{} {} to {} {}, {}", date_of(start, zone), clock_of(start, zone),
                     time_of(end, start, zone), visible(zone.name()),
                     format_duration(distance(start, end)));
}

/// "kubelet and kernel"
std::string names(const std::vector<Counted>& counts) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i > 0) text += " and ";
    if (i == kMostNames) return fmt::format("{}{} more", text, counts.size() - i);
    text += counts[i].first.empty() ? "others" : visible(counts[i].first);
  }
  return text;
}

/// "kube-apiserver on cp1, klog in cri"
std::string CheckText::kinds(const CheckRow& row) const {
  Words words;
  const std::string on = row.nodes.empty() ? "" : "on " + names(row.nodes);
  if (!row.components.empty()) {
    words.add("{}{}{}", names(row.components), on.empty() ? "" : " ", on);
  } else if (!on.empty()) {
    words.add("{}", on);
  }
  for (const auto& [payload, records] : row.payloads) {
    if (payload != kUnread || row.payloads.size() == 1) words.add("{}", payload);
  }
  std::string text = words.text();
  if (!row.envelopes.empty()) text += " in " + names(row.envelopes);
  return text;
}

std::string CheckText::year(const CheckRow& row) const {
  if (!row.year) return {};
  return fmt::format(
      "{} from {}, zone {} {}", *row.year, row.year_from, visible(row.zone),
      row.zone_from == "default" ? "by default" : fmt::format("from {}", row.zone_from));
}

std::string CheckText::records(const CheckRow& row) const {
  if (row.records == 0) return "none";
  Words words;
  words.add("{} in {} line{}", row.records, row.lines, row.lines == 1 ? "" : "s");
  if (row.unparsed > 0) {
    words.add("{}", painted(fmt::format("{} line{} not parsed", row.unparsed,
                                        row.unparsed == 1 ? "" : "s"),
                            kBoldYellow, row.unparsed > 0));
  }
  if (!row.in_order) {
    words.add("not in the order of time");
  } else if (row.late > 0) {
    words.add("{} out of order by up to {}", row.late, format_duration(row.lateness));
  }
  return words.text();
}

/// Of a source with few records only what anybody would call a gap.
std::string CheckText::gaps(const CheckRow& row) const {
  Words words;
  for (const CheckGap& gap : row.gaps) {
    const bool longest = &gap == &row.gaps.front();
    if (row.usual_gap ? !longest && gap.length / 2 < *row.usual_gap : gap.length < kWorthWhile) {
      continue;
    }
    const std::string text = fmt::format("{} from {}", format_duration(gap.length),
                                         time_of(gap.start, *row.start, style_.zone));
    words.add("{}", painted(text, kBoldYellow, gap.unusual));
  }
  if (!row.usual_gap) return words.text();
  return fmt::format("{}; usually up to {}", words.text(), format_duration(*row.usual_gap));
}

void CheckText::source(const CheckRow& row, std::string& out) {
  heading(row.source == "-" ? "standard input" : visible(row.source), out);
  line("what", kinds(row), out);
  if (row.start) line("time", span(*row.start, *row.end), out);
  line("year", year(row), out);
  line("records", records(row), out);
  Words identifiers;
  for (const auto& [key, count] : row.identifiers) {
    identifiers.add("{} {}", key.empty() ? "others" : visible(key), count);
  }
  line("IDs", identifiers.text(), out);
  line("gaps", gaps(row), out);
  for (const CheckSample& sample : row.samples) {
    line(fmt::format("line {}", sample.line), visible(sample.text), out);
  }
  out += '\n';
}

std::string CheckText::clock(const CheckSkew& skew) const {
  const std::string text =
      fmt::format("{} {} {} {} ({} {}s, spread {})", visible(skew.source),
                  format_duration(std::chrono::abs(skew.ahead)),
                  skew.ahead < Duration::zero() ? "behind" : "ahead of", visible(skew.reference),
                  skew.anchors, skew.match, format_duration(skew.spread));
  return painted(text, kBoldYellow, skew.significant);
}

void CheckText::all_sources(const CheckTotal& total, std::string& out) const {
  heading(fmt::format("All {} sources", total.sources), out);
  if (total.start) line("time", span(*total.start, *total.end), out);
  line("records", fmt::format("{}", total.records), out);
  Words parts;
  for (const std::string_view component : total.components) parts.add("{}", component);
  line("parts", parts.text(), out);
  for (const CheckSkew& skew : total.skew) line("clocks", clock(skew), out);
  out += '\n';
}

void CheckText::total(const CheckTotal& total, std::string& out) {
  if (total.sources > 1) all_sources(total, out);
  heading(total.findings.empty() ? "No findings" : "Findings", out);
  for (const CheckFinding& finding : total.findings) {
    line(finding.kind, fmt::format("{}: {}", visible(finding.subject), visible(finding.message)),
         out, kFinding);
  }
}

}  // namespace

std::unique_ptr<CheckWriter> make_check_text(const Style& style) {
  return std::make_unique<CheckText>(style);
}

}  // namespace ktrace::output
