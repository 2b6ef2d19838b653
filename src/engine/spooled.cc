#include "spooled.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdlib.h>
#include <string>
#include <unistd.h>

namespace ktrace::engine {
namespace {

constexpr std::size_t kInMemory = 32 << 20;
constexpr std::size_t kPiece = 256 << 10;

Status system_error(const char* what) {
  return Status::error(std::string(what) + ": " + std::strerror(errno));
}

// A file without a name; -1 and errno when there can be none.
int nameless_file() {
  const char* variable = ::getenv("TMPDIR");
  const std::string directory = variable != nullptr && *variable != '\0' ? variable : "/tmp";
  const int descriptor = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0) return descriptor;
  std::string name = directory + "/ktrace-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

class Spooled : public input::Source {
 public:
  explicit Spooled(const input::Source& original)
      : Source(original.origin()), modified_(original.modified()) {}
  ~Spooled() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Spooled(const Spooled&) = delete;
  Spooled& operator=(const Spooled&) = delete;

  bool seekable() const override { return true; }
  std::uint64_t size() const override { return size_; }
  std::optional<Time> modified() const override { return modified_; }

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    if (offset >= size_) return std::size_t{0};
    size = std::min<std::uint64_t>(size, size_ - offset);
    if (descriptor_ < 0) {
      std::memcpy(into, memory_.data() + offset, size);
      return size;
    }
    const ssize_t count = ::pread(descriptor_, into, size, static_cast<off_t>(offset));
    if (count < 0) return system_error("temporary file");
    return static_cast<std::size_t>(count);
  }

  Status append(std::string_view bytes) {
    if (descriptor_ < 0 && memory_.size() + bytes.size() > kInMemory) {
      descriptor_ = nameless_file();
      if (descriptor_ < 0) return system_error("cannot make a temporary file");
      if (Status status = write(memory_); !status.ok()) return status;
      memory_ = std::string();
    }
    size_ += bytes.size();
    if (descriptor_ >= 0) return write(bytes);
    memory_.append(bytes);
    return {};
  }

 private:
  Status write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error("cannot write a temporary file");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  std::optional<Time> modified_;
  std::string memory_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace

std::unique_ptr<input::Source> spool(input::Source& source, Status& failure) {
  auto spooled = std::make_unique<Spooled>(source);
  std::string piece(kPiece, '\0');
  while (failure.ok()) {
    const auto count = source.read(spooled->size(), piece.data(), piece.size());
    if (!count) failure = count.status();
    if (!count || *count == 0) break;
    failure = spooled->append(std::string_view(piece).substr(0, *count));
  }
  return spooled;
}

}  // namespace ktrace::engine
