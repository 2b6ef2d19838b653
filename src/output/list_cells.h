// The cells of a list of traces: identifiers and other text cut to a width, components, starts.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clock.h"
#include "ktrace/time.h"

namespace ktrace::output {

inline constexpr std::size_t kAnyWidth = std::numeric_limits<std::size_t>::max();

/// Stands for what a trace does not have.
inline constexpr std::string_view kNone = "-";

/// Appends `text` for a terminal, its end replaced by an ellipsis when it is wider than `width`.
void append_cut(std::string_view text, std::size_t width, std::string& out);

/// How wide `text` is, whatever it holds, as a terminal is shown it.
std::size_t cell_width(std::string_view text);

/// How the components of a row are shown.
struct ComponentStyle {
  bool bare = false;  ///< without the prefix that most have in common
  std::size_t width = kAnyWidth;

  std::string_view name(std::string_view component) const;
};

/// Appends as many names as there is room for, but at least the beginning of one, separated by
/// commas, then how many are not shown.
void append_components(std::span<const std::string_view> names, const ComponentStyle& style,
                       std::string& out);

/// How wide they are when all are shown.
std::size_t components_width(std::span<const std::string_view> names, bool bare);

/// Whether both are one string, not only of the same text. All rows of a list share those of their
/// keys and components.
inline bool is_same(std::string_view a, std::string_view b) {
  return a.data() == b.data() && a.size() == b.size();
}

/// What was made for the component lists of rows shortly before, whose strings are the same.
template <typename Made>
class RecentLists {
 public:
  /// What make() gave for `names`, now or earlier. Until the next call.
  template <typename Make>
  const Made& get(std::span<const std::string_view> names, const Make& make) {
    std::size_t place = names.size();
    for (const std::string_view name : names) {
      place = place * 31 + reinterpret_cast<std::uintptr_t>(name.data()) / 16;
    }
    Recent& recent = recent_[place % recent_.size()];
    if (!recent.any || !std::equal(names.begin(), names.end(), recent.names.begin(),
                                   recent.names.end(), is_same)) {
      recent = {true, {names.begin(), names.end()}, make()};
    }
    return recent.made;
  }

 private:
  struct Recent {
    bool any = false;
    std::vector<std::string_view> names;
    Made made{};
  };

  std::array<Recent, 64> recent_;
};

/// How the starts of the traces are shown, in the zone of display: with the date where they differ
/// in it, otherwise it stands in the heading.
class Starts {
 public:
  Starts() = default;
  Starts(const Zone& zone, Time first, Time last);

  /// `brief`: shorter where something else tells, or few will miss it.
  std::string heading(bool brief) const;

  /// Where cells are made, one after the other; always with the same `brief`.
  class Cell {
    friend Starts;
    std::string text_;
    std::size_t second_ = 0;  // where the text of the second ends
    SecondChange changed_;
  };

  /// A view of `cell`. All cells are of one length.
  std::string_view cell(Time start, bool brief, Cell& cell) const;

 private:
  Zone zone_;
  CivilTime day_{};  // of the first
  bool one_year_ = true;
  bool one_day_ = true;
};

}  // namespace ktrace::output
