// Reads the words of a block. Masks tell where words begin and end (word_masks.h); a small table of
// words that were seen shortly before sorts out nearly all names, since a step of a log has some
// twenty thousand words, but only a few hundred different ones. What is left is hashed.

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "ktrace/literal_search.h"
#include "ktrace/word_search.h"
#include "word_hashes.h"
#include "word_masks.h"

namespace ktrace::trace {
namespace {

// Appends places, and leaves out what was appended shortly before.
class Places {
 public:
  Places(std::uint64_t offset, std::vector<WordPlace>& places) : offset_(offset), places_(places) {}

  void add(std::uint32_t word, std::size_t at) {
    const WordPlace place = word_place(word, offset_ + at);
    WordPlace& recent = recent_[word % recent_.size()];
    if (recent == place) return;
    recent = place;
    places_.push_back(place);
  }

 private:
  std::uint64_t offset_;
  std::vector<WordPlace>& places_;
  std::array<WordPlace, 4096> recent_{};
};

// Different words of a block, as many as there is room for.
class SeenWords {
 public:
  SeenWords() { words_[0] = {}; }

  // Whether the word was seen before; from now on it was. It has `size` bytes, and ends at least
  // kWindow bytes behind the block's beginning.
  bool see(const char* begin, std::size_t size) {
    // Of a word of fewer than eight bytes what stands before and behind it is shifted out.
    const std::size_t spare = 8 * (kWindow - std::min(size, kWindow));
    const Word word{load_word(begin, kWindow) << spare,
                    load_word(begin + size - kWindow, kWindow) >> spare, begin, size};
    // Of a short word first and last are the same bytes, which must not cancel each other.
    const std::uint64_t mixed = word.first + std::rotl(word.last, 21) + size;
    const std::size_t slot = mixed * kOdd >> (64 - kBits);
    return same(words_[slots_[slot]], word) || look_on(slot, word);
  }

  void forget() {
    count_ = 1;
    slots_.fill(0);
  }

  static constexpr std::size_t kWindow = 8;

 private:
  static constexpr unsigned kBits = 12;
  static constexpr std::size_t kMost = std::size_t{1} << (kBits - 1);

  // Its first and its last eight bytes, or all that it has.
  struct Word {
    std::uint64_t first, last;
    const char* begin;
    std::size_t size;
  };

  static bool same(const Word& a, const Word& b) {
    if (((a.first ^ b.first) | (a.last ^ b.last) | (a.size ^ b.size)) != 0) return false;
    return a.size <= 2 * kWindow || std::memcmp(a.begin, b.begin, a.size) == 0;
  }

  // From `slot` on, which has another word or none.
  bool look_on(std::size_t slot, const Word& word) {
    for (; slots_[slot] != 0; slot = (slot + 1) % slots_.size()) {
      if (same(words_[slots_[slot]], word)) return true;
    }
    if (count_ == kMost) forget();
    slots_[slot] = static_cast<std::uint16_t>(count_);
    words_[count_++] = word;
    return false;
  }

  std::size_t count_ = 1;                                       // of words; the first is none
  std::array<std::uint16_t, std::size_t{1} << kBits> slots_{};  // numbers of words
  std::array<Word, kMost> words_;  // in the order in which they were seen
};

// Lines of a block that identifiers judge.
class JudgedLines {
 public:
  explicit JudgedLines(std::string_view block) {
    static const LiteralSearch kObjects({"\n{\""}, false);
    std::vector<std::size_t> objects;
    kObjects.find_all(block, objects);
    add(block, 0);
    for (const std::size_t newline : objects) add(block, newline + 1);
    next_ = lines_.begin();
  }

  // Which of the 64 places from `at` on are in such lines. Places do not descend.
  std::uint64_t around(std::size_t at) {
    while (next_ != lines_.end() && next_->end <= at) ++next_;
    std::uint64_t inside = 0;
    for (auto line = next_; line != lines_.end() && line->begin < at + 64; ++line) {
      inside |= from(std::max(line->begin, at) - at) & ~from(line->end - at);
    }
    return inside;
  }

 private:
  struct Line {
    std::size_t begin, end;
  };

  static std::uint64_t from(std::size_t place) {
    return place < 64 ? ~std::uint64_t{0} << place : 0;
  }

  void add(std::string_view block, std::size_t begin) {
    if (!judged_by_ids(block.substr(begin))) return;
    lines_.push_back({begin, std::min(block.find('\n', begin), block.size())});
  }

  std::vector<Line> lines_;
  std::vector<Line>::const_iterator next_;
};

// Where words that may be names begin and end, in turn, of a stripe of a block after the other. A
// bit that is added where a word begins is carried to the place behind its end, be it among the
// next 64.
class WordEdges {
 public:
  static constexpr std::size_t kStripe = 16;

  // Of the 64 bytes at `at` of which `masks` tell; `left_out`: where no names begin. Inlined where
  // the instructions for single bits are known.
  [[gnu::always_inline]] void find(std::size_t at, const WordMasks& masks, std::uint64_t left_out) {
    const std::uint64_t begins = masks.letter & ~(masks.word << 1 | before_ | left_out);
    before_ = masks.word >> 63;
    const std::uint64_t carried = masks.word + carry_;
    const std::uint64_t sum = carried + begins;
    carry_ = carried < carry_ || sum < begins ? 1 : 0;
    std::uint64_t edges = begins | (sum & ~masks.word);
    std::size_t* next = &places_[count_];
    count_ += static_cast<std::size_t>(std::popcount(edges));
    // How many there are cannot be foreseen, so that some more are noted than there are.
    while (edges != 0) {
      for (std::size_t i = 0; i < kAtATime; ++i, edges &= edges - 1) {
        *next++ = at + static_cast<std::size_t>(std::countr_zero(edges));
      }
    }
  }

