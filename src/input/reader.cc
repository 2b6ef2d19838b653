// The bridge from libarchive's callbacks to a stream. A failure of the stream is kept here, because
// libarchive would put its own words in place of the system's.

#include "reader.h"

#include <cerrno>

#include "encoding.h"

namespace ktrace::input {
namespace {

constexpr std::size_t kBuffer = 128 << 10;

}  // namespace

Reader::Reader(StreamPtr stream)
    : stream_(std::move(stream)), buffer_(kBuffer), archive_(archive_read_new()) {}

int Reader::open() {
  archive_read_set_read_callback(get(), read);
  archive_read_set_skip_callback(get(), skip);
  archive_read_set_callback_data(get(), this);
  return archive_read_open1(get());
}

Status Reader::failure(std::string_view kind) const {
  if (!status_.ok()) return status_;
  if (ended_) return truncated(kind);
  const char* words = archive_error_string(get());
  return corrupt(kind, words == nullptr ? "it cannot be read" : words);
}

la_ssize_t Reader::read(struct archive* archive, void* self, const void** bytes) {
  auto& reader = *static_cast<Reader*>(self);
  const auto count = reader.stream_->read(reader.buffer_.data(), reader.buffer_.size());
  if (!count) {
    reader.status_ = count.status();
    archive_set_error(archive, EIO, "%s", count.message().c_str());
    return ARCHIVE_FATAL;
  }
  reader.ended_ = *count == 0;
  *bytes = reader.buffer_.data();
  return static_cast<la_ssize_t>(*count);
}

la_int64_t Reader::skip(struct archive* archive, void* self, la_int64_t count) {
  (void)archive;
  auto& reader = *static_cast<Reader*>(self);
  return static_cast<la_int64_t>(reader.stream_->skip(static_cast<std::uint64_t>(count)));
}

Result<std::size_t> Entry::read(char* into, std::size_t size) {
  while (block_.empty() && !done_ && status_.ok()) next_block();
  if (block_.empty() && !status_.ok()) return status_;
  return take(block_, into, size);
}

// Not archive_read_data(), which forgets what it has copied when the next block fails.
void Entry::next_block() {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int code = archive_read_data_block(reader_.get(), &bytes, &size, &offset);
  done_ = code == ARCHIVE_EOF;
  if (code == ARCHIVE_OK || code == ARCHIVE_WARN) {
    block_ = {static_cast<const char*>(bytes), size};
  } else if (!done_) {
    status_ = reader_.failure(kind_);
  }
}

}  // namespace ktrace::input
