// Nearly all identifiers of a story have one of two forms, and all of a form are looked for at
// once: a UUID by its dashes, which stand in so many places of a log together only where a UUID is,
// and a number of 32 or 64 hex digits by its length. Where the form is found, a bit tells whether
// any identifier may begin with these eight digits, and then a set is asked. A run
// of 32 hex digits holds 16 of them from a place that is a multiple of 16, wherever it begins, so
// that only these places are looked at. Names begin with one of few words, as a rule with that of
// their owner; these are searched as literals, and the whole word around is looked up.

#include "ktrace/word_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ktrace::trace {
namespace {

constexpr std::size_t kUuid = 36;
constexpr std::array<std::size_t, 4> kDashes{8, 13, 18, 23};
constexpr std::size_t kLane = 16;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// The first eight digits, in lower case, as a number of few bits.
std::size_t short_hash(const char* digits) {
  std::uint64_t text = 0;
  std::memcpy(&text, digits, sizeof text);
  text |= 0x2020202020202020;
  return text * 0x9e3779b97f4a7c15 >> (64 - WordSearch::kShortHashBits);
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool has_uuid_form(std::string_view text) {
  if (text.size() != kUuid) return false;
  return std::all_of(kDashes.begin(), kDashes.end(),
                     [text](std::size_t dash) { return text[dash] == '-'; });
}

bool has_hex_form(std::string_view text) {
  return (text.size() == 32 || text.size() == 64) && std::all_of(text.begin(), text.end(), is_hex);
}

// Calls `look` with each place from which dashes stand as in a UUID.
template <typename Look>
void each_uuid_portable(const char* begin, std::size_t places, const Look& look) {
  for (std::size_t at = 0; at < places; ++at) {
    const void* dash = std::memchr(begin + at + kDashes[0], '-', places - at);
    if (dash == nullptr) return;
    at = static_cast<std::size_t>(static_cast<const char*>(dash) - begin) - kDashes[0];
    if (begin[at + kDashes[1]] == '-') look(at);
  }
}

// Whether there are hex digits only at `at` and in the 15 places behind it.
bool lane_is_hex(const char* at) { return std::all_of(at, at + kLane, is_hex); }

template <typename Look>
void each_hex_lane_portable(const char* begin, std::size_t size, const Look& look) {
  for (std::size_t at = 0; at + kLane <= size; at += kLane) {
    // The last one first: it is none as a rule.
    if (is_hex(begin[at + kLane - 1]) && lane_is_hex(begin + at)) look(at);
  }
}

#if defined(__x86_64__)

#define KTRACE_AVX2 __attribute__((target("avx2")))

KTRACE_AVX2 __m256i load(const char* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

// The last step begins inside the block and reads at most 31 + 23 bytes beyond its end.
template <typename Look>
KTRACE_AVX2 void each_uuid_avx2(const char* begin, std::size_t places, const Look& look) {
  const __m256i dash = _mm256_set1_epi8('-');
  for (std::size_t at = 0; at < places; at += 32) {
    const __m256i first = _mm256_cmpeq_epi8(load(begin + at + kDashes[0]), dash);
    const __m256i second = _mm256_cmpeq_epi8(load(begin + at + kDashes[1]), dash);
    const __m256i both = _mm256_and_si256(first, second);
    auto mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(both));
    for (; mask != 0; mask &= mask - 1) {
      const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(mask));
      if (place < places) look(place);
    }
  }
}

template <typename Look>
KTRACE_AVX2 void each_hex_lane_avx2(const char* begin, std::size_t size, const Look& look) {
  for (std::size_t at = 0; at + kLane <= size; at += 32) {
    const __m256i bytes = load(begin + at);
    const __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    const __m256i digit = _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('0' - 1)),
                                           _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), bytes));
    const __m256i letter = _mm256_and_si256(_mm256_cmpgt_epi8(folded, _mm256_set1_epi8('a' - 1)),
                                            _mm256_cmpgt_epi8(_mm256_set1_epi8('f' + 1), folded));
    const auto mask =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(digit, letter)));
    if ((mask & 0xffff) == 0xffff) look(at);
    if (mask >> 16 == 0xffff && at + 2 * kLane <= size) look(at + kLane);
  }
}

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

#endif

