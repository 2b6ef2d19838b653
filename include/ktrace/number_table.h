// Numbers of what is kept elsewhere, found by hash.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ktrace::trace {

/// A hash table without deletion that holds nothing but numbers and some bits of their hashes: what
/// has a number, and whether it is what is looked for, the caller knows. Open addressing with
/// linear probing, at most half full: 16 to 32 bytes a number. Not thread-safe while it is filled.
class NumberTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// The first number that was added with this hash and of which `same(number)` is true, or kNone.
  template <typename Same>
  std::uint32_t find(std::size_t hash, const Same& same) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = place(hash);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.number == kNone) return kNone;
      if (slot.hash == bits(hash) && same(slot.number)) return slot.number;
    }
  }

  /// Adds a number other than kNone.
  void add(std::size_t hash, std::uint32_t number) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    put({bits(hash), number});
    ++size_;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0, number = kNone;
  };

  // What chooses the place has to be kept, since a table that grows does not see the hashes again.
  static std::uint32_t bits(std::size_t hash) {
    return static_cast<std::uint32_t>(hash ^ std::uint64_t{hash} >> 32);
  }
  std::size_t place(std::size_t hash) const { return bits(hash) & (slots_.size() - 1); }

  void put(const Slot& slot) {
    std::size_t at = slot.hash & (slots_.size() - 1);
    while (slots_[at].number != kNone) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != kNone) put(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace ktrace::trace
