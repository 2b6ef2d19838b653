// Only archives that come through a pipe are spooled: their members must be known before they can
// be read. What is kept is the pipe as it comes, compressed if it is, never what it unpacks to.

#include "spool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "file.h"

namespace ktrace::input {
namespace {

constexpr std::size_t kInMemory = 8 << 20;
constexpr std::size_t kChunk = 256 << 10;

struct Kept {
  std::string memory;  // the beginning
  Descriptor file;     // the rest; open only when there is one
  std::uint64_t file_size = 0;
  Status status;  // how the pipe ended
};

class Replay : public Stream {
 public:
  explicit Replay(std::shared_ptr<const Kept> kept) : kept_(std::move(kept)) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t held = kept_->memory.size();
    std::size_t count = 0;
    if (offset_ < held) {
      std::string_view left(kept_->memory);
      left.remove_prefix(offset_);
      count = take(left, into, size);
    } else if (offset_ < held + kept_->file_size) {
      auto read = kept_->file.read_at(offset_ - held, into, size);
      if (!read) return read;
      count = *read;
    }
    offset_ += count;
    if (count == 0 && !kept_->status.ok()) return kept_->status;
    return count;
  }

  std::uint64_t skip(std::uint64_t count) override {
    const std::uint64_t left = kept_->memory.size() + kept_->file_size - offset_;
    const std::uint64_t skipped = std::min(count, left);
    offset_ += skipped;
    return skipped;
  }

 private:
  std::shared_ptr<const Kept> kept_;
  std::uint64_t offset_ = 0;
};

Descriptor nameless_file(const std::string& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.open()) return file;
  // Not every file system can do that.
  std::string name = folder + "/ktrace-XXXXXX";
  Descriptor named(::mkostemp(name.data(), O_CLOEXEC));
  if (named.open()) ::unlink(name.c_str());
  return named;
}

Status open_file(Kept& kept) {
  const char* folder = std::getenv("TMPDIR");
  if (folder == nullptr || *folder == '\0') folder = "/tmp";
  kept.file = nameless_file(folder);
  if (kept.file.open()) return {};
  return Status::error(
      fmt::format("cannot keep it in {}: {}", folder, system_error(errno).message()));
}

Status write_all(Kept& kept, std::string_view bytes) {
  if (!kept.file.open()) {
    if (Status status = open_file(kept); !status.ok()) return status;
  }
  while (!bytes.empty()) {
    const ssize_t count = ::write(kept.file.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Status::error("cannot keep it in a temporary file: " + system_error(errno).message());
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    kept.file_size += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace

Result<Opener> spool(StreamPtr pipe) {
  auto kept = std::make_shared<Kept>();
  std::string chunk(kChunk, '\0');
  while (true) {
    const auto count = pipe->read(chunk.data(), chunk.size());
    if (!count) kept->status = count.status();
    if (!count || *count == 0) break;
    const std::string_view bytes(chunk.data(), *count);
    if (kept->memory.size() + bytes.size() <= kInMemory && !kept->file.open()) {
      kept->memory += bytes;
    } else if (Status status = write_all(*kept, bytes); !status.ok()) {
      return status;
    }
  }
  return Opener(
      [kept]() -> Result<StreamPtr> { return StreamPtr(std::make_unique<Replay>(kept)); });
}

}  // namespace ktrace::input
