// Whether a line is one JSON object without arrays and white space, 64 characters at a time.
//
// Every character is of one class, a bit in the class's word. Strings are found as simdjson finds
// them: the prefix XOR of the quotes is set from each opening quote to before the closing one.
// (Geoff Langdale and Daniel Lemire, "Parsing Gigabytes of JSON per Second".) The grammar is then
// two kinds of rules, for all places at a time:
//  - which class may follow which, as neighbours;
//  - what is told neither by neighbours nor by counting: that of the strings the ones before a
//    colon are keys. The next of : , { } behind every { and comma is a colon (or the } of {}), and
//    no colon is anywhere else. An addition finds the next: it carries from a place through ones.
// Only braces are looked at one by one, for the depth.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "json_shape.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ktrace::format {

#if defined(__x86_64__)

namespace {

#define KTRACE_AVX512 __attribute__((target("avx512f,avx512bw,pclmul")))

using Word = std::uint64_t;

// More than this is left to the walk.
constexpr int kDeepest = 32;

// Which of 64 characters are what, in strings and outside.
struct Classes {
  Word quote, backslash, control, colon, comma, open, close, scalar, key;
};

KTRACE_AVX512 Word is(__m512i bytes, char c) {
  return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
}

// Characters from `first` on, `count` of them.
KTRACE_AVX512 Word within(__m512i bytes, char first, char count) {
  return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(first)),
                                _mm512_set1_epi8(count));
}

KTRACE_AVX512 Classes classify(__m512i bytes, char key) {
  const __m512i folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
  return {is(bytes, '"'),
          is(bytes, '\\'),
          within(bytes, 0, ' '),
          is(bytes, ':'),
          is(bytes, ','),
          is(bytes, '{'),
          is(bytes, '}'),
          within(folded, 'a', 26) | within(bytes, '0', 10) | is(bytes, '-') | is(bytes, '.'),
          is(bytes, key)};
}

KTRACE_AVX512 Word prefix_xor(Word bits) {
  const __m128i all = _mm_set1_epi8(-1);
  const __m128i product =
      _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), all, 0);
  return static_cast<Word>(_mm_cvtsi128_si64(product));
}

Word below(std::size_t place) { return place >= 64 ? ~Word{0} : (Word{1} << place) - 1; }

// The places behind those of a class; `carry` goes from word to word.
Word behind(Word places, Word& carry) {
  const Word shifted = places << 1 | carry;
  carry = places >> 63;
  return shifted;
}

class CompactObject {
 public:
  CompactObject(std::string_view text, char key) : text_(text), key_(key) {}

  KTRACE_AVX512 bool run() {
    if (!text_.starts_with('{')) return false;
    for (; !ended_; at_ += 64) {
      if (at_ >= text_.size() || !pass()) return false;
    }
    return true;
  }

  bool has_member() const { return has_member_; }

 private:
  // Whether the 64 characters at at_ can be part of the object, or end it.
  KTRACE_AVX512 bool pass() {
    Word live = below(text_.size() - at_);
    Classes is = classify(_mm512_maskz_loadu_epi8(live, text_.data() + at_), key_);
    const Word quote = is.quote & ~escapes_.behind(is.backslash);
    const Word inside = prefix_xor(quote) ^ inside_;
    inside_ = Word{0} - (inside >> 63);
    const Word outside = ~inside & ~quote;
    // The padding's zeros are controls, too.
    std::size_t size = static_cast<std::size_t>(std::countr_zero(is.control & outside));
    if (size < 64 && at_ + size < text_.size() && text_[at_ + size] != '\n') return false;
    live = below(size);
    if ((((is.control & inside) | (is.backslash & ~inside)) & live) != 0) return false;
    for (Word* places : {&is.colon, &is.comma, &is.open, &is.close, &is.scalar}) {
      *places &= outside & live;
    }
    const Word tokens = is.colon | is.comma | is.open | is.close;
    if ((outside & live) != (tokens | is.scalar)) return false;
    return neighbours(is, quote & inside & live, quote & ~inside & live, live) &&
           colons(is, tokens) && braces(is, size);
  }

  bool neighbours(const Classes& is, Word opening, Word closing, Word live) {
    const Word behind_open = behind(is.open, open_);
    const Word behind_start = behind_open | behind(is.comma, comma_);
    empty_ = is.close & behind_open;
    const Word keys = opening & behind_start;
    note_member(behind(keys, keys_) & is.key & live, is);
    const Word wrong = (behind_start & ~(opening | empty_)) |
                       (behind(is.colon, colon_) & ~(opening | is.open | is.scalar)) |
                       (behind(closing, closing_) & ~(is.colon | is.comma | is.close)) |
                       (behind(is.scalar, scalar_) & ~(is.scalar | is.comma | is.close)) |
                       (behind(is.close, close_) & ~(is.comma | is.close));
    return (wrong & live) == 0;
  }

  // `places`: where a key begins like the one that is looked for.
  void note_member(Word places, const Classes& is) {
    for (; places != 0; places &= places - 1) {
      const auto place = static_cast<std::size_t>(std::countr_zero(places));
      const Word before = below(place);
      const int depth = depth_ + std::popcount(is.open & before) - std::popcount(is.close & before);
      const std::size_t end = at_ + place + 1;
      has_member_ = has_member_ || (depth == 1 && end < text_.size() && text_[end] == '"');
    }
  }

  // A key with an escape is the parser's to read.
  bool colons(const Classes& is, Word tokens) {
    if (next(is.comma | is.open, tokens, next_) != (is.colon | empty_)) return false;
    return (is.backslash | escape_next_) == 0 ||
           (next(is.backslash, tokens, escape_next_) & is.colon) == 0;
  }

  // The tokens that are the next ones behind any of `starts`.
  static Word next(Word starts, Word tokens, Word& carry) {
    Word sum = 0;
    const bool carries = __builtin_add_overflow(~tokens, starts << 1 | carry, &sum);
    carry = (carries ? 1 : 0) | starts >> 63;
    return sum & tokens;
  }

  // `size`: where the object must have ended, if that is less than 64.
  bool braces(const Classes& is, std::size_t size) {
    for (Word braces = is.open | is.close; braces != 0; braces &= braces - 1) {
      depth_ += (is.open & braces & (~braces + 1)) != 0 ? 1 : -1;
      if (depth_ > kDeepest) return false;
      if (depth_ > 0) continue;
      const auto place = static_cast<std::size_t>(std::countr_zero(braces));
      const std::size_t end = at_ + place + 1;
      ended_ = end == text_.size() || text_[end] == '\n';
      return ended_;
    }
    return size == 64;
  }

  std::string_view text_;
  char key_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool ended_ = false;
  bool has_member_ = false;
  Word empty_ = 0;  // the } of every {}
  Escapes escapes_;
  Word inside_ = 0, next_ = 0, escape_next_ = 0;
  Word open_ = 0, comma_ = 0, keys_ = 0, colon_ = 0, closing_ = 0, scalar_ = 0, close_ = 0;
};

}  // namespace

bool is_compact_object(std::string_view text, char key, bool& has_member) {
  CompactObject object(text, key);
  if (!object.run()) return false;
  has_member = object.has_member();
  return true;
}

#else

bool is_compact_object(std::string_view, char, bool&) { return false; }

#endif

}  // namespace ktrace::format
