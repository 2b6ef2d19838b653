// Strings as Go's strconv.Quote writes them.

#pragma once

#include <cstddef>
#include <string_view>

#include "ktrace/arena.h"

namespace ktrace::format {

/// The position of the first quote at or after `from` that no backslash escapes, or npos.
std::size_t closing_quote(std::string_view text, std::size_t from);

/// What `inside`, the text between two quotes, stands for. An escape that Go would not write stays
/// as it is. The result is `inside` itself when nothing is escaped, otherwise it lives in `arena`.
std::string_view unquote(std::string_view inside, Arena& arena);

/// Writes `code` to `out` (at most 4 bytes) and returns how many bytes it took.
std::size_t encode_utf8(char32_t code, char* out);

}  // namespace ktrace::format
