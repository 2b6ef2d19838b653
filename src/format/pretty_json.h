// JSON over several lines, indented.

#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "ktrace/arena.h"

namespace ktrace::format {

/// How many blanks stand at the front of `text`.
inline std::size_t count_blanks(std::string_view text) {
  return std::min(text.find_first_not_of(' '), text.size());
}

/// `text` without the blanks between its tokens, with padding.
std::string_view minified(std::string_view text, Arena& arena);

}  // namespace ktrace::format
