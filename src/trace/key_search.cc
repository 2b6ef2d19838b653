// The search that makes `list` run at the speed of memory.
//
// Keys are spelled in many ways (traceID, trace-id, "trace_id"), so that no literal can be searched
// for. What all have in common is how they end: the last but one letter of a key or a joiner, the
// last letter, perhaps a quote, then '=' or ':'. The loop looks at 64 places at a time for all of
// these; what is left, a place or two per record, is compared letter by letter from the back.

#include "ktrace/key_search.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "ktrace/memory.h"
#include "letters.h"

namespace ktrace::trace {
namespace {

constexpr std::size_t index(char c) { return static_cast<unsigned char>(c); }

constexpr char kJoiner = 1;

// What keys are made of, folded; 0 for all else.
constexpr std::array<char, 256> kKeyChars = [] {
  std::array<char, 256> chars{};
  for (char c = '0'; c <= '9'; ++c) chars[index(c)] = c;
  for (char c = 'a'; c <= 'z'; ++c) {
    chars[index(c)] = chars[index(static_cast<char>(c - 'a' + 'A'))] = c;
  }
  chars['.'] = '.';
  chars['/'] = '/';
  chars['-'] = chars['_'] = kJoiner;
  return chars;
}();

bool is_joiner(char c) { return kKeyChars[index(c)] == kJoiner; }

bool is_key_char(char c) { return kKeyChars[index(c)] != 0; }

void find_portable(std::string_view block, const std::array<bool, 256>& last,
                   std::vector<std::uint32_t>& separators) {
  for (std::size_t at = block.find_first_of("=:"); at != block.npos;
       at = block.find_first_of("=:", at + 1)) {
    const std::size_t end = at > 0 && block[at - 1] == '"' ? at - 1 : at;
    if (end > 0 && last[index(block[end - 1])]) {
      separators.push_back(static_cast<std::uint32_t>(at));
    }
  }
}

struct Task {
  std::string_view block;
  std::size_t back;
  const KeySearch::Letters &before, &last;
  const KeySearch::Deeper& deeper;
  std::vector<std::uint32_t>& separators;
};

#if defined(__x86_64__)

// Bytes that no letter and no separator is equal to are in no set: of lower four bits 0 that is 1.
constexpr KeySearch::Nibbles kSeparators{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', 0, 0, '=', 0, 0};
constexpr KeySearch::Nibbles kBehind{1, 0, '"', 0, 0, 0, 0, 0, 0, 0, ':', 0, 0, '=', 0, 0};

// What was found in a stripe of a block: a bit for each place, that of the last but one letter of
// what may be a key with a separator, or a quote, behind it. Noted without a branch, since none
// could be foreseen; pushed when the stripe is done.
class Stripe {
 public:
  static constexpr std::size_t kWords = 64;

  // `number`: of the word in the stripe; `noted`: how many have been that are not 0. The loop
  // counts for itself, since what it counts in memory it would have to wait for.
  void note(std::uint64_t found, std::size_t number, std::size_t& noted) {
    words_[number] = found;
    numbers_[noted] = static_cast<std::uint8_t>(number);
    noted += found != 0 ? 1 : 0;
  }

  // `begin`: of the stripe in the block. What else ends like a key, as podUID does like traceID, is
  // three times as frequent, in no order that a branch could foresee.
  void push(std::size_t noted, std::string_view block, std::size_t begin,
            const KeySearch::Deeper& deeper, std::vector<std::uint32_t>& separators) const {
    std::array<std::uint32_t, kWords * 64> places;
    std::size_t count = 0;
    for (std::size_t i = 0; i < noted; ++i) {
      for (std::uint64_t found = words_[numbers_[i]]; found != 0; found &= found - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(found));
        const std::size_t letter = begin + numbers_[i] * std::size_t{64} + bit;
        const char* const at = block.data() + letter;
        const std::size_t quote = at[2] == '"' ? 1 : 0;
        places[count] = static_cast<std::uint32_t>(letter + 2 + quote);
        const bool inside = letter + 2 + quote < block.size();
        const bool separator = (at[2 + quote] == '=') | (at[2 + quote] == ':');
        const bool key = letter < 2 || deeper.may_end(at);
        count += static_cast<std::size_t>(inside & separator & key);
      }
    }
    separators.insert(separators.end(), places.data(), places.data() + count);
  }

 private:
  std::array<std::uint64_t, kWords> words_;
  std::array<std::uint8_t, kWords> numbers_;  // of words that are not 0
};

#define KTRACE_AVX2 __attribute__((target("avx2")))

// The same 16 bytes in both halves of a register.
KTRACE_AVX2 __m256i twice(const KeySearch::Nibbles& table) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

KTRACE_AVX2 __m256i load(const char* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

// Letters or separators that are looked for, in one register by their lower four bits: a byte is
// one of them when it equals what the register has in its place.
class Avx2Set {
 public:
  KTRACE_AVX2 explicit Avx2Set(const KeySearch::Nibbles& table) : table_(twice(table)) {}

  KTRACE_AVX2 __m256i has(__m256i bytes) const {
    return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table_, bytes), bytes);
  }

