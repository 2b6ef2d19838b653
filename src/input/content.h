// What bytes are, by their looks: compressed, an archive, text that may be a log, or something
// else.

#pragma once

#include <string>
#include <string_view>

#include "encoding.h"
#include "stream.h"

namespace ktrace::input {

/// How much of a stream is looked at to tell what it is.
inline constexpr std::size_t kSignature = 512;

/// How much of a file is looked at to tell whether it may be a log.
inline constexpr std::size_t kSample = 64 << 10;

/// Whether `head`, the beginning of a stream, is that of a tar or zip archive.
bool is_archive(std::string_view head);

/// The beginning of `stream`, up to kSignature bytes, but not more than it takes to tell what it
/// is: a live log may have no more for a long time.
std::string read_signature(Stream& stream);

/// Whether `sample`, the beginning of a file, looks like text.
bool looks_like_text(std::string_view sample);

}  // namespace ktrace::input
