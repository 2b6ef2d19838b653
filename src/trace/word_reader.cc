// Reads the words of a block. Masks tell where words begin and end (word_masks.h, word_edges.h); a
// small table of words that were seen shortly before sorts out nearly all names (recent_words.h),
// since a step of a log has some twenty thousand words, but only a few hundred different ones. What
// is left is hashed.
//
// Words that a literal has in it stay unknown to that table, and so are looked at wherever they
// stand.
//
// Nearly all identifiers have one of two forms: a UUID shows by its dashes, which stand in so many
// places of a log together only where a UUID is, a number of hex digits by a lane full of them.

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <span>

#include "ktrace/word_search.h"
#include "recent_words.h"
#include "word_edges.h"
#include "word_hashes.h"
#include "word_masks.h"

namespace ktrace::trace {
namespace {

// Appends places, and leaves out what was appended shortly before.
class Places {
 public:
  explicit Places(std::vector<WordPlace>& places) : places_(places) {}

  void add(std::uint32_t word, std::uint64_t offset) {
    const WordPlace place = word_place(word, offset);
    WordPlace& recent = recent_[word % recent_.size()];
    if (recent == place) return;
    recent = place;
    places_.push_back(place);
  }

 private:
  std::vector<WordPlace>& places_;
  std::array<WordPlace, 2048> recent_{};
};

// Long words that were seen shortly before, which must be forgotten with their block.
class LongWords {
 public:
  // Whether the word, of 16 bytes or more, was one of them; now it is.
  bool see(std::string_view word) {
    const std::uint64_t mixed = load_word(word.data(), 8) * kOdd +
                                load_word(word.data() + word.size() - 8, 8) + word.size();
    std::string_view& there = words_[mixed * kOdd >> (64 - kBits)];
    if (same(there, word)) return true;
    there = word;
    return false;
  }

  void forget() { std::memset(static_cast<void*>(words_.data()), 0, sizeof words_); }

 private:
  static constexpr unsigned kBits = 10;

  // As ==, but for most words it takes no call.
  static bool same(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    if (a.size() > 32) return a == b;
    const auto differ = [&](std::size_t at) {
      return load_word(a.data() + at, 8) ^ load_word(b.data() + at, 8);
    };
    return (differ(0) | differ(8) | differ(a.size() - 16) | differ(a.size() - 8)) == 0;
  }

  std::array<std::string_view, std::size_t{1} << kBits> words_{};
};

// Lines of a block that identifiers judge.
class JudgedLines {
 public:
  // Appends where they begin to `begins`.
  JudgedLines(std::string_view block, std::vector<std::size_t>& begins)
      : block_(block), begins_(begins) {}

  // Of the last one that was found.
  std::size_t end() const { return end_; }

  // Which of the 64 places from `at` on are in such lines, of which those of `braces` may be the
  // first ones. Places ascend.
  std::uint64_t around(std::size_t at, std::uint64_t braces) {
    std::uint64_t inside = at < end_ ? ~from(end_ - at) : 0;
    for (; braces != 0; braces &= braces - 1) {
      const auto place = static_cast<std::size_t>(std::countr_zero(braces));
      if (!begins_at(at + place)) continue;
      begins_.push_back(at + place);
      end_ = std::min(block_.find('\n', at + place), block_.size());
      inside |= from(place) & ~from(end_ - at);
    }
    return inside;
  }

 private:
  static std::uint64_t from(std::size_t place) {
    return place < 64 ? ~std::uint64_t{0} << place : 0;
  }

  bool begins_at(std::size_t at) const {
    return (at == 0 || block_[at - 1] == '\n') && judged_by_ids(block_.substr(at));
  }

  std::string_view block_;
  std::vector<std::size_t>& begins_;
  std::size_t end_ = 0;
};

// Literals that are found by the words in them.
class LiteralsByWord {
 public:
  explicit LiteralsByWord(std::span<const WordLiteral> literals) : literals_(literals) {
    for (const WordLiteral& literal : literals) {
      sizes_of_[slot_of(literal.word)] |= std::uint32_t{1} << literal.word.size();
    }
  }

  // Whether the word of up to 16 bytes at `at` of `block` is that of a literal. Appends the place
  // of the literal if it is there.
  bool look(std::string_view block, std::size_t at, std::string_view word,
            std::vector<std::size_t>& hits) const {
    if ((sizes_of_[slot_of(word)] >> word.size() & 1) == 0) return false;
    bool any = false;
    for (const WordLiteral& literal : literals_) {
      if (literal.word != word) continue;
      any = true;
      const std::size_t before = literal.text.find(word);
      if (at < before || !block.substr(at - before).starts_with(literal.text)) continue;
      hits.push_back(at - before);
    }
    return any;
  }

