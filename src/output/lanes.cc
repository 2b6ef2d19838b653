// Interval partitioning: the spans in order of their begin, each on the lowest free lane.
//
// Slices on one lane could also nest, which viewers show as a call and its callee. Log records do
// not say that one operation ran inside the other, so lanes here are disjoint. Spans are in whole
// microseconds, and one that begins in the microsecond in which another ends counts as overlapping:
// viewers hold times as doubles, with a quarter of a microsecond of resolution since 1970, and
// would otherwise see an overlap that is none.

#include "lanes.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace ktrace::output {
namespace {

constexpr std::int64_t kNanoseconds = 1000;

std::int64_t floor_microseconds(Time time) {
  const std::int64_t count = time.time_since_epoch().count();
  return count / kNanoseconds - (count % kNanoseconds < 0);
}

std::int64_t ceil_microseconds(Time time) {
  const std::int64_t count = time.time_since_epoch().count();
  return count / kNanoseconds + (count % kNanoseconds > 0);
}

template <typename T>
using LeastFirst = std::priority_queue<T, std::vector<T>, std::greater<>>;

/// The lanes of one process: which are busy until when, which are free.
class Lanes {
 public:
  std::size_t take(const Span& span) {
    while (!busy_.empty() && busy_.top().first < span.begin) {
      free_.push(busy_.top().second);
      busy_.pop();
    }
    const std::size_t lane = lowest_free();
    busy_.emplace(span.end, lane);
    return lane;
  }

 private:
  std::size_t lowest_free() {
    if (free_.empty()) return count_++;
    const std::size_t lane = free_.top();
    free_.pop();
    return lane;
  }

  LeastFirst<std::pair<std::int64_t, std::size_t>> busy_;
  LeastFirst<std::size_t> free_;
  std::size_t count_ = 0;
};

}  // namespace

Span Span::covering(Time begin, Time end) {
  return {floor_microseconds(begin), ceil_microseconds(end)};
}

std::vector<std::size_t> assign_lanes(std::span<const Span> spans) {
  std::vector<std::size_t> order(spans.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return spans[a].begin < spans[b].begin; });
  std::vector<std::size_t> result(spans.size());
  Lanes lanes;
  for (const std::size_t index : order) result[index] = lanes.take(spans[index]);
  return result;
}

std::size_t count_lanes(std::span<const std::size_t> lanes) {
  return lanes.empty() ? 0 : *std::max_element(lanes.begin(), lanes.end()) + 1;
}

}  // namespace ktrace::output
