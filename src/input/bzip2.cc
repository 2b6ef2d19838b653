// bzip2 by its own library. A file is a sequence of streams, which are joined. A block (up to 900
// kB of what was compressed) can be decoded only as a whole, so that much may be lost before a cut.

#include <bzlib.h>

#include "stepped.h"

namespace ktrace::input {
namespace {

class Bzip2 {
 public:
  static constexpr std::string_view kName = "bzip2";

  Bzip2() = default;
  ~Bzip2() { end(); }
  Bzip2(const Bzip2&) = delete;
  Bzip2& operator=(const Bzip2&) = delete;

  Step step(bool last) {
    if (!open_ && stream.avail_in == 0) return {last, {}};
    if (!open_) begin();
    const int code = open_ ? BZ2_bzDecompress(&stream) : BZ_MEM_ERROR;
    switch (code) {
      case BZ_OK:
        return {};
      case BZ_STREAM_END:
        end();
        first_ = false;
        return {};
      case BZ_DATA_ERROR_MAGIC:
        if (!first_) return {false, "something else follows the compressed data"};
        [[fallthrough]];
      case BZ_DATA_ERROR:
        return {false, "invalid data"};
      default:
        return {false, "it cannot be decoded"};
    }
  }

  bz_stream stream{};

 private:
  void begin() { open_ = BZ2_bzDecompressInit(&stream, 0, 0) == BZ_OK; }
  void end() {
    if (open_) BZ2_bzDecompressEnd(&stream);
    open_ = false;
  }

  bool open_ = false;  // within a stream
  bool first_ = true;  // which is the first
};

}  // namespace

StreamPtr decode_bzip2(StreamPtr packed) {
  return std::make_unique<Stepped<Bzip2>>(std::move(packed));
}

}  // namespace ktrace::input
