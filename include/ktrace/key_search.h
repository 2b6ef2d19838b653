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

  /// For the vector loop: bytes in the places of their lower four bits, 0 where there is none.
  using Nibbles = std::array<char, 16>;

  /// A set of letters and joiners without case. Those that have no room in the first table are in
  /// the second.
  struct Letters {
    Nibbles first{}, second{};
    bool two = false;

    /// False when there is no room.
    bool add(char letter);
  };

 private:
  struct Spelling {
    std::string backwards;  // folded
    bool plain = false;
  };

  Key unusual_before(std::string_view block, std::size_t end) const;

  static constexpr std::size_t kLongest = 64;  // of usual keys

  std::vector<Spelling> usual_;                   // of key characters
  std::array<std::uint64_t, kLongest> places_{};  // which letters these have there, from the back
  std::vector<Spelling> unusual_;                 // all others
  bool has_audit_ = false;                        // whether the audit ID is one
  std::array<bool, 256> last_letters_{};          // bytes that keys may end with
  Letters before_, last_;                         // the last but one and the last of all keys
  bool fits_ = false;                             // whether all are in these
};

/// Whether `text` ends outside of double quotes, for what is certain: a backslash stands within
/// quotes only, where it escapes what follows, and there is no line end. Has 32 readable bytes
/// behind it.
bool balanced(std::string_view text);

}  // namespace ktrace::trace
