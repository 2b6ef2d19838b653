// A small table of words that were seen shortly before, which sorts out nearly all words of a log.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ktrace/vectors.h"

namespace ktrace::trace {

/// Knows words of up to 16 bytes, by all of these; what comes to the place of another is known in
/// its stead. Not thread-safe.
class RecentWords {
 public:
  static constexpr std::size_t kLongest = 16;

  explicit RecentWords(Vectors vectors = widest_vectors()) : vectors_(vectors) {}

  /// Which of `count` words of `text` are not known: writes their numbers to `others`, and gives
  /// how many there are. Words begin and end at these places and have no byte 0; of text and of
  /// places 16 and 8 more can be read, and 8 more numbers be written.
  std::size_t find_others(const char* text, const std::uint32_t* begins, const std::uint32_t* ends,
                          std::size_t count, std::uint32_t* others) const;

  /// From now on knows the word, which is not too long.
  void learn(const char* begin, std::size_t size);

  void forget();

 private:
  // Its first and its last eight bytes, zeros before those that it does not have.
  struct Word {
    std::uint64_t first = 0, last = 0;

    friend bool operator==(const Word&, const Word&) = default;
  };

  static constexpr unsigned kBits = 12;

  static Word read(const char* begin, std::size_t size);
  static std::size_t slot_of(const Word& word);
  std::size_t find_by_vectors(const char* text, const std::uint32_t* begins,
                              const std::uint32_t* ends, std::size_t count,
                              std::uint32_t* others) const;

  Vectors vectors_;
  std::array<Word, std::size_t{1} << kBits> words_{};
};

}  // namespace ktrace::trace
