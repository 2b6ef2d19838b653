// Literals are put into eight groups. A byte of a table tells, a bit a group, in which of them
// there is a literal whose piece has such a half byte in such a place; looked up for both halves of
// three bytes that follow each other, 32 or 64 places at a time, the "and" of these tells whether a
// piece of any group may begin there. Only there the literals are compared that have these very
// bytes for a piece, however many others there are. With no more literals than groups a piece is
// told for certain; then the loop stops about as often as there are pieces in the text.
//
// The method is known as Teddy (Geoffrey Langdale, Hyperscan).

#include "many_literals.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "ktrace/vectors.h"
#include "letters.h"

namespace ktrace::trace {

void ManyLiterals::add(std::string literal, std::size_t piece) {
  const std::size_t group = added_++ % kGroups;
  const auto bit = static_cast<std::uint8_t>(1U << group);
  for (std::size_t i = 0; i < kPiece; ++i) {
    Place& place = places_[i];
    const auto allow = [&](char c) {
      const auto byte = static_cast<unsigned char>(c);
      place.low[byte & 15] |= bit;
      place.high[byte >> 4] |= bit;
    };
    if (piece + i < literal.size()) {
      allow(literal[piece + i]);
      if (any_case_) allow(upper(literal[piece + i]));
    } else {
      for (std::size_t half = 0; half < 16; ++half) {
        place.low[half] |= bit;
        place.high[half] |= bit;
      }
    }
  }
  Literals& all = piece + kPiece <= literal.size() ? buckets_[bucket(&literal[piece])] : short_;
  all.push_back({std::move(literal), piece});
}

std::size_t ManyLiterals::bucket(const char* text) const {
  std::uint32_t hash = 0;
  for (std::size_t i = 0; i < kPiece; ++i) {
    hash = (hash << 8) + static_cast<unsigned char>(any_case_ ? lower(text[i]) : text[i]);
  }
  // Knuth's multiplicative hash: the upper bits depend on all of the lower ones.
  return (hash * 2654435761U) >> (32 - std::bit_width(kBuckets - 1));
}

void ManyLiterals::confirm(std::string_view block, std::size_t at, const Literals& literals,
                           std::vector<std::size_t>& positions) const {
  for (const Literal& literal : literals) {
    if (at < literal.piece) continue;
    const std::string_view there = block.substr(at - literal.piece, literal.text.size());
    const bool same =
        any_case_ ? std::equal(there.begin(), there.end(), literal.text.begin(), literal.text.end(),
                               [](char a, char b) { return lower(a) == b; })
                  : there == literal.text;
    if (same) positions.push_back(at - literal.piece);
  }
}

void ManyLiterals::confirm_all(std::string_view block, std::size_t at, std::uint64_t mask,
                               std::vector<std::size_t>& positions) const {
  for (; mask != 0; mask &= mask - 1) {
    const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(mask));
    if (place >= block.size()) return;
    confirm(block, place, buckets_[bucket(block.data() + place)], positions);
    confirm(block, place, short_, positions);
  }
}

#if defined(__x86_64__)

// The last step begins inside the block and reads at most 31 + 2 bytes beyond its end.
__attribute__((target("avx2"))) void ManyLiterals::find_avx2(
    std::string_view block, std::size_t begin, std::vector<std::size_t>& positions) const {
  const __m256i half = _mm256_set1_epi8(15);
  __m256i low[kPiece], high[kPiece];
  for (std::size_t i = 0; i < kPiece; ++i) {
    const auto* const lows = reinterpret_cast<const __m128i*>(places_[i].low.data());
    const auto* const highs = reinterpret_cast<const __m128i*>(places_[i].high.data());
    low[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128(lows));
    high[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128(highs));
  }
  for (std::size_t at = begin; at < block.size(); at += 32) {
    __m256i found = _mm256_set1_epi8(-1);
    for (std::size_t i = 0; i < kPiece; ++i) {
      const char* const from = block.data() + at + i;
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
      const __m256i upper_half = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
      found = _mm256_and_si256(found, _mm256_shuffle_epi8(low[i], _mm256_and_si256(bytes, half)));
      found = _mm256_and_si256(found, _mm256_shuffle_epi8(high[i], upper_half));
    }
    if (_mm256_testz_si256(found, found) != 0) [[likely]]
      continue;
    const __m256i none = _mm256_cmpeq_epi8(found, _mm256_setzero_si256());
    confirm_all(block, at, ~static_cast<std::uint32_t>(_mm256_movemask_epi8(none)), positions);
  }
}

// The same, but for the last step, which would read too far. The broadcast without a mask is one
// that g++ 12 takes for the use of something uninitialised.
__attribute__((target("avx512f,avx512bw"))) void ManyLiterals::find_avx512(
    std::string_view block, std::vector<std::size_t>& positions) const {
  const __m512i half = _mm512_set1_epi8(15);
  __m512i low[kPiece], high[kPiece];
  for (std::size_t i = 0; i < kPiece; ++i) {
    const auto* const lows = reinterpret_cast<const __m128i*>(places_[i].low.data());
    const auto* const highs = reinterpret_cast<const __m128i*>(places_[i].high.data());
    low[i] = _mm512_maskz_broadcast_i32x4(0xffff, _mm_loadu_si128(lows));
    high[i] = _mm512_maskz_broadcast_i32x4(0xffff, _mm_loadu_si128(highs));
  }
  std::size_t at = 0;
  for (; at + 64 <= block.size(); at += 64) {
    __m512i found = _mm512_set1_epi8(-1);
    for (std::size_t i = 0; i < kPiece; ++i) {
      const __m512i bytes = _mm512_loadu_si512(block.data() + at + i);
      const __m512i upper_half = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half);
      found = _mm512_and_si512(found, _mm512_shuffle_epi8(low[i], _mm512_and_si512(bytes, half)));
      found = _mm512_and_si512(found, _mm512_shuffle_epi8(high[i], upper_half));
    }
    const std::uint64_t mask = _mm512_test_epi8_mask(found, found);
    if (mask != 0) [[unlikely]]
      confirm_all(block, at, mask, positions);
  }
  find_avx2(block, at, positions);
}

void ManyLiterals::find_all(std::string_view block, std::vector<std::size_t>& positions) const {
  if (widest_vectors() == Vectors::avx512) return find_avx512(block, positions);
  find_avx2(block, 0, positions);
}

#else

void ManyLiterals::find_all(std::string_view, std::vector<std::size_t>&) const {}

#endif

}  // namespace ktrace::trace
