// The parts of an index that are no bit streams: header, directory and facts; and identifiers,
// stamps and tags as numbers. See index_layout.h.

#include "index_layout.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <isa-l/crc.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "letters.h"

namespace ktrace::trace::index {
namespace {

// 32 characters, as they lie in memory.
using Words = std::array<std::uint64_t, 4>;

#if defined(__SSE2__)

// The values of 16 hex digits in lower case; more than 15 of what is none.
__m128i values_of(std::uint64_t first, std::uint64_t second) {
  const __m128i bytes =
      _mm_set_epi64x(static_cast<std::int64_t>(second), static_cast<std::int64_t>(first));
  const __m128i behind_nine = _mm_cmpgt_epi8(bytes, _mm_set1_epi8('9'));
  const __m128i decimal = _mm_or_si128(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), behind_nine);
  const __m128i letter = _mm_adds_epu8(_mm_sub_epi8(bytes, _mm_set1_epi8('a')), _mm_set1_epi8(10));
  return _mm_min_epu8(decimal, letter);
}

// In the lower byte of each word, the number that the two values in it make.
__m128i pairs_of(__m128i values) {
  const __m128i pairs = _mm_or_si128(_mm_slli_epi16(values, 4), _mm_srli_epi16(values, 8));
  return _mm_and_si128(pairs, _mm_set1_epi16(0xff));
}

// Reads hex digits in lower case. False when not all are.
bool read_number(const Words& text, std::uint64_t& high, std::uint64_t& low) {
  const __m128i first = values_of(text[0], text[1]), second = values_of(text[2], text[3]);
  const __m128i bytes = _mm_packus_epi16(pairs_of(first), pairs_of(second));
  const __m128i upper = _mm_unpackhi_epi64(bytes, bytes);
  high = __builtin_bswap64(static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes)));
  low = __builtin_bswap64(static_cast<std::uint64_t>(_mm_cvtsi128_si64(upper)));
  const __m128i over_fifteen = _mm_adds_epu8(_mm_max_epu8(first, second), _mm_set1_epi8(0x7f - 15));
  return _mm_movemask_epi8(over_fifteen) == 0;
}

// Writes 32 hex digits.
void write_number(const Number& number, char* text) {
  const __m128i bytes = _mm_set_epi64x(static_cast<std::int64_t>(__builtin_bswap64(number.low)),
                                       static_cast<std::int64_t>(__builtin_bswap64(number.high)));
  const __m128i four = _mm_set1_epi8(0xf);
  const __m128i upper = _mm_and_si128(_mm_srli_epi16(bytes, 4), four);
  const __m128i lower = _mm_and_si128(bytes, four);
  const auto write = [text](std::size_t at, __m128i values) {
    const __m128i letters = _mm_cmpgt_epi8(values, _mm_set1_epi8(9));
    const __m128i zeros =
        _mm_add_epi8(_mm_set1_epi8('0'), _mm_and_si128(letters, _mm_set1_epi8('a' - '0' - 10)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(text + at), _mm_add_epi8(values, zeros));
  };
  write(0, _mm_unpacklo_epi8(upper, lower));
  write(16, _mm_unpackhi_epi8(upper, lower));
}

#else

constexpr std::array<char, 512> kPairs = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = digits[i / 16];
    pairs[2 * i + 1] = digits[i % 16];
  }
  return pairs;
}();

constexpr std::uint64_t kOnes = 0x0101010101010101;

// Reads eight hex digits in lower case, a byte of a word each, the first in the lowest. `wrong`
// gets bits for what is none.
std::uint64_t read_eight(std::uint64_t word, std::uint64_t& wrong) {
  const std::uint64_t letters = word >> 6 & kOnes;
  std::uint64_t value = (word & kOnes * 0xf) + letters * 9;
  // A letter is 0x61 to 0x66, any other digit 0x30 to 0x39.
  const std::uint64_t kind = (word & kOnes * 0xf0) ^ (kOnes * 0x30 + letters * 0x30);
  const std::uint64_t over_nine = (value + kOnes * 6) >> 4 & kOnes;
  wrong |= kind | (over_nine ^ letters) | (value & kOnes * 0xf0);
  value = (value << 4 | value >> 8) & 0x00ff00ff00ff00ff;
  value = (value << 8 | value >> 16) & 0x0000ffff0000ffff;
  return (value << 16 | value >> 32) & 0xffffffff;
}

