// Most lines have no backslash: then the quotes have only to be counted.

#include "ktrace/quotes.h"

#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ktrace::trace {
namespace {

// Quotes that are escaped do not count; that is known only inside of others.
bool balanced_portable(std::string_view text) {
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') inside = !inside;
    if (text[at] == '\\') {
      if (!inside) return false;
      ++at;
    }
    if (at < text.size() && text[at] == '\n') return false;
  }
  return !inside;
}

#if defined(__x86_64__)

#define KTRACE_AVX2 __attribute__((target("avx2")))
#define KTRACE_AVX512 __attribute__((target("avx512f,avx512bw")))

KTRACE_AVX2 __m256i load(const char* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

KTRACE_AVX2 std::uint32_t places(__m256i bytes, char c) {
  return static_cast<std::uint32_t>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c))));
}

// As balanced_portable, but going from quote and backslash to the next.
KTRACE_AVX2 bool balanced_escapes(std::string_view text) {
  bool inside = false;
  std::size_t from = 0;  // what stands before is escaped
  for (std::size_t at = 0; at < text.size(); at += 32) {
    const __m256i bytes = load(text.data() + at);
    std::uint32_t found = places(bytes, '"') | places(bytes, '\\') | places(bytes, '\n');
    for (; found != 0; found &= found - 1) {
      const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(found));
      if (place >= text.size()) break;
      if (text[place] == '\n') return false;
      if (place < from) continue;
      if (text[place] == '"') {
        inside = !inside;
      } else if (inside) {
        from = place + 2;
      } else {
        return false;
      }
    }
  }
  return !inside;
}

KTRACE_AVX2 bool balanced_avx2(std::string_view text) {
  std::uint32_t quotes = 0, others = 0;
  for (std::size_t at = 0; at < text.size(); at += 32) {
    const __m256i bytes = load(text.data() + at);
    const std::size_t left = text.size() - at;
    const std::uint32_t inside = left >= 32 ? ~0U : (1U << left) - 1;
    quotes ^= places(bytes, '"') & inside;
    const __m256i other = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\')),
                                          _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n')));
    others |= static_cast<std::uint32_t>(_mm256_movemask_epi8(other)) & inside;
  }
  return others == 0 ? (std::popcount(quotes) & 1) == 0 : balanced_escapes(text);
}

KTRACE_AVX512 bool balanced_avx512(std::string_view text) {
  std::uint64_t quotes = 0, others = 0;
  for (std::size_t at = 0; at < text.size(); at += 64) {
    const std::size_t left = text.size() - at;
    const __mmask64 inside = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    const __m512i bytes = _mm512_maskz_loadu_epi8(inside, text.data() + at);
    quotes ^= _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    others |= _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\')) |
              _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'));
  }
  return others == 0 ? (std::popcount(quotes) & 1) == 0 : balanced_escapes(text);
}

#endif

}  // namespace

bool balanced(std::string_view text, [[maybe_unused]] Vectors vectors) {
#if defined(__x86_64__)
  if (vectors == Vectors::avx512) return balanced_avx512(text);
  if (vectors == Vectors::avx2) return balanced_avx2(text);
#endif
  return balanced_portable(text);
}

}  // namespace ktrace::trace
