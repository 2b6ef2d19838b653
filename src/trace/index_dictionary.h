// Dictionary pages: the shared identifiers in the order of their folded spelling (see folded()) and
// their bytes, with the blocks in which each occurs.
//
//   page    = { kept rest blocks }     until its end
//   kept    = varint: how many bytes are those of the identifier before it; 0 for a page's first
//   rest    = varint length, bytes
//   blocks  = varint count, varint first, { varint difference to the one before }
//
// An identifier's rank is its place in the whole dictionary.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "index_layout.h"

namespace ktrace::trace::index {

/// Makes one page after the other.
class DictionaryWriter {
 public:
  /// Identifiers come in order; their blocks too.
  void add(std::string_view id, std::span<const std::uint32_t> blocks);

  bool empty() const { return page_.empty(); }
  bool full() const { return page_.size() >= kDictionaryPage; }
  const std::string& page() const { return page_; }
  std::uint32_t first_rank() const { return first_rank_; }
  std::string separator() const { return folded(first_).substr(0, kSeparator); }

  /// Begins the next page.
  void clear();

 private:
  std::string page_;
  std::string first_;
  std::string before_;
  std::uint32_t first_rank_ = 0;
  std::uint32_t rank_ = 0;
};

/// Reads the entries of one page.
class DictionaryReader {
 public:
  explicit DictionaryReader(std::string_view page) : in_(page) {}

  /// Goes to the next entry: false at the end and at damage. Its blocks must then be read or
  /// skipped by calling `take(block)` for each.
  template <typename Take>
  bool next(Take&& take) {
    if (!next_id()) return false;
    std::uint64_t block = 0;
    for (std::uint64_t left = in_.count(1); left > 0 && !in_.failed(); --left) {
      block += in_.varint();
      take(static_cast<std::uint32_t>(block));
    }
    return !in_.failed();
  }

  const std::string& id() const { return id_; }
  bool failed() const { return in_.failed() || damaged_; }

 private:
  bool next_id();

  Bytes in_;
  std::string id_;
  bool damaged_ = false;
};

}  // namespace ktrace::trace::index
