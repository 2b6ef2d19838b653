// What makes mmap slow or dangerous is kept out of the look. The pages are mapped in one call
// (MADV_POPULATE_READ, Linux 5.14) instead of one fault after the other, a window at a time, so
// that resident memory stays small. Only a file whose pages are in memory is looked at: reading
// ahead from a disk is what pread does better. And when a file is cut under the look, the kernel's
// SIGBUS is answered by zeros in the window's place: the look has failed, the program has not.

#include "mapping.h"

#include <csignal>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

namespace ktrace::input {
namespace {

// What this thread has mapped.
struct Window {
  char* begin;
  std::size_t size;
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

// Whether the byte at `offset` is in memory.
bool is_cached(const Descriptor& file, std::uint64_t offset) {
  char byte = 0;
  const iovec into{&byte, 1};
  return ::preadv2(file.number(), &into, 1, static_cast<off_t>(offset), RWF_NOWAIT) == 1;
}

}  // namespace

bool look_at(const Descriptor& file, std::uint64_t offset, std::size_t size, const Viewer& see) {
  if (size == 0 || !is_cached(file, offset) || !is_cached(file, offset + size - 1)) return false;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t before = offset % page;
  void* const mapped = ::mmap(nullptr, before + size, PROT_READ, MAP_SHARED, file.number(),
                              static_cast<off_t>(offset - before));
  if (mapped == MAP_FAILED) return false;
  answer_bus_errors();
  window = {static_cast<char*>(mapped), before + size, 0};
  const bool shown = ::madvise(mapped, window.size, MADV_POPULATE_READ) == 0;
  if (shown) see({window.begin + before, size});
  const bool good = shown && window.lost == 0;
  ::munmap(mapped, window.size);
  window = {};
  return good;
}

}  // namespace ktrace::input