template <typename Look>
void each_uuid(std::string_view block, const Look& look) {
  if (block.size() < kUuid) return;
  const std::size_t places = block.size() - kUuid + 1;
#if defined(__x86_64__)
  if (has_avx2()) return each_uuid_avx2(block.data(), places, look);
#endif
  each_uuid_portable(block.data(), places, look);
}

template <typename Look>
void each_hex_lane(std::string_view block, const Look& look) {
#if defined(__x86_64__)
  if (has_avx2()) return each_hex_lane_avx2(block.data(), block.size(), look);
#endif
  each_hex_lane_portable(block.data(), block.size(), look);
}

// Those of `texts` that begin with no other one of them.
std::vector<std::string> shortest_heads(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  std::vector<std::string> heads;
  for (std::string& text : texts) {
    if (text.empty() || (!heads.empty() && text.starts_with(heads.back()))) continue;
    heads.push_back(std::move(text));
  }
  return heads;
}

}  // namespace

WordSearch::WordSearch(const std::vector<std::string>& ids, const std::vector<std::string>& names)
    : names_(names.begin(), names.end()) {
  std::vector<std::string> others;
  for (std::string id : ids) {
    if (has_uuid_form(id)) {
      beginnings_.set(short_hash(id.data()));
      uuids_.insert(id);
    } else if (has_hex_form(id)) {
      std::transform(id.begin(), id.end(), id.begin(), lower);
      beginnings_.set(short_hash(id.data()));
      hexes_.insert(id);
    } else {
      others.push_back(id);
    }
  }
  others = shortest_heads(std::move(others));
  if (!others.empty()) others_ = std::make_unique<LiteralSearch>(std::move(others), false);
  std::vector<std::string> heads = shortest_heads(names);
  if (!heads.empty()) heads_ = std::make_unique<LiteralSearch>(std::move(heads), false);
}

void WordSearch::find_ids(std::string_view block, std::vector<std::size_t>& positions) const {
  if (!uuids_.empty()) find_uuids(block, positions);
  if (!hexes_.empty()) find_hexes(block, positions);
  if (others_) others_->find_all(block, positions);
}

void WordSearch::find_uuids(std::string_view block, std::vector<std::size_t>& positions) const {
  std::string id(kUuid, ' ');
  each_uuid(block, [&](std::size_t at) {
    if (!beginnings_.test(short_hash(block.data() + at))) return;
    block.copy(id.data(), kUuid, at);
    if (uuids_.contains(id)) positions.push_back(at);
  });
}

void WordSearch::find_hexes(std::string_view block, std::vector<std::size_t>& positions) const {
  std::size_t done = 0;  // the end of the run that was looked at last
  std::string id;
  each_hex_lane(block, [&](std::size_t lane) {
    if (lane < done) return;
    std::size_t begin = lane;
    while (begin > done && is_hex(block[begin - 1])) --begin;
    done = lane + kLane;
    if (begin > 0 && is_hex(block[begin - 1])) return;  // within a run that no identifier begins
    if (!beginnings_.test(short_hash(block.data() + begin))) return;
    while (done < block.size() && is_hex(block[done])) ++done;
    if (done - begin != 32 && done - begin != 64) return;
    id.assign(block.substr(begin, done - begin));
    std::transform(id.begin(), id.end(), id.begin(), lower);
    if (hexes_.contains(id)) positions.push_back(begin);
  });
}

void WordSearch::find_names(std::string_view block, std::vector<std::size_t>& positions) const {
  if (!heads_) return;
  std::vector<std::size_t> heads;
  heads_->find_all(block, heads);
  for (const std::size_t at : heads) {
    if (at > 0 && is_word(block[at - 1])) continue;
    std::size_t end = at;
    while (end < block.size() && is_word(block[end])) ++end;
    if (is_named(block.substr(at, end - at))) positions.push_back(at);
  }
}

// Behind a name may stand the end of a sentence, or what an Event adds to it: ".18ea6c23d8cbf334".
bool WordSearch::is_named(std::string_view word) const {
  word = word.substr(0, word.find_last_not_of(".-") + 1);
  while (!word.empty()) {
    if (names_.contains(std::string(word))) return true;
    const std::size_t dot = word.rfind('.');
    word = word.substr(0, dot == word.npos ? 0 : dot);
  }
  return false;
}

}  // namespace ktrace::trace
