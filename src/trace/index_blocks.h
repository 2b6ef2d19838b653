// Blocks of an index: occurrences in order. A block needs nothing but the dictionary's size to be
// read.
//
//   block       = times-length times identifiers          the length is a varint
//   identifiers = count tags { tag place }                tag: 16 bits, place: 3 bits
//                 class-code distance-code { class [number | rank | distance] }
//   times       = unit offset-code time-code { offset [time] }
//
// Both parts are bit streams. A class is one pair of tag and place of the table `tags`, which is in
// the order of frequency. Offset and time are differences, to the record before it in the block and
// to the last one in the block whose stamp is of the same kind (0 if there is none); times are
// divided by 10^unit ns, and their sign is the lowest bit.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "index_bits.h"
#include "index_layout.h"

namespace ktrace::trace::index {

/// A record's offset and stamp.
struct Moment {
  std::uint64_t offset = 0;
  std::int64_t ticks = 0;
  Stamp::Kind kind = Stamp::Kind::none;

  friend bool operator==(const Moment&, const Moment&) = default;
};

/// Uses the records up: their times become multiples of a unit.
std::string encode_times(std::vector<Moment>& records);

/// An occurrence as a block tells it.
struct Entry {
  std::uint16_t tag = 0;
  Place place = Place::none;
  Number number;  ///< of shared the rank, of again the distance, as the lower half
};

/// `rank_bits`: how many bits a rank takes.
std::string encode_identifiers(const std::vector<Entry>& entries, unsigned rank_bits);

/// How many bits ranks below `shared` take.
unsigned rank_bits(std::uint64_t shared);

/// Reads a block from its beginning to its end. Values that no block can hold are damage, so that
/// whatever is returned can be used: distances reach no further than the block's beginning, ranks
/// are below the dictionary's size, keys below the count of keys.
class BlockReader {
 public:
  struct Item {
    Tag tag;
    Place place = Place::none;
    Number number;
    std::uint32_t rank = 0;
    std::uint32_t distance = 0;
    std::uint64_t offset = 0;
    std::int64_t ticks = 0;  ///< 0 when the record has no stamp
  };

  /// `block` has kBitPadding readable bytes behind it. False when it is damaged.
  bool open(std::string_view block, std::uint64_t shared, std::size_t keys);

  /// How many occurrences it holds.
  std::size_t size() const { return size_; }

  /// Reads the next one; to be called size() times. False when the block is damaged.
  bool next(Item& item);

  /// Whether all bits that were read had been written; to be asked at the end.
  bool intact() const { return !identifiers_.past_end() && !times_.past_end(); }

 private:
  struct Class {
    Tag tag;
    Place place = Place::none;
  };

  bool open_identifiers(std::string_view bytes, std::size_t keys);
  bool open_times(std::string_view bytes);
  bool read_place(Item& item);
  void read_moment(Item& item);
  Number read_uuid4();

  static std::uint64_t with_sign(std::uint64_t value) { return value >> 1 ^ (0 - (value & 1)); }

  BitReader identifiers_, times_;
  WidthDecoder classes_code_, distances_code_, offsets_code_, times_code_;
  std::vector<Class> classes_;
  std::size_t size_ = 0, at_ = 0;
  std::uint64_t shared_ = 0;
  unsigned rank_bits_ = 0;
  std::uint64_t unit_ = 1;
  std::uint64_t offset_ = 0;
  std::array<std::uint64_t, 3> last_ticks_{};  // by kind of stamp
  std::int64_t ticks_ = 0;
};

// Here rather than in the source file, so that the loops over whole indexes have it in line.

inline bool BlockReader::next(Item& item) {
  const std::uint64_t number = classes_code_.get(identifiers_);
  if (number >= classes_.size()) return false;
  item.tag = classes_[number].tag;
  item.place = classes_[number].place;
  if (!read_place(item)) return false;
  if (!item.tag.same_record) read_moment(item);
  item.offset = offset_;
  item.ticks = ticks_;
  ++at_;
  return true;
}

inline bool BlockReader::read_place(Item& item) {
  switch (item.place) {
    case Place::uuid4:
      item.number = read_uuid4();
      return true;
    case Place::shared:
      item.rank = static_cast<std::uint32_t>(identifiers_.get(rank_bits_));
      return item.rank < shared_;
    case Place::again:
      item.distance = static_cast<std::uint32_t>(distances_code_.get(identifiers_));
      return item.distance > 0 && item.distance <= at_;
    default:
      item.number.high = identifiers_.get(64);
      item.number.low = identifiers_.get(64);
      return true;
  }
}

inline void BlockReader::read_moment(Item& item) {
  offset_ += offsets_code_.get(times_);
  ticks_ = 0;
  if (item.tag.kind == Stamp::Kind::none) return;
  std::uint64_t& last = last_ticks_[static_cast<std::size_t>(item.tag.kind)];
  last += with_sign(times_code_.get(times_));
  ticks_ = static_cast<std::int64_t>(last * unit_);
}

inline Number BlockReader::read_uuid4() {
  const std::uint64_t high = identifiers_.get(60), low = identifiers_.get(62);
  return {high >> 12 << 16 | 4u << 12 | (high & 0xfff), low | std::uint64_t{2} << 62};
}

}  // namespace ktrace::trace::index
