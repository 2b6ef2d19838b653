// What the decoders and the archives have in common: libarchive on top of a stream.

#pragma once

#include <memory>
#include <string_view>
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

  /// Why libarchive failed, in its words about a `kind` of thing or those about the stream itself.
  Status failure(std::string_view kind) const;

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

/// The bytes of the entry that `reader`, which outlives it, stands at. `kind`: see Reader::failure.
class Entry : public Stream {
 public:
  Entry(Reader& reader, std::string_view kind) : reader_(reader), kind_(kind) {}

  Result<std::size_t> read(char* into, std::size_t size) override;

 private:
  void next_block();

  Reader& reader_;
  std::string_view kind_;
  std::string_view block_;  // what is left of it
  bool done_ = false;
  Status status_;
};

}  // namespace ktrace::input
