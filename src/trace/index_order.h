// The identifiers of an index in the making that stand in their blocks as numbers, in the order of
// these.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index_block_ids.h"
#include "index_leaves.h"

namespace ktrace::trace::index {

/// Orders them a bucket at a time: by their numbers, then by their forms, then by their blocks.
/// Holds 4 bytes for each. `ids` must stay as they are.
class IdOrder {
 public:
  explicit IdOrder(const BlockIds& ids);

  /// The next bucket, which has all that have the same number; valid until the next call. Empty at
  /// the end.
  std::span<const Leaf> next();

  /// Whether both are the same identifier, in several blocks.
  bool same(const Leaf& a, const Leaf& b) const {
    return a.number == b.number && ids_.place(a.id) == ids_.place(b.id);
  }

 private:
  void gather(std::span<const std::uint32_t> bucket);
  void sort();

  std::size_t part_of(const Number& number, unsigned bits) const;

  const BlockIds& ids_;
  Wide least_ = ~Wide{0};                      // of all numbers
  unsigned width_ = 0;                         // bits of the largest distance from it
  std::vector<std::uint32_t> begins_, order_;  // of buckets, in the order of identifiers
  std::size_t bucket_ = 0;
  std::vector<Leaf> gathered_, sorted_;  // of a bucket
};

}  // namespace ktrace::trace::index