 private:
  __m256i table_;
};

// A set that may have two letters in one place.
template <bool kTwo>
class Avx2Letters {
 public:
  KTRACE_AVX2 explicit Avx2Letters(const KeySearch::Letters& letters)
      : first_(letters.first), second_(letters.second) {}

  KTRACE_AVX2 __m256i has(__m256i bytes) const {
    const __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    const __m256i found = first_.has(folded);
    return kTwo ? _mm256_or_si256(found, second_.has(folded)) : found;
  }

 private:
  Avx2Set first_, second_;
};

// A set of instructions looks where, among the 64 places from `at` on, a key may end: a bit for
// each place, that of the last but one letter. `before` are the places of the letters that are
// looked at besides the last ones: the same, or those before them. kTwo is known when the loop is
// compiled: without it, it takes a quarter less.
template <bool kTwo>
class Avx2Ends {
 public:
  KTRACE_AVX2 Avx2Ends(const KeySearch::Letters& before, const KeySearch::Letters& last)
      : before_(before), last_(last), separators_(kSeparators) {}

  KTRACE_AVX2 std::uint64_t look(const char* before, const char* at) const {
    const std::uint64_t low = look_at_half(before, at), high = look_at_half(before + 32, at + 32);
    return high << 32 | low;
  }

 private:
  // Whether a separator follows a quote is looked at here only when there are many letters, and so
  // many places at which none does.
  KTRACE_AVX2 std::uint32_t look_at_half(const char* before, const char* at) const {
    const __m256i behind = load(at + 2);
    __m256i quote = _mm256_cmpeq_epi8(behind, _mm256_set1_epi8('"'));
    if (kTwo) quote = _mm256_and_si256(quote, separators_.has(load(at + 3)));
    const __m256i separator = _mm256_or_si256(separators_.has(behind), quote);
    const __m256i letters = _mm256_and_si256(before_.has(load(before)), last_.has(load(at + 1)));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_and_si256(letters, separator)));
  }

  Avx2Letters<kTwo> before_, last_;
  Avx2Set separators_;
};

#define KTRACE_AVX512 __attribute__((target("avx512f,avx512bw")))

KTRACE_AVX512 __m512i load_wide(const char* at) { return _mm512_loadu_si512(at); }

// The same sets in registers of twice the width, whose comparisons give masks: what one of them
// excludes the next does not look at.
class Avx512Set {
 public:
  KTRACE_AVX512 explicit Avx512Set(const KeySearch::Nibbles& table)
      : table_(_mm512_maskz_broadcast_i32x4(
            kAll, _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())))) {}

  KTRACE_AVX512 __mmask64 has(__mmask64 among, __m512i bytes) const {
    return _mm512_mask_cmpeq_epi8_mask(among, _mm512_shuffle_epi8(table_, bytes), bytes);
  }

 private:
  // The broadcast without a mask is one that g++ 12 takes for the use of something uninitialised.
  static constexpr __mmask16 kAll = 0xffff;

  __m512i table_;
};

template <bool kTwo>
class Avx512Letters {
 public:
  KTRACE_AVX512 explicit Avx512Letters(const KeySearch::Letters& letters)
      : first_(letters.first), second_(letters.second) {}

  KTRACE_AVX512 __mmask64 has(__mmask64 among, __m512i bytes) const {
    const __m512i folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    const __mmask64 found = first_.has(among, folded);
    return kTwo ? found | second_.has(among, folded) : found;
  }

 private:
  Avx512Set first_, second_;
};

template <bool kTwo>
class Avx512Ends {
 public:
  KTRACE_AVX512 Avx512Ends(const KeySearch::Letters& before, const KeySearch::Letters& last)
      : before_(before), last_(last), separators_(kSeparators), behind_(kBehind) {}

