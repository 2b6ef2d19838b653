// Eight words at a time are loaded from the text and compared to those that their hashes lead to,
// without a branch that depends on them. Each is loaded by itself: an instruction that gathers
// takes longer than the loads it stands for.

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

#define KTRACE_AVX512 __attribute__((target("avx512f,bmi2,popcnt")))

namespace {

// The instructions without a mask are ones that g++ 12 takes for the use of something
// uninitialised.
constexpr __mmask8 kAll = 0xff;

KTRACE_AVX512 inline __m128i sixteen(const void* at) {
  return _mm_loadu_si128(static_cast<const __m128i*>(at));
}

KTRACE_AVX512 inline __m512i together(__m128i a, __m128i b, __m128i c, __m128i d) {
  const __m512i two = _mm512_maskz_inserti32x4(0xffff, _mm512_zextsi128_si512(a), b, 1);
  const __m512i three = _mm512_maskz_inserti32x4(0xffff, two, c, 2);
  return _mm512_maskz_inserti32x4(0xffff, three, d, 3);
}

// Of four words, by their sizes in bits, those that are known: a bit each.
template <unsigned kTableBits>
KTRACE_AVX512 inline unsigned known_of_four(const void* table, const char* text,
                                            const std::uint32_t* begins, __m512i bits) {
  const __m512i ends = _mm512_setr_epi64(64, 128, 64, 128, 64, 128, 64, 128);
  // A shift by 64 or more leaves nothing.
  const __m512i behind =
      _mm512_maskz_max_epi64(kAll, _mm512_sub_epi64(ends, bits), _mm512_setzero_si512());
  const __m512i words =
      _mm512_maskz_sllv_epi64(kAll,
                              together(sixteen(text + begins[0]), sixteen(text + begins[1]),
                                       sixteen(text + begins[2]), sixteen(text + begins[3])),
                              behind);
  const __m512i turned =
      _mm512_maskz_rol_epi64(kAll, _mm512_maskz_shuffle_epi32(0xffff, words, _MM_PERM_BADC), kTurn);
  const __m512i mixed = _mm512_xor_si512(words, turned);
  const __m512i folded = _mm512_xor_si512(mixed, _mm512_maskz_srli_epi64(kAll, mixed, 32));
  const __m512i product = _mm512_maskz_mul_epu32(kAll, folded, _mm512_set1_epi64(kOdd));
  std::uint32_t slots[16];
  _mm512_storeu_si512(slots, _mm512_maskz_srli_epi32(0xffff, product, 32 - kTableBits));
  const auto* const known = static_cast<const __m128i*>(table);
  const __m512i there = together(sixteen(known + slots[0]), sixteen(known + slots[4]),
                                 sixteen(known + slots[8]), sixteen(known + slots[12]));
  const unsigned halves = _mm512_cmpeq_epi64_mask(words, there);
  return _pext_u32(halves & halves >> 1, 0x55);
}

}  // namespace

KTRACE_AVX512 std::size_t RecentWords::find_by_vectors(const char* text,
                                                       const std::uint32_t* begins,
                                                       const std::uint32_t* ends, std::size_t count,
                                                       std::uint32_t* others) const {
  const __m512i lower = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
  const __m512i upper = _mm512_setr_epi64(4, 4, 5, 5, 6, 6, 7, 7);
  __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256i from = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begins + i));
    const __m256i to = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ends + i));
    const __m512i size = _mm512_sub_epi64(_mm512_maskz_cvtepu32_epi64(kAll, to),
                                          _mm512_maskz_cvtepu32_epi64(kAll, from));
    const __m512i bits = _mm512_maskz_slli_epi64(kAll, size, 3);
    const unsigned known = known_of_four<kBits>(words_.data(), text, begins + i,
                                                _mm512_maskz_permutexvar_epi64(kAll, lower, bits)) |
                           known_of_four<kBits>(words_.data(), text, begins + i + 4,
                                                _mm512_maskz_permutexvar_epi64(kAll, upper, bits))
                               << 4;
    const unsigned fits = _mm512_cmple_epu64_mask(size, _mm512_set1_epi64(kLongest));
    const unsigned other = ~(known & fits) & 0xff;
    _mm512_mask_storeu_epi32(others + found, 0xff,
                             _mm512_maskz_compress_epi32(static_cast<__mmask16>(other), numbers));
    found += static_cast<std::size_t>(std::popcount(other));
    numbers = _mm512_add_epi32(numbers, _mm512_set1_epi32(8));
  }
  return found;
}

#endif

std::size_t RecentWords::find_others(const char* text, const std::uint32_t* begins,
                                     const std::uint32_t* ends, std::size_t count,
                                     std::uint32_t* others) const {
  std::size_t done = 0, found = 0;
#if defined(__x86_64__)
  if (vectors_ == Vectors::avx512) {
    done = count - count % 8;
    found = find_by_vectors(text, begins, ends, done, others);
  }
#endif
  for (std::size_t i = done; i < count; ++i) {
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
