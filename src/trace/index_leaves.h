// Leaf pages: the numbers of local identifiers in order, with the block in which each occurs.
//
//   page    = count shift code code { difference block }
//   count   = 16 bits; shift = 7 bits; codes: of differences, of blocks
//
// A number is cut to its distance from the page's first number, shifted right by `shift`, and
// written as the difference to the one before it. The shift leaves about two bits more than are
// needed to tell the page's numbers apart, so that a number that is not there is mistaken for
// another in about one of four cases; the block then says that it is not.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index_layout.h"

namespace ktrace::trace::index {

struct Leaf {
  Number number;
  std::uint32_t block = 0;
  std::uint32_t id = 0;  ///< by which the writer knows it
};

/// `leaves` are in order, at least one, at most kLeaf.
std::string encode_leaves(std::span<const Leaf> leaves);

/// Appends the blocks of all numbers from `low` to `high`, and perhaps of others. `page` has
/// kBitPadding readable bytes behind it. False when it is damaged.
bool find_leaves(std::string_view page, const Number& first, const Number& low, const Number& high,
                 std::vector<std::uint32_t>& blocks);

}  // namespace ktrace::trace::index
