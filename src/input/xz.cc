// xz ("The .xz File Format") by liblzma, which joins streams and leaves out the padding between
// them.
//
// What it holds in memory is what the encoding asks for: a dictionary of up to 64 MiB (xz -9) as a
// rule. A stream that asks for more than kMostMemory is refused, so that no input decides that.
//
// Unpacking can begin where a block begins (section 3), and an index at the end of each stream
// tells where that is; `xz` writes several with --threads or --block-size. A decoder must be told
// which check the stream has: it is given a stream header that tells this.

#include <lzma.h>
#include <memory>

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

struct FreeIndex {
  void operator()(lzma_index* index) const { lzma_index_end(index, nullptr); }
};
using Index = std::unique_ptr<lzma_index, FreeIndex>;

// Reads the indexes of all streams, by seeking to them.
Result<Index> read_index(const Packed& packed) {
  lzma_stream stream = LZMA_STREAM_INIT;
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> owner(&stream, lzma_end);
  lzma_index* index = nullptr;
  std::vector<char> buffer(128 << 10);
  std::uint64_t position = 0;
  lzma_ret code = lzma_file_info_decoder(&stream, &index, kMostMemory, packed.size);
  while (code == LZMA_OK || code == LZMA_SEEK_NEEDED) {
    if (code == LZMA_SEEK_NEEDED) position = stream.seek_pos;
    if (code == LZMA_SEEK_NEEDED || stream.avail_in == 0) {
      const auto count = packed.read_at(position, buffer.data(), buffer.size());
      if (!count) return count.status();
      if (*count == 0) return truncated(Xz::kName);
      position += *count;
      stream.next_in = reinterpret_cast<const std::uint8_t*>(buffer.data());
      stream.avail_in = *count;
    }
    code = lzma_code(&stream, LZMA_RUN);
  }
  if (code != LZMA_STREAM_END) return corrupt(Xz::kName, "invalid index");
  return Index(index);
}

}  // namespace

Result<Restarts> survey_xz(const Packed& packed) {
  const auto index = read_index(packed);
  if (!index) return index.status();
  Restarts found;
  found.size = lzma_index_uncompressed_size(index->get());
  lzma_index_iter block;
  lzma_index_iter_init(&block, index->get());
  while (!lzma_index_iter_next(&block, LZMA_INDEX_ITER_NONEMPTY_BLOCK)) {
    found.places.push_back({block.block.compressed_file_offset,
                            block.block.uncompressed_file_offset,
                            std::string(1, static_cast<char>(block.stream.flags->check))});
  }
  return found;
}

StreamPtr resume_xz(StreamPtr packed, const Restart& restart) {
  lzma_stream_flags flags{};
  flags.check = static_cast<lzma_check>(restart.state.empty() ? 0 : restart.state.front());
  std::string header(LZMA_STREAM_HEADER_SIZE, '\0');
  auto* const bytes = reinterpret_cast<std::uint8_t*>(header.data());
  // No decoder takes an empty header.
  if (lzma_stream_header_encode(&flags, bytes) != LZMA_OK) header.assign(header.size(), '\0');
  return decode_xz(put_back(std::move(header), std::move(packed)));
}

StreamPtr decode_xz(StreamPtr packed) { return std::make_unique<Stepped<Xz>>(std::move(packed)); }

}  // namespace ktrace::input
