// Open addressing with linear probing, at most five eighths full. Hashing multiplies 64 by 64 bits
// and folds the product, as in Wang Yi's wyhash.

#include "index_ids.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <random>

namespace ktrace::trace::index {
namespace {

constexpr unsigned kFirstBits = 12;

// One for all tables, since there may be many small ones.
std::array<std::uint64_t, 2> random_salt() {
  static const std::array<std::uint64_t, 2> salt = [] {
    std::random_device device;
    const auto word = [&device] { return std::uint64_t{device()} << 32 | device() | 1; };
    return std::array{word(), word()};
  }();
  return salt;
}

}  // namespace

DistinctIds::DistinctIds()
    : salt_(random_salt()), slots_(std::size_t{1} << kFirstBits), number_bits_(kFirstBits) {}

std::uint64_t DistinctIds::hash_of(std::string_view text) const {
  std::uint64_t hash = salt_[0] ^ text.size();
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = std::min<std::size_t>(16, rest.size());
    std::uint64_t words[2] = {};
    std::memcpy(words, rest.data(), size);
    hash = fold(words[0] ^ hash, words[1] ^ salt_[1]);
    rest.remove_prefix(size);
  }
  return fold(hash ^ salt_[0], salt_[1]);
}

std::uint32_t DistinctIds::find(const Key& key) const {
  std::size_t at = 0;
  return probe(key, at);
}

bool DistinctIds::has_text(std::uint32_t id, std::string_view text) const {
  return texts_[numbers_[id].high] == text;
}

// `at`: the slot for it, if the table does not grow.
std::uint32_t DistinctIds::insert_new(const Key& key, std::size_t at) {
  if (size() >= slots_.size() / 8 * 5) {
    grow();
    probe(key, at);
  }
  slots_[at] = stamp(key.hash, static_cast<std::uint32_t>(size()));
  return append(key);
}

std::uint32_t DistinctIds::append(const Key& key) {
  const auto id = static_cast<std::uint32_t>(size());
  forms_.push_back(key.form);
  numbers_.push_back(key.number);
  if (key.form == Form::text) {
    numbers_.back() = {texts_.size(), 0};
    texts_.push_back(arena_.keep(key.text));
  }
  return id;
}

DistinctIds::Key DistinctIds::key(std::uint32_t id) const {
  Key key{form(id), numbers_[id], {}, 0};
  if (key.form == Form::text) key.text = texts_[key.number.high];
  return key;
}

void DistinctIds::grow() {
  assert(number_bits_ < 31);  // kMostIds are fewer
  ++number_bits_;
  std::vector<std::uint32_t>().swap(slots_);
  slots_.resize(std::size_t{1} << number_bits_);
  constexpr std::uint32_t kAhead = 16;
  std::uint64_t hashes[kAhead];  // of those whose slots are fetched
  const auto count = static_cast<std::uint32_t>(size());
  for (std::uint32_t next = 0; next < count + kAhead; ++next) {
    std::uint64_t& hashed = hashes[next % kAhead];
    if (next >= kAhead) place(next - kAhead, hashed);
    if (next >= count) continue;
    hashed = hash(key(next));
    prefetch(hashed);
  }
}

// Of an identifier that is in no slot yet.
void DistinctIds::place(std::uint32_t id, std::uint64_t hash) {
  std::size_t at = slot_of(hash);
  while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = stamp(hash, id);
}

std::string_view DistinctIds::text(std::uint32_t id, char* room) const {
  if (form(id) == Form::text) return texts_[numbers_[id].high];
  return {room, format_number(numbers_[id], form(id), room)};
}

void DistinctIds::close() { std::vector<std::uint32_t>().swap(slots_); }

}  // namespace ktrace::trace::index
