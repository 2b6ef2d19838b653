// Where the words of a block begin and end that may be names, as numbers.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ktrace/vectors.h"
#include "word_masks.h"

namespace ktrace::trace {

/// Of one stripe of a block after the other. Not thread-safe.
class WordEdges {
 public:
  /// How many masks a stripe has at most, and one more for the end of the block.
  static constexpr std::size_t kStripe = 32;

  explicit WordEdges(Vectors vectors = widest_vectors());

  /// Of `count` times 64 bytes, the first of them at `at`. Words begin with a letter behind
  /// whatever is of no word; that a `letter` is none keeps a word from beginning there.
  void find(std::uint32_t at, const WordMasks* masks, std::size_t count);

  /// How many words have ended, and where they began and did so. 8 more may be read.
  std::size_t size() const { return ended_; }
  const std::uint32_t* begins() const { return begins_.data(); }
  const std::uint32_t* ends() const { return ends_.data(); }

  /// Forgets the words that have ended.
  void clear();

 private:
  // A word of a stripe takes two places or more; of the last one before it the end may be missing.
  // Some more are noted than there are: see note().
  using Places = std::array<std::uint32_t, (kStripe + 1) * 32 + 1 + 64>;

  struct Bits;

  Bits next(const WordMasks& masks);
  void find_by_bits(std::uint32_t at, const WordMasks* masks, std::size_t count);
  void find_by_vectors(std::uint32_t at, const WordMasks* masks, std::size_t count);

  Vectors vectors_;
  bool moves_bytes_;
  Places begins_{}, ends_{};
  std::size_t begun_ = 0, ended_ = 0;
  std::uint64_t before_ = 0;  // whether the place before is of a word,
  std::uint64_t carry_ = 0;   // and whether that may be a name
};

}  // namespace ktrace::trace
