// When is a pipe live? Its writer does not say. `kubectl logs` of a finished container ends at
// once, `kubectl logs -f` never does, and both begin with the log as it is. Silence tells, and so
// does a last record of just now, when a busy component is never silent. A finished log whose
// transport stalls is taken for a live one, too: it is then shown in two parts, each in order.

#include "patient.h"

#include <algorithm>
#include <cstring>

#include "ktrace/format.h"

namespace ktrace::engine {
namespace {

constexpr std::size_t kChunk = 64 << 10;

// A line longer than this is not waited for.
constexpr std::size_t kLongLine = 1 << 20;

constexpr auto kStep = std::chrono::milliseconds(50);
constexpr auto kSilence = std::chrono::milliseconds(500);
constexpr Duration kJustNow = std::chrono::seconds(5);

}  // namespace

Patient::Patient(input::Source& pipe, const Query& query, Time now)
    : Source(pipe.origin()), pipe_(pipe), query_(query), began_(now) {}

Result<std::size_t> Patient::read(std::uint64_t offset, char* into, std::size_t size) {
  if (going_on_ && given_from_ == held_.size()) return pipe_.read(offset, into, size);
  while (whole_ == given_from_ && !paused_ && !ended_) receive();
  if (whole_ == given_from_ && !failure_.ok()) return failure_;
  return give(into, size);
}

bool Patient::await(Duration patience) {
  return given_from_ < held_.size() || ended_ || pipe_.await(patience);
}

LiveStart Patient::go_on() {
  paused_ = false;
  going_on_ = true;
  whole_ = held_.size();
  start_.evidence = witness_.evidence();
  if (const auto stamp = last_stamp({recent_.data(), recent_.size() - format::kPadding})) {
    start_.stamp = *stamp;
  }
  return start_;
}

std::size_t Patient::give(char* into, std::size_t size) {
  const std::size_t count = std::min(size, whole_ - given_from_);
  std::memcpy(into, held_.data() + given_from_, count);
  start_.lines += static_cast<std::uint64_t>(std::count(into, into + count, '\n'));
  start_.offset += count;
  given_from_ += count;
  return count;
}

void Patient::receive() {
  if (!wait()) {
    paused_ = true;
    return;
  }
  held_.erase(0, given_from_);
  given_from_ = 0;
  const std::size_t old = held_.size();
  held_.resize(old + kChunk);
  const auto count = pipe_.read(received_, held_.data() + old, kChunk);
  if (!count) failure_ = count.status();
  held_.resize(old + (count ? *count : 0));
  ended_ = held_.size() == old;
  whole_ = ended_ || held_.size() > kLongLine ? held_.size() : held_.rfind('\n') + 1;
  if (ended_) return;
  recent_.assign(held_, old);
  recent_.append(format::kPadding, '\0');
  if (received_ == 0) {
    witness_.see({std::string_view(recent_.data(), recent_.size() - format::kPadding), 0});
  }
  received_ += *count;
}

// Waits for more. False when it is a live pipe that has no more at present.
bool Patient::wait() {
  while (received_ == 0) {
    if (pipe_.await(kSilence)) return true;
  }
  if (pipe_.await(Duration::zero())) return true;
  Duration silent{};
  while (silent < kSilence) {
    if (is_present()) return false;
    const auto before = Clock::now();
    if (pipe_.await(kStep)) return true;
    // A machine so busy that this process is late may keep the writer waiting as well.
    if (Clock::now() - before < 2 * kStep) silent += kStep;
  }
  return false;
}

// Whether the last record is of just now.
bool Patient::is_present() {
  const auto clock = Clock::now();
  if (clock - checked_ < kStep) return false;
  checked_ = clock;
  const auto stamp = last_stamp({recent_.data(), recent_.size() - format::kPadding});
  if (!stamp) return false;
  const Time now = began_ + (clock - began_clock_);
  Evidence evidence;
  evidence.samples.emplace_back(0, *stamp);
  const Time time = make_calendar(query_, pipe_, evidence, now).resolve(0, *stamp);
  return time > now - kJustNow && time < now + kJustNow;
}

}  // namespace ktrace::engine
