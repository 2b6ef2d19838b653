// ktrace-rawloop: how fast this machine can read files and look for a literal, doing nothing else.
//
//   ktrace-rawloop [-j N] ID FILE...
//
// prints how often ID occurs. The yardstick for `ktrace grep`: threads take slices of the files
// from one counter, pread them into buffers of 256 KiB (a second-level cache's worth: larger ones
// were slower, mapped files cost page faults) and search these with AVX2 where the processor has
// it, with memmem elsewhere. There are no records, no lines and no output but the count.

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ktrace::bench {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;
constexpr std::size_t kSlice = 16 * kBuffer;
constexpr std::size_t kSlack = 128;  // read by the vector loop, never matched
constexpr std::size_t kPage = 4096;

// Occurrences that begin in [text, text + starts); all of them end within the buffer.
using Count = std::uint64_t (*)(const char* text, std::size_t starts, std::string_view id);

std::uint64_t count_portable(const char* text, std::size_t starts, std::string_view id) {
  std::uint64_t hits = 0;
  const char* end = text + starts + id.size() - 1;
  while (const void* hit =
             ::memmem(text, static_cast<std::size_t>(end - text), id.data(), id.size())) {
    ++hits;
    text = static_cast<const char*>(hit) + 1;
  }
  return hits;
}

#if defined(__x86_64__)
// Candidates are places where ID's first and last byte both fit; 64 of them per turn. A turn costs
// four loads and one branch that is nearly never taken.
__attribute__((target("avx2"))) std::uint64_t count_avx2(const char* text, std::size_t starts,
                                                         std::string_view id) {
  const __m256i first = _mm256_set1_epi8(id.front());
  const __m256i last = _mm256_set1_epi8(id.back());
  const std::size_t reach = id.size() - 1;
  std::uint64_t hits = 0;
  for (std::size_t at = 0; at < starts; at += 64) {
    const auto* here = reinterpret_cast<const __m256i*>(text + at);
    const auto* there = reinterpret_cast<const __m256i*>(text + at + reach);
    const __m256i low = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_loadu_si256(here), first),
                                         _mm256_cmpeq_epi8(_mm256_loadu_si256(there), last));
    const __m256i high = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_loadu_si256(here + 1), first),
                                          _mm256_cmpeq_epi8(_mm256_loadu_si256(there + 1), last));
    if (_mm256_testz_si256(_mm256_or_si256(low, high), _mm256_set1_epi8(-1))) continue;
    std::uint64_t candidates = static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
                               std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))}
                                   << 32;
    for (; candidates != 0; candidates &= candidates - 1) {
      const std::size_t place = at + static_cast<std::size_t>(__builtin_ctzll(candidates));
      if (place < starts && std::memcmp(text + place, id.data(), id.size()) == 0) ++hits;
    }
  }
  return hits;
}
#endif

Count fastest_count() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return count_avx2;
#endif
  return count_portable;
}

struct Slice {
  int descriptor;
  off_t begin, end;
};

// Fills as much of `buffer` as the file has; 0 at its end and on errors.
std::size_t read_at(int descriptor, char* buffer, std::size_t size, off_t offset) {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got =
        ::pread(descriptor, buffer + filled, size - filled, offset + static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

// Neighbouring buffers overlap by one byte less than ID is long, so that no hit is missed or seen
// twice.
std::uint64_t count_slice(const Slice& slice, char* buffer, std::string_view id, Count count) {
  const std::size_t overlap = id.size() - 1;
  std::uint64_t hits = 0;
  for (off_t at = slice.begin; at < slice.end; at += static_cast<off_t>(kBuffer)) {
    const std::size_t size = read_at(slice.descriptor, buffer, kBuffer + overlap, at);
    if (size > overlap) hits += count(buffer, std::min(size - overlap, kBuffer), id);
  }
  return hits;
}

std::uint64_t count_all(const std::vector<Slice>& slices, std::string_view id, unsigned threads) {
  const Count count = fastest_count();
  std::atomic<std::size_t> next = 0;
  std::atomic<std::uint64_t> hits = 0;
  const auto work = [&] {
    const std::size_t size = (kBuffer + id.size() + kSlack + kPage - 1) / kPage * kPage;
    const std::unique_ptr<char, decltype(&std::free)> buffer(
        static_cast<char*>(std::aligned_alloc(kPage, size)), &std::free);
    std::memset(buffer.get(), 0, size);
    for (std::size_t i = next++; i < slices.size(); i = next++) {
      hits += count_slice(slices[i], buffer.get(), id, count);
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& thread : others) thread.join();
  return hits;
}

// Appends the slices of one file; false, with errno, when it cannot be opened.
bool add_slices(const std::string& path, std::vector<Slice>& slices) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts {};
  if (descriptor < 0 || ::fstat(descriptor, &facts) != 0) return false;
  constexpr off_t kStep = kSlice;
  for (off_t at = 0; at < facts.st_size; at += kStep) {
    slices.push_back({descriptor, at, std::min(at + kStep, facts.st_size)});
  }
  return true;
}

}  // namespace
}  // namespace ktrace::bench

int main(int argc, char** argv) {
  using namespace ktrace::bench;
  std::string id;
  std::vector<std::string> paths;
  unsigned threads = 2;
  CLI::App app("Counts a literal in files as fast as they can be read.", "ktrace-rawloop");
  app.add_option("ID", id, "what to look for")->required()->check([](const std::string& text) {
    return text.empty() ? "is empty" : "";
  });
  app.add_option("FILE", paths, "files")->required();
  app.add_option("-j,--threads", threads, "threads")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::vector<Slice> slices;
  for (const std::string& path : paths) {
    if (add_slices(path, slices)) continue;
    fmt::print(stderr, "ktrace-rawloop: {}: {}\n", path, std::strerror(errno));
    return 2;
  }
  fmt::print("{}\n", count_all(slices, id, threads));
  return 0;
}
