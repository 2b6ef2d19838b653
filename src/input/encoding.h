// Compressed bytes to bytes.

#pragma once

#include <span>
#include <string_view>

#include "stream.h"

namespace ktrace::input {

/// One way to compress. The table of them is the only place that knows how many there are.
struct Encoding {
  std::string_view name;
  std::span<const std::string_view> magics;  ///< what it begins with, any of them; '?' is any byte

  /// What `packed` holds, unpacked while it is read. Memory does not grow with either.
  StreamPtr (*decode)(StreamPtr packed);
};

std::span<const Encoding> encodings();

/// The encoding that `head`, the beginning of a stream, is in; null when in none.
const Encoding* find_encoding(std::string_view head);

/// Whether `head` is shorter than the magic of some encoding and agrees with it so far.
bool may_become_encoded(std::string_view head);

StreamPtr decode_gzip(StreamPtr packed);
StreamPtr decode_zstd(StreamPtr packed);
StreamPtr decode_xz(StreamPtr packed);
StreamPtr decode_bzip2(StreamPtr packed);
StreamPtr decode_lz4(StreamPtr packed);

/// How decoders say what is wrong with their input.
Status truncated(std::string_view encoding);
Status corrupt(std::string_view encoding, std::string_view detail);

}  // namespace ktrace::input
