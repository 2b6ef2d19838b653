// Index files on disk: written so that a crash leaves the old one or the new one, read in parts.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "ktrace/status.h"

namespace ktrace::trace::index {

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  void reset();

 private:
  int number_ = -1;
};

/// A file that appears under its name when it is whole, or not at all.
class NewFile {
 public:
  /// Creates a temporary file beside `path`.
  static Result<NewFile> create(std::string path);

  ~NewFile();
  NewFile(NewFile&&) = default;
  NewFile& operator=(NewFile&&) = delete;

  /// Failures are kept until commit().
  void append(std::string_view bytes);

  /// Puts `bytes` at the beginning, over what was appended there.
  void overwrite_head(std::string_view bytes);

  /// Where the next append() goes.
  std::uint64_t position() const { return position_; }

  /// Makes the file durable and gives it its name.
  Status commit();

 private:
  NewFile(std::string path, std::string temporary, Descriptor descriptor)
      : path_(std::move(path)),
        temporary_(std::move(temporary)),
        descriptor_(std::move(descriptor)) {}

  void flush();
  void write_at(std::string_view bytes, std::uint64_t offset);

  std::string path_;
  std::string temporary_;
  Descriptor descriptor_;
  std::string buffer_;
  std::uint64_t position_ = 0;
  int error_ = 0;
};

/// Removes temporary files in the directory of `path` whose writers are gone.
void remove_leftovers(const std::string& path);

/// Opens an existing file for reading. `size` receives its length.
Result<Descriptor> open_existing(const std::string& path, std::uint64_t& size);

/// Reads exactly `length` bytes at `offset` into `into`, followed by `padding` zeros. False when
/// they are not there.
bool read_exactly(const Descriptor& file, std::uint64_t offset, std::size_t length,
                  std::size_t padding, std::string& into);

}  // namespace ktrace::trace::index
