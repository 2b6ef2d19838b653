// The columns of a list of traces, as wide as its rows ask for and a terminal allows.

#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "ktrace/output.h"
#include "layout.h"
#include "list_cells.h"

namespace ktrace::output {

/// The columns in their order.
enum Column : std::size_t { trace, key, records, errors, severity, start, duration, gap, names };

inline constexpr std::size_t kColumns = names + 1;

/// On which side of its column a cell stands.
Row::Align alignment(Column column);

/// How one table is laid out.
struct Plan {
  bool brief = false;
  bool bare = false;
  bool cuts_traces = false;
  bool plain_ids = false;  ///< all are printable ASCII
  Starts starts;
  std::array<std::size_t, kColumns> widths{};
  std::array<std::string, kColumns> headings;

  /// Of a row.
  std::size_t width() const;
};

/// The plan for `rows` that gives up least.
Plan plan_list(const TraceRows& rows, const Style& style);

}  // namespace ktrace::output
