// Bytes that are kept for later: what has to be read twice and cannot be, what is sorted outside of
// memory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ktrace/input.h"
#include "ktrace/status.h"

namespace ktrace::input {

/// Takes bytes at its end and gives them back from anywhere. The first are held in memory, the
/// rest, compressed, in one file in TMPDIR that has no name, and so is gone with this process
/// however that ends. May be read by several threads while nothing is appended.
class Spool {
 public:
  /// At most `in_memory` bytes are held in memory.
  explicit Spool(std::size_t in_memory);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  Status append(std::string_view bytes);

  std::uint64_t size() const;

  /// Reads up to `size` bytes at `offset` into `into`. Gives the count, 0 only at the end.
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads `source` to its end and gives its bytes, which are kept in `spool`, as a seekable source
/// that lives no longer than `spool`. `failure` tells when not all could be read or kept; what
/// could be is in the result.
std::unique_ptr<Source> spooled(Source& source, Spool& spool, Status& failure);

}  // namespace ktrace::input
