// Strings as Go's strconv.Quote writes them: the escapes \a \b \f \n \r \t \v \\ \' \", \xNN and
// octal \NNN for bytes, \uNNNN and \UNNNNNNNN for code points (The Go Programming Language
// Specification, "Rune literals"). klog quotes messages and values in this form, except references
// to objects, which it puts between quotes as they are.
//
// Decoding never fails: what is no valid escape stays as written. It does not check UTF-8.

#include "go_string.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace ktrace::format {
namespace {

constexpr std::string_view kEscaped = "abfnrtv\\'\"";
constexpr std::string_view kMeaning = "\a\b\f\n\r\t\v\\'\"";

// The number that exactly `digits` digits of `text` write in `base`.
bool read_number(std::string_view text, std::size_t digits, int base, char32_t& number) {
  if (text.size() < digits) return false;
  std::uint32_t value = 0;
  const char* end = text.data() + digits;
  const auto result = std::from_chars(text.data(), end, value, base);
  number = value;
  return result.ec == std::errc() && result.ptr == end;
}

bool is_code_point(char32_t code) {
  return code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
}

// Decodes the escape at the front of `text` (behind its backslash) to `out`. Returns how much of
// `text` it took, 0 when it is none; adds to `written`.
std::size_t decode_escape(std::string_view text, char* out, std::size_t& written) {
  if (text.empty()) return 0;
  if (const std::size_t simple = kEscaped.find(text.front()); simple != kEscaped.npos) {
    out[written++] = kMeaning[simple];
    return 1;
  }
  const char kind = text.front();
  char32_t number = 0;
  if (kind >= '0' && kind <= '3' && read_number(text, 3, 8, number)) {
    out[written++] = static_cast<char>(number);
    return 3;
  }
  text.remove_prefix(1);
  if (kind == 'x' && read_number(text, 2, 16, number)) {
    out[written++] = static_cast<char>(number);
    return 3;
  }
  const std::size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0 || !read_number(text, digits, 16, number) || !is_code_point(number)) return 0;
  written += encode_utf8(number, out + written);
  return 1 + digits;
}

}  // namespace

std::size_t closing_quote(std::string_view text, std::size_t from) {
  // Each run of backslashes is counted once, for the quote behind it: linear.
  for (std::size_t at = from; at < text.size(); ++at) {
    const void* quote = std::memchr(text.data() + at, '"', text.size() - at);
    if (quote == nullptr) return text.npos;
    at = static_cast<std::size_t>(static_cast<const char*>(quote) - text.data());
    std::size_t run = at;
    while (run > from && text[run - 1] == '\\') --run;
    if ((at - run) % 2 == 0) return at;
  }
  return text.npos;
}

std::string_view unquote(std::string_view inside, Arena& arena) {
  std::size_t escape = inside.find('\\');
  if (escape == inside.npos) return inside;
  // No escape is shorter than what it stands for.
  char* const out = arena.allocate(inside.size());
  std::size_t written = 0;
  for (std::size_t at = 0; at < inside.size();) {
    escape = std::min(inside.find('\\', at), inside.size());
    std::memcpy(out + written, inside.data() + at, escape - at);
    written += escape - at;
    if (escape == inside.size()) break;
    const std::size_t taken = decode_escape(inside.substr(escape + 1), out, written);
    if (taken == 0) out[written++] = '\\';
    at = escape + 1 + taken;
  }
  arena.shrink(inside.size() - written);
  return {out, written};
}

std::size_t encode_utf8(char32_t code, char* out) {
  const auto byte = [](char32_t bits) {
    return static_cast<char>(static_cast<unsigned char>(bits));
  };
  if (code < 0x80) {
    out[0] = byte(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = byte(0xC0 | (code >> 6));
    out[1] = byte(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = byte(0xE0 | (code >> 12));
    out[1] = byte(0x80 | ((code >> 6) & 0x3F));
    out[2] = byte(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = byte(0xF0 | (code >> 18));
  out[1] = byte(0x80 | ((code >> 12) & 0x3F));
  out[2] = byte(0x80 | ((code >> 6) & 0x3F));
  out[3] = byte(0x80 | (code & 0x3F));
  return 4;
}

}  // namespace ktrace::format
