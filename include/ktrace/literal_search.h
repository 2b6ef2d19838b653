// Where literals stand in a block, at the speed of memory.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/vectors.h"

namespace ktrace::trace {

class ManyLiterals;

/// Thread-safe once built.
class LiteralSearch {
 public:
  /// `literals`: none is empty. `any_case`: ASCII letters are compared without case. `vectors`: not
  /// wider than this machine's.
  LiteralSearch(std::vector<std::string> literals, bool any_case,
                Vectors vectors = widest_vectors());
  ~LiteralSearch();
  LiteralSearch(LiteralSearch&&) noexcept;
  LiteralSearch& operator=(LiteralSearch&&) noexcept;

  /// Appends the positions at which any literal begins in `block`, in ascending order. The block
  /// has 64 readable bytes beyond its end; a literal that runs over the end is not found.
  void find_all(std::string_view block, std::vector<std::size_t>& positions) const;

  /// find_all() of this search and of `other`, which looks for few literals, in one go: faster than
  /// one after the other when each has one.
  void find_both(std::string_view block, const LiteralSearch& other,
                 std::vector<std::size_t>& positions,
                 std::vector<std::size_t>& other_positions) const;

  std::size_t longest() const { return longest_; }

 private:
  struct Needle {
    std::string text;           // lower case when any_case
    std::size_t first, second;  // positions of the two bytes that are compared first
  };
  std::vector<Needle> needles_;
  std::unique_ptr<ManyLiterals> many_;  // of all needles, when there are many
  bool any_case_;
  Vectors vectors_;
  std::size_t longest_ = 0;
};

}  // namespace ktrace::trace
