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
    if (!status_.ok()) return status_;
    return empty_ ? std::size_t{0} : entry_.read(into, size);
  }

 private:
  void begin() {
    begun_ = true;
    struct archive_entry* entry = nullptr;
    int code = reader_.open();
    if (code == ARCHIVE_OK) code = archive_read_next_header(reader_.get(), &entry);
    empty_ = code == ARCHIVE_EOF;
    // What is too short even for a header would be passed on as it is.
    const bool filtered = archive_filter_code(reader_.get(), 0) == ARCHIVE_FILTER_LZ4;
    if (!filtered || (!empty_ && code != ARCHIVE_OK)) status_ = reader_.failure(kName);
  }

  Reader reader_;
  Entry entry_{reader_, kName};
  bool begun_ = false;
  bool empty_ = false;
  Status status_;
};

}  // namespace

StreamPtr decode_lz4(StreamPtr packed) { return std::make_unique<Lz4>(std::move(packed)); }

}  // namespace ktrace::input
