// Each byte is classed by two tables, one for either half of it: a class is a bit that both have,
// and holds what any of some upper halves and any of some lower halves make together. That needs
// two shuffles for all classes, however many, and a test for each set of them.

#include "word_masks.h"

#include <algorithm>
#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ktrace::trace {
namespace {

// Classes of bytes.
constexpr std::uint8_t kAToO = 1, kPToZ = 2, kDash = 4, kDot = 8, kDigit = 16, kHexLetter = 32,
                       kBrace = 64;

constexpr std::uint8_t kLetters = kAToO | kPToZ;
constexpr std::uint8_t kWords = kLetters | kDash | kDot | kDigit;
constexpr std::uint8_t kHexDigits = kDigit | kHexLetter;

using Nibbles = std::array<std::uint8_t, 16>;

constexpr Nibbles kUpperHalves = [] {
  Nibbles classes{};
  classes[0x2] = kDash | kDot;
  classes[0x3] = kDigit;
  classes[0x4] = kHexLetter;
  classes[0x6] = kAToO | kHexLetter;
  classes[0x7] = kPToZ | kBrace;
  return classes;
}();

constexpr Nibbles kLowerHalves = [] {
  Nibbles classes{};
  const auto add = [&classes](std::uint8_t kind, std::size_t first, std::size_t last) {
    for (std::size_t half = first; half <= last; ++half) {
      classes[half] = static_cast<std::uint8_t>(classes[half] | kind);
    }
  };
  add(kAToO, 0x1, 0xf);
  add(kPToZ, 0x0, 0xa);
  add(kDash, 0xd, 0xd);
  add(kDot, 0xe, 0xe);
  add(kBrace, 0xb, 0xb);
  add(kDigit, 0x0, 0x9);
  add(kHexLetter, 0x1, 0x6);
  return classes;
}();

WordMasks masks_portable(const char* text) {
  WordMasks masks;
  for (unsigned i = 0; i < 64; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned classes = kUpperHalves[byte >> 4] & kLowerHalves[byte & 15U];
    masks.word |= std::uint64_t{(classes & kWords) != 0} << i;
    masks.letter |= std::uint64_t{(classes & kLetters) != 0} << i;
    masks.hex |= std::uint64_t{(classes & kHexDigits) != 0} << i;
    masks.dash |= std::uint64_t{(classes & kDash) != 0} << i;
    masks.brace |= std::uint64_t{(classes & kBrace) != 0} << i;
  }
  return masks;
}

#if defined(__x86_64__)

#define KTRACE_AVX2 __attribute__((target("avx2")))
#define KTRACE_AVX512 __attribute__((target("avx512bw")))

__m128i table(const Nibbles& nibbles) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(nibbles.data()));
}

KTRACE_AVX2 __m256i classes_avx2(const char* at) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i half = _mm256_set1_epi8(15);
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
  return _mm256_and_si256(
      _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table(kUpperHalves)), upper),
      _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table(kLowerHalves)),
                          _mm256_and_si256(bytes, half)));
}

KTRACE_AVX2 std::uint64_t any_avx2(__m256i classes, std::uint8_t wanted) {
  const __m256i found = _mm256_and_si256(classes, _mm256_set1_epi8(static_cast<char>(wanted)));
  const __m256i none = _mm256_cmpeq_epi8(found, _mm256_setzero_si256());
  return static_cast<std::uint32_t>(~_mm256_movemask_epi8(none));
}

KTRACE_AVX2 void masks_avx2(const char* text, std::size_t count, WordMasks* masks) {
  for (std::size_t i = 0; i < count; ++i) {
    const __m256i first = classes_avx2(text + 64 * i), second = classes_avx2(text + 64 * i + 32);
    masks[i].word = any_avx2(first, kWords) | any_avx2(second, kWords) << 32;
    masks[i].letter = any_avx2(first, kLetters) | any_avx2(second, kLetters) << 32;
    masks[i].hex = any_avx2(first, kHexDigits) | any_avx2(second, kHexDigits) << 32;
    masks[i].dash = any_avx2(first, kDash) | any_avx2(second, kDash) << 32;
    masks[i].brace = any_avx2(first, kBrace) | any_avx2(second, kBrace) << 32;
  }
}

// The broadcast without a mask is one that g++ 12 takes for the use of something uninitialised.
KTRACE_AVX512 __m512i four_times(const Nibbles& nibbles) {
  return _mm512_maskz_broadcast_i32x4(0xffff, table(nibbles));
}

KTRACE_AVX512 void masks_avx512(const char* text, std::size_t count, WordMasks* masks) {
  const __m512i half = _mm512_set1_epi8(15);
  const __m512i uppers = four_times(kUpperHalves);
  const __m512i lowers = four_times(kLowerHalves);
  for (std::size_t i = 0; i < count; ++i) {
    const __m512i bytes = _mm512_loadu_si512(text + 64 * i);
    const __m512i upper = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half);
    const __m512i classes =
        _mm512_and_si512(_mm512_shuffle_epi8(uppers, upper),
                         _mm512_shuffle_epi8(lowers, _mm512_and_si512(bytes, half)));
    masks[i].word = _mm512_test_epi8_mask(classes, _mm512_set1_epi8(kWords));
    masks[i].letter = _mm512_test_epi8_mask(classes, _mm512_set1_epi8(kLetters));
    masks[i].hex = _mm512_test_epi8_mask(classes, _mm512_set1_epi8(kHexDigits));
    masks[i].dash = _mm512_test_epi8_mask(classes, _mm512_set1_epi8(kDash));
    masks[i].brace = _mm512_test_epi8_mask(classes, _mm512_set1_epi8(kBrace));
  }
}

#endif

}  // namespace

void word_masks(const char* text, std::size_t count, WordMasks* masks, Vectors vectors) {
#if defined(__x86_64__)
  if (vectors == Vectors::avx512) return masks_avx512(text, count, masks);
  if (vectors == Vectors::avx2) return masks_avx2(text, count, masks);
#endif
  (void)vectors;
  for (std::size_t i = 0; i < count; ++i) masks[i] = masks_portable(text + 64 * i);
}

}  // namespace ktrace::trace
