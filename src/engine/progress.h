// How far a run has come, told while it runs.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <thread>

#include "ktrace/engine.h"

namespace ktrace::engine {

/// One phase of a run, from its making to its end. add() is thread-safe; without a listener it is
/// all that happens.
class Meter {
 public:
  /// `total`: bytes; 0 when it is not known. `listener` may be empty, and outlives the meter.
  Meter(const std::function<void(const Progress&)>& listener, std::string_view phase,
        std::uint64_t total);
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  void add(std::uint64_t bytes) { done_.fetch_add(bytes, std::memory_order_relaxed); }

 private:
  void tell(bool ended) const;
  void run();

  const std::function<void(const Progress&)>& listener_;
  std::string_view phase_;
  std::uint64_t total_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> done_{0};
  std::mutex mutex_;  // of ended_
  std::condition_variable changed_;
  bool ended_ = false;
  std::jthread thread_;  // last, since it uses all the others
};

}  // namespace ktrace::engine
