// Where the words of a log stand that a story may look for: names of objects and identifiers, by
// their hashes and in steps of the log, so that `story` reads only the steps that may hold one.
//
// What is a word here is what WordSearch finds, but for two kinds that logs are full of: words that
// begin with no letter (numbers, dates, durations) or with a UUID are no names, and what has
// neither the form of a UUID nor 32 or 64 hex digits is no identifier. Of those nothing is known,
// and a story that looks for one reads the log. A step may seem to hold a word whose hash is that
// of another; it never seems not to hold one that it does. All functions are pure and thread-safe.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ktrace::trace {

/// Bytes of a log for which is told as one whether a word stands there.
inline constexpr std::uint64_t kWordStep = 256 << 10;

/// A word and a step in which it begins, as one number: hash (kWordBits bits) and above it the
/// number of the step.
using WordPlace = std::uint64_t;
inline constexpr unsigned kWordBits = 24;

/// Instead of a word: where records may hide words.
inline constexpr std::uint32_t kHiddenWord = 0;

inline WordPlace word_place(std::uint32_t hash, std::uint64_t offset) {
  return offset / kWordStep << kWordBits | hash;
}

/// The hash of an identifier; none when nothing is known of such ones.
std::optional<std::uint32_t> hash_of_id(std::string_view id);

/// The hashes of all that WordSearch would find of these, in order, and kHiddenWord; none when one
/// of them is such that nothing is known of it.
std::optional<std::vector<std::uint32_t>> hashes_of(const std::vector<std::string>& ids,
                                                    const std::vector<std::string>& names);

/// A literal, and a word in it that begins with a letter, has at most 16 bytes, and stands there
/// between what is of no word.
struct WordLiteral {
  std::string_view text, word;
};

/// Reads the words of one block of a log after the other. Not thread-safe.
class WordReader {
 public:
  /// Appends the places of identifiers to `ids`, of names to `names`, most of them once.
  /// `literals`, which are few, live as long as this.
  WordReader(std::vector<WordPlace>& ids, std::vector<WordPlace>& names,
             std::span<const WordLiteral> literals = {});
  ~WordReader();

  /// Of all words in `block`, which holds whole lines and stands at `offset`, not before the block
  /// that was read last. It has 64 readable bytes beyond its end. `told`: where UUIDs and numbers
  /// of 32 hex digits begin, before a quote, that are not wanted, ascending. Appends the positions
  /// at which literals begin to `hits`, in no order; of lines that are judged by identifiers, all
  /// of which may have some, those of the lines.
  void read(std::string_view block, std::uint64_t offset, std::span<const std::size_t> told,
            std::vector<std::size_t>& hits);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// Words to bytes; there are fewer than 2^32 runs of steps. The layout is documented in
/// ktrace-index(5).
class WordEncoder {
 public:
  /// The steps of each word must not descend.
  void add(WordPlace place);

  /// The same for many at a time, which is faster.
  void add(std::span<const WordPlace> places);

  /// How many runs of steps there are.
  std::size_t runs() const { return runs_.size(); }

  /// All bytes. Ends the encoder's use.
  std::string finish();

 private:
  struct Run {
    std::uint32_t hash, first, last;  // steps
  };

  std::size_t first_slot(std::uint32_t word) const { return word & (slots_.size() - 1); }
  std::uint32_t& slot_of(std::uint32_t word);
  void grow();
  void sort_by_hash();

  std::vector<Run> runs_;
  std::vector<std::uint32_t> slots_;  // the last run of each word, plus 1
  std::size_t words_ = 0;
};

/// Calls `take` for each run of steps that a word stands in, words in the order of their hashes.
/// False when `bytes` are not what an encoder made; then what was given is to be discarded.
bool decode_words(
    std::string_view bytes,
    const std::function<void(std::uint32_t hash, std::uint64_t first, std::uint64_t last)>& take);

}  // namespace ktrace::trace
