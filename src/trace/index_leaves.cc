// Leaf pages of an index; see index_leaves.h.

#include "index_leaves.h"

#include <algorithm>

#include "index_bits.h"

namespace ktrace::trace::index {
namespace {

constexpr unsigned kSpareBits = 2;

// What is left of a number that is not before the page's first.
class Cut {
 public:
  Cut(const Number& first, unsigned shift) : first_(wide(first)), shift_(shift) {}

  std::uint64_t operator()(const Number& number) const {
    const Wide value = wide(number);
    const Wide cut = value <= first_ ? 0 : (value - first_) >> shift_;
    return cut >> 64 != 0 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(cut);
  }

 private:
  Wide first_;
  unsigned shift_;
};

unsigned shift_for(std::span<const Leaf> leaves) {
  const unsigned span = width(wide(leaves.back().number) - wide(leaves.front().number));
  const unsigned kept = static_cast<unsigned>(std::bit_width(leaves.size())) + kSpareBits;
  return span > kept ? span - kept : 0;
}

}  // namespace

std::string encode_leaves(std::span<const Leaf> leaves) {
  const unsigned shift = shift_for(leaves);
  const Cut cut(leaves.front().number, shift);
  std::string page;
  BitWriter out(page);
  out.put(leaves.size(), 16);
  out.put(shift, 7);
  WidthEncoder differences, blocks;
  const auto each = [&](auto&& take) {
    std::uint64_t before = 0;
    for (const Leaf& leaf : leaves) {
      const std::uint64_t value = cut(leaf.number);
      take(value - before, leaf.block);
      before = value;
    }
  };
  each([&](std::uint64_t difference, std::uint32_t block) {
    differences.count(difference);
    blocks.count(block);
  });
  differences.write_code(out);
  blocks.write_code(out);
  out.write_many(leaves.size() * 2 * WidthEncoder::kMostBits, [&](BitCursor& cursor) {
    each([&](std::uint64_t difference, std::uint32_t block) {
      differences.put(cursor, difference);
      blocks.put(cursor, block);
    });
  });
  out.finish();
  return page;
}

bool find_leaves(std::string_view page, const Number& first, const Number& low, const Number& high,
                 std::vector<std::uint32_t>& blocks) {
  BitReader in(page);
  const std::uint64_t count = in.get(16);
  const auto shift = static_cast<unsigned>(in.get(7));
  WidthDecoder differences, numbers;
  if (!differences.read_code(in) || !numbers.read_code(in)) return false;
  const Cut cut(first, shift);
  const std::uint64_t from = cut(low), to = cut(high);
  std::uint64_t value = 0;
  for (std::uint64_t i = 0; i < count && value <= to; ++i) {
    value += differences.get(in);
    const std::uint64_t block = numbers.get(in);
    if (value >= from && value <= to) blocks.push_back(static_cast<std::uint32_t>(block));
  }
  return !in.past_end();
}

}  // namespace ktrace::trace::index
