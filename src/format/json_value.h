// Whether a value is JSON.

#pragma once

#include <string_view>

namespace ktrace::format {

/// Whether the whole of `text` is one JSON value other than a string, so that it can stand in an
/// Attribute of Type::json. Objects and arrays need kPadding readable bytes behind them; those that
/// are larger than 1 MiB or nested deeper than 1024 are not considered.
bool is_json(std::string_view text);

}  // namespace ktrace::format
