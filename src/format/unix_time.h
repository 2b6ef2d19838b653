// Unix time as loggers write it.

#pragma once

#include <optional>
#include <string_view>

#include "ktrace/time.h"

namespace ktrace::format {

/// Reads seconds (below 1e11), milliseconds (below 1e14), microseconds (below 1e17) or nanoseconds
/// since 1970, without sign and exponent. Empty when `text` is no such number.
std::optional<Stamp> read_unix_time(std::string_view text);

}  // namespace ktrace::format
