// Where starts of a million rows lie in the same second as the one before, only the fraction is
// made anew: see clock.h.

#include "list_cells.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "escape.h"

namespace ktrace::output {
namespace {

constexpr std::string_view kEllipsis = "\u2026";
constexpr unsigned kFraction = 3;  // digits of the second's
constexpr std::string_view kCommonPrefix = "kube-";

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

// A row has up to five of these. A formatter would take a third of a row's time for them.
char* two_digits(unsigned number, char behind, char* out) {
  *out++ = static_cast<char>('0' + number / 10);
  *out++ = static_cast<char>('0' + number % 10);
  *out++ = behind;
  return out;
}

}  // namespace

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

std::string_view ComponentStyle::name(std::string_view component) const {
  const bool strip = bare && component.starts_with(kCommonPrefix);
  return strip ? component.substr(kCommonPrefix.size()) : component;
}

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

std::size_t components_width(std::span<const std::string_view> names, bool bare) {
  if (names.empty()) return kNone.size();
  const ComponentStyle style{bare, kAnyWidth};
  std::size_t width = names.size() - 1;
  for (const std::string_view name : names) width += cell_width(style.name(name));
  return width;
}

Starts::Starts(const Zone& zone, Time first, Time last) : zone_(zone), day_(to_civil(first, zone)) {
  const CivilTime end = to_civil(last, zone);
  one_year_ = day_.year == end.year;
  one_day_ = one_year_ && day_.month == end.month && day_.day == end.day;
}

std::string Starts::heading(bool brief) const {
  std::string text = one_day_ && brief ? "" : "START ";
  if (one_day_) text += fmt::format("{:04}-{:02}-{:02} ", day_.year, day_.month, day_.day);
  std::string_view zone = zone_.name();
  if (brief) zone.remove_prefix(zone.rfind('/') + 1);
  append_visible(zone, Breaks::show, text);
  return text;
}

std::string_view Starts::cell(Time start, bool brief, Cell& cell) const {
  std::string& text = cell.text_;
  if (cell.changed_(start)) {
    const CivilTime civil = to_civil(start, zone_);
    std::array<char, 32> made;
    char* end = made.data();
    if (!one_year_) end = fmt::format_to(end, "{:04}-", civil.year);
    if (!one_day_) end = two_digits(civil.day, ' ', two_digits(civil.month, '-', end));
    end = two_digits(civil.minute, ':', two_digits(civil.hour, ':', end));
    text.assign(made.data(), two_digits(civil.second, '.', end) - 1);
    cell.second_ = text.size();
  }
  if (one_day_ || !brief) {
    text.resize(cell.second_);
    append_fraction(start, kFraction, text);
  }
  return text;
}

}  // namespace ktrace::output