  // Calls `look` with place and size of each word, and forgets them. Of the last word the end may
  // not be known yet.
  template <typename Look>
  void each_word(const Look& look) {
    std::size_t i = 0;
    for (; i + 2 <= count_; i += 2) look(places_[i], places_[i + 1] - places_[i]);
    if (i < count_) places_[0] = places_[i];
    count_ -= i;
  }

 private:
  static constexpr std::size_t kAtATime = 12;

  std::array<std::size_t, (kStripe + 1) * 64 + 1 + kAtATime> places_;
  std::size_t count_ = 0;
  std::uint64_t before_ = 0;  // whether the place before is of a word,
  std::uint64_t carry_ = 0;   // and whether that may be a name
};

[[gnu::always_inline]] inline void find_edges_anyhow(std::size_t at, const WordMasks* masks,
                                                     std::size_t count, JudgedLines& judged,
                                                     WordEdges& edges) {
  for (std::size_t i = 0; i < count; ++i, at += 64) edges.find(at, masks[i], judged.around(at));
}

#if defined(__x86_64__)
__attribute__((target("bmi,popcnt"))) void find_edges_by_bits(std::size_t at,
                                                              const WordMasks* masks,
                                                              std::size_t count,
                                                              JudgedLines& judged,
                                                              WordEdges& edges) {
  find_edges_anyhow(at, masks, count, judged, edges);
}
#endif

void find_edges(std::size_t at, const WordMasks* masks, std::size_t count, JudgedLines& judged,
                WordEdges& edges) {
#if defined(__x86_64__)
  if (widest_vectors() != Vectors::none) return find_edges_by_bits(at, masks, count, judged, edges);
#endif
  find_edges_anyhow(at, masks, count, judged, edges);
}

class WordReader {
 public:
  WordReader(std::string_view block, std::uint64_t offset, std::vector<WordPlace>& ids,
             std::vector<WordPlace>& names)
      : block_(block), offset_(offset), ids_(offset, ids), names_(names), judged_(block) {}

  void run() {
    each_uuid(block_, [&](std::size_t at) {
      const std::string_view id = block_.substr(at, kUuid);
      if (is_uuid_in_any_case(id)) ids_.add(word_hash(id), at);
    });
    HexNumbers numbers(
        block_, [](std::size_t) { return true; },
        [&](std::size_t at, std::size_t size) {
          ids_.add(hash_of_number(block_.substr(at, size)), at);
        });
    for (std::size_t at = 0; at < block_.size(); at += kStripe * 64) {
      const std::size_t count = read_masks(at);
      for (std::size_t i = 0; i < count; ++i) {
        each_lane(masks_[i].hex, [&](std::size_t lane) { numbers.see_lane(at + 64 * i + lane); });
      }
      find_edges(at, masks_.data(), count, judged_, edges_);
      edges_.each_word([this](std::size_t place, std::size_t size) { read_word(place, size); });
    }
  }

 private:
  static constexpr std::size_t kStripe = WordEdges::kStripe;

  // The masks of the stripe at `begin`. Gives how many there are; behind the block's end is
  // nothing.
  std::size_t read_masks(std::size_t begin) {
    const std::size_t left = block_.size() - begin;
    const std::size_t count = std::min(kStripe, (left + 63) / 64);
    word_masks(block_.data() + begin, count, masks_.data());
    if (left > kStripe * 64) return count;
    masks_[count] = {};
    if (left % 64 == 0) return count + 1;
    const std::uint64_t inside = (std::uint64_t{1} << left % 64) - 1;
    WordMasks& last = masks_[count - 1];
    last = {last.word & inside, last.letter & inside, last.hex & inside};
    return count;
  }

  template <typename Look>
  static void each_lane(std::uint64_t hex, const Look& look) {
    std::uint64_t lanes = hex & hex >> 1;
    lanes &= lanes >> 2;
    lanes &= lanes >> 4;
    lanes &= lanes >> 8 & 0x0001'0001'0001'0001;
    for (; lanes != 0; lanes &= lanes - 1) look(static_cast<std::size_t>(std::countr_zero(lanes)));
  }

  void read_word(std::size_t at, std::size_t size) {
    if (at >= step_end_) begin_step(at);
    const char* const begin = block_.data() + at;
    if (size >= 32 && begins_with_id({begin, size})) return;
    if (at + size >= SeenWords::kWindow && seen_.see(begin, size)) return;
    add_names({begin, size}, at);
  }

  void add_names(std::string_view word, std::size_t at) {
    each_name_in(word, [&](std::string_view name) {
      if (may_be_name(name)) names_.push_back(word_place(word_hash(name), offset_ + at));
      return false;
    });
  }

  void begin_step(std::size_t at) {
    step_end_ = at + static_cast<std::size_t>(kWordStep - (offset_ + at) % kWordStep);
    seen_.forget();
  }

  std::string_view block_;
  std::uint64_t offset_;
  Places ids_;
  std::vector<WordPlace>& names_;
  SeenWords seen_;
  JudgedLines judged_;
  std::array<WordMasks, kStripe + 1> masks_;
  WordEdges edges_;
  std::size_t step_end_ = 0;  // of the step in which seen_ were seen
};

}  // namespace

void read_words(std::string_view block, std::uint64_t offset, std::vector<WordPlace>& ids,
                std::vector<WordPlace>& names) {
  WordReader(block, offset, ids, names).run();
}

}  // namespace ktrace::trace
