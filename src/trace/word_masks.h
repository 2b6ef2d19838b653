// Which bytes of a text belong to words, as bits: what stands where is then found without a look at
// the bytes between.

#pragma once

#include <cstddef>
#include <cstdint>

#include "ktrace/vectors.h"

namespace ktrace::trace {

/// 64 bytes of a text, a bit each, the first byte as the lowest.
struct WordMasks {
  std::uint64_t word = 0;    ///< a lower-case letter, a digit, '-' or '.'
  std::uint64_t letter = 0;  ///< a lower-case letter
  std::uint64_t hex = 0;     ///< a hex digit of either case
  std::uint64_t dash = 0;    ///< '-'
  std::uint64_t brace = 0;   ///< '{'
};

/// Writes the masks of `count` times 64 bytes from `text` on, all of them readable.
void word_masks(const char* text, std::size_t count, WordMasks* masks,
                Vectors vectors = widest_vectors());

}  // namespace ktrace::trace