 private:
  static std::size_t slot_of(std::string_view word) {
    return static_cast<unsigned char>(word.front()) % 32;
  }

  std::span<const WordLiteral> literals_;
  std::array<std::uint32_t, 32> sizes_of_{};  // of words, by their first letters
};

}  // namespace

// What is known from block to block.
struct WordReader::State {
  State(std::vector<WordPlace>& to_ids, std::vector<WordPlace>& to_names,
        std::span<const WordLiteral> wanted)
      : ids(to_ids), names(to_names), literals(wanted) {}

  Places ids, names;
  const LiteralsByWord literals;
  RecentWords recent;
  LongWords long_words;
  std::uint64_t step = ~std::uint64_t{0};  // of which `recent` knows
};

namespace {

class BlockWords {
 public:
  BlockWords(std::string_view block, std::uint64_t offset, std::span<const std::size_t> told,
             WordReader::State& known, std::vector<std::size_t>& hits)
      : block_(block),
        offset_(offset),
        told_(told),
        known_(known),
        hits_(hits),
        judged_(block, hits) {}

  void run() {
    for (std::size_t at = 0; at < block_.size(); at += kStripe * 64) {
      const std::size_t count = read_masks(at);
      leave_out_told(at);
      read_ids(at, count);
      edges_.find(static_cast<std::uint32_t>(at), masks_.data(), count);
      read_names();
      edges_.clear();
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
    last = {last.word & inside, last.letter & inside, last.hex & inside, last.dash & inside,
            last.brace & inside};
    return count;
  }

  // And leaves out the lines that they judge. Nearly everywhere is nothing of all that, which is
  // asked at once; what that needs is in registers.
  void read_ids(std::size_t at, std::size_t count) {
    std::uint64_t dashes_before = dashes_before_;
    std::size_t judged_end = judged_.end();
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t here = at + 64 * i;
      const WordMasks& masks = masks_[i];
      const std::uint64_t uuids = uuid_ends(masks.dash, dashes_before);
      dashes_before = masks.dash;
      if ((uuids | full_lanes(masks.hex) | masks.brace) == 0 && here >= judged_end) [[likely]]
        continue;
      each_bit(uuids, [&](std::size_t dash) { read_uuid(here + dash); });
      each_bit(lanes_of(masks.hex), [&](std::size_t lane) {
        if (here + lane >= digits_end_) read_digits(at, 64 * i + lane);
      });
      masks_[i].letter &= ~judged_.around(here, masks.brace);
      judged_end = judged_.end();
    }
    dashes_before_ = dashes_before;
  }

  template <typename Look>
  static void each_bit(std::uint64_t bits, const Look& look) {
    for (; bits != 0; bits &= bits - 1) look(static_cast<std::size_t>(std::countr_zero(bits)));
  }

  // What told identifiers would show by: the letter with which they begin, the last dash of a UUID,
  // and two digits of a number, of which every full lane has one. An identifier may go on in the
  // next stripe.
  void leave_out_told(std::size_t stripe) {
    constexpr std::size_t kEnd = kStripe * 64;
    for (; !told_.empty() && told_.front() < stripe + kEnd; told_ = told_.subspan(1)) {
      const std::size_t at = told_.front() - stripe;
      const auto leave_out = [&](std::uint64_t WordMasks::*mask, std::size_t place) {
        if (place < kEnd) masks_[place / 64].*mask &= ~(std::uint64_t{1} << place % 64);
      };
      leave_out(&WordMasks::letter, at);
      leave_out(&WordMasks::hex, at + kLane - 1);
      leave_out(&WordMasks::hex, at + kLane);
      leave_out(&WordMasks::dash, at + kDashes[3]);
      if (at + kDashes[3] >= kEnd && at < kEnd) break;
    }
  }

  // Where the last of four dashes stands that are as far from each other as those of a UUID;
  // `before` are those of the 64 places before.
  static std::uint64_t uuid_ends(std::uint64_t dashes, std::uint64_t before) {
    const auto dashes_before = [&](std::size_t places) {
      return dashes << places | before >> (64 - places);
    };
    return dashes & dashes_before(kDashes[3] - kDashes[2]) &
           dashes_before(kDashes[3] - kDashes[1]) & dashes_before(kDashes[3] - kDashes[0]);
  }

  void read_uuid(std::size_t last_dash) {
    if (last_dash < kDashes[3]) return;
    const std::size_t at = last_dash - kDashes[3];
    const std::string_view id = block_.substr(at, kUuid);
    if (is_uuid_in_any_case(id)) known_.ids.add(word_hash(id), offset_ + at);
  }

  // Of the run of hex digits around `lane` of the stripe at `stripe`.
  void read_digits(std::size_t stripe, std::size_t lane) {
    const std::size_t begin = digits_begin(stripe, lane);
    digits_end_ = digits_end(stripe, lane);
    const std::size_t size = digits_end_ - begin;
    if (size != 32 && size != 64) return;
    known_.ids.add(hash_of_number(block_.substr(begin, size)), offset_ + begin);
  }

