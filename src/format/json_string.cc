// RFC 8259, section 7: the escapes \" \\ \/ \b \f \n \r \t and \uXXXX, of which two make a pair for
// what lies beyond the first 65,536 code points. Half a pair becomes U+FFFD.

#include "json_string.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "go_string.h"
#include "ktrace/format.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kEscaped = "\"\\/bfnrt";
constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
constexpr char32_t kReplacement = 0xFFFD;

// The number in "uXXXX" at the front of `text`.
bool read_unit(std::string_view text, char32_t& unit) {
  if (text.size() < 5 || text.front() != 'u') return false;
  std::uint32_t value = 0;
  const auto result = std::from_chars(text.data() + 1, text.data() + 5, value, 16);
  unit = value;
  return result.ec == std::errc() && result.ptr == text.data() + 5;
}

// Decodes "uXXXX" or a pair of them. Returns how much of `text` it took, 0 when it is none.
std::size_t decode_unit(std::string_view text, char* out, std::size_t& written) {
  char32_t code = 0, low = 0;
  if (!read_unit(text, code)) return 0;
  std::size_t taken = 5;
  const bool high = code >= 0xD800 && code < 0xDC00;
  if (high && text.size() > 6 && text[5] == '\\' && read_unit(text.substr(6), low) &&
      low >= 0xDC00 && low < 0xE000) {
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    taken = 11;
  } else if (code >= 0xD800 && code < 0xE000) {
    code = kReplacement;
  }
  written += encode_utf8(code, out + written);
  return taken;
}

// Decodes what stands behind a backslash. Returns how much of `text` it took, 0 when it is none.
std::size_t decode_escape(std::string_view text, char* out, std::size_t& written) {
  if (text.empty()) return 0;
  const std::size_t simple = kEscaped.find(text.front());
  if (simple == kEscaped.npos) return decode_unit(text, out, written);
  out[written++] = kMeaning[simple];
  return 1;
}

}  // namespace

std::string_view decode_json(std::string_view inside, Arena& arena, std::size_t enough) {
  std::size_t escape = inside.find('\\');
  if (escape == inside.npos || escape >= enough) return inside;
  // No escape is shorter than what it stands for. Some room, since an escape may overstep `enough`.
  const std::size_t room = std::min(inside.size(), enough) + 2 * kPadding;
  char* const out = arena.allocate(room);
  std::size_t written = 0;
  for (std::size_t at = 0; at < inside.size() && written < enough;) {
    escape = std::min(inside.find('\\', at), inside.size());
    const std::size_t plain = std::min(escape - at, enough - written);
    std::memcpy(out + written, inside.data() + at, plain);
    written += plain;
    if (escape == inside.size() || written >= enough) break;
    const std::size_t taken = decode_escape(inside.substr(escape + 1), out, written);
    if (taken == 0) out[written++] = '\\';
    at = escape + 1 + taken;
  }
  std::memset(out + written, 0, kPadding);
  arena.shrink(room - written - kPadding);
  return {out, written};
}

}  // namespace ktrace::format
