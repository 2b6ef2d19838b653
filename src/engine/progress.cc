#include "progress.h"

namespace ktrace::engine {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(250);

}  // namespace

Meter::Meter(const std::function<void(const Progress&)>& listener, std::string_view phase,
             std::uint64_t total)
    : listener_(listener), phase_(phase), total_(total) {
  if (listener_) thread_ = std::jthread([this] { run(); });
}

Meter::~Meter() {
  if (!listener_) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
  tell(true);
}

void Meter::tell(bool ended) const {
  const auto elapsed = std::chrono::steady_clock::now() - begin_;
  listener_({phase_, done_.load(std::memory_order_relaxed), total_,
             std::chrono::duration_cast<Duration>(elapsed), ended});
}

void Meter::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kInterval, [this] { return ended_; })) tell(false);
}

}  // namespace ktrace::engine
