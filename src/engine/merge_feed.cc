#include "merge_feed.h"

namespace ktrace::engine {
namespace {

constexpr std::size_t kAheadPerThread = 4;

}  // namespace

BlockFeed::BlockFeed(const BlockStore& store, const std::vector<BlockFacts>& blocks,
                     unsigned threads)
    : store_(store), blocks_(blocks), ahead_(kAheadPerThread * threads), ready_(blocks.size()) {
  for (unsigned i = 1; i < threads; ++i) threads_.emplace_back([this] { read_ahead(); });
}

BlockFeed::~BlockFeed() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

OpenBlock* BlockFeed::take() {
  std::unique_lock lock(mutex_);
  while (ready_[taken_] == nullptr) {
    // The others are as far behind: rather than wait for them, read what comes next.
    may_begin() ? read_next(lock, scratch_) : changed_.wait(lock);
  }
  OpenBlock* const block = ready_[taken_++];
  lock.unlock();
  changed_.notify_all();
  return block;
}

void BlockFeed::give_back(OpenBlock* block) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(block);
}

// Called under the mutex.
OpenBlock* BlockFeed::idle_block() {
  if (idle_.empty()) {
    owned_.push_back(std::make_unique<OpenBlock>());
    return owned_.back().get();
  }
  OpenBlock* const block = idle_.back();
  idle_.pop_back();
  return block;
}

void BlockFeed::read_ahead() {
  Record scratch;
  std::unique_lock lock(mutex_);
  while (!ended_ && begun_ < blocks_.size()) {
    may_begin() ? read_next(lock, scratch) : changed_.wait(lock);
  }
}

// Lets go of the mutex meanwhile.
void BlockFeed::read_next(std::unique_lock<std::mutex>& lock, Record& scratch) {
  const std::size_t mine = begun_++;
  OpenBlock* const block = idle_block();
  lock.unlock();
  store_.load(blocks_[mine], *block, scratch);
  lock.lock();
  ready_[mine] = block;
  changed_.notify_all();
}

}  // namespace ktrace::engine
