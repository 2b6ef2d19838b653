// Index files on disk, and how they are named.
//
// A writer's temporary file stands beside the index as NAME.tmp-XXXXXX and is locked (flock) as
// long as the writer lives. The kernel gives up the lock of a killed writer, so whoever can take it
// knows that the file is a leftover and may go; no clock and no process number is asked. On a file
// system without locks leftovers stay. Were a temporary file removed in the moment between its
// creation and its locking, its writer would fail to rename it, and there would be no new index:
// nothing worse.

#include "index_storage.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "ktrace/index.h"

namespace ktrace::trace {
namespace index {
namespace {

constexpr std::string_view kSuffix = ".ktrace-index";
constexpr std::string_view kTemporary = ".ktrace-index.tmp-";
constexpr std::size_t kRandomLetters = 6;  // of mkstemp
constexpr std::size_t kFlushAt = 256 * 1024;

Status system_error(int number) { return Status::error(std::strerror(number)); }

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_temporary(std::string_view name) {
  if (name.size() < kTemporary.size() + kRandomLetters) return false;
  return name.substr(name.size() - kRandomLetters - kTemporary.size()).starts_with(kTemporary);
}

// Removes `name` when nobody has it locked.
void remove_if_abandoned(int directory, const char* name) {
  const Descriptor file(::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.open() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0) {
    ::unlinkat(directory, name, 0);
  }
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

void Descriptor::reset() {
  if (open()) ::close(number_);
  number_ = -1;
}

Result<NewFile> NewFile::create(std::string path) {
  std::string name = path;
  if (!name.ends_with(kSuffix)) name += kSuffix;
  // Until it is locked, others may take it for abandoned: then another one is made.
  while (true) {
    std::string temporary = name + ".tmp-XXXXXX";
    Descriptor descriptor(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!descriptor.open()) return system_error(errno);
    ::flock(descriptor.number(), LOCK_EX);
    struct stat facts {};
    const bool removed = ::fstat(descriptor.number(), &facts) == 0 && facts.st_nlink == 0;
    if (!removed) return NewFile(std::move(path), std::move(temporary), std::move(descriptor));
  }
}

NewFile::~NewFile() {
  if (descriptor_.open() && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::append(std::string_view bytes) {
  buffer_ += bytes;
  position_ += bytes.size();
  if (buffer_.size() >= kFlushAt) flush();
}

void NewFile::overwrite_head(std::string_view bytes) {
  flush();
  write_at(bytes, 0);
}

void NewFile::flush() {
  write_at(buffer_, position_ - buffer_.size());
  buffer_.clear();
}

void NewFile::write_at(std::string_view bytes, std::uint64_t offset) {
  while (error_ == 0 && !bytes.empty()) {
    const ssize_t count =
        ::pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno != EINTR) error_ = errno;
      continue;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

Status NewFile::commit() {
  flush();
  if (error_ == 0 && ::fsync(descriptor_.number()) != 0) error_ = errno;
  if (error_ == 0 && ::rename(temporary_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ != 0) return system_error(error_);
  temporary_.clear();
  // The rename is made durable too, where the file system can; without that the old index is back
  // after a power failure, which is no harm.
  const Descriptor directory(::open(directory_of(path_).c_str(), O_RDONLY | O_CLOEXEC));
  if (directory.open()) (void)::fsync(directory.number());
  return {};
}

void remove_leftovers(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(directory_of(path).c_str()),
                                                      ::closedir);
  if (!directory) return;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (is_temporary(entry->d_name)) remove_if_abandoned(::dirfd(directory.get()), entry->d_name);
  }
}

Result<Descriptor> open_existing(const std::string& path, std::uint64_t& size) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat facts {};
  if (!file.open() || ::fstat(file.number(), &facts) != 0) return system_error(errno);
  if (!S_ISREG(facts.st_mode)) return Status::error("the index is no regular file");
  size = static_cast<std::uint64_t>(facts.st_size);
  return file;
}

bool read_exactly(const Descriptor& file, std::uint64_t offset, std::size_t length,
                  std::size_t padding, std::string& into) {
  into.resize(length + padding);
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(length), into.end(), '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t count = ::pread(file.number(), into.data() + done, length - done,
                                  static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace index

std::uint64_t content_hash(std::string_view bytes) {
  // Offset basis and prime of draft-eastlake-fnv, section 5.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string cache_path(const std::string& directory, std::string_view file) {
  constexpr std::size_t kLongestTail = 64;
  std::string tail(file.substr(file.rfind('/') + 1));
  if (tail.size() > kLongestTail) tail.erase(0, tail.size() - kLongestTail);
  for (char& c : tail) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '.' || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return fmt::format("{}/{:016x}-{}{}", directory, content_hash(file), tail, index::kSuffix);
}

}  // namespace ktrace::trace
