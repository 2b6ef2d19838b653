// Regular files are read with pread: no page faults as with mmap, no SIGBUS when a log is truncated
// under our hands, and any number of threads can read one file. (mapping.h has a look without
// reading.) Everything else is a stream.

#include "file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace ktrace::input {
namespace {

Facts to_facts(const struct stat& stat) {
  Facts facts;
  facts.identity = {stat.st_dev, stat.st_ino};
  facts.mode = stat.st_mode;
  facts.size = static_cast<std::uint64_t>(stat.st_size);
  facts.modified = Time(std::chrono::seconds(stat.st_mtim.tv_sec) +
                        std::chrono::nanoseconds(stat.st_mtim.tv_nsec));
  return facts;
}

class RegularFile : public Stream {
 public:
  RegularFile(Descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    auto count = file_.read_at(offset_, into, size);
    if (count) offset_ += *count;
    return count;
  }

  std::uint64_t skip(std::uint64_t count) override {
    // Not beyond the end, where a cut file would not show.
    const std::uint64_t skipped = std::min(count, size_ - std::min(size_, offset_));
    offset_ += skipped;
    return skipped;
  }

 private:
  Descriptor file_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
};

class Pipe : public Stream {
 public:
  explicit Pipe(Descriptor file) : file_(std::move(file)) {}

  Result<std::size_t> read(char* into, std::size_t size) override { return file_.read(into, size); }

  bool await(Duration patience) override { return file_.await(patience); }

 private:
  Descriptor file_;
};

}  // namespace

Descriptor::~Descriptor() {
  if (open()) ::close(number_);
}

Result<std::size_t> Descriptor::read_at(std::uint64_t offset, char* into, std::size_t size) const {
  while (true) {
    const ssize_t count = ::pread(number_, into, size, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return system_error(errno);
  }
}

Result<std::size_t> Descriptor::read(char* into, std::size_t size) const {
  while (true) {
    const ssize_t count = ::read(number_, into, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return system_error(errno);
  }
}

bool Descriptor::await(Duration patience) const {
  pollfd waiting{number_, POLLIN, 0};
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(patience);
  return ::poll(&waiting, 1, static_cast<int>(wait.count())) > 0;
}

Status system_error(int number) { return Status::error(std::strerror(number)); }

Result<Descriptor> open_path(const std::string& path) {
  Descriptor file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                              : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.open()) return system_error(errno);
  return file;
}

Result<Facts> facts_of(const Descriptor& file) {
  struct stat stat {};
  if (::fstat(file.number(), &stat) != 0) return system_error(errno);
  return to_facts(stat);
}

Result<Facts> facts_of(const std::string& path) {
  struct stat stat {};
  if (::stat(path.c_str(), &stat) != 0) return system_error(errno);
  return to_facts(stat);
}

StreamPtr stream_of(Descriptor file, const Facts& facts) {
  if (facts.seekable()) return std::make_unique<RegularFile>(std::move(file), facts.size);
  return std::make_unique<Pipe>(std::move(file));
}

}  // namespace ktrace::input