// Reads hex digits in lower case. False when not all are.
bool read_number(const Words& text, std::uint64_t& high, std::uint64_t& low) {
  std::uint64_t words[4], wrong = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const bool swapped = std::endian::native == std::endian::big;
    words[i] = read_eight(swapped ? __builtin_bswap64(text[i]) : text[i], wrong);
  }
  high = words[0] << 32 | words[1];
  low = words[2] << 32 | words[3];
  return wrong == 0;
}

// Writes 32 hex digits.
void write_number(const Number& number, char* text) {
  for (const std::uint64_t half : {number.high, number.low}) {
    for (unsigned shift = 64; shift > 0; text += 2) {
      shift -= 8;
      std::memcpy(text, &kPairs[2 * (half >> shift & 0xff)], 2);
    }
  }
}

#endif

bool is_uuid4(std::uint64_t high, std::uint64_t low) {
  return (high >> 12 & 0xf) == 4 && low >> 62 == 2;
}

// Only in lower case: the number alone must give back how it is spelt. What counts as a word of a
// log may be in any case: see is_uuid_in_any_case().
Form parse_lower_uuid(const char* text, std::uint64_t& high, std::uint64_t& low) {
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return Form::text;
  // Put together in registers: what is written in pieces cannot be read at once for a while.
  const auto two = [text](std::size_t first, std::size_t second) {
    std::uint32_t halves[2];
    std::memcpy(&halves[0], text + first, 4);
    std::memcpy(&halves[1], text + second, 4);
    const bool swapped = std::endian::native == std::endian::big;
    return std::uint64_t{halves[swapped ? 0 : 1]} << 32 | halves[swapped ? 1 : 0];
  };
  const Words joined{two(0, 4), two(9, 14), two(19, 24), two(28, 32)};
  if (!read_number(joined, high, low)) return Form::text;
  return is_uuid4(high, low) ? Form::uuid4 : Form::uuid;
}

// 32 digits of which not all are in lower case.
Form parse_upper(std::string_view id, std::uint64_t& high, std::uint64_t& low) {
  if (std::any_of(id.begin(), id.end(), [](char c) { return upper(c) != c; })) return Form::text;
  std::array<char, 32> folded;
  std::transform(id.begin(), id.end(), folded.begin(), lower);
  return read_number(std::bit_cast<Words>(folded), high, low) ? Form::upper : Form::text;
}

void append_part(std::string& out, const Part& part) {
  append_fixed(out, part.position, 8);
  append_fixed(out, part.length, 8);
  append_fixed(out, part.crc, 4);
}

Part take_part(Bytes& bytes) {
  Part part;
  part.position = bytes.fixed(8);
  part.length = bytes.fixed(8);
  part.crc = static_cast<std::uint32_t>(bytes.fixed(4));
  return part;
}

bool within(const Part& part, std::uint64_t end) {
  return part.position <= end && part.length <= end - part.position;
}

// Length and checksum of a part; its position is where the one before it ended.
void append_length(std::string& out, const Part& part) {
  append_fixed(out, part.length, 4);
  append_fixed(out, part.crc, 4);
}

Part take_length(Bytes& bytes, std::uint64_t& position) {
  Part part;
  part.position = position;
  part.length = bytes.fixed(4);
  part.crc = static_cast<std::uint32_t>(bytes.fixed(4));
  position += part.length;
  return part;
}

constexpr std::int64_t kDay = 100'000'000'000'000;

}  // namespace

Form parse_number(std::string_view id, std::uint64_t& high, std::uint64_t& low) {
  if (id.size() == 36) return parse_lower_uuid(id.data(), high, low);
  if (id.size() != 32) return Form::text;
  Words text;
  std::memcpy(text.data(), id.data(), sizeof text);
  return read_number(text, high, low) ? Form::hex : parse_upper(id, high, low);
}

