// Words are a bit stream:
//
//   words = count code code code { difference { gap length more } }
//   count = 32 bits; codes: of differences, of gaps, of lengths; more = 1 bit
//
// A word is written as the difference of its hash to that before it, and then its runs of steps,
// each as its distance from the end of the one before it and as how many steps it has beyond the
// first. Most words are rare, and then stand in one run; those that are everywhere are one run,
// too.

#include "ktrace/word_places.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "index_bits.h"
#include "word_hashes.h"

namespace ktrace::trace {
namespace {

constexpr unsigned kCountBits = 32;
constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 32;
constexpr std::size_t kFirstSlots = 1024;  // a power of two, as all that follow

// How far ahead of its use a slot is fetched, and then its run: the time of a few words.
constexpr std::size_t kSlotAhead = 16, kRunAhead = 8;

std::uint32_t word_of(WordPlace place) {
  return static_cast<std::uint32_t>(place & ((std::uint64_t{1} << kWordBits) - 1));
}

}  // namespace

std::optional<std::uint32_t> hash_of_id(std::string_view id) {
  if (is_uuid_in_any_case(id)) return word_hash(id);
  if (is_hex_number(id)) return hash_of_number(id);
  return std::nullopt;
}

std::optional<std::vector<std::uint32_t>> hashes_of(const std::vector<std::string>& ids,
                                                    const std::vector<std::string>& names) {
  std::vector<std::uint32_t> hashes{kHiddenWord};
  for (const std::string& id : ids) {
    const auto word = hash_of_id(id);
    if (!word) return std::nullopt;
    hashes.push_back(*word);
  }
  for (const std::string& name : names) {
    // What has other letters stands nowhere as a whole word.
    if (!std::all_of(name.begin(), name.end(), is_word)) continue;
    if (!may_be_name(name)) return std::nullopt;
    hashes.push_back(word_hash(name));
  }
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

// The slot of a table that is open to the next one; of a word that was not added yet it is 0.
std::uint32_t& WordEncoder::slot_of(std::uint32_t word) {
  std::size_t slot = first_slot(word);
  while (slots_[slot] != 0 && runs_[slots_[slot] - 1].hash != word) {
    slot = first_slot(static_cast<std::uint32_t>(slot + 1));
  }
  return slots_[slot];
}

void WordEncoder::grow() {
  const auto old = std::exchange(
      slots_, std::vector<std::uint32_t>(std::max<std::size_t>(kFirstSlots, 2 * slots_.size())));
  for (const std::uint32_t run : old) {
    if (run != 0) slot_of(runs_[run - 1].hash) = run;
  }
}

void WordEncoder::add(WordPlace place) {
  const std::uint32_t word = word_of(place);
  const auto step = static_cast<std::uint32_t>(place >> kWordBits);
  if (words_ * 2 >= slots_.size()) grow();
  std::uint32_t& slot = slot_of(word);
  if (slot == 0) {
    ++words_;
  } else if (Run& run = runs_[slot - 1]; step <= run.last + 1) {
    run.last = std::max(run.last, step);
    return;
  }
  runs_.push_back({word, step, step});
  slot = static_cast<std::uint32_t>(runs_.size());
}

void WordEncoder::add(std::span<const WordPlace> places) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    add(places[i]);
    if (i + kSlotAhead >= places.size()) continue;
    __builtin_prefetch(&slots_[first_slot(word_of(places[i + kSlotAhead]))]);
    const std::uint32_t run = slots_[first_slot(word_of(places[i + kRunAhead]))];
    if (run != 0) __builtin_prefetch(&runs_[run - 1]);
  }
}

// By digits, the lower one first; the runs of a word stay in order.
void WordEncoder::sort_by_hash() {
  constexpr unsigned kDigit = kWordBits / 2;
  std::vector<Run> sorted(runs_.size());
  for (const unsigned shift : {0U, kDigit}) {
    const auto digit = [shift](const Run& run) { return run.hash >> shift & ((1U << kDigit) - 1); };
    std::vector<std::size_t> begins((std::size_t{1} << kDigit) + 1);
    for (const Run& run : runs_) ++begins[digit(run) + 1];
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    for (const Run& run : runs_) sorted[begins[digit(run)]++] = run;
    runs_.swap(sorted);
  }
}

std::string WordEncoder::finish() {
  sort_by_hash();
  // How each run is written; `before` is the one before it.
  const auto each = [&](const auto& put) {
    Run before{0, 0, 0};
    bool any = false;
    for (const Run& run : runs_) {
      const bool same = any && run.hash == before.hash;
      put(run, same ? 0 : run.hash - before.hash, run.first - (same ? before.last : 0), !same, any);
      before = run;
      any = true;
    }
  };
  std::string bytes;
  BitWriter out(bytes);
  out.put(words_, kCountBits);
  WidthEncoder differences, gaps, lengths;
  each([&](const Run& run, std::uint32_t difference, std::uint32_t gap, bool next, bool) {
    if (next) differences.count(difference);
    gaps.count(gap);
    lengths.count(run.last - run.first);
  });
  differences.write_code(out);
  gaps.write_code(out);
  lengths.write_code(out);
  each([&](const Run& run, std::uint32_t difference, std::uint32_t gap, bool next, bool any) {
    if (any) out.put(next ? 0 : 1, 1);
    if (next) differences.put(out, difference);
    gaps.put(out, gap);
    lengths.put(out, run.last - run.first);
  });
  if (!runs_.empty()) out.put(0, 1);
  out.finish();
  return bytes;
}

bool decode_words(
    std::string_view bytes,
    const std::function<void(std::uint32_t hash, std::uint64_t first, std::uint64_t last)>& take) {
  std::string padded(bytes);
  padded.append(kBitPadding, '\0');
  BitReader in(std::string_view(padded).substr(0, bytes.size()));
  std::uint64_t left = in.get(kCountBits);
  WidthDecoder differences, gaps, lengths;
  const bool good = differences.read_code(in) && gaps.read_code(in) && lengths.read_code(in);
  if (!good) return false;
  for (std::uint64_t word = 0; left > 0; --left) {
    word += differences.get(in);
    std::uint64_t last = 0;
    bool more = true;
    while (more) {
      const std::uint64_t first = last + gaps.get(in);
      last = first + lengths.get(in);
      more = in.get(1) != 0;
      const bool fits = word >> kWordBits == 0 && first <= last && last < kMostSteps;
      if (!fits || in.past_end()) return false;
      take(static_cast<std::uint32_t>(word), first, last);
    }
  }
  return true;
}

}  // namespace ktrace::trace
