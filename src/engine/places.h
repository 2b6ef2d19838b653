// Where wanted values may stand in a block.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/literal_search.h"

namespace ktrace::engine {

/// Thread-safe once built.
class Places {
 public:
  /// As trace::LiteralSearch.
  Places(std::vector<std::string> values, bool any_case);

  /// Gives the positions in ascending order, into `found`: those of the values themselves and, when
  /// records of the source `may_hide` values (format::may_hide), those of lines that do.
  void find_all(std::string_view block, bool may_hide, std::vector<std::size_t>& found) const;

 private:
  trace::LiteralSearch values_, marks_;
};

}  // namespace ktrace::engine
