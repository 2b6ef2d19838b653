// Blocks are read and put in order ahead of the timeline, mostly on other threads than its own.

#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "merge_blocks.h"

namespace ktrace::engine {

/// Gives blocks in their order. For one thread; owns others.
class BlockFeed {
 public:
  /// With one thread, blocks are read when they are taken; with more that is done only when the
  /// others have not read enough. `store` and `blocks` outlive the feed.
  BlockFeed(const BlockStore& store, const std::vector<BlockFacts>& blocks, unsigned threads);
  ~BlockFeed();
  BlockFeed(const BlockFeed&) = delete;
  BlockFeed& operator=(const BlockFeed&) = delete;

  /// The first block that was not taken yet, or null. Its facts are known before it is.
  const BlockFacts* next() const { return taken_ < blocks_.size() ? &blocks_[taken_] : nullptr; }
  OpenBlock* take();

  /// The block's memory is used for another one.
  void give_back(OpenBlock* block);

 private:
  void read_ahead();
  bool may_begin() const { return begun_ < blocks_.size() && begun_ < taken_ + ahead_; }
  void read_next(std::unique_lock<std::mutex>& lock, Record& scratch);
  OpenBlock* idle_block();

  const BlockStore& store_;
  const std::vector<BlockFacts>& blocks_;
  const std::size_t ahead_;  // how many blocks are read before they are taken, at most
  std::size_t taken_ = 0;    // changed under the mutex, by the taking thread alone

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::size_t begun_ = 0;  // blocks before this have been read or are being read
  bool ended_ = false;
  std::vector<OpenBlock*> ready_;  // by block; null when it is not read yet
  std::vector<OpenBlock*> idle_;
  std::vector<std::unique_ptr<OpenBlock>> owned_;

  Record scratch_;
  std::vector<std::jthread> threads_;  // last, since they use all the others
};

}  // namespace ktrace::engine
