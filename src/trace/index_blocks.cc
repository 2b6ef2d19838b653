// Blocks of an index; see index_blocks.h. Differences are taken modulo 2^64, so that no time,
// however odd, is out of range.

#include "index_blocks.h"

#include <algorithm>
#include <unordered_map>

namespace ktrace::trace::index {
namespace {

constexpr std::array<std::uint64_t, 10> kUnits{
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

// Division by 10^u without a remainder is one by 2^u, which is a shift, and a multiplication by
// what gives 1 modulo 2^64 when it is multiplied by 5^u; of other numbers the product is out of the
// range of quotients (Granlund and Montgomery, "Division by Invariant Integers using
// Multiplication", section 9). The division of the machine takes several times as long.
class ExactDivision {
 public:
  explicit ExactDivision(unsigned unit) : shift_(unit) {
    for (unsigned i = 0; i < unit; ++i) inverse_ *= kFifth;
    most_ = INT64_MAX / static_cast<std::int64_t>(kUnits[unit]);
  }

  bool divides(std::int64_t value) const {
    const std::int64_t quotient = divide(value);
    const bool even = (static_cast<std::uint64_t>(value) & ((1U << shift_) - 1)) == 0;
    return even && quotient >= -most_ && quotient <= most_;
  }

  std::int64_t divide(std::int64_t value) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value >> shift_) * inverse_);
  }

 private:
  static constexpr std::uint64_t kFifth = 0xcccccccccccccccd;  // times 5 it is 1

  unsigned shift_;
  std::uint64_t inverse_ = 1;
  std::int64_t most_ = 0;
};

constexpr unsigned kCountBits = 16;
constexpr unsigned kClassCountBits = 16;
constexpr unsigned kUnitBits = 4;

std::uint64_t with_sign_below(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return bits << 1 ^ (value < 0 ? ~std::uint64_t{0} : 0);
}

// The largest unit of which all times are multiples.
unsigned unit_of(const std::vector<Moment>& records) {
  unsigned unit = kUnits.size() - 1;
  ExactDivision division(unit);
  for (const Moment& record : records) {
    while (unit != 0 && !division.divides(record.ticks)) division = ExactDivision(--unit);
  }
  return unit;
}

// Calls take(offset difference, whether there is a stamp, time difference) for each record.
template <typename Take>
void each_difference(const std::vector<Moment>& records, Take&& take) {
  std::uint64_t offset = 0;
  std::array<std::int64_t, 3> last{};
  for (const Moment& record : records) {
    const bool stamped = record.kind != Stamp::Kind::none;
    std::int64_t& before = last[static_cast<std::size_t>(record.kind)];
    const auto difference = static_cast<std::int64_t>(static_cast<std::uint64_t>(record.ticks) -
                                                      static_cast<std::uint64_t>(before));
    take(record.offset - offset, stamped, with_sign_below(difference));
    offset = record.offset;
    if (stamped) before = record.ticks;
  }
}

std::uint32_t class_of(const Entry& entry) {
  return entry.tag | static_cast<std::uint32_t>(entry.place) << kTagBits;
}

// Classes in the order of frequency: the frequent ones get small numbers and so short words.
class ClassTable {
 public:
  explicit ClassTable(const std::vector<Entry>& entries) {
    // Nearly all have the class of one shortly before.
    std::array<std::uint32_t, 256> recent{};
    classes_.reserve(entries.size());
    for (const Entry& entry : entries) {
      const std::uint32_t name = class_of(entry);
      std::uint32_t& number = recent[name * 2654435761U >> 24];
      if (number >= names_.size() || names_[number].name != name) number = number_of(name);
      ++names_[number].count;
      classes_.push_back(number);
    }
    std::stable_sort(names_.begin(), names_.end(),
                     [](const Name& a, const Name& b) { return a.count > b.count; });
    std::vector<std::uint32_t> ranks(names_.size());
    for (std::uint32_t i = 0; i < names_.size(); ++i) ranks[names_[i].seen] = i;
    for (std::uint32_t& number : classes_) number = ranks[number];
  }

  void write(BitWriter& out) const {
    out.put(names_.size(), kClassCountBits);
    for (const Name& name : names_) out.put(name.name, kTagBits + kPlaceBits);
  }

  /// The class of the entry at `i`.
  std::uint32_t operator[](std::size_t i) const { return classes_[i]; }

 private:
  struct Name {
    std::uint32_t name, count, seen;
  };

