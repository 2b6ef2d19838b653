// Most lines have no backslash: then the quotes have only to be counted.

#include "ktrace/quotes.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

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

bool in_same_object_portable(std::string_view text) {
  std::ptrdiff_t depth = 0;
  bool inside = false;  // of a string
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (inside && c == '\\') ++at;
    if (c == '"') inside = !inside;
    if (inside) continue;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth < 0) return false;
  }
  return depth == 0 && !inside;
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

// Zeros for what is behind the text.
KTRACE_AVX512 __m512i load_some(std::string_view text, std::size_t at) {
  const std::size_t left = text.size() - at;
  const __mmask64 some = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
  return _mm512_maskz_loadu_epi8(some, text.data() + at);
}

KTRACE_AVX512 std::uint64_t places(__m512i bytes, char c) {
  return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
}

// What stands in 64 bytes, a bit for each.
struct Sight {
  std::uint64_t lines, quotes, escapes;
};

struct Avx2Look {
  KTRACE_AVX2 static Sight whole(const char* at) { return of(load(at), load(at + 32)); }

  KTRACE_AVX2 static Sight first(const char* at, std::size_t size) {
    const Sight sight = of(load(at), size > 32 ? load(at + 32) : _mm256_setzero_si256());
    const std::uint64_t some = size >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << size) - 1;
    return {sight.lines & some, sight.quotes & some, sight.escapes & some};
  }

 private:
  KTRACE_AVX2 static std::uint64_t both(__m256i low, __m256i high, char c) {
    return std::uint64_t{places(high, c)} << 32 | places(low, c);
  }

  KTRACE_AVX2 static Sight of(__m256i low, __m256i high) {
    return {both(low, high, '\n'), both(low, high, '"'), both(low, high, '\\')};
  }
};

struct Avx512Look {
  KTRACE_AVX512 static Sight whole(const char* at) { return of(_mm512_loadu_si512(at)); }

  KTRACE_AVX512 static Sight first(const char* at, std::size_t size) {
    return of(load_some({at, size}, 0));
  }

 private:
  KTRACE_AVX512 static Sight of(__m512i bytes) {
    return {places(bytes, '\n'), places(bytes, '"'), places(bytes, '\\')};
  }
};

// Of each place, whether the number of `bits` up to it, itself included, is odd.
std::uint64_t odd_until(std::uint64_t bits) {
  for (unsigned places = 1; places < 64; places *= 2) bits ^= bits << places;
  return bits;
}

// As balanced_portable. Which of its quotes a text escapes nobody can foretell, so nothing branches
// on it.
template <typename Look>
[[gnu::always_inline]] inline bool balanced_by(std::string_view text) {
  Escapes escapes;
  std::uint64_t inside = 0;  // of quotes that were opened before: all bits or none
  for (std::size_t at = 0; at < text.size(); at += 64) {
    const std::size_t left = text.size() - at;
    const char* const begin = text.data() + at;
    const Sight sight = left >= 64 ? Look::whole(begin) : Look::first(begin, left);
    if (sight.lines != 0) return false;
    const std::uint64_t quotes = sight.quotes & ~escapes.behind(sight.escapes);
    if (sight.escapes != 0 && (sight.escapes & ~(odd_until(quotes) ^ inside)) != 0) return false;
    inside ^= std::uint64_t{0} - (static_cast<unsigned>(std::popcount(quotes)) & 1U);
  }
  return inside == 0;
}

KTRACE_AVX2 bool balanced_avx2(std::string_view text) { return balanced_by<Avx2Look>(text); }

KTRACE_AVX512 bool balanced_avx512(std::string_view text) { return balanced_by<Avx512Look>(text); }

// What is seen of a line's end, from the text's end on backwards.
struct LineSight {
  std::uint64_t quotes = 0, escapes = 0;
  std::size_t begin;  // of what has been looked at
  bool ends = false;  // there the line begins

  // `sight`: of the bytes before `begin`, of which the first is at `at`.
  [[gnu::always_inline]] void add(const Sight& sight, std::size_t at) {
    const auto before = 63 - static_cast<unsigned>(std::countl_zero(sight.lines | 1));
    const std::uint64_t of_line =
        sight.lines == 0 ? ~std::uint64_t{0} : ~std::uint64_t{1} << before;
    quotes ^= sight.quotes & of_line;
    escapes |= sight.escapes & of_line;
    ends = sight.lines != 0;
    begin = ends ? at + before + 1 : at;
  }
};

