// Distinct identifiers, numbered in the order of their first occurrence.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "index_chunks.h"
#include "index_layout.h"
#include "ktrace/arena.h"

namespace ktrace::trace::index {

/// The caller sees to it that there are no more.
inline constexpr std::size_t kMostIds = std::size_t{1} << 30;

/// A hash table without deletion. Holds 17 bytes for an identifier and 5 to 13 for its slot; none
/// of it is moved when it grows, so the peak is not twice the size.
class DistinctIds {
 public:
  DistinctIds();

  /// An identifier with its hash; of text, `text` and not `number` counts.
  struct Key {
    Form form = Form::text;
    Number number;
    std::string_view text;
    std::uint64_t hash = 0;
  };

  /// Hashes are salted at random: no log can be written so that all its identifiers collide.
  std::uint64_t hash(const Key& key) const {
    const auto form = static_cast<std::uint64_t>(key.form);
    return key.form == Form::text
               ? hash_of(key.text)
               : fold(key.number.high ^ salt_[0] ^ form, key.number.low ^ salt_[1]);
  }

  /// Makes a later insert() of a key with this hash faster.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[slot_of(hash)]); }

  /// The number of the identifier; it is new when that is the size() from before.
  std::uint32_t insert(const Key& key) {
    std::size_t at = 0;
    const std::uint32_t known = probe(key, at);
    return known != kMostIds ? known : insert_new(key, at);
  }

  /// The number of an identifier that was inserted; kMostIds when it was not.
  std::uint32_t find(const Key& key) const;

  std::size_t size() const { return forms_.size(); }

  Form form(std::uint32_t id) const { return forms_[id]; }
  const Number& number(std::uint32_t id) const { return numbers_[id]; }

  /// The identifier's own spelling; of text it lives as long as the table, of a number it is
  /// written to `room`, for kLongestNumber bytes.
  std::string_view text(std::uint32_t id, char* room) const;

  /// The identifier without its hash; of text it lives as long as the table.
  Key key(std::uint32_t id) const;

  /// Frees what only insert() needs.
  void close();

 private:
  __extension__ using Product = unsigned __int128;

  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const Product product = static_cast<Product>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  std::uint64_t hash_of(std::string_view text) const;

  std::size_t slot_of(std::uint64_t hash) const { return hash & (slots_.size() - 1); }

  std::uint32_t stamp(std::uint64_t hash, std::uint32_t id) const {
    return (id + 1) | static_cast<std::uint32_t>(hash >> 32) >> number_bits_ << number_bits_;
  }

  bool matches(std::uint32_t id, const Key& key) const {
    if (form(id) != key.form) return false;
    return key.form == Form::text ? has_text(id, key.text) : numbers_[id] == key.number;
  }
  bool has_text(std::uint32_t id, std::string_view text) const;

  // Gives the identifier's number or, when it is in no slot, kMostIds and the slot for it.
  std::uint32_t probe(const Key& key, std::size_t& at) const {
    const std::uint32_t upper = stamp(key.hash, 0) >> number_bits_;
    at = slot_of(key.hash);
    for (std::uint32_t slot = slots_[at]; slot != 0; slot = slots_[at]) {
      const std::uint32_t id = (slot & ((1u << number_bits_) - 1)) - 1;
      if (slot >> number_bits_ == upper && matches(id, key)) return id;
      at = (at + 1) & (slots_.size() - 1);
    }
    return kMostIds;
  }

  std::uint32_t insert_new(const Key& key, std::size_t at);
  std::uint32_t append(const Key& key);
  void grow();
  void place(std::uint32_t id, std::uint64_t hash);

  std::array<std::uint64_t, 2> salt_;
  Chunks<Number> numbers_;  // of text, high is its place in texts_
  Chunks<Form> forms_;
  std::vector<std::string_view> texts_;
  Arena arena_;

  // A slot is 0 or the number of an identifier, plus 1; the bits above, which no number needs in a
  // table of this size, are bits of its hash, so that few identifiers are compared in vain.
  std::vector<std::uint32_t> slots_;
  unsigned number_bits_ = 0;
};

}  // namespace ktrace::trace::index
