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
#include <utility>

#include "index_bits.h"
#include "word_hashes.h"

namespace ktrace::trace {
namespace {

constexpr unsigned kCountBits = 32;
constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 32;

}  // namespace

std::optional<std::uint32_t> hash_of_id(std::string_view id) {
  if (is_hex_uuid(id)) return word_hash(id);
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

void WordEncoder::add(WordPlace place) {
  const auto word = static_cast<std::uint32_t>(place & ((std::uint64_t{1} << kWordBits) - 1));
  const auto step = static_cast<std::uint32_t>(place >> kWordBits);
  const auto [latest, fresh] = latest_.try_emplace(word, runs_.size());
  if (!fresh) {
    Run& run = runs_[latest->second];
    if (step <= run.last + 1) {
      run.last = std::max(run.last, step);
      return;
    }
    latest->second = runs_.size();
  }
  runs_.push_back({word, step, step});
}

std::string WordEncoder::finish() {
  std::sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) {
    return std::pair(a.hash, a.first) < std::pair(b.hash, b.first);
  });
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
  out.put(latest_.size(), kCountBits);
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
