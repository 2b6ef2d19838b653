// The width code's words: made, written and read. The written form is
//
//   code = count lengths     7 bits; then 4 bits for each width below `count`
//
// where a length of 0 is a width that does not occur and 15 the only one that does. Words are
// assigned in the order of (length, width), as RFC 1951 does, and written from their first bit on.

#include "index_bits.h"

#include <algorithm>

namespace ktrace::trace {
namespace {

constexpr std::uint8_t kOnly = 15;

using Lengths = std::array<std::uint8_t, kWidths>;
using Counts = std::array<std::uint32_t, kWidths>;

// The first bit of a canonical word is its highest, that of a bit stream the lowest.
std::uint16_t reversed(unsigned word, unsigned length) {
  unsigned result = 0;
  for (unsigned i = 0; i < length; ++i) result = result << 1 | (word >> i & 1);
  return static_cast<std::uint16_t>(result);
}

// Lengths of a Huffman code for widths that occur, at least two of them. With so few symbols the
// quadratic search for the two rarest costs less than a heap.
Lengths huffman_lengths(const Counts& counts) {
  struct Node {
    std::uint64_t weight;
    std::size_t parent;
  };
  std::array<Node, 2 * kWidths> nodes{};
  std::array<std::size_t, kWidths> widths{};
  std::size_t size = 0;
  for (std::size_t width = 0; width < kWidths; ++width) {
    if (counts[width] == 0) continue;
    widths[size] = width;
    nodes[size++] = {counts[width], 0};
  }
  const std::size_t used = size;
  while (true) {
    std::array<std::size_t, 2> rarest{nodes.size(), nodes.size()};
    for (std::size_t i = 0; i < size; ++i) {
      if (nodes[i].weight == 0) continue;
      if (rarest[0] == nodes.size() || nodes[i].weight < nodes[rarest[0]].weight) {
        rarest = {i, rarest[0]};
      } else if (rarest[1] == nodes.size() || nodes[i].weight < nodes[rarest[1]].weight) {
        rarest[1] = i;
      }
    }
    if (rarest[1] == nodes.size()) break;
    nodes[size] = {nodes[rarest[0]].weight + nodes[rarest[1]].weight, 0};
    for (const std::size_t i : rarest) nodes[i] = {0, size};
    ++size;
  }
  Lengths lengths{};
  for (std::size_t i = 0; i < used; ++i) {
    for (std::size_t up = nodes[i].parent; up != 0; up = nodes[up].parent) ++lengths[widths[i]];
  }
  return lengths;
}

// The rarer a width, the longer its word; making the rare ones less rare shortens the longest.
Lengths limited_lengths(Counts counts) {
  while (true) {
    const Lengths lengths = huffman_lengths(counts);
    if (*std::max_element(lengths.begin(), lengths.end()) <= kLongestWord) return lengths;
    for (std::uint32_t& count : counts) {
      if (count != 0) count = count / 2 + 1;
    }
  }
}

// Calls take(width, length, word) in canonical order.
template <typename Take>
void assign_words(const Lengths& lengths, Take&& take) {
  unsigned word = 0;
  for (unsigned length = 1; length <= kLongestWord; ++length) {
    for (std::size_t width = 0; width < kWidths; ++width) {
      if (lengths[width] == length) take(width, length, reversed(word++, length));
    }
    word <<= 1;
  }
}

// Whether every sequence of bits begins with exactly one word.
bool complete(const Lengths& lengths) {
  unsigned covered = 0;
  for (const std::uint8_t length : lengths) {
    if (length > kLongestWord) return false;
    if (length != 0) covered += 1u << (kLongestWord - length);
  }
  return covered == 1u << kLongestWord;
}

}  // namespace

void WidthEncoder::write_code(BitWriter& out) {
  std::size_t used = 0, size = 0;
  for (std::size_t width = 0; width < kWidths; ++width) {
    if (counts_[width] == 0) continue;
    ++used;
    size = width + 1;
  }
  Lengths written{};
  if (used == 1) {
    written[size - 1] = kOnly;
  } else if (used > 1) {
    written = lengths_ = limited_lengths(counts_);
    assign_words(lengths_,
                 [this](std::size_t width, unsigned, std::uint16_t word) { words_[width] = word; });
  }
  out.put(size, 7);
  for (std::size_t width = 0; width < size; ++width) out.put(written[width], 4);
}

bool WidthDecoder::read_code(BitReader& in) {
  const std::size_t size = in.get(7);
  if (size > kWidths) return false;
  Lengths lengths{};
  for (std::size_t width = 0; width < size; ++width) {
    lengths[width] = static_cast<std::uint8_t>(in.get(4));
  }
  if (in.past_end()) return false;
  table_.fill(0);  // no code: of no numbers
  if (size == 0) return true;
  if (lengths[size - 1] == kOnly) {
    table_.fill(static_cast<std::uint16_t>(size - 1));
    return true;
  }
  if (!complete(lengths)) return false;
  assign_words(lengths, [this](std::size_t width, unsigned length, std::uint16_t word) {
    fill(width, length, word);
  });
  return true;
}

void WidthDecoder::fill(std::size_t width, unsigned length, unsigned word) {
  const auto entry = static_cast<std::uint16_t>(length << 8 | width);
  for (std::size_t at = word; at < table_.size(); at += std::size_t{1} << length) {
    table_[at] = entry;
  }
}

}  // namespace ktrace::trace
