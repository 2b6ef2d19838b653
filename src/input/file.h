// Files and pipes as descriptors and as streams.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <tuple>

#include "ktrace/status.h"
#include "ktrace/time.h"
#include "stream.h"

namespace ktrace::input {

/// An open file; closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

  /// Reads up to `size` bytes from `offset` on, or from where it stands; 0 only at the end.
  Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) const;
  Result<std::size_t> read(char* into, std::size_t size) const;

  /// Waits until read() would not wait; false when `patience` is over, or a signal came, before.
  bool await(Duration patience) const;

 private:
  int number_ = -1;
};

/// Which file it is, whatever its name.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const Identity&, const Identity&) = default;
  friend bool operator<(const Identity& a, const Identity& b) {
    return std::tie(a.device, a.inode) < std::tie(b.device, b.inode);
  }
};

/// What the system knows of a file.
struct Facts {
  Identity identity;
  mode_t mode = 0;
  std::uint64_t size = 0;
  Time modified{};

  bool directory() const { return S_ISDIR(mode); }
  bool regular() const { return S_ISREG(mode); }

  /// Files of /proc and the like call themselves regular and empty, yet can be read to an end.
  bool seekable() const { return regular() && size > 0; }
};

/// The system's words for an error number.
Status system_error(int number);

/// Opens `path` for reading, or standard input for "-".
Result<Descriptor> open_path(const std::string& path);

Result<Facts> facts_of(const Descriptor& file);
Result<Facts> facts_of(const std::string& path);

/// The bytes of a regular file from its beginning, or of a pipe from where it stands.
StreamPtr stream_of(Descriptor file, const Facts& facts);

}  // namespace ktrace::input
