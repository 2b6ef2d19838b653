// Whether a line is one JSON object, at the speed of a glance.

#pragma once

#include <string_view>

#include "ktrace/vectors.h"

namespace ktrace::format {

/// Whether the first line of `text` is for certain one JSON object and white space; false when only
/// a parser could tell. `has_member`: whether that object itself, not one inside of it, has a
/// member `key`. `text` has kPadding readable bytes behind it. `vectors`: what the machine has.
bool is_object(std::string_view text, std::string_view key, bool& has_member,
               Vectors vectors = widest_vectors());

/// The same for objects as loggers write them: without arrays and without white space between
/// tokens; false for all others. For machines with AVX-512 only. `key` is one letter.
bool is_compact_object(std::string_view text, char key, bool& has_member);

}  // namespace ktrace::format