  std::uint32_t number_of(std::uint32_t name) {
    const auto next = static_cast<std::uint32_t>(names_.size());
    const auto [found, is_new] = seen_.try_emplace(name, next);
    if (is_new) names_.push_back({name, 0, next});
    return found->second;
  }

  std::unordered_map<std::uint32_t, std::uint32_t> seen_;
  std::vector<Name> names_;
  std::vector<std::uint32_t> classes_;
};

[[gnu::always_inline]] inline void put_place(BitCursor& out, const Entry& entry, unsigned bits,
                                             const WidthEncoder& distances) {
  switch (entry.place) {
    case Place::uuid4:
      out.put(entry.number.high >> 16 << 12 | (entry.number.high & 0xfff), 60);
      out.put(entry.number.low & ((std::uint64_t{1} << 62) - 1), 62);
      break;
    case Place::shared:
      out.put(entry.number.low, bits);
      break;
    case Place::again:
      distances.put(out, entry.number.low);
      break;
    default:
      out.put(entry.number.high, 64);
      out.put(entry.number.low, 64);
  }
}

}  // namespace

std::string encode_times(std::vector<Moment>& records) {
  const unsigned unit = unit_of(records);
  const ExactDivision division(unit);
  for (Moment& record : records) record.ticks = division.divide(record.ticks);
  std::string bytes;
  BitWriter out(bytes);
  out.put(unit, kUnitBits);
  WidthEncoder offsets, times;
  each_difference(records, [&](std::uint64_t offset, bool stamped, std::uint64_t time) {
    offsets.count(offset);
    if (stamped) times.count(time);
  });
  offsets.write_code(out);
  times.write_code(out);
  out.write_many(records.size() * 2 * WidthEncoder::kMostBits, [&](BitCursor& cursor) {
    each_difference(records, [&](std::uint64_t offset, bool stamped, std::uint64_t time) {
      offsets.put(cursor, offset);
      if (stamped) times.put(cursor, time);
    });
  });
  out.finish();
  return bytes;
}

std::string encode_identifiers(const std::vector<Entry>& entries, unsigned rank_bits) {
  const ClassTable table(entries);
  std::string bytes;
  BitWriter out(bytes);
  out.put(entries.size(), kCountBits);
  table.write(out);
  WidthEncoder classes, distances;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    classes.count(table[i]);
    if (entries[i].place == Place::again) distances.count(entries[i].number.low);
  }
  classes.write_code(out);
  distances.write_code(out);
  out.write_many(entries.size() * (WidthEncoder::kMostBits + 128), [&](BitCursor& cursor) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      classes.put(cursor, table[i]);
      put_place(cursor, entries[i], rank_bits, distances);
    }
  });
  out.finish();
  return bytes;
}

unsigned rank_bits(std::uint64_t shared) {
  return shared == 0 ? 0 : static_cast<unsigned>(std::bit_width(shared - 1));
}

bool BlockReader::open(std::string_view block, std::uint64_t shared, std::size_t keys) {
  Bytes bytes(block);
  const std::string_view times = bytes.string();
  shared_ = shared;
  rank_bits_ = rank_bits(shared);
  at_ = 0;
  if (bytes.failed() || !open_times(times)) return false;
  return open_identifiers(block.substr(static_cast<std::size_t>(times.end() - block.begin())),
                          keys);
}

bool BlockReader::open_identifiers(std::string_view bytes, std::size_t keys) {
  identifiers_ = BitReader(bytes);
  size_ = identifiers_.get(kCountBits);
  classes_.resize(identifiers_.get(kClassCountBits));
  if (size_ > kBlock || classes_.size() > size_) return false;
  for (Class& known : classes_) {
    const std::optional<Tag> tag = Tag::unpack(identifiers_.get(kTagBits));
    known.place = static_cast<Place>(identifiers_.get(kPlaceBits));
    const bool valid =
        tag && tag->key < keys && known.place >= Place::hex && known.place <= Place::again;
    if (!valid) return false;
    known.tag = *tag;
  }
  return classes_code_.read_code(identifiers_) && distances_code_.read_code(identifiers_);
}

bool BlockReader::open_times(std::string_view bytes) {
  times_ = BitReader(bytes);
  const std::uint64_t unit = times_.get(kUnitBits);
  if (unit >= kUnits.size()) return false;
  unit_ = kUnits[unit];
  offset_ = 0;
  ticks_ = 0;
  last_ticks_ = {};
  return offsets_code_.read_code(times_) && times_code_.read_code(times_);
}

}  // namespace ktrace::trace::index