  KTRACE_AVX512 std::uint64_t look(const char* before, const char* at) const {
    const __m512i behind = load_wide(at + 2);
    __mmask64 found = ~__mmask64{0};
    found = last_.has(found, load_wide(at + 1));
    found = before_.has(found, load_wide(before));
    if (!kTwo) return behind_.has(found, behind);
    const __mmask64 quotes = _mm512_mask_cmpeq_epi8_mask(found, behind, _mm512_set1_epi8('"'));
    return separators_.has(found, behind) | separators_.has(quotes, load_wide(at + 3));
  }

 private:
  Avx512Letters<kTwo> before_, last_;
  Avx512Set separators_, behind_;
};

// Reads at most 64 bytes beyond the block. Inlined into functions that may use the instructions: no
// template's parameter tells which.
template <typename Ends>
[[gnu::always_inline]] inline void find_by(const Task& task) {
  const std::string_view block = task.block;
  const Ends ends(task.before, task.last);
  Stripe stripe;
  const std::size_t further = task.back - 1;
  for (std::size_t begin = further, at = begin; at + 2 < block.size(); begin = at) {
    const std::size_t end = std::min(at + 64 * Stripe::kWords, block.size() - 2);
    std::size_t noted = 0;
    for (std::size_t i = 0; at < end; ++i, at += 64) {
      ask_for(block.data() + at);
      const char* const letter = block.data() + at;
      stripe.note(ends.look(letter - further, letter), i, noted);
    }
    stripe.push(noted, block, begin, task.deeper, task.separators);
  }
}

template <bool kTwo>
KTRACE_AVX2 void find_avx2(const Task& task) {
  find_by<Avx2Ends<kTwo>>(task);
}

template <bool kTwo>
KTRACE_AVX512 void find_avx512(const Task& task) {
  find_by<Avx512Ends<kTwo>>(task);
}

// False when there is no such way.
bool find_by_vectors(Vectors vectors, const Task& task) {
  if (vectors == Vectors::none) return false;
  const bool two = task.before.two || task.last.two;
  if (vectors == Vectors::avx512) {
    two ? find_avx512<true>(task) : find_avx512<false>(task);
  } else {
    two ? find_avx2<true>(task) : find_avx2<false>(task);
  }
  return true;
}

#else

bool find_by_vectors(Vectors, const Task&) { return false; }

#endif

// Whether all keys have the same last two letters, as in ID, and others before.
bool end_alike(const std::vector<std::string>& keys) {
  return std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
    return key.size() > 3 &&
           key.ends_with(std::string_view(keys.front()).substr(keys.front().size() - 2));
  });
}

}  // namespace

bool KeySearch::Letters::add(char letter) {
  if ((letter & 0x80) != 0) return false;
  const char folded = static_cast<char>(letter | 0x20);
  const std::size_t place = static_cast<std::size_t>(folded) & 0xf;
  for (Nibbles* table : {&first, &second}) {
    char& entry = (*table)[place];
    if (entry == 0) {
      entry = folded;
      two = two || table == &second;
    }
    if (entry == folded) return true;
  }
  return false;
}

// A joiner may stand before each letter, and so any letter further back take its place.
void KeySearch::Deeper::add(std::string_view backwards) {
  for (unsigned place = 1; place < 4; ++place) {
    const auto bit = static_cast<std::uint8_t>(1 << (place - 1));
    const bool any = backwards.size() <= place;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const char folded = kKeyChars[byte] != 0 ? kKeyChars[byte] : static_cast<char>(byte);
      const bool letter = backwards.substr(0, place + 1).find(folded) != backwards.npos;
      if (any || letter || folded == kJoiner) bytes_[byte] |= bit;
    }
  }
}

// False when there is no room for it.
bool KeySearch::add_ending(std::string_view backwards) {
  bool fits = backwards.size() > back_ && last_.add(backwards.front());
  // A joiner may stand between.
  for (std::size_t i = 1; fits && i <= back_; ++i) fits = before_.add(backwards[i]);
  return fits;
}