  std::size_t digits_begin(std::size_t stripe, std::size_t lane) const {
    std::size_t before = lane;  // digits begin here or before
    while (before > 0) {
      const std::uint64_t others = ~masks_[(before - 1) / 64].hex << (63 - (before - 1) % 64);
      const auto digits = static_cast<std::size_t>(std::countl_zero(others));
      if (digits <= (before - 1) % 64) return stripe + before - digits;
      before = (before - 1) / 64 * 64;
    }
    std::size_t begin = stripe;
    while (begin > 0 && is_hex(block_[begin - 1])) --begin;
    return begin;
  }

  std::size_t digits_end(std::size_t stripe, std::size_t lane) const {
    std::size_t end = lane;  // or behind it
    while (end < kStripe * 64) {
      const std::uint64_t others = ~masks_[end / 64].hex >> end % 64;
      const auto digits = static_cast<std::size_t>(std::countr_zero(others));
      if (digits < 64 - end % 64) return stripe + end + digits;
      end = (end / 64 + 1) * 64;
    }
    std::size_t behind = stripe + end;
    while (behind < block_.size() && is_hex(block_[behind])) ++behind;
    return behind;
  }

  // A bit of every lane that is full of hex digits, and perhaps of lanes above one.
  static std::uint64_t full_lanes(std::uint64_t hex) {
    return (~hex - 0x0001'0001'0001'0001) & hex & 0x8000'8000'8000'8000;
  }

  // The first bit of every such lane, and of no other.
  static std::uint64_t lanes_of(std::uint64_t hex) {
    std::uint64_t lanes = hex & hex >> 1;
    lanes &= lanes >> 2;
    lanes &= lanes >> 4;
    return lanes & lanes >> 8 & 0x0001'0001'0001'0001;
  }

  // Of the words that have ended.
  void read_names() {
    const std::uint32_t* const begins = edges_.begins();
    for (std::size_t i = 0; i < edges_.size();) {
      if (begins[i] >= step_end_) begin_step(begins[i]);
      std::size_t next = edges_.size();
      if (begins[next - 1] >= step_end_) {
        next = static_cast<std::size_t>(std::lower_bound(begins + i, begins + next, step_end_) -
                                        begins);
      }
      const std::size_t count = known_.recent.find_others(
          block_.data(), begins + i, edges_.ends() + i, next - i, others_.data());
      for (std::size_t other = 0; other < count; ++other) read_word(i + others_[other]);
      i = next;
    }
  }

  void read_word(std::size_t number) {
    const std::size_t at = edges_.begins()[number];
    const std::size_t size = edges_.ends()[number] - at;
    const char* const begin = block_.data() + at;
    if (size > RecentWords::kLongest) {
      if (known_.long_words.see({begin, size})) return;
    } else if (!known_.literals.look(block_, at, {begin, size}, hits_)) {
      known_.recent.learn(begin, size);
    }
    if (begins_with_id({begin, size})) return;
    each_name_in({begin, size}, [&](std::string_view name) {
      if (may_be_name(name)) known_.names.add(word_hash(name), offset_ + at);
      return false;
    });
  }

  void begin_step(std::size_t at) {
    const std::uint64_t step = (offset_ + at) / kWordStep;
    step_end_ = static_cast<std::size_t>((step + 1) * kWordStep - offset_);
    if (step != known_.step) known_.recent.forget();
    known_.step = step;
    known_.long_words.forget();
  }

  std::string_view block_;
  std::uint64_t offset_;
  std::span<const std::size_t> told_;  // those that go on behind the stripes that were read
  WordReader::State& known_;
  std::vector<std::size_t>& hits_;
  std::uint64_t dashes_before_ = 0;  // of the 64 places before
  std::size_t digits_end_ = 0;       // of the run that was read last
  JudgedLines judged_;
  std::array<WordMasks, kStripe + 1> masks_;
  WordEdges edges_;
  std::array<std::uint32_t, (kStripe + 1) * 32 + 1 + 8> others_;
  std::size_t step_end_ = 0;  // of the step of which the recent and the long words know
};

}  // namespace

WordReader::WordReader(std::vector<WordPlace>& ids, std::vector<WordPlace>& names,
                       std::span<const WordLiteral> literals)
    : state_(std::make_unique<State>(ids, names, literals)) {}
WordReader::~WordReader() = default;

void WordReader::read(std::string_view block, std::uint64_t offset,
                      std::span<const std::size_t> told, std::vector<std::size_t>& hits) {
  BlockWords(block, offset, told, *state_, hits).run();
}

}  // namespace ktrace::trace
