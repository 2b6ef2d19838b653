#include "json_cursor.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ktrace::format {
namespace {

enum Kind : std::uint8_t { kPlain, kQuote, kOpen, kClose };

constexpr std::array<std::uint8_t, 256> kKinds = [] {
  std::array<std::uint8_t, 256> kinds{};
  kinds['"'] = kQuote;
  kinds['{'] = kinds['['] = kOpen;
  kinds['}'] = kinds[']'] = kClose;
  return kinds;
}();

// Behind the quote that ends the string whose first byte is at `at`; beyond `end` when none does.
const char* string_end(const char* at, const char* end) {
  for (; at < end; ++at) {
    if (*at == '"') return at + 1;
    if (*at == '\\' && ++at == end) break;
  }
  return end + 1;
}

}  // namespace

std::string_view JsonCursor::skip() {
  const char first = peek();
  const std::size_t begin = at_;
  bool whole = true;
  if (first == '"') {
    whole = skip_string();
  } else if (first == '{' || first == '[') {
    whole = skip_container();
  } else {
    at_ = std::min(text_.find_first_of(",}] \t\r\n", at_), text_.size());
  }
  return whole ? text_.substr(begin, at_ - begin) : std::string_view();
}

bool JsonCursor::skip_string() {
  const char* const end = text_.data() + text_.size();
  const char* const behind = string_end(text_.data() + at_ + 1, end);
  at_ = std::min(static_cast<std::size_t>(behind - text_.data()), text_.size());
  return behind <= end;
}

// Braces and brackets are only counted: whether they match is for the one to say who reads it. Most
// of what this program does with a span is this loop: a byte a turn, and one table.
bool JsonCursor::skip_container() {
  const char* const end = text_.data() + text_.size();
  const char* at = text_.data() + at_;
  std::size_t depth = 0;
  bool whole = false;
  while (at < end && !whole) {
    const std::uint8_t kind = kKinds[static_cast<unsigned char>(*at++)];
    if (kind == kPlain) continue;
    if (kind == kQuote) at = string_end(at, end);
    if (kind == kOpen) ++depth;
    if (kind == kClose) whole = --depth == 0;
  }
  at_ = std::min(static_cast<std::size_t>(at - text_.data()), text_.size());
  return whole;
}

}  // namespace ktrace::format
