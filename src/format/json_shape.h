// Whether a line is one JSON object, at the speed of a glance.

#pragma once

#include <string_view>

namespace ktrace::format {

/// Whether the first line of `text` is for certain one JSON object and white space; false when only
/// a parser could tell. `has_member`: whether that object itself, not one inside of it, has a
/// member `key`. `text` has kPadding readable bytes behind it.
bool is_object(std::string_view text, std::string_view key, bool& has_member);

}  // namespace ktrace::format
