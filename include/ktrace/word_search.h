// Where any of many identifiers and names stand in a block, at nearly the speed of memory, however
// many there are.

#pragma once

#include <bitset>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ktrace/literal_search.h"

namespace ktrace::trace {

/// Thread-safe once built.
class WordSearch {
 public:
  /// `ids` are found wherever they stand; those of 32 hex digits without regard to case. `names`
  /// are found as whole words of letters, digits, '-' and '.', and before a '.' within such a word.
  WordSearch(const std::vector<std::string>& ids, const std::vector<std::string>& names);

  /// Appends the positions at which any identifier begins in `block`, in no order. The block has 64
  /// readable bytes beyond its end.
  void find_ids(std::string_view block, std::vector<std::size_t>& positions) const;

  /// Appends the positions at which any name begins, in ascending order; otherwise the same.
  void find_names(std::string_view block, std::vector<std::size_t>& positions) const;

  static constexpr unsigned kShortHashBits = 16;

 private:
  void find_uuids(std::string_view block, std::vector<std::size_t>& positions) const;
  void find_hexes(std::string_view block, std::vector<std::size_t>& positions) const;
  bool is_named(std::string_view word) const;

  std::unordered_set<std::string> uuids_, hexes_, names_;
  std::bitset<(1 << kShortHashBits)> beginnings_;  // of uuids_ and hexes_, as short hashes
  std::unique_ptr<LiteralSearch> others_;          // identifiers of other forms
  std::unique_ptr<LiteralSearch> heads_;           // what names begin with
};

/// Whether the record of a line, an audit event or a batch of spans, is told by identifiers alone
/// what it is about, whatever it names.
bool judged_by_ids(std::string_view line);

}  // namespace ktrace::trace
