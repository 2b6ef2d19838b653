// The members of a JSON object, as attributes.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ktrace/record.h"

namespace ktrace::format {

/// simdjson needs six bytes of memory for each byte of a document. What is larger is not read.
inline constexpr std::size_t kLongestDocument = 8 * 1024 * 1024;

/// Appends the members of the object that the whole of `text` is to `members`, in the order
/// written; equal keys stay side by side. Strings without escapes, and everything that stays JSON,
/// are views of `text`; the rest lives in `arena`. Bytes that are no UTF-8 become U+FFFD. False
/// when `text` is no JSON object or larger than kLongestDocument: then some members may have been
/// appended. kPadding readable bytes must follow `text`.
bool read_members(std::string_view text, Arena& arena, std::vector<Attribute>& members);

/// The same, but what begins as an object or array is taken for one: not looked into, and so of
/// type json whatever it is.
bool skim_members(std::string_view text, Arena& arena, std::vector<Attribute>& members);

/// The text of the first member of that key; empty when there is none, or it is null.
std::string_view text_of(std::span<const Attribute> members, std::string_view key);

/// An RFC 3339 time as a stamp; empty when `text` is none.
std::optional<Stamp> read_rfc3339_stamp(std::string_view text);

}  // namespace ktrace::format
