// xz, bzip2 and lz4 by libarchive's filters, with its "raw" format on top: any bytes are one entry.
// The filters join the streams of a file, as the tools do. What they hold in memory is what the
// encoding asks for: a dictionary, for xz of up to 64 MiB (-9) as a rule, 1 GiB at most.

#include "encoding.h"
#include "reader.h"

namespace ktrace::input {
namespace {

class Filtered : public Stream {
 public:
  Filtered(StreamPtr packed, std::string_view name, int code)
      : name_(name), code_(code), reader_(std::move(packed)) {
    archive_read_support_format_raw(reader_.get());
    archive_read_support_format_empty(reader_.get());
    archive_read_support_filter_by_code(reader_.get(), code);
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
    const bool filtered = archive_filter_code(reader_.get(), 0) == code_;
    if (!filtered || (!done_ && code != ARCHIVE_OK)) fail();
  }

  void fail() {
    if (!reader_.stream_status().ok()) {
      status_ = reader_.stream_status();
    } else if (reader_.stream_ended()) {
      status_ = truncated(name_);
    } else {
      const char* words = archive_error_string(reader_.get());
      status_ = corrupt(name_, words == nullptr ? "it cannot be decoded" : words);
    }
  }

  std::string_view name_;
  int code_;  // libarchive's, of the filter
  Reader reader_;
  std::string_view block_;  // what is left of it
  bool begun_ = false;
  bool done_ = false;
  Status status_;
};

}  // namespace

StreamPtr decode_xz(StreamPtr packed) {
  return std::make_unique<Filtered>(std::move(packed), "xz", ARCHIVE_FILTER_XZ);
}

StreamPtr decode_bzip2(StreamPtr packed) {
  return std::make_unique<Filtered>(std::move(packed), "bzip2", ARCHIVE_FILTER_BZIP2);
}

StreamPtr decode_lz4(StreamPtr packed) {
  return std::make_unique<Filtered>(std::move(packed), "lz4", ARCHIVE_FILTER_LZ4);
}

}  // namespace ktrace::input
