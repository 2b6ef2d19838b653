// Line ends: where lines begin (where they end: line_end() of ktrace/format.h), and line ends of
// Windows within a record.

#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "ktrace/arena.h"
#include "ktrace/format.h"

namespace ktrace::format {

/// Where the line begins whose bytes before `position` are in [from, position); `from` when it
/// begins before that.
inline std::size_t line_begin(std::string_view block, std::size_t from, std::size_t position) {
  if (position == from) return from;  // of an empty block, which may have no address
  const void* newline = ::memrchr(block.data() + from, '\n', position - from);
  if (newline == nullptr) return from;
  return static_cast<std::size_t>(static_cast<const char*>(newline) - block.data()) + 1;
}

/// `text` without the line end that it may have, of either kind.
inline std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  return text;
}

/// `text` with "\n" for each "\r\n". The result is `text` itself when it has none, otherwise it
/// lives in `arena`, with kPadding readable bytes behind it.
inline std::string_view with_plain_line_ends(std::string_view text, Arena& arena) {
  if (text.find('\r') == text.npos) return text;
  char* const out = arena.allocate(text.size() + kPadding);
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r' || at + 1 == text.size() || text[at + 1] != '\n')
      out[written++] = text[at];
  }
  std::memset(out + written, 0, kPadding);
  arena.shrink(text.size() - written);
  return {out, written};
}

}  // namespace ktrace::format