// Backwards, so that the line's beginning and what stands in it are found in one reading.
template <typename Look>
[[gnu::always_inline]] inline LineHead last_line_head_by(std::string_view text) {
  LineSight sight{.begin = text.size()};
  while (!sight.ends && sight.begin >= 64) {
    const std::size_t at = sight.begin - 64;
    sight.add(Look::whole(text.data() + at), at);
  }
  if (!sight.ends && sight.begin > 0) sight.add(Look::first(text.data(), sight.begin), 0);
  const bool outside = sight.escapes == 0 ? (std::popcount(sight.quotes) & 1) == 0
                                          : balanced_by<Look>(text.substr(sight.begin));
  return {sight.ends ? sight.begin : LineHead::kNoLineEnd, outside};
}

KTRACE_AVX2 LineHead last_line_head_avx2(std::string_view text) {
  return last_line_head_by<Avx2Look>(text);
}

KTRACE_AVX512 LineHead last_line_head_avx512(std::string_view text) {
  return last_line_head_by<Avx512Look>(text);
}

// In a string is what stands behind an odd number of quotes: from a quote to before the next.
KTRACE_AVX512 bool in_same_object_avx512(std::string_view text) {
  std::uint64_t inside = 0;
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); at += 64) {
    const __m512i bytes = load_some(text, at);
    if (places(bytes, '\\') != 0) return in_same_object_portable(text);
    inside ^= odd_until(places(bytes, '"'));
    // '[' and ']' are '{' and '}' without the bit of lower case.
    const __m512i folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    const std::uint64_t opens = places(folded, '{') & ~inside;
    for (std::uint64_t all_braces = opens | (places(folded, '}') & ~inside); all_braces != 0;
         all_braces &= all_braces - 1) {
      depth += (opens >> std::countr_zero(all_braces) & 1) != 0 ? 1 : -1;
      if (depth < 0) return false;
    }
    inside = std::uint64_t{0} - (inside >> 63);
  }
  return depth == 0 && inside == 0;
}

#endif

}  // namespace

LineHead last_line_head(std::string_view text, Vectors vectors) {
#if defined(__x86_64__)
  if (vectors == Vectors::avx512) return last_line_head_avx512(text);
  if (vectors == Vectors::avx2) return last_line_head_avx2(text);
#endif
  // Much faster than rfind().
  const void* const end = text.empty() ? nullptr : ::memrchr(text.data(), '\n', text.size());
  if (end == nullptr) return {LineHead::kNoLineEnd, balanced(text, vectors)};
  const auto begin = static_cast<std::size_t>(static_cast<const char*>(end) - text.data()) + 1;
  return {begin, balanced(text.substr(begin), vectors)};
}

bool ends_like_pair(std::string_view text) {
#if defined(__x86_64__)
  if (text.size() >= 16) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + text.size() - 16));
    const int equals = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('=')));
    const int spaces = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
    // The greater one has the last place of all.
    if ((equals > spaces) | (text.back() == '"')) return true;
    if (spaces != 0) return false;
  }
#endif
  if (text.ends_with('"')) return true;
  const void* const space = text.empty() ? nullptr : ::memrchr(text.data(), ' ', text.size());
  const char* const word = space != nullptr ? static_cast<const char*>(space) : text.data();
  return std::find(word, text.data() + text.size(), '=') != text.data() + text.size();
}

bool in_same_object(std::string_view text, [[maybe_unused]] Vectors vectors) {
#if defined(__x86_64__)
  if (vectors == Vectors::avx512) return in_same_object_avx512(text);
#endif
  return in_same_object_portable(text);
}

bool balanced(std::string_view text, [[maybe_unused]] Vectors vectors) {
#if defined(__x86_64__)
  if (vectors == Vectors::avx512) return balanced_avx512(text);
  if (vectors == Vectors::avx2) return balanced_avx2(text);
#endif
  return balanced_portable(text);
}

}  // namespace ktrace::trace
