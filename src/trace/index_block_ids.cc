// Open addressing with linear probing, at most half full. Numbers are handed on and kept by halves:
// to copy what was written by halves just now would have to wait for it.

#include "index_block_ids.h"

#include <algorithm>
#include <utility>

namespace ktrace::trace::index {

static_assert(kBlock < std::size_t{1} << 16);

void BlockIds::begin() {
  firsts_.push_back(static_cast<std::uint32_t>(size()));
  slots_.fill(0);
  occurrences_ = 0;
}

std::uint16_t BlockIds::add(Place place, std::uint64_t high, std::uint64_t low,
                            std::uint64_t hash) {
  ++occurrences_;
  const std::size_t first = firsts_.back();
  std::size_t slot = hash % kSlots;
  for (; slots_[slot] != 0; slot = (slot + 1) % kSlots) {
    const std::size_t known = slots_[slot] - 1u;
    const Number& number = numbers_[first + known];
    if (number.low != low || number.high != high || places_[first + known] != place) continue;
    return static_cast<std::uint16_t>(occurrences_ - std::exchange(last_[known], occurrences_));
  }
  last_[size() - first] = occurrences_;
  Number& number = numbers_.emplace_back();
  number.high = high;
  number.low = low;
  places_.push_back(place);
  slots_[slot] = static_cast<std::uint16_t>(size() - first);
  return 0;
}

void BlockIds::set_shared(std::uint32_t id, std::uint64_t value) {
  places_[id] = Place::shared;
  numbers_[id] = {0, value};
}

std::uint32_t BlockIds::block_of(std::uint32_t id, std::uint32_t before) const {
  const auto behind = std::upper_bound(firsts_.begin() + before, firsts_.end(), id);
  return static_cast<std::uint32_t>(behind - firsts_.begin()) - 1;
}

}  // namespace ktrace::trace::index