KeySearch::KeySearch(const KeySet& keys, Vectors vectors)
    : vectors_(vectors), back_(end_alike(keys.folded()) ? 3 : 1) {
  // Keys of one letter are rare, as are three letters with the same lower four bits.
  fits_ = before_.add('-') && before_.add('_');
  for (const std::string& key : keys.folded()) {
    if (key.empty()) continue;
    const bool usual = key.size() <= kLongest && std::all_of(key.begin(), key.end(), is_key_char);
    const bool plain = key != "traceparent" && key != "logging.googleapis.com/trace";
    const auto& added =
        (usual ? usual_ : unusual_).emplace_back(Spelling{{key.rbegin(), key.rend()}, plain});
    deeper_.add(usual ? added.backwards : "");
    for (std::size_t i = 0; usual && i < key.size(); ++i) {
      places_[i] |= std::uint64_t{1} << (added.backwards[i] & 63);
    }
    if (key == "auditid") {
      has_audit_ = true;
      constexpr std::string_view legacy = "di :";  // that log's
      deeper_.add(legacy);
      fits_ = fits_ && add_ending(legacy);
    }
    const char last = key.back();
    last_letters_[index(last)] = true;
    if (last >= 'a' && last <= 'z') last_letters_[index(static_cast<char>(last - 32))] = true;
    fits_ = fits_ && add_ending(added.backwards);
  }
}

void KeySearch::find_all(std::string_view block, std::vector<std::uint32_t>& separators) const {
  const bool found =
      fits_ && find_by_vectors(vectors_, {block, back_, before_, last_, deeper_, separators});
  if (!found) find_portable(block, last_letters_, separators);
}

KeySearch::Key KeySearch::key_before(std::string_view block, std::size_t separator) const {
  const bool quoted = separator > 0 && block[separator - 1] == '"';
  const std::size_t end = separator - (quoted ? 1 : 0);
  if (end == 0 || is_joiner(block[end - 1])) return {};
  std::array<char, kLongest> letters;  // the whole key's, backwards
  std::size_t count = 0, at = end;
  bool possible = true;
  for (; at > 0 && possible; --at) {
    const char c = kKeyChars[index(block[at - 1])];
    if (c == 0) break;
    if (c == kJoiner) continue;
    possible = count < kLongest && (places_[count] >> (c & 63) & 1) != 0;
    if (possible) letters[count++] = c;
  }
  const std::string_view folded(letters.data(), count);
  for (const Spelling& key : usual_) {
    if (possible && key.backwards == folded) return {at, end, key.plain};
  }
  if (has_audit_ && folded == "di" && block.substr(0, end).ends_with(" AUDIT: id")) {
    return {end - 2, end, false};  // a line of the legacy audit log
  }
  return unusual_.empty() ? Key() : unusual_before(block, end);
}

// Keys of other than key characters are compared letter by letter: they may begin anywhere.
KeySearch::Key KeySearch::unusual_before(std::string_view block, std::size_t end) const {
  for (const auto& [key, plain] : unusual_) {
    std::size_t at = end, same = 0;
    for (; same < key.size() && at > 0; --at) {
      if (lower(block[at - 1]) == key[same]) {
        ++same;
      } else if (!is_joiner(block[at - 1])) {
        break;
      }
    }
    if (same < key.size()) continue;
    while (at > 0 && is_joiner(block[at - 1])) --at;
    if (at == 0 || !is_key_char(block[at - 1])) return {at, end, plain};
  }
  return {};
}

KeySearch::Key KeyCursor::learn(std::string_view block, std::size_t separator, std::size_t end,
                                const std::uint64_t (&text)[2]) {
  KeySearch::Key key = search_.key_before(block, separator);
  const std::size_t size = search_.deciding_size(block, end);
  if (size == 0 || size > kReach) return key;
  if (key && numbered_ < UINT8_MAX) key.spelling = ++numbered_;
  known(text) = Spelling(text, size, key);
  return key;
}

KeyCursor::Spelling::Spelling(const std::uint64_t (&text)[2], std::size_t decide,
                              KeySearch::Key key)
    : size(static_cast<std::uint8_t>(key.end - key.begin)), plain(key.plain), number(key.spelling) {
  char bytes[kReach] = {};
  std::memset(bytes + kReach - decide, 0xff, decide);
  std::memcpy(masks, bytes, kReach);
  for (std::size_t i = 0; i < 2; ++i) words[i] = text[i] & masks[i];
}

// The key's own characters and the one before them; 0 when other bytes may matter.
std::size_t KeySearch::deciding_size(std::string_view block, std::size_t end) const {
  std::size_t begin = end;
  while (begin > 0 && is_key_char(block[begin - 1])) --begin;
  const bool decides = begin > 0 && end - begin > 2 && unusual_.empty();
  return decides ? end - begin + 1 : 0;
}

}  // namespace ktrace::trace