std::size_t format_number(const Number& number, Form form, char* text) {
  if (form == Form::hex || form == Form::upper) {
    write_number(number, text);
    if (form == Form::upper) std::transform(text, text + 32, text, upper);
    return 32;
  }
  char digits[32];
  write_number(number, digits);
  std::memcpy(text, digits, 8);
  std::memcpy(text + 9, digits + 8, 4);
  std::memcpy(text + 14, digits + 12, 4);
  std::memcpy(text + 19, digits + 16, 4);
  std::memcpy(text + 24, digits + 20, 12);
  text[8] = text[13] = text[18] = text[23] = '-';
  return 36;
}

std::uint16_t Tag::pack() const {
  return static_cast<std::uint16_t>(key | static_cast<unsigned>(severity) << 10 |
                                    static_cast<unsigned>(kind) << 13 |
                                    static_cast<unsigned>(same_record) << 15);
}

std::optional<Tag> Tag::unpack(std::uint64_t packed) {
  const unsigned severity = packed >> 10 & 7, kind = packed >> 13 & 3;
  if (severity > static_cast<unsigned>(Severity::fatal)) return std::nullopt;
  if (kind > static_cast<unsigned>(Stamp::Kind::absolute)) return std::nullopt;
  return Tag{static_cast<std::uint16_t>(packed & 0x3ff), static_cast<Severity>(severity),
             static_cast<Stamp::Kind>(kind), (packed >> 15 & 1) != 0};
}

std::int64_t to_ticks(const Stamp& stamp) {
  if (stamp.kind == Stamp::Kind::absolute) return stamp.time.time_since_epoch().count();
  return (stamp.month * 32 + stamp.day) * kDay + stamp.time_of_day.count();
}

void set_stamp(Stamp::Kind kind, std::int64_t ticks, Stamp& stamp) {
  stamp = {};
  stamp.kind = kind;
  if (kind == Stamp::Kind::absolute) {
    stamp.time = Time(Duration(ticks));
  } else if (kind == Stamp::Kind::yearless) {
    const std::int64_t day = ticks / kDay;
    stamp.month = static_cast<std::uint8_t>(day / 32);
    stamp.day = static_cast<std::uint8_t>(day % 32);
    stamp.time_of_day = Duration(ticks % kDay);
  }
}

std::string encode(const Header& header) {
  std::string out(kMagic);
  append_fixed(out, kVersion, 4);
  append_fixed(out, header.file_length, 8);
  append_fixed(out, header.occurrences, 8);
  append_part(out, header.directory);
  append_part(out, header.facts);
  append_part(out, header.links);
  append_part(out, header.words);
  append_part(out, header.restarts);
  append_fixed(out, checksum(out), 4);
  return out;
}

Result<Header> decode_header(std::string_view bytes) {
  Bytes in(bytes);
  if (in.take(kMagic.size()) != kMagic) return Status::error("this is no index of ktrace");
  const bool intact =
      bytes.size() == kHeaderSize &&
      checksum(bytes.substr(0, kHeaderSize - 4)) == Bytes(bytes.substr(kHeaderSize - 4)).fixed(4);
  if (!intact) return damaged();
  if (in.fixed(4) != kVersion) return Status::error("the index was made by another version");
  Header header;
  header.file_length = in.fixed(8);
  header.occurrences = in.fixed(8);
  header.directory = take_part(in);
  header.facts = take_part(in);
  header.links = take_part(in);
  header.words = take_part(in);
  header.restarts = take_part(in);
  for (const Part& part :
       {header.directory, header.facts, header.links, header.words, header.restarts}) {
    if (!within(part, header.file_length)) return damaged();
  }
  return header;
}

std::string encode(const Directory& directory) {
  std::string out;
  append_varint(out, directory.keys.size());
  for (const Key& key : directory.keys) {
    append_string(out, key.spelling);
    append_string(out, key.component);
  }
  append_varint(out, directory.blocks.size());
  for (const Part& block : directory.blocks) append_length(out, block);
  append_varint(out, directory.shared);
  append_varint(out, directory.dictionary.size());
  for (const DictionaryPage& page : directory.dictionary) {
    append_length(out, page.part);
    append_fixed(out, page.first_rank, 4);
    append_string(out, page.separator);
  }
  append_varint(out, directory.leaves.size());
  for (const LeafPage& page : directory.leaves) {
    append_length(out, page.part);
    append_fixed(out, page.first.high, 8);
    append_fixed(out, page.first.low, 8);
  }
  return out;
}

