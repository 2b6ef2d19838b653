// A bit that is added where a word begins is carried to the place behind its end, be it among the
// next 64. The places of bits are noted 16 at a time by an instruction that moves those that are
// wanted together, or else several of them without a look whether there are as many: how many there
// are cannot be foreseen.

#include "word_edges.h"

#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ktrace::trace {
namespace {

constexpr std::size_t kAtATime = 8;

// Notes the places of `bits`, the first of which is `at`. Gives how many there are.
[[gnu::always_inline]] inline std::size_t note(std::uint32_t at, std::uint64_t bits,
                                               std::uint32_t* places) {
  const auto count = static_cast<std::size_t>(std::popcount(bits));
  while (bits != 0) {
    for (std::size_t i = 0; i < kAtATime; ++i, bits &= bits - 1) {
      *places++ = at + static_cast<std::uint32_t>(std::countr_zero(bits));
    }
  }
  return count;
}

}  // namespace

// Where words begin, and the places behind their ends.
struct WordEdges::Bits {
  std::uint64_t begins, ends;
};

[[gnu::always_inline]] inline WordEdges::Bits WordEdges::next(const WordMasks& masks) {
  const std::uint64_t begins = masks.letter & ~(masks.word << 1 | before_);
  before_ = masks.word >> 63;
  const std::uint64_t carried = masks.word + carry_;
  const std::uint64_t sum = carried + begins;
  carry_ = carried < carry_ || sum < begins ? 1 : 0;
  return {begins, sum & ~masks.word};
}

#if defined(__x86_64__)

#define KTRACE_AVX512 __attribute__((target("avx512f,bmi,popcnt")))

namespace {

KTRACE_AVX512 inline std::size_t note_by_vectors(__m512i lanes, std::uint64_t bits,
                                                 std::uint32_t* places) {
  std::uint32_t* const first = places;
  for (std::uint32_t quarter = 0; quarter < 64; quarter += 16) {
    const auto chosen = static_cast<__mmask16>(bits >> quarter);
    const __m512i here = _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(quarter)));
    _mm512_storeu_si512(places, _mm512_maskz_compress_epi32(chosen, here));
    places += std::popcount(static_cast<unsigned>(chosen));
  }
  return static_cast<std::size_t>(places - first);
}

}  // namespace

__attribute__((target("bmi,popcnt"))) void WordEdges::find_by_bits(std::uint32_t at,
                                                                   const WordMasks* masks,
                                                                   std::size_t count) {
  for (std::size_t i = 0; i < count; ++i, at += 64) {
    const Bits bits = next(masks[i]);
    begun_ += note(at, bits.begins, &begins_[begun_]);
    ended_ += note(at, bits.ends, &ends_[ended_]);
  }
}

KTRACE_AVX512 void WordEdges::find_by_vectors(std::uint32_t at, const WordMasks* masks,
                                              std::size_t count) {
  __m512i lanes =
      _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(at)),
                       _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  for (std::size_t i = 0; i < count; ++i) {
    const Bits bits = next(masks[i]);
    begun_ += note_by_vectors(lanes, bits.begins, &begins_[begun_]);
    ended_ += note_by_vectors(lanes, bits.ends, &ends_[ended_]);
    lanes = _mm512_add_epi32(lanes, _mm512_set1_epi32(64));
  }
}

#endif

void WordEdges::find(std::uint32_t at, const WordMasks* masks, std::size_t count) {
#if defined(__x86_64__)
  if (vectors_ == Vectors::avx512) return find_by_vectors(at, masks, count);
  if (vectors_ == Vectors::avx2) return find_by_bits(at, masks, count);
#endif
  for (std::size_t i = 0; i < count; ++i, at += 64) {
    const Bits bits = next(masks[i]);
    begun_ += note(at, bits.begins, &begins_[begun_]);
    ended_ += note(at, bits.ends, &ends_[ended_]);
  }
}

void WordEdges::clear() {
  if (begun_ > ended_) begins_[0] = begins_[ended_];
  begun_ -= ended_;
  ended_ = 0;
}

}  // namespace ktrace::trace
