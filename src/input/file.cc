// Regular files are read with pread: no page faults as with mmap, no SIGBUS when a log is truncated
// under our hands, and any number of threads can read one file. Everything else is a stream.

#include "file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace ktrace::input {
namespace {

Status system_error(int number) { return Status::error(std::strerror(number)); }

Time to_time(const timespec& spec) {
  return Time(std::chrono::seconds(spec.tv_sec) + std::chrono::nanoseconds(spec.tv_nsec));
}

class File : public Source {
 public:
  File(Origin origin, int descriptor, const struct stat& facts)
      : Source(std::move(origin)), descriptor_(descriptor), facts_(facts) {}
  ~File() override { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Files of /proc and the like call themselves regular and empty, yet can be read to an end.
  bool seekable() const override { return S_ISREG(facts_.st_mode) && facts_.st_size > 0; }

  std::uint64_t size() const override { return static_cast<std::uint64_t>(facts_.st_size); }

  std::optional<Time> modified() const override {
    if (!S_ISREG(facts_.st_mode)) return std::nullopt;
    return to_time(facts_.st_mtim);
  }

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    while (true) {
      const ssize_t count = seekable()
                                ? ::pread(descriptor_, into, size, static_cast<off_t>(offset))
                                : ::read(descriptor_, into, size);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return system_error(errno);
    }
  }

 private:
  int descriptor_;
  struct stat facts_;
};

}  // namespace

Result<std::unique_ptr<Source>> open_file(const std::string& path, Origin origin) {
  const int descriptor = path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                     : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return system_error(errno);
  struct stat facts {};
  const int failed = ::fstat(descriptor, &facts) == 0 ? 0 : errno;
  const bool directory = S_ISDIR(facts.st_mode);
  if (failed != 0 || directory) {
    ::close(descriptor);
    return system_error(directory ? EISDIR : failed);
  }
  return std::unique_ptr<Source>(new File(std::move(origin), descriptor, facts));
}

}  // namespace ktrace::input
