#include "read_ahead.h"

#include <algorithm>
#include <cstring>

namespace ktrace::engine {
namespace {

constexpr std::size_t kPiece = 512 << 10;

}  // namespace

ReadAhead::ReadAhead(input::Source& source)
    : Source(source.origin()), source_(source), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadAhead::run() {
  std::uint64_t offset = 0;
  for (bool ended = false; !ended;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopped_ || filled_ - emptied_ < pieces_.size(); });
      if (stopped_) return;
    }
    Piece& piece = pieces_[filled_ % pieces_.size()];
    piece.bytes.resize(kPiece);
    const auto count = source_.read(offset, piece.bytes.data(), kPiece);
    piece.size = count ? *count : 0;
    if (!count) piece.status = count.status();
    offset += piece.size;
    ended = piece.size == 0;
    {
      const std::lock_guard lock(mutex_);
      ++filled_;
    }
    changed_.notify_all();
  }
}

Result<std::size_t> ReadAhead::read(std::uint64_t, char* into, std::size_t size) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return filled_ > emptied_; });
  }
  Piece& piece = pieces_[emptied_ % pieces_.size()];
  if (piece.size == 0) {
    if (!piece.status.ok()) return piece.status;
    return std::size_t{0};
  }
  const std::size_t count = std::min(size, piece.size - given_);
  std::memcpy(into, piece.bytes.data() + given_, count);
  given_ += count;
  if (given_ < piece.size) return count;
  given_ = 0;
  {
    const std::lock_guard lock(mutex_);
    ++emptied_;
  }
  changed_.notify_all();
  return count;
}

}  // namespace ktrace::engine
