// Decoders that lose what they were about to give when their input turns out to be damaged.

#pragma once

#include <vector>

#include "stream.h"

namespace ktrace::input {

/// Always asks the decoder for the same amount, however much is wanted: so that it loses little,
/// and the same for any reader.
class Chunked : public Stream {
 public:
  Result<std::size_t> read(char* into, std::size_t size) override {
    if (left_.empty() && size >= kChunk) return decode(into);
    if (left_.empty()) {
      chunk_.resize(kChunk);
      const auto count = decode(chunk_.data());
      if (!count) return count.status();
      left_ = std::string_view(chunk_.data(), *count);
    }
    return take(left_, into, size);
  }

 protected:
  static constexpr std::size_t kChunk = 128 << 10;

  /// As read(), with room for kChunk bytes.
  virtual Result<std::size_t> decode(char* into) = 0;

 private:
  std::vector<char> chunk_;  // only for reads of less than one
  std::string_view left_;    // of chunk_
};

}  // namespace ktrace::input
