// What makes mmap slow or dangerous is kept out of the look. The pages of a window are mapped
// before it is seen and dropped behind it, so that resident memory stays small. Each thread maps a
// file but once: to change the address space it has to wait until no other one maps pages, and
// those for it. Only a file whose pages are in memory is looked at: reading ahead from a disk is
// what pread does better. And when a file is cut under the look, the kernel's SIGBUS is answered by
// zeros in the window's place: the look has failed, the program has not.

#include "mapping.h"

#include <algorithm>
#include <csignal>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

namespace ktrace::input {
namespace {

// With a page that is missing Linux maps those around it: of the 64 KiB that hold it those that are
// in memory, and all that it keeps in one piece, at most as many as one page table has.
constexpr std::size_t kLeastAround = 64 << 10;
constexpr std::uint64_t kMostAround = 2 << 20;

std::uint64_t page_size() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

// The file that this thread looked at last.
class Mapped {
 public:
  Mapped() = default;
  ~Mapped() { forget(); }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;

  /// The bytes of `file`, at least `size`; null when that cannot be.
  char* bytes_of(const Descriptor& file, std::uint64_t size) {
    const auto facts = facts_of(file);
    if (!facts || facts->size < size) return nullptr;
    if (begin_ != nullptr && facts->identity == identity_ && size <= size_) return begin_;
    forget();
    void* const mapped = ::mmap(nullptr, facts->size, PROT_READ, MAP_SHARED, file.number(), 0);
    if (mapped == MAP_FAILED) return nullptr;
    begin_ = static_cast<char*>(mapped);
    size_ = facts->size;
    identity_ = facts->identity;
    return begin_;
  }

  /// Gives back the pages of [offset, offset + size), and those that the system mapped with them.
  void drop(std::uint64_t offset, std::uint64_t size) {
    const std::uint64_t from = offset - std::min(offset, kMostAround);
    const std::uint64_t to = std::min(offset + size + kMostAround, size_);
    const std::uint64_t page = from - from % page_size();
    ::madvise(begin_ + page, to - page, MADV_DONTNEED);
  }

  void forget() {
    if (begin_ != nullptr) ::munmap(begin_, size_);
    begin_ = nullptr;
  }

 private:
  char* begin_ = nullptr;
  std::uint64_t size_ = 0;
  Identity identity_;
};
thread_local Mapped mapped;

// What this thread looks at. The signal handler reads it while pages are touched.
struct Window {
  char* volatile begin;
  volatile std::size_t size;
  volatile std::sig_atomic_t lost;
};
thread_local Window window{};

void put_zeros(int signal, siginfo_t* info, void*) {
  const char* const at = static_cast<const char*>(info->si_addr);
  if (window.begin != nullptr && at >= window.begin && at < window.begin + window.size &&
      ::mmap(window.begin, window.size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) != MAP_FAILED) {
    window.lost = 1;
  } else {
    std::signal(signal, SIG_DFL);  // it comes again, and ends the program
  }
}

void answer_bus_errors() {
  static const int once = [] {
    struct sigaction action {};
    action.sa_sigaction = put_zeros;
    action.sa_flags = SA_SIGINFO;
    return ::sigaction(SIGBUS, &action, nullptr);
  }();
  (void)once;
}

// Has all pages mapped. In one piece of work that takes less time than where the search comes to a
// page, and also than MADV_POPULATE_READ, which looks up each page that was mapped with another.
void touch(const volatile char* pages, std::size_t size) {
  for (std::size_t at = 0; at < size; at += kLeastAround) (void)pages[at];
}

// Whether the byte at `offset` is in memory.
bool is_cached(const Descriptor& file, std::uint64_t offset) {
  char byte = 0;
  const iovec into{&byte, 1};
  return ::preadv2(file.number(), &into, 1, static_cast<off_t>(offset), RWF_NOWAIT) == 1;
}

}  // namespace

bool look_at(const Descriptor& file, std::uint64_t offset, std::size_t size, const Viewer& see) {
  if (size == 0 || !is_cached(file, offset) || !is_cached(file, offset + size - 1)) return false;
  char* const bytes = mapped.bytes_of(file, offset + size);
  if (bytes == nullptr) return false;
  answer_bus_errors();
  const std::size_t before = offset % page_size();
  window = {bytes + offset - before, before + size, 0};
  touch(window.begin, window.size);
  const bool shown = window.lost == 0;
  if (shown) see({bytes + offset, size});
  const bool good = shown && window.lost == 0;
  if (good) {
    mapped.drop(offset, size);
  } else {
    mapped.forget();  // zeros may stand in it
  }
  window = {};
  return good;
}

}  // namespace ktrace::input
