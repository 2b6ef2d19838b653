// Sorted runs, each as large as may be held, are merged by a heap of their heads: each has a buffer
// of some kilobytes.

#include "seen_store.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <type_traits>

#include "room.h"

namespace ktrace::engine {
namespace {

// So many bytes may be held for each trace: a list takes that anyhow.
constexpr std::uint64_t kHeldPerTrace = 160;

// But not more observations than group_by_trace() may be given.
constexpr std::uint64_t kMostHeld = UINT32_MAX * sizeof(Observation) / 2;

// Once that was too little, no part holds more than this.
constexpr std::uint64_t kHeldByPart = 4 << 20;

// Observations of a part in one piece.
constexpr std::size_t kPiece = 1 << 16;

// Observations of a run that are read at a time: what a spool unpacks at once.
constexpr std::size_t kRead = 4096;

template <typename Values>
std::string_view bytes_of(const Values& values) {
  static_assert(std::is_trivially_copyable_v<typename Values::value_type>);
  return {reinterpret_cast<const char*>(values.data()), std::span(values).size_bytes()};
}

// Reads as many values as `values` has.
template <typename T>
Status read_values(const input::Spool& spool, std::uint64_t offset, std::vector<T>& values) {
  char* const into = reinterpret_cast<char*>(values.data());
  for (std::size_t done = 0, size = values.size() * sizeof(T); done < size;) {
    const auto count = spool.read(offset + done, into + done, size - done);
    if (!count) return count.status();
    if (*count == 0) return Status::error("a temporary file is too short");
    done += *count;
  }
  return {};
}

bool before(const Observation& a, const Observation& b) {
  return a.trace != b.trace ? a.trace < b.trace : a.time < b.time;
}

}  // namespace

void SeenStore::relieve(SeenPart& part, std::size_t traces) {
  const std::uint64_t size = bytes_of(part.seen).size() + bytes_of(part.undated).size();
  const std::uint64_t held = held_ += size - part.counted;
  part.counted = size;
  const std::uint64_t may_hold = std::min(may_hold_ + traces * kHeldPerTrace, kMostHeld);
  const bool much = held > may_hold || (full_ && size > kHeldByPart);
  if (size == 0 || !much) return;
  full_ = true;
  if (!part.first_undated && !part.undated.empty()) part.first_undated = part.undated.front();
  put_away(part);
  give_back(part.seen);
  give_back(part.undated);
  part.counted = 0;
  held_ -= size;
}

// In pieces of which one can be read back without much memory.
void SeenStore::put_away(SeenPart& part) {
  const std::lock_guard lock(mutex_);
  auto next = part.undated.begin();
  for (std::size_t begin = 0; begin < part.seen.size(); begin += kPiece) {
    const std::size_t end = std::min(begin + kPiece, part.seen.size());
    const auto first = next;
    for (; next != part.undated.end() && next->observation < end; ++next) {
      next->observation -= begin;
    }
    const std::span seen(part.seen.data() + begin, end - begin);
    const std::span undated(first, next);
    part.pieces.push_back({spool_.size(), seen.size(), undated.size()});
    if (status_.ok()) status_ = spool_.append(bytes_of(seen));
    if (status_.ok()) status_ = spool_.append(bytes_of(undated));
  }
}

Status SeenStore::read(const SeenPiece& piece, SeenPart& into) const {
  into.seen.resize(piece.seen);
  into.undated.resize(piece.undated);
  if (Status status = read_values(spool_, piece.position, into.seen); !status.ok()) return status;
  return read_values(spool_, piece.position + bytes_of(into.seen).size(), into.undated);
}

void SeenSorter::add(const Observation& seen) {
  if (held_.size() == run_) end_run();
  held_.push_back(seen);
}

void SeenSorter::end_run() {
  if (!std::is_sorted(held_.begin(), held_.end(), before)) {
    std::stable_sort(held_.begin(), held_.end(), before);
  }
  Run& run = runs_.emplace_back();
  run.next = spool_.size();
  if (status_.ok()) status_ = spool_.append(bytes_of(held_));
  run.end = spool_.size();
  held_.clear();
}

// False at the end of the run, or when it cannot be read.
bool SeenSorter::fill(Run& run) {
  const std::uint64_t left = (run.end - run.next) / sizeof(Observation);
  run.read.resize(std::min<std::uint64_t>(kRead, left));
  run.at = 0;
  if (status_.ok()) status_ = read_values(spool_, run.next, run.read);
  run.next += bytes_of(run.read).size();
  return status_.ok() && !run.read.empty();
}

Status SeenSorter::each(const std::function<void(const Observation&)>& see) {
  end_run();
  give_back(held_);
  std::vector<std::size_t> heap;  // numbers of runs, that of the next observation first
  const auto later = [this](std::size_t a, std::size_t b) {
    const Observation& one = runs_[a].read[runs_[a].at];
    const Observation& other = runs_[b].read[runs_[b].at];
    return before(other, one) || (!before(one, other) && b < a);
  };
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (fill(runs_[i])) heap.push_back(i);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty() && status_.ok()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    Run& run = runs_[heap.back()];
    see(run.read[run.at]);
    if (++run.at == run.read.size() && !fill(run)) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  return status_;
}

}  // namespace ktrace::engine
