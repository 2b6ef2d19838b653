// What the decoders and the archives have in common: libarchive on top of a stream.

#pragma once

#include <memory>
#include <vector>

#include <archive.h>

#include "stream.h"

namespace ktrace::input {

/// A libarchive reader that reads from `stream`. Not thread-safe; stays where it is.
class Reader {
 public:
  explicit Reader(StreamPtr stream);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Before open(), to say which formats and filters are wanted; afterwards to read.
  struct archive* get() const {
    return archive_.get();
  }

  /// Begins to read. Gives libarchive's code.
  int open();

  /// What was wrong with the stream itself; ok when it read well.
  const Status& stream_status() const { return status_; }

  /// Whether the stream was read to its end.
  bool stream_ended() const { return ended_; }

 private:
  static la_ssize_t read(struct archive* archive, void* self, const void** bytes);
  static la_int64_t skip(struct archive* archive, void* self, la_int64_t count);

  struct Free {
    void operator()(struct archive* archive) const { archive_read_free(archive); }
  };

  StreamPtr stream_;
  std::vector<char> buffer_;
  Status status_;
  bool ended_ = false;
  std::unique_ptr<struct archive, Free> archive_;  // last, because freeing it may call back
};

}  // namespace ktrace::input
