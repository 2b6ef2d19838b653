// Entries of transports that are no line of their own: over several lines, or several on one.

#pragma once

#include <cstddef>
#include <string_view>

#include "ktrace/arena.h"
#include "ktrace/format.h"

namespace ktrace::format {

/// How many bytes the entry of several lines has that `text` begins with, its end included. 0 when
/// there is none, or its end is not in `text`.
std::size_t entry_size(std::string_view text);

/// What unwrap() can read of the bytes of one entry, of whatever kind.
std::string_view entry_of(std::string_view bytes, Arena& arena);

/// Removes the entry at the front of the elements of an array, brackets and commas with it, and
/// gives it as entry_of() does.
std::string_view take_element(std::string_view& text, Arena& arena);

/// As Payload::split, for an array of entries on one line: those that make one record together are
/// one slice.
bool split_array(std::string_view text, Slices& slices);

/// An array of entries on one line: like a payload, but parse() finds nothing. Its records are
/// entries.
extern const Payload kEntryArray;

}  // namespace ktrace::format
