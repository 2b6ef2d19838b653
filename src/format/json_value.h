// What an attribute's value is.

#pragma once

#include <string_view>

#include "ktrace/record.h"

namespace ktrace::format {

/// json when the whole of `text` is one JSON value other than a string, long_json when it is more
/// than 1 MiB and begins like an object or array, otherwise string. Objects and arrays need
/// kPadding readable bytes behind them; those that are nested deeper than 1024 are strings.
Attribute::Type type_of(std::string_view text);

}  // namespace ktrace::format
