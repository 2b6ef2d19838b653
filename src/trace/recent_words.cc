// Eight words at a time are gathered from the text and compared to those that their hashes lead to,
// without a branch that depends on them.

#include "recent_words.h"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ktrace::trace {
namespace {

constexpr std::uint32_t kOdd = 0x9e3779b1;  // a multiplier that spreads what differs
constexpr int kTurn = 23;

}  // namespace

RecentWords::Word RecentWords::read(const char* begin, std::size_t size) {
  Word word;
  std::memcpy(&word.first, begin, 8);
  if (size < 8) word.first <<= 64 - 8 * size;
  if (size <= 8) return word;
  std::memcpy(&word.last, begin + 8, 8);
  word.last <<= 128 - 8 * size;
  return word;
}

// The upper bits of the product's lower half depend on all bits of that of the word.
std::size_t RecentWords::slot_of(const Word& word) {
  const std::uint64_t mixed = word.first ^ std::rotl(word.last, kTurn);
  const auto folded = static_cast<std::uint32_t>(mixed ^ mixed >> 32);
  return folded * kOdd >> (32 - kBits);
}

#if defined(__x86_64__)

#define KTRACE_AVX512 __attribute__((target("avx512f,popcnt")))

namespace {

KTRACE_AVX512 __m512i widened(__mmask8 lanes, const std::uint32_t* places) {
  return _mm512_maskz_cvtepu32_epi64(lanes,
                                     _mm256_loadu_si256(reinterpret_cast<const __m256i*>(places)));
}

}  // namespace

// The instructions without a mask are ones that g++ 12 takes for the use of something
// uninitialised. A shift by 64 or more, or by less than none, leaves nothing.
KTRACE_AVX512 std::size_t RecentWords::find_by_vectors(const char* text,
                                                       const std::uint32_t* begins,
                                                       const std::uint32_t* ends, std::size_t count,
                                                       std::uint32_t* others) const {
  const __m512i none = _mm512_setzero_si512();
  const __m512i half = _mm512_set1_epi64(64), whole = _mm512_set1_epi64(128);
  const __m512i odd = _mm512_set1_epi64(kOdd);
  __m512i numbers = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; i += 8) {
    const auto lanes = static_cast<__mmask8>(count - i >= 8 ? 0xff : (1U << (count - i)) - 1);
    const __m512i at = widened(lanes, begins + i);
    const __m512i size = _mm512_sub_epi64(widened(lanes, ends + i), at);
    const __m512i bits = _mm512_maskz_slli_epi64(lanes, size, 3);
    const __m512i to_half = _mm512_maskz_max_epi64(lanes, _mm512_sub_epi64(half, bits), none);
    const __m512i first = _mm512_maskz_sllv_epi64(
        lanes, _mm512_mask_i64gather_epi64(none, lanes, at, text, 1), to_half);
    const __m512i last =
        _mm512_maskz_sllv_epi64(lanes, _mm512_mask_i64gather_epi64(none, lanes, at, text + 8, 1),
                                _mm512_sub_epi64(whole, bits));
    const __m512i mixed = _mm512_xor_si512(first, _mm512_maskz_rol_epi64(lanes, last, kTurn));
    const __m512i folded = _mm512_xor_si512(mixed, _mm512_maskz_srli_epi64(lanes, mixed, 32));
    const __m512i product = _mm512_maskz_mul_epu32(lanes, folded, odd);
    // Of its lower half the upper bits, times two, since a word is two numbers.
    const __m512i slot =
        _mm512_maskz_srli_epi64(lanes, _mm512_maskz_slli_epi64(lanes, product, 32), 64 - kBits);
    const __m512i there = _mm512_add_epi64(slot, slot);
    const __m512i known_first =
        _mm512_mask_i64gather_epi64(none, lanes, there, &words_[0].first, 8);
    const __m512i known_last = _mm512_mask_i64gather_epi64(none, lanes, there, &words_[0].last, 8);
    __mmask8 known = _mm512_mask_cmpeq_epi64_mask(lanes, first, known_first);
    known = _mm512_mask_cmpeq_epi64_mask(known, last, known_last);
    known = _mm512_mask_cmple_epi64_mask(known, bits, whole);
    const auto other = static_cast<__mmask8>(lanes & ~static_cast<unsigned>(known));
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(others + found),
        _mm512_maskz_cvtepi64_epi32(0xff, _mm512_maskz_compress_epi64(other, numbers)));
    found += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(other)));
    numbers = _mm512_add_epi64(numbers, _mm512_set1_epi64(8));
  }
  return found;
}

#endif

std::size_t RecentWords::find_others(const char* text, const std::uint32_t* begins,
                                     const std::uint32_t* ends, std::size_t count,
                                     std::uint32_t* others) const {
#if defined(__x86_64__)
  if (vectors_ == Vectors::avx512) return find_by_vectors(text, begins, ends, count, others);
#endif
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = ends[i] - begins[i];
    bool known = size <= kLongest;
    if (known) {
      const Word word = read(text + begins[i], size);
      known = words_[slot_of(word)] == word;
    }
    others[found] = static_cast<std::uint32_t>(i);
    found += known ? 0 : 1;
  }
  return found;
}

// One call for all bytes takes half the time of an assignment to each word.
void RecentWords::forget() { std::memset(static_cast<void*>(words_.data()), 0, sizeof words_); }

void RecentWords::learn(const char* begin, std::size_t size) {
  const Word word = read(begin, size);
  words_[slot_of(word)] = word;
}

}  // namespace ktrace::trace
