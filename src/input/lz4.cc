// lz4 by libarchive's filter, with its "raw" format on top: any bytes are one entry. The filter
// joins frames, as the tools do. It gives whole blocks (of up to 4 MiB) only.

#include "encoding.h"
#include "reader.h"

namespace ktrace::input {
namespace {

constexpr std::string_view kName = "lz4";

class Lz4 : public Stream {
 public:
  explicit Lz4(StreamPtr packed) : reader_(std::move(packed)) {
    archive_read_support_format_raw(reader_.get());
    archive_read_support_format_empty(reader_.get());
    archive_read_support_filter_lz4(reader_.get());
  }

  Result<std::size_t> read(char* into, std::size_t size) override {
    if (!begun_) begin();
    while (status_.ok() && !done_ && block_.empty()) next_block();
    if (block_.empty() && !status_.ok()) return status_;
    return take(block_, into, size);
  }

 private:
  // Not archive_read_data(), which forgets what it has copied when the next block fails.
  void next_block() {
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int code = archive_read_data_block(reader_.get(), &bytes, &size, &offset);
    done_ = code == ARCHIVE_EOF;
    if (code == ARCHIVE_OK) {
      block_ = {static_cast<const char*>(bytes), size};
    } else if (!done_) {
      fail();
    }
  }

  void begin() {
    begun_ = true;
    struct archive_entry* entry = nullptr;
    int code = reader_.open();
    if (code == ARCHIVE_OK) code = archive_read_next_header(reader_.get(), &entry);
    done_ = code == ARCHIVE_EOF;
    // What is too short even for a header would be passed on as it is.
    const bool filtered = archive_filter_code(reader_.get(), 0) == ARCHIVE_FILTER_LZ4;
    if (!filtered || (!done_ && code != ARCHIVE_OK)) fail();
  }

  void fail() {
    if (!reader_.stream_status().ok()) {
      status_ = reader_.stream_status();
    } else if (reader_.stream_ended()) {
      status_ = truncated(kName);
    } else {
      const char* words = archive_error_string(reader_.get());
      status_ = corrupt(kName, words == nullptr ? "it cannot be decoded" : words);
    }
  }

  Reader reader_;
  std::string_view block_;  // what is left of it
  bool begun_ = false;
  bool done_ = false;
  Status status_;
};

}  // namespace

StreamPtr decode_lz4(StreamPtr packed) { return std::make_unique<Lz4>(std::move(packed)); }

}  // namespace ktrace::input
