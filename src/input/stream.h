// Bytes that come one after the other: what files, pipes, decoders and members of archives are to
// each other. A Source is made of streams; decoders are streams on top of streams.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ktrace/status.h"
#include "ktrace/time.h"

namespace ktrace::input {

/// Not thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;

  /// Gives up to `size` bytes, 0 only at the end. An error comes after all bytes that could be had.
  /// Reading on after the end, or after an error, gives the same again.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;

  /// Moves over up to `count` bytes when that is cheaper than reading them. Gives how many; 0 when
  /// it is not.
  virtual std::uint64_t skip(std::uint64_t count) {
    (void)count;
    return 0;
  }

  /// As Source::await().
  virtual bool await(Duration patience) {
    (void)patience;
    return true;
  }
};

using StreamPtr = std::unique_ptr<Stream>;

/// Makes the stream from its beginning. Most can do so any number of times.
using Opener = std::function<Result<StreamPtr>()>;

/// Moves up to `size` bytes from the front of `from` to `into`. Gives how many.
std::size_t take(std::string_view& from, char* into, std::size_t size);

/// Reads `size` bytes; fewer only when the stream ends or fails before. An error comes alone.
Result<std::size_t> read_all(Stream& stream, char* into, std::size_t size);

/// Up to `size` bytes from the beginning of `stream`; fewer only when it ends or fails before.
std::string read_head(Stream& stream, std::size_t size);

/// `head`, which was read from the beginning of `rest`, and then what follows.
StreamPtr put_back(std::string head, StreamPtr rest);

}  // namespace ktrace::input
