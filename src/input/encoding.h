// Compressed bytes to bytes.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stream.h"

namespace ktrace::input {

/// Compressed bytes that can be read at any offset: as Descriptor::read_at().
struct Packed {
  std::function<Result<std::size_t>(std::uint64_t offset, char* into, std::size_t size)> read_at;
  std::uint64_t size = 0;
};

/// A place in compressed bytes from where on they can be unpacked.
struct Restart {
  std::uint64_t packed = 0;    ///< offset of the first byte that is needed
  std::uint64_t unpacked = 0;  ///< offset of the first byte that comes out
  std::string state;           ///< what else must be known: the encoding's own
};

/// Places in the order of offsets, the first at the beginning, and the size of what is unpacked.
struct Restarts {
  std::vector<Restart> places;
  std::uint64_t size = 0;
};

/// So far apart are they, where the encoding leaves a choice.
inline constexpr std::uint64_t kRestartStep = 8 << 20;

/// One way to compress. The table of them is the only place that knows how many there are.
struct Encoding {
  std::string_view name;
  std::span<const std::string_view> magics;  ///< what it begins with, any of them; '?' is any byte

  /// What `packed` holds, unpacked while it is read. Memory does not grow with either.
  StreamPtr (*decode)(StreamPtr packed);

  /// Where unpacking can begin, from a look at all of `packed`; an error when it is damaged. Null
  /// when only at the beginning.
  Result<Restarts> (*survey)(const Packed& packed) = nullptr;

  /// What is unpacked from `restart` on, where `packed` begins. To be read up to the next restart
  /// only.
  StreamPtr (*resume)(StreamPtr packed, const Restart& restart) = nullptr;
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

Result<Restarts> survey_gzip(const Packed& packed);
Result<Restarts> survey_zstd(const Packed& packed);
Result<Restarts> survey_xz(const Packed& packed);

StreamPtr resume_gzip(StreamPtr packed, const Restart& restart);
StreamPtr resume_zstd(StreamPtr packed, const Restart& restart);
StreamPtr resume_xz(StreamPtr packed, const Restart& restart);

/// How decoders say what is wrong with their input.
Status truncated(std::string_view encoding);
Status corrupt(std::string_view encoding, std::string_view detail);

}  // namespace ktrace::input
