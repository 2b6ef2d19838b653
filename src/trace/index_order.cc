// Numbers are put into buckets by the leading bits of their distance from the least, then those of
// a bucket, which is in the cache, into parts of it by the bits behind these: random ones are then
// nearly in order, and what is left is sorted by comparing a handful at a time. Comparing all of a
// bucket takes three times as long, since no comparison's outcome can be foreseen.

#include "index_order.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

namespace ktrace::trace::index {
namespace {

constexpr unsigned kBucketBits = 10, kPartBits = 8;

template <typename Take>
void each_number(const BlockIds& ids, Take&& take) {
  for (std::uint32_t id = 0; id < ids.size(); ++id) {
    if (ids.place(id) != Place::shared) take(id);
  }
}

}  // namespace

IdOrder::IdOrder(const BlockIds& ids) : ids_(ids), begins_((1 << kBucketBits) + 1) {
  Wide most = 0;
  each_number(ids, [&](std::uint32_t id) {
    least_ = std::min(least_, wide(ids.number(id)));
    most = std::max(most, wide(ids.number(id)));
  });
  if (least_ > most) return;
  width_ = std::max(width(most - least_), kBucketBits + kPartBits);
  const auto bucket_of = [&](std::uint32_t id) { return part_of(ids.number(id), kBucketBits); };
  each_number(ids, [&](std::uint32_t id) { ++begins_[bucket_of(id) + 1]; });
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  order_.resize(begins_.back());
  std::vector<std::uint32_t> next = begins_;
  each_number(ids, [&](std::uint32_t id) { order_[next[bucket_of(id)]++] = id; });
}

// The leading bits of a number's distance from the least.
std::size_t IdOrder::part_of(const Number& number, unsigned bits) const {
  return static_cast<std::size_t>((wide(number) - least_) >> (width_ - bits));
}

std::span<const Leaf> IdOrder::next() {
  while (bucket_ + 1 < begins_.size() && begins_[bucket_] == begins_[bucket_ + 1]) ++bucket_;
  if (bucket_ + 1 == begins_.size()) return {};
  const std::uint32_t begin = begins_[bucket_++];
  gather(std::span(order_).subspan(begin, begins_[bucket_] - begin));
  sort();
  return sorted_;
}

// Identifiers are numbered as they come, so those of a bucket lead through the blocks in order.
void IdOrder::gather(std::span<const std::uint32_t> bucket) {
  const std::vector<std::uint32_t>& firsts = ids_.firsts();
  for (const std::uint32_t id : bucket) ids_.prefetch(id);
  gathered_.clear();
  std::uint32_t block = 0;
  for (const std::uint32_t id : bucket) {
    while (block + 1 < firsts.size() && firsts[block + 1] <= id) ++block;
    gathered_.push_back({ids_.number(id), block, id});
  }
}

void IdOrder::sort() {
  constexpr std::size_t kParts = std::size_t{1} << kPartBits;
  const auto part = [&](const Leaf& leaf) {
    return part_of(leaf.number, kBucketBits + kPartBits) % kParts;
  };
  std::array<std::uint32_t, kParts + 1> ends{};  // first of the parts before
  for (const Leaf& leaf : gathered_) ++ends[part(leaf) + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  sorted_.resize(gathered_.size());
  for (const Leaf& leaf : gathered_) sorted_[ends[part(leaf)]++] = leaf;
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < kParts; begin = ends[i++]) {
    std::sort(sorted_.begin() + begin, sorted_.begin() + ends[i],
              [this](const Leaf& a, const Leaf& b) {
                if (a.number != b.number) return a.number < b.number;
                return std::tuple(ids_.place(a.id), a.id) < std::tuple(ids_.place(b.id), b.id);
              });
  }
}

}  // namespace ktrace::trace::index
