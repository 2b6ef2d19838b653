// The identifiers of an index in the making, those of each block by themselves: numbered in the
// order in which they are new in it.
//
// While blocks come, none is compared to another: a table of one block stays in the nearest cache,
// one of a million identifiers does not. Which of them several blocks share shows when all are in
// the order of their numbers, which the leaves need them in anyway.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "index_chunks.h"
#include "index_layout.h"

namespace ktrace::trace::index {

/// An identifier stands at its form, as a Place, with its number; one that is told by a value
/// instead at Place::shared, with the value as the lower half of its number. Holds 17 bytes for
/// each.
class BlockIds {
 public:
  /// Begins a block, of kBlock occurrences at most.
  void begin();

  /// Adds the block's next occurrence, of the number with these halves. Gives how many occurrences
  /// before it the same identifier stands; 0 when it is new in the block, and has been given the
  /// number that size() was before. `hash` is one of place and number.
  std::uint16_t add(Place place, std::uint64_t high, std::uint64_t low, std::uint64_t hash);

  std::size_t size() const { return places_.size(); }
  Place place(std::uint32_t id) const { return places_[id]; }
  const Number& number(std::uint32_t id) const { return numbers_[id]; }

  /// Makes a later number() faster.
  void prefetch(std::uint32_t id) const { __builtin_prefetch(&numbers_[id]); }

  void set_shared(std::uint32_t id, std::uint64_t value);

  /// The number of the first identifier that is new in each block.
  const std::vector<std::uint32_t>& firsts() const { return firsts_; }

  /// The block of an identifier that is in that of `before` or in one behind it.
  std::uint32_t block_of(std::uint32_t id, std::uint32_t before) const;

 private:
  static constexpr std::size_t kSlots = 2 * kBlock;

  Chunks<Number> numbers_;
  Chunks<Place> places_;
  std::vector<std::uint32_t> firsts_;

  // Of the block: the identifiers, counted from 1, by their hashes; how many occurrences there
  // were, and how many with the last of each identifier.
  std::array<std::uint16_t, kSlots> slots_{};
  std::array<std::uint16_t, kBlock> last_{};
  std::uint16_t occurrences_ = 0;
};

}  // namespace ktrace::trace::index
