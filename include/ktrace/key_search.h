// Where identifier keys may stand in a block, at the speed of memory.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/identifiers.h"

namespace ktrace::trace {

/// Thread-safe once built.
class KeySearch {
 public:
  explicit KeySearch(const KeySet& keys);

  /// Appends the positions of all '=' and ':' that stand behind what may be the end of a key, with
  /// or without a quote between, in ascending order. The block has 64 readable bytes beyond its
  /// end.
  void find_all(std::string_view block, std::vector<std::uint32_t>& separators) const;

  /// A key in a block: [begin, end).
  struct Key {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool plain = false;  ///< its value is the identifier, not only a part of it

    explicit operator bool() const { return end > begin; }
  };

  /// The identifier key that ends before the separator (and the quote before that), if one does.
  Key key_before(std::string_view block, std::size_t separator) const;

 private:
  std::vector<std::string> keys_;  // folded
  std::array<bool, 256> last_{};   // bytes that keys may end with
  std::vector<char> last_folded_;  // the same, lower case and few, for the vector loop
};

/// Whether `text` has an even number of double quotes, no backslash and no line end: then what
/// follows it in a klog line stands outside of quotes. Has 32 readable bytes behind it.
bool balanced(std::string_view text);

}  // namespace ktrace::trace
