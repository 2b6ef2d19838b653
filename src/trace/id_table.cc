// An open hash table with linear probing. Slots are numbers of four bytes, so that a million of
// them stay near the processor; an entry is looked at only where the slot leads, and its text only
// when the whole hash agrees.

#include "ktrace/id_table.h"

#include <bit>
#include <cstring>

#include "ktrace/identifiers.h"

namespace ktrace::trace {
namespace {

constexpr std::size_t kFewestSlots = 1024;
constexpr std::uint64_t kCaseBits = 0x2020202020202020;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a = (a ^ b) * 0x9E3779B97F4A7C15;
  return a ^ std::rotl(a, 29) ^ (a >> 32);
}

// Text of 32 bytes may be a trace ID, whose letters are equal without case: its case bits are set
// for all, which leaves digits and lower case letters alone.
std::uint64_t hash_of(std::string_view text) {
  const std::uint64_t fold = text.size() == 32 ? kCaseBits : 0;
  std::uint64_t hash = text.size();
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    hash = mix(hash, word | fold);
  }
  word = 0;
  if (!text.empty()) std::memcpy(&word, text.data(), text.size());
  return mix(hash, word);
}

std::uint64_t slot_for(std::uint64_t hash, std::size_t number_and_one) {
  return (hash >> 32 << 32) | static_cast<std::uint32_t>(number_and_one);
}

}  // namespace

std::uint32_t IdTable::number_of(std::string_view id) {
  if (slots_.size() < 2 * (entries_.size() + 1)) grow();
  const std::uint64_t hash = hash_of(id);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    if ((slots_[slot] ^ hash) >> 32 != 0) continue;
    const std::uint32_t number = static_cast<std::uint32_t>(slots_[slot]) - 1;
    Entry& entry = entries_[number];
    const std::string_view known(entry.text, entry.size);
    if (known == id) return number;
    if (!same_identifier(known, id)) continue;
    entry.text = arena_.keep(canonical_identifier(id)).data();
    return number;
  }
  const std::string_view text = arena_.keep(id);
  entries_.push_back({hash, text.data(), static_cast<std::uint32_t>(text.size())});
  slots_[slot] = slot_for(hash, entries_.size());
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

std::string_view IdTable::id(std::uint32_t number) const {
  return {entries_[number].text, entries_[number].size};
}

void IdTable::grow() {
  slots_.assign(std::max(kFewestSlots, 2 * slots_.size()), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t slot = entries_[i].hash & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = slot_for(entries_[i].hash, i + 1);
  }
}

}  // namespace ktrace::trace
