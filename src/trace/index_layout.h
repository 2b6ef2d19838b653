// What the writer and the reader of an index must agree on, in so many words: the layout of the
// file as documented in ktrace-index(5). All numbers are little-endian.
//
//   file      = header blocks dictionary-pages leaf-pages directory facts links words restarts
//   header    = magic version file-length occurrences
//               (position length crc){directory facts links words restarts} crc
//
// Blocks hold all occurrences in order. An identifier is *shared* when it occurs in several blocks
// or is no 128-bit number in one of the usual spellings; the sorted dictionary lists the shared
// ones with the blocks that they occur in. The others are *local*: they stand in their block in
// full, and the leaves list their numbers in order, each cut to a few distinguishing bits, with the
// one block that holds it. So a lookup reads the directory, one page, and the blocks with an
// answer.

#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/index.h"
#include "ktrace/record.h"
#include "ktrace/status.h"

namespace ktrace::trace::index {

inline constexpr std::string_view kMagic = "KTRACEIX";
inline constexpr std::uint32_t kVersion = 7;

/// Occurrences in a block. Larger ones make lookups slower and, because a leaf then has fewer
/// blocks to tell apart, the file smaller: by 1 % for twice the size.
inline constexpr std::size_t kBlock = 2048;

/// Identifiers in a leaf page.
inline constexpr std::size_t kLeaf = 1024;

/// A dictionary page is ended when it has grown to this many bytes.
inline constexpr std::size_t kDictionaryPage = 4096;

/// Bytes of a dictionary page's first identifier that the directory keeps.
inline constexpr std::size_t kSeparator = 32;

/// Bytes that an identifier may take over from the one before it. The limit keeps a small damaged
/// page from unfolding into gigabytes.
inline constexpr std::size_t kLongestShared = 255;

/// How many keys, by spelling and component, there may be: what fits into a tag.
inline constexpr std::size_t kMostKeys = 1024;

/// A 128-bit number, as two halves.
struct Number {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const Number&, const Number&) = default;
  friend std::strong_ordering operator<=>(const Number& a, const Number& b) {
    return a.high != b.high ? a.high <=> b.high : a.low <=> b.low;
  }
};

__extension__ using Wide = unsigned __int128;

inline Wide wide(const Number& number) { return static_cast<Wide>(number.high) << 64 | number.low; }

/// How many bits it has without leading zeros.
inline unsigned width(Wide value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  const auto low = static_cast<std::uint64_t>(value);
  return static_cast<unsigned>(high != 0 ? 64 + std::bit_width(high) : std::bit_width(low));
}

/// How an identifier is spelt.
enum class Form : std::uint8_t {
  text,   ///< in no way that the others describe
  hex,    ///< 32 hex digits, in lower case
  upper,  ///< the same in upper case; in both they are text
  uuid,   ///< 8-4-4-4-12 hex digits in lower case
  uuid4,  ///< the same with the six fixed bits of a random UUID (RFC 9562, section 5.4)
};

/// The spelling of `id`, and its number, in two halves, unless it is text.
Form parse_number(std::string_view id, std::uint64_t& high, std::uint64_t& low);

inline Form parse_number(std::string_view id, Number& number) {
  return parse_number(id, number.high, number.low);
}

/// Writes `number` in the given form to `text`, which has room for kLongestNumber bytes. Gives the
/// length.
inline constexpr std::size_t kLongestNumber = 36;
std::size_t format_number(const Number& number, Form form, char* text);

/// How a block tells the identifier of an occurrence. The first ones are Forms, written in full.
enum class Place : std::uint8_t {
  none,    ///< not used
  hex,     ///< 128 bits
  upper,   ///< 128 bits
  uuid,    ///< 128 bits
  uuid4,   ///< 122 bits
  shared,  ///< rank in the dictionary; for its first occurrence in a block
  again,   ///< how many occurrences before this one the same stands
};
inline constexpr unsigned kPlaceBits = 3;

/// What occurrences have in common but for identifier, offset and time.
struct Tag {
  std::uint16_t key = 0;  ///< number of the key
  Severity severity = Severity::unspecified;
  Stamp::Kind kind = Stamp::Kind::none;
  bool same_record = false;  ///< as the occurrence before it: neither offset nor time are written

  std::uint16_t pack() const;
  static std::optional<Tag> unpack(std::uint64_t packed);
};
inline constexpr unsigned kTagBits = 10 + 3 + 2 + 1;

/// Stamps as numbers: nanoseconds since 1970, or since the beginning of the year on a scale that
/// gives every month 32 days of 100,000 seconds, so that nothing needs a year or a calendar.
std::int64_t to_ticks(const Stamp& stamp);
void set_stamp(Stamp::Kind kind, std::int64_t ticks, Stamp& stamp);

/// One part of the file and the CRC-32 of its bytes (that of gzip, ISO 3309).
struct Part {
  std::uint64_t position = 0;
  std::uint64_t length = 0;
  std::uint32_t crc = 0;
};

struct Header {
  std::uint64_t file_length = 0;
  std::uint64_t occurrences = 0;
  Part directory;
  Part facts;
  Part links;
  Part words;
  Part restarts;
};
inline constexpr std::size_t kHeaderSize = 8 + 4 + 8 + 8 + 5 * (8 + 8 + 4) + 4;

std::string encode(const Header& header);
Result<Header> decode_header(std::string_view bytes);

struct DictionaryPage {
  Part part;
  std::uint32_t first_rank = 0;
  std::string separator;  ///< the first identifier, folded and cut to kSeparator bytes
};

struct LeafPage {
  Part part;
  Number first;
};

/// What many occurrences have in common.
struct Key {
  std::string spelling;   ///< of the keys: see kKeyEnd
  std::string component;  ///< that the records tell of themselves

  // clang-tidy 14 takes the 0 that stands in here for a pointer.
  friend auto operator<=>(const Key&, const Key&) = default;  // NOLINT(modernize-use-nullptr)
};

/// Where everything is. Parts follow each other without gaps, so only their lengths are written.
struct Directory {
  std::vector<Key> keys;  ///< by number
  std::vector<Part> blocks;
  std::uint64_t shared = 0;  ///< how many identifiers the dictionary holds
  std::vector<DictionaryPage> dictionary;
  std::vector<LeafPage> leaves;
};

std::string encode(const Directory& directory);
Result<Directory> decode_directory(std::string_view bytes, std::uint64_t limit);

std::string encode(const IndexFacts& facts);
Result<IndexFacts> decode_facts(std::string_view bytes);

std::uint32_t checksum(std::string_view bytes);

/// Bytes taken one number after the other. Beyond the end there are zeros and empty strings, and
/// failed() remembers it.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t fixed(unsigned size);
  std::uint64_t varint();
  std::string_view take(std::uint64_t size);
  std::string_view string() { return take(varint()); }

  /// A count of things that take at least `least` bytes each; more than can follow is a failure.
  std::uint64_t count(std::size_t least);

  bool empty() const { return rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

void append_fixed(std::string& out, std::uint64_t value, unsigned size);

/// Seven bits a byte, the lowest first; the highest bit of a byte says that more follow (LEB128).
void append_varint(std::string& out, std::uint64_t value);

void append_string(std::string& out, std::string_view text);

/// `id` with its ASCII letters in lower case.
std::string folded(std::string_view id);

/// The dictionary's order: by folded spelling, in which all spellings of one identifier are equal,
/// then by bytes.
bool dictionary_less(std::string_view a, std::string_view b);

/// What the reader says of all damage: details would not help anybody.
Status damaged();

}  // namespace ktrace::trace::index
