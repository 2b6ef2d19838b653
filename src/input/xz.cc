// xz ("The .xz File Format") by liblzma, which joins streams and leaves out the padding between
// them.
//
// What it holds in memory is what the encoding asks for: a dictionary of up to 64 MiB (xz -9) as a
// rule. A stream that asks for more than kMostMemory is refused, so that no input decides that.

#include <lzma.h>

#include "stepped.h"

namespace ktrace::input {
namespace {

constexpr std::uint64_t kMostMemory = 256 << 20;

class Xz {
 public:
  static constexpr std::string_view kName = "xz";

  Xz() : begun_(lzma_stream_decoder(&stream, kMostMemory, LZMA_CONCATENATED)) {}
  ~Xz() { lzma_end(&stream); }
  Xz(const Xz&) = delete;
  Xz& operator=(const Xz&) = delete;

  Step step(bool last) {
    const lzma_ret code =
        begun_ == LZMA_OK ? lzma_code(&stream, last ? LZMA_FINISH : LZMA_RUN) : begun_;
    switch (code) {
      case LZMA_STREAM_END:
        return {true, {}};
      case LZMA_FORMAT_ERROR:
        return {false, "something else follows the compressed data"};
      case LZMA_MEMLIMIT_ERROR:
        return {false, "it takes more than 256 MiB to decode"};
      case LZMA_OPTIONS_ERROR:
        return {false, "unknown options"};
      case LZMA_DATA_ERROR:
        return {false, "invalid data"};
      case LZMA_MEM_ERROR:
        return {false, "out of memory"};
      default:
        return {};
    }
  }

  lzma_stream stream = LZMA_STREAM_INIT;

 private:
  lzma_ret begun_;
};

}  // namespace

StreamPtr decode_xz(StreamPtr packed) { return std::make_unique<Stepped<Xz>>(std::move(packed)); }

}  // namespace ktrace::input
