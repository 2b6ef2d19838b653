// A bit that is added where a word begins is carried to the place behind its end, be it among the
// next 64. The places of bits are noted 16 at a time by an instruction that moves those that are
// wanted together, which not all machines with wide vectors have, or else several of them without a
// look whether there are as many: how many there are cannot be foreseen.

#include "word_edges.h"

#include <bit>
#include <iterator>
#include <numeric>

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

bool can_move_bytes() {
#if defined(__x86_64__)
  static const bool can = __builtin_cpu_supports("avx512vbmi2") != 0;
  return can;
#else
  return false;
#endif
}

}  // namespace

WordEdges::WordEdges(Vectors vectors)
    : vectors_(vectors), moves_bytes_(vectors == Vectors::avx512 && can_move_bytes()) {}

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

#define KTRACE_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")))

namespace {

// How many places are widened at a time.
constexpr std::size_t kWide = 16;

KTRACE_AVX512 inline void note_wide(__m512i at, __m128i narrow, std::uint32_t* places) {
  const __m512i wide = _mm512_maskz_cvtepu8_epi32(0xffff, narrow);
  _mm512_storeu_si512(places, _mm512_add_epi32(at, wide));
}

// There are at most 32, and hardly ever more than 16.
KTRACE_AVX512 inline std::size_t note_by_vectors(__m512i at, __m512i places_of_bits,
                                                 std::uint64_t bits, std::uint32_t* places) {
  const auto count = static_cast<std::size_t>(std::popcount(bits));
  const __m512i narrow = _mm512_maskz_compress_epi8(bits, places_of_bits);
  note_wide(at, __builtin_shufflevector(narrow, narrow, 0, 1), places);
  if (count > kWide) [[unlikely]]
    note_wide(at, __builtin_shufflevector(narrow, narrow, 2, 3), places + kWide);
  return count;
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
  std::uint8_t numbers[64];
  std::iota(std::begin(numbers), std::end(numbers), std::uint8_t{0});
  const __m512i places_of_bits = _mm512_loadu_si512(numbers);
  for (std::size_t i = 0; i < count; ++i, at += 64) {
    const Bits bits = next(masks[i]);
    const __m512i here = _mm512_set1_epi32(static_cast<int>(at));
    begun_ += note_by_vectors(here, places_of_bits, bits.begins, &begins_[begun_]);
    ended_ += note_by_vectors(here, places_of_bits, bits.ends, &ends_[ended_]);
  }
}

#endif

void WordEdges::find(std::uint32_t at, const WordMasks* masks, std::size_t count) {
#if defined(__x86_64__)
  if (moves_bytes_) return find_by_vectors(at, masks, count);
  if (vectors_ != Vectors::none) return find_by_bits(at, masks, count);
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
