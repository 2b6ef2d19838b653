// One walk over the text, from quote to quote: the grammar of RFC 8259, but for two things. Numbers
// and words are not looked into, since a parser takes NaN for a member, too; and a key with an
// escape, or an object nested deeper than any log line's, is left to the parser.
//
// Nearly all lines are compact, which is seen without a walk where there is AVX-512.
//
// Nothing is built and nothing is copied. Strings are most of a line: they are passed 16 bytes at a
// time.

#include "json_shape.h"

#include <bit>
#include <cstdint>

#include "ktrace/format.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ktrace::format {
namespace {

// Containers that can be open at once: a bit each.
constexpr unsigned kDeepest = 63;

// A line feed ends what is looked at.
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// What numbers and words are made of.
bool is_scalar_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '+' || c == '.';
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' '; }

// The first byte at or after `at` that ends a string's run of plain bytes; reads up to 15 bytes
// beyond `end`, and gives no more than it.
const char* run_end(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; at < end; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i stops =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(stops));
    if (mask == 0) continue;
    at += std::countr_zero(mask);
    break;
  }
  return at < end ? at : end;
#else
  while (at < end && *at != '"' && *at != '\\' && !is_control(*at)) ++at;
  return at;
#endif
}

class ObjectWalk {
 public:
  ObjectWalk(std::string_view text, std::string_view key)
      : at_(text.data()), end_(text.data() + text.size()), key_(key) {}

  bool run() {
    if (at_ == end_ || *at_ != '{' || !value()) return false;
    while (depth_ > 0) {
      if (!close() && !next_value()) return false;
    }
    skip_space();
    return at_ == end_ || *at_ == '\n';
  }

  bool has_member() const { return has_member_; }

 private:
  // A scalar, a string, or the opening of a container.
  bool value() {
    skip_space();
    if (at_ == end_) return false;
    const char first = *at_;
    if (first == '"') return string();
    if (first == '{' || first == '[') return open(first == '{');
    const char* const begin = at_;
    while (at_ < end_ && is_scalar_char(*at_)) ++at_;
    return at_ > begin;
  }

  bool open(bool object) {
    if (depth_ == kDeepest) return false;
    ++at_;
    ++depth_;
    objects_ = objects_ << 1 | (object ? 1 : 0);
    empty_ = true;
    return true;
  }

  bool close() {
    skip_space();
    if (!take(in_object() ? '}' : ']')) return false;
    --depth_;
    objects_ >>= 1;
    empty_ = false;
    return true;
  }

  // What follows an opening, or a comma.
  bool next_value() {
    if (!empty_ && !take(',')) return false;
    empty_ = false;
    return (!in_object() || key()) && value();
  }

  bool key() {
    skip_space();
    const char* const begin = at_ + 1;
    if (at_ == end_ || *at_ != '"') return false;
    at_ = run_end(begin, end_);
    const std::string_view name(begin, static_cast<std::size_t>(at_ - begin));
    if (!take('"')) return false;
    if (depth_ == 1 && name == key_) has_member_ = true;
    skip_space();
    return take(':');
  }

  bool string() {
    ++at_;
    while (true) {
      at_ = run_end(at_, end_);
      if (take('"')) return true;
      if (end_ - at_ < 2 || *at_ != '\\' || is_control(at_[1])) return false;
      at_ += 2;
    }
  }

  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ < end_ && is_space(*at_)) ++at_;
  }

  bool in_object() const { return (objects_ & 1) != 0; }

  const char* at_;
  const char* const end_;
  const std::string_view key_;
  bool has_member_ = false;
  bool empty_ = false;  // the innermost container has just been opened
  unsigned depth_ = 0;
  std::uint64_t objects_ = 0;  // a bit for each open container, the innermost lowest
};

}  // namespace

bool is_object(std::string_view text, std::string_view key, bool& has_member, Vectors vectors) {
  const bool compact = vectors == Vectors::avx512 && key.size() == 1;
  if (compact && is_compact_object(text, key.front(), has_member)) return true;
  ObjectWalk walk(text, key);
  if (!walk.run()) return false;
  has_member = walk.has_member();
  return true;
}

}  // namespace ktrace::format
