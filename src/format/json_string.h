// Strings of JSON, decoded without a parser.

#pragma once

#include <cstddef>
#include <string_view>

#include "ktrace/arena.h"

namespace ktrace::format {

/// What `inside`, the text between two quotes of JSON, stands for; of a longer text at least the
/// first `enough` bytes. An escape that JSON does not know stays as it is. The result is `inside`
/// itself when nothing is escaped, otherwise it lives in `arena`, kPadding readable bytes behind
/// it.
std::string_view decode_json(std::string_view inside, Arena& arena,
                             std::size_t enough = std::string_view::npos);

}  // namespace ktrace::format
