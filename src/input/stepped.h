// Decoders by libraries of zlib's manner: they are given bytes and room, and take a step.

#pragma once

#include <memory>
#include <vector>

#include "chunked.h"
#include "encoding.h"

namespace ktrace::input {

/// What a step came to.
struct Step {
  bool end = false;         ///< of all that was compressed
  std::string_view damage;  ///< in words; empty when all is well
};

/// Unpacks by a `Codec`, which has
///   kName                       of the encoding
///   next_in, avail_in           what is to be unpacked, like
///   next_out, avail_out         the room for it, both as members of `stream`
///   Step step(bool last)        `last`: nothing comes behind avail_in
/// All that can be unpacked of a stream that is cut or damaged is given.
template <typename Codec>
class Stepped : public Chunked {
 public:
  explicit Stepped(StreamPtr packed) : packed_(std::move(packed)), buffer_(kChunk) {}

 private:
  Result<std::size_t> decode(char* into) override {
    auto& stream = codec_.stream;
    std::size_t count = 0;
    while (count == 0 && status_.ok() && !done_) {
      if (stream.avail_in == 0 && !last_) fill();
      stream.next_out = reinterpret_cast<decltype(stream.next_out)>(into);
      stream.avail_out = kChunk;
      const bool starved = stream.avail_in == 0 && last_;
      const Step step = codec_.step(last_);
      count = kChunk - stream.avail_out;
      done_ = step.end;
      if (!step.damage.empty()) status_ = corrupt(Codec::kName, step.damage);
      if (starved && count == 0 && !done_ && status_.ok()) status_ = truncated(Codec::kName);
    }
    if (count == 0 && !read_status_.ok()) return read_status_;
    if (count == 0 && !status_.ok()) return status_;
    return count;
  }

  void fill() {
    // How much a damaged stream still gives may depend on how it comes: always in the same pieces.
    const auto count = read_all(*packed_, buffer_.data(), buffer_.size());
    if (!count) read_status_ = count.status();
    last_ = !count || *count == 0;
    codec_.stream.next_in = reinterpret_cast<decltype(codec_.stream.next_in)>(buffer_.data());
    codec_.stream.avail_in = static_cast<decltype(codec_.stream.avail_in)>(count ? *count : 0);
  }

  StreamPtr packed_;
  std::vector<char> buffer_;
  Codec codec_;
  bool last_ = false;
  bool done_ = false;
  Status read_status_;  // of what is unpacked
  Status status_;       // of the unpacking
};

}  // namespace ktrace::input
