// Bytes made smaller, for the parts of an index that repeat themselves.
//
//   deflated = { length string }    for each GiB; the string is deflated (RFC 1951)

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ktrace::trace::index {

std::string deflate(std::string_view bytes);

/// What was given to deflate(); nothing when `bytes` did not come from there.
std::optional<std::string> inflate(std::string_view bytes);

}  // namespace ktrace::trace::index