Result<Directory> decode_directory(std::string_view bytes, std::uint64_t limit) {
  Bytes in(bytes);
  Directory directory;
  std::uint64_t position = kHeaderSize;
  directory.keys.resize(in.count(2));
  for (Key& key : directory.keys) {
    key.spelling = in.string();
    key.component = in.string();
  }
  directory.blocks.resize(in.count(8));
  for (Part& block : directory.blocks) block = take_length(in, position);
  directory.shared = in.varint();
  directory.dictionary.resize(in.count(13));
  for (DictionaryPage& page : directory.dictionary) {
    page.part = take_length(in, position);
    page.first_rank = static_cast<std::uint32_t>(in.fixed(4));
    page.separator = in.string();
  }
  directory.leaves.resize(in.count(24));
  for (LeafPage& page : directory.leaves) {
    page.part = take_length(in, position);
    page.first.high = in.fixed(8);
    page.first.low = in.fixed(8);
  }
  if (in.failed() || !in.empty() || position > limit) return damaged();
  return directory;
}

std::string encode(const IndexFacts& facts) {
  std::string out;
  append_string(out, facts.path);
  append_varint(out, facts.size);
  append_fixed(out, static_cast<std::uint64_t>(facts.modified), 8);
  append_varint(out, facts.inode);
  append_varint(out, facts.device);
  append_varint(out, facts.indexed);
  append_varint(out, facts.complete);
  append_fixed(out, facts.head, 8);
  append_fixed(out, facts.tail, 8);
  append_varint(out, facts.rules);
  append_varint(out, facts.keys.size());
  for (const std::string& key : facts.keys) append_string(out, key);
  append_varint(out, facts.lines.size());
  for (const std::uint32_t count : facts.lines) append_varint(out, count);
  append_varint(out, facts.divisible ? 1 : 0);
  return out;
}

Result<IndexFacts> decode_facts(std::string_view bytes) {
  Bytes in(bytes);
  IndexFacts facts;
  facts.path = in.string();
  facts.size = in.varint();
  facts.modified = static_cast<std::int64_t>(in.fixed(8));
  facts.inode = in.varint();
  facts.device = in.varint();
  facts.indexed = in.varint();
  facts.complete = in.varint();
  facts.head = in.fixed(8);
  facts.tail = in.fixed(8);
  facts.rules = static_cast<std::uint32_t>(in.varint());
  facts.keys.resize(in.count(1));
  for (std::string& key : facts.keys) key = in.string();
  facts.lines.resize(in.count(1));
  for (std::uint32_t& count : facts.lines) count = static_cast<std::uint32_t>(in.varint());
  facts.divisible = in.varint() != 0;
  if (in.failed() || !in.empty()) return damaged();
  return facts;
}

std::uint32_t checksum(std::string_view bytes) {
  return ::crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string folded(std::string_view id) {
  std::string result(id);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

bool dictionary_less(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end(),
                                          [](char x, char y) { return lower(x) == lower(y); });
  if (in_a == a.end() && in_b == b.end()) return a < b;
  if (in_a == a.end() || in_b == b.end()) return in_a == a.end();
  return static_cast<unsigned char>(lower(*in_a)) < static_cast<unsigned char>(lower(*in_b));
}

std::uint64_t Bytes::fixed(unsigned size) {
  const std::string_view bytes = take(size);
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::uint64_t Bytes::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = fixed(1);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  failed_ = true;
  return 0;
}

std::string_view Bytes::take(std::uint64_t size) {
  if (failed_ || size > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint64_t Bytes::count(std::size_t least) {
  const std::uint64_t count = varint();
  if (count <= rest_.size() / least) return count;
  failed_ = true;
  return 0;
}

void append_fixed(std::string& out, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void append_string(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

Status damaged() { return Status::error("the index is damaged"); }

}  // namespace ktrace::trace::index
