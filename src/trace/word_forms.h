// The forms of identifiers and names, and where text of such a form stands in a block.
//
// Nearly all identifiers have one of two forms: a UUID shows by its dashes, which stand in so many
// places of a log together only where a UUID is, and a number of 32 or 64 hex digits by its length.
// A run of 32 hex digits holds 16 of them from a place that is a multiple of 16, wherever it
// begins, so that only these places are looked at.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "ktrace/vectors.h"
#include "letters.h"

namespace ktrace::trace {

inline constexpr std::size_t kUuid = 36;
inline constexpr std::array<std::size_t, 4> kDashes{8, 13, 18, 23};
inline constexpr std::size_t kLane = 16;

inline bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

inline bool has_uuid_form(std::string_view text) {
  if (text.size() != kUuid) return false;
  return std::all_of(kDashes.begin(), kDashes.end(),
                     [text](std::size_t dash) { return text[dash] == '-'; });
}

inline bool is_hex_number(std::string_view text) {
  return (text.size() == 32 || text.size() == 64) && std::all_of(text.begin(), text.end(), is_hex);
}

// Calls `look` with each place from which dashes stand as in a UUID.
template <typename Look>
void each_uuid_portable(const char* begin, std::size_t places, const Look& look) {
  for (std::size_t at = 0; at < places; ++at) {
    const void* dash = std::memchr(begin + at + kDashes[0], '-', places - at);
    if (dash == nullptr) return;
    at = static_cast<std::size_t>(static_cast<const char*>(dash) - begin) - kDashes[0];
    if (begin[at + kDashes[1]] == '-') look(at);
  }
}

// Whether there are hex digits only at `at` and in the 15 places behind it.
inline bool lane_is_hex(const char* at) { return std::all_of(at, at + kLane, is_hex); }

template <typename Look>
void each_hex_lane_portable(const char* begin, std::size_t size, const Look& look) {
  for (std::size_t at = 0; at + kLane <= size; at += kLane) {
    // The last one first: it is none as a rule.
    if (is_hex(begin[at + kLane - 1]) && lane_is_hex(begin + at)) look(at);
  }
}

#if defined(__x86_64__)

#define KTRACE_AVX2 __attribute__((target("avx2")))

KTRACE_AVX2 inline __m256i load(const char* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

// The last step begins inside the block and reads at most 31 + 23 bytes beyond its end.
template <typename Look>
KTRACE_AVX2 void each_uuid_avx2(const char* begin, std::size_t places, const Look& look) {
  const __m256i dash = _mm256_set1_epi8('-');
  for (std::size_t at = 0; at < places; at += 32) {
    const __m256i first = _mm256_cmpeq_epi8(load(begin + at + kDashes[0]), dash);
    const __m256i second = _mm256_cmpeq_epi8(load(begin + at + kDashes[1]), dash);
    const __m256i both = _mm256_and_si256(first, second);
    auto mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(both));
    for (; mask != 0; mask &= mask - 1) {
      const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(mask));
      if (place < places) look(place);
    }
  }
}

template <typename Look>
KTRACE_AVX2 void each_hex_lane_avx2(const char* begin, std::size_t size, const Look& look) {
  for (std::size_t at = 0; at + kLane <= size; at += 32) {
    const __m256i bytes = load(begin + at);
    const __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    const __m256i digit = _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('0' - 1)),
                                           _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), bytes));
    const __m256i letter = _mm256_and_si256(_mm256_cmpgt_epi8(folded, _mm256_set1_epi8('a' - 1)),
                                            _mm256_cmpgt_epi8(_mm256_set1_epi8('f' + 1), folded));
    const auto mask =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(digit, letter)));
    if ((mask & 0xffff) == 0xffff) look(at);
    if (mask >> 16 == 0xffff && at + 2 * kLane <= size) look(at + kLane);
  }
}

#endif

template <typename Look>
void each_uuid(std::string_view block, const Look& look) {
  if (block.size() < kUuid) return;
  const std::size_t places = block.size() - kUuid + 1;
#if defined(__x86_64__)
  if (widest_vectors() != Vectors::none) return each_uuid_avx2(block.data(), places, look);
#endif
  each_uuid_portable(block.data(), places, look);
}

template <typename Look>
void each_hex_lane(std::string_view block, const Look& look) {
#if defined(__x86_64__)
  if (widest_vectors() != Vectors::none)
    return each_hex_lane_avx2(block.data(), block.size(), look);
#endif
  each_hex_lane_portable(block.data(), block.size(), look);
}

// The runs of 32 or 64 hex digits, no more and no fewer: tells `look` place and size of each that
// begins where `may` says that one can.
template <typename May, typename Look>
void each_hex_number(std::string_view block, const May& may, const Look& look) {
  std::size_t done = 0;  // the end of the run that was looked at last
  each_hex_lane(block, [&](std::size_t lane) {
    if (lane < done) return;
    std::size_t begin = lane, end = lane + kLane;
    while (begin > done && is_hex(block[begin - 1])) --begin;
    done = end;
    if (begin > 0 && is_hex(block[begin - 1])) return;  // within a run that no identifier begins
    if (!may(begin)) return;
    while (end < block.size() && is_hex(block[end])) ++end;
    done = end;
    if (end - begin == 32 || end - begin == 64) look(begin, end - begin);
  });
}

// Calls `look` with `word`, a whole word, and with what stands before each '.' in it: behind a name
// may stand the end of a sentence, or what an Event adds to it: ".18ea6c23d8cbf334". Until one of
// them is enough.
template <typename Look>
void each_name_in(std::string_view word, const Look& look) {
  while (!word.empty() && (word.back() == '.' || word.back() == '-')) word.remove_suffix(1);
  while (!word.empty() && !look(word)) {
    const void* const dot = memrchr(word.data(), '.', word.size());
    if (dot == nullptr) return;
    word = word.substr(0, static_cast<std::size_t>(static_cast<const char*>(dot) - word.data()));
  }
}

}  // namespace ktrace::trace
