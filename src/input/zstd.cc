// Zstandard (RFC 8878) by its own library, which joins frames and leaves out skippable ones.
//
// Its window limit for streams holds: a frame that was made with --long=28 or more would need more
// than 128 MiB and is refused, so that no input decides how much memory is used.
//
// Unpacking can begin where a frame begins. `zstd` writes one only; pzstd and the seekable format
// write many.

#include <vector>
#include <zstd.h>
#include <zstd_errors.h>

#include "chunked.h"
#include "encoding.h"

namespace ktrace::input {
namespace {

constexpr std::string_view kName = "zstd";

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class Zstd : public Chunked {
 public:
  explicit Zstd(StreamPtr packed)
      : packed_(std::move(packed)), context_(ZSTD_createDCtx()), buffer_(ZSTD_DStreamInSize()) {}

 private:
  Result<std::size_t> decode(char* into) override {
    ZSTD_outBuffer out{into, kChunk, 0};
    while (out.pos == 0 && status_.ok() && !done_) {
      // A full output may have left more inside the decoder.
      if (more_inside_ || in_.pos < in_.size || fill()) decode_to(out);
    }
    if (out.pos == 0 && !status_.ok()) return status_;
    return out.pos;
  }

  bool fill() {
    const auto count = packed_->read(buffer_.data(), buffer_.size());
    if (!count) {
      status_ = count.status();
    } else if (*count == 0) {
      done_ = between_frames_;
      if (!done_) status_ = truncated(kName);
    } else {
      in_ = {buffer_.data(), *count, 0};
    }
    return count.ok() && *count > 0;
  }

  void decode_to(ZSTD_outBuffer& out) {
    const std::size_t code = ZSTD_decompressStream(context_.get(), &out, &in_);
    if (ZSTD_isError(code)) {
      status_ = failure(code);
      return;
    }
    between_frames_ = code == 0;
    more_inside_ = out.pos == out.size && !between_frames_;
  }

  static Status failure(std::size_t code) {
    const ZSTD_ErrorCode error = ZSTD_getErrorCode(code);
    if (error == ZSTD_error_frameParameter_windowTooLarge) {
      return Status::error("zstd: decoding needs more than 128 MiB (made with --long)");
    }
    if (error == ZSTD_error_prefix_unknown) {
      return corrupt(kName, "something else follows the compressed data");
    }
    return corrupt(kName, ZSTD_getErrorString(error));
  }

  StreamPtr packed_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::vector<char> buffer_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool between_frames_ = true;
  bool more_inside_ = false;
  bool done_ = false;
  Status status_;
};

}  // namespace

StreamPtr decode_zstd(StreamPtr packed) { return std::make_unique<Zstd>(std::move(packed)); }

Result<Restarts> survey_zstd(const Packed& packed) {
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  std::vector<char> buffer(ZSTD_DStreamInSize()), unpacked(ZSTD_DStreamOutSize());
  Restarts found;
  found.places.push_back({});
  ZSTD_inBuffer in{buffer.data(), 0, 0};
  std::size_t left = 0;      // 0 at the end of a frame
  bool more_inside = false;  // a full output may have left more in the decoder
  for (std::uint64_t read = 0;;) {
    if (in.pos == in.size && !more_inside) {
      const auto count = packed.read_at(read, buffer.data(), buffer.size());
      if (!count) return count.status();
      if (*count == 0) break;
      read += *count;
      in = {buffer.data(), *count, 0};
    }
    ZSTD_outBuffer out{unpacked.data(), unpacked.size(), 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left)) return corrupt(kName, ZSTD_getErrorName(left));
    more_inside = left > 0 && out.pos == out.size;
    found.size += out.pos;
    const bool due = found.size >= found.places.back().unpacked + kRestartStep;
    if (left == 0 && due) found.places.push_back({read - in.size + in.pos, found.size, {}});
  }
  if (left != 0) return truncated(kName);
  if (found.places.size() > 1 && found.places.back().unpacked == found.size) {
    found.places.pop_back();
  }
  return found;
}

StreamPtr resume_zstd(StreamPtr packed, const Restart& restart) {
  (void)restart;
  return decode_zstd(std::move(packed));
}

}  // namespace ktrace::input
