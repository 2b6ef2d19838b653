// Where identifier keys may stand in a block, at the speed of memory.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/identifiers.h"
#include "ktrace/vectors.h"

namespace ktrace::trace {

/// Thread-safe once built.
class KeySearch {
 public:
  /// `vectors`: what the machine has.
  explicit KeySearch(const KeySet& keys, Vectors vectors = widest_vectors());

  /// Appends the positions of all '=' and ':' that stand behind what may be the end of a key, with
  /// or without a quote between, in ascending order. The block has 64 readable bytes beyond its
  /// end.
  void find_all(std::string_view block, std::vector<std::uint32_t>& separators) const;

  /// A key in a block: [begin, end).
  struct Key {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool plain = false;         ///< its value is the identifier, not only a part of it
    std::uint8_t spelling = 0;  ///< a KeyCursor's own number for how it is spelt; 0: it has none

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

  /// The same for the second to fourth characters of keys from the back.
  class Deeper {
   public:
    /// A key, folded; none stands for any.
    void add(std::string_view backwards);

    /// Whether a key may have its last but one letter at `at`.
    bool may_end(const char* at) const {
      return (at_byte(*at) & at_byte(at[-1]) >> 1 & at_byte(at[-2]) >> 2 & 1) != 0;
    }

   private:
    std::uint8_t at_byte(char c) const { return bytes_[static_cast<unsigned char>(c)]; }

    std::array<std::uint8_t, 256> bytes_{};  // 1: may be second, 2: third, 4: fourth
  };

 private:
  struct Spelling {
    std::string backwards;  // folded
    bool plain = false;
  };

  friend class KeyCursor;

  bool add_ending(std::string_view backwards);
  Key unusual_before(std::string_view block, std::size_t end) const;
  std::size_t deciding_size(std::string_view block, std::size_t end) const;

  static constexpr std::size_t kLongest = 64;  // of usual keys

  Vectors vectors_;
  std::vector<Spelling> usual_;                   // of key characters
  std::array<std::uint64_t, kLongest> places_{};  // which letters these have there, from the back
  std::vector<Spelling> unusual_;                 // all others
  bool has_audit_ = false;                        // whether the audit ID is one
  std::array<bool, 256> last_letters_{};          // bytes that keys may end with
  std::size_t back_;  // how far before their last letters keys have those of
  Letters before_;    // this set: what they all have in common tells little
  Letters last_;
  Deeper deeper_;
  bool fits_ = false;  // whether all letters are in their sets
};

/// Reads many keys, of which nearly all are spelt as one shortly before that ends alike. Gives what
/// KeySearch::key_before gives. For one thread; the search outlives it.
class KeyCursor {
 public:
  explicit KeyCursor(const KeySearch& search) : search_(search) {}

  KeySearch::Key key_before(std::string_view block, std::size_t separator) {
    const std::size_t end = separator - (separator > 0 && block[separator - 1] == '"' ? 1 : 0);
    if (end < kReach) return search_.key_before(block, separator);
    std::uint64_t text[2];
    std::memcpy(text, block.data() + end - kReach, kReach);
    const Spelling& same = known(text);
    if (!same.is(text)) return learn(block, separator, end, text);
    return {end - same.size, end, same.plain, same.number};
  }

 private:
  static constexpr std::size_t kReach = 16;

  // What stands before the end of a key, or of what is none, as far as that matters.
  struct Spelling {
    Spelling() = default;
    Spelling(const std::uint64_t (&text)[2], std::size_t decide, KeySearch::Key key);

    bool is(const std::uint64_t (&text)[2]) const {
      return ((text[0] ^ words[0]) & masks[0]) == 0 && ((text[1] ^ words[1]) & masks[1]) == 0;
    }

    std::uint64_t words[2] = {0, 0};  // at first bytes of 0, which are no key
    std::uint64_t masks[2] = {~std::uint64_t{0}, ~std::uint64_t{0}};
    std::uint8_t size = 0;  // of the key; 0: it is none
    bool plain = false;
    std::uint8_t number = 0;
  };

  // Where a spelling is remembered, by its last letters.
  Spelling& known(const std::uint64_t (&text)[2]) {
    return known_[(text[1] >> 32) * 0x9e3779b97f4a7c15 >> 58];
  }

  KeySearch::Key learn(std::string_view block, std::size_t separator, std::size_t end,
                       const std::uint64_t (&text)[2]);

  const KeySearch& search_;
  std::array<Spelling, 64> known_{};
  std::uint8_t numbered_ = 0;  // how many spellings got a number
};

}  // namespace ktrace::trace
