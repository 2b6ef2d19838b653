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
#include <array>
#include <cstring>
#include <utility>

#include "index_bits.h"
#include "ktrace/word_search.h"
#include "word_forms.h"

namespace ktrace::trace {
namespace {

constexpr unsigned kCountBits = 32;
constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 32;
constexpr std::size_t kLongestName = 253;  // of a DNS subdomain, which names of objects are

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

std::uint64_t load(const char* text, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, size);
  return word;
}

// Eight bytes at a time, the last ones once more with some before them. Not 0.
std::uint32_t hash(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  std::uint64_t sum = text.size() * kOdd;
  const auto take = [&sum](std::uint64_t word) {
    sum = (sum ^ word) * kOdd;
    sum ^= sum >> 32;
  };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) take(load(text.data() + at, 8));
  if (const std::size_t rest = text.size() - at; rest != 0 && text.size() >= 8) {
    take(load(text.data() + text.size() - 8, 8));
  } else if (rest >= 4) {
    take(load(text.data(), 4) << 32 | load(text.data() + rest - 4, 4));
  } else if (rest != 0) {
    take(load(text.data(), 1) << 16 | load(text.data() + rest / 2, 1) << 8 |
         load(text.data() + rest - 1, 1));
  }
  const auto value = static_cast<std::uint32_t>(sum * kOdd >> (64 - kWordBits));
  return value == kHiddenWord ? 1 : value;
}

bool is_hex_uuid(std::string_view text) {
  if (!has_uuid_form(text)) return false;
  for (std::size_t i = 0, dash = 0; i < kUuid; ++i) {
    if (dash < kDashes.size() && i == kDashes[dash]) {
      ++dash;
    } else if (!is_hex(text[i])) {
      return false;
    }
  }
  return true;
}

// Hex digits count without regard to case.
std::uint32_t hash_of_number(std::string_view digits) {
  char text[64];
  std::transform(digits.begin(), digits.end(), text, lower);
  return hash({text, digits.size()});
}

bool may_be_name(std::string_view name) {
  if (name.empty() || !is_lower(name.front()) || name.size() > kLongestName) return false;
  return name.size() < 32 || !(is_hex_uuid(name.substr(0, kUuid)) || is_hex_number(name));
}

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

void read_names(std::string_view line, std::size_t offset, Places& places) {
  each_word(line, [&](std::size_t at, std::size_t size) {
    if (!is_lower(line[at])) return;
    each_name_in(line.substr(at, size), [&](std::string_view name) {
      if (may_be_name(name)) places.add(hash(name), offset + at);
      return false;
    });
  });
}

}  // namespace

std::optional<std::uint32_t> hash_of_id(std::string_view id) {
  if (is_hex_uuid(id)) return hash(id);
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
    hashes.push_back(hash(name));
  }
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

void read_words(std::string_view block, std::uint64_t offset, std::vector<WordPlace>& ids,
                std::vector<WordPlace>& names) {
  Places id_places(offset, ids), name_places(offset, names);
  each_uuid(block, [&](std::size_t at) {
    const std::string_view id = block.substr(at, kUuid);
    if (is_hex_uuid(id)) id_places.add(hash(id), at);
  });
  each_hex_number(
      block, [](std::size_t) { return true; },
      [&](std::size_t at, std::size_t size) {
        id_places.add(hash_of_number(block.substr(at, size)), at);
      });
  for (std::size_t begin = 0; begin < block.size();) {
    const std::size_t end = std::min(block.find('\n', begin), block.size());
    const std::string_view line = block.substr(begin, end - begin);
    if (!judged_by_ids(line)) read_names(line, begin, name_places);
    begin = end + 1;
  }
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
