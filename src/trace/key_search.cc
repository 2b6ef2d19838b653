// The search that makes `list` run at the speed of memory.
//
// Keys are spelled in many ways (traceID, trace-id, "trace_id"), so that no literal can be searched
// for. What all have in common is how they end: the last letter of a key, perhaps a quote, then '='
// or ':'. The loop turns 64 bytes at a time into three bit masks (separator, quote, last letter)
// and combines them by shifting; what is left, a few places per record, is compared letter by
// letter from the back, which most places fail at the first or second letter.

#include "ktrace/key_search.h"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ktrace::trace {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_joiner(char c) { return c == '-' || c == '_'; }

bool is_key_char(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || is_joiner(c) || c == '.' || c == '/';
}

std::size_t index(char c) { return static_cast<unsigned char>(c); }

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

#if defined(__x86_64__)

#define KTRACE_AVX2 __attribute__((target("avx2")))

// How many different last letters the loop has room for; more are rare, and searched for plainly.
constexpr std::size_t kMostLetters = 4;

// kLetters is known when the loop is compiled, so that its constants stay in registers.
template <std::size_t kLetters>
class Avx2KeySearch {
 public:
  KTRACE_AVX2 explicit Avx2KeySearch(const std::vector<char>& last) {
    for (std::size_t i = 0; i < kLetters; ++i) letters_[i] = _mm256_set1_epi8(last[i]);
  }

  // Reads at most 63 bytes beyond the block. What the masks say about the byte before a step's
  // first is carried over in their highest bits.
  KTRACE_AVX2 void run(std::string_view block, std::vector<std::uint32_t>& separators) const {
    const Avx2KeySearch self = *this;
    std::uint64_t letter_carry = 0, quoted_carry = 0;
    for (std::size_t at = 0; at < block.size(); at += 64) {
      const Masks low = self.masks(block.data() + at), high = self.masks(block.data() + at + 32);
      const std::uint64_t letter = join(low.letter, high.letter);
      const std::uint64_t behind_letter = letter << 1 | letter_carry;
      const std::uint64_t quoted = join(low.quote, high.quote) & behind_letter;
      const std::uint64_t behind = behind_letter | quoted << 1 | quoted_carry;
      letter_carry = letter >> 63;
      quoted_carry = quoted >> 63;
      std::uint64_t found = join(low.separator, high.separator) & behind;
      for (; found != 0; found &= found - 1) [[unlikely]] {
          const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(found));
          if (place < block.size()) separators.push_back(static_cast<std::uint32_t>(place));
        }
    }
  }

 private:
  struct Masks {
    std::uint32_t separator, quote, letter;
  };

  static std::uint64_t join(std::uint32_t low, std::uint32_t high) {
    return std::uint64_t{high} << 32 | low;
  }

  KTRACE_AVX2 static std::uint32_t bits(__m256i bytes) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
  }

  KTRACE_AVX2 Masks masks(const char* at) const {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    __m256i letter = _mm256_cmpeq_epi8(folded, letters_[0]);
    for (std::size_t i = 1; i < kLetters; ++i) {
      letter = _mm256_or_si256(letter, _mm256_cmpeq_epi8(folded, letters_[i]));
    }
    const __m256i separator = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('=')),
                                              _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(':')));
    const __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
    return {bits(separator), bits(quote), bits(letter)};
  }

  __m256i letters_[kLetters];
};

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

#endif

}  // namespace

KeySearch::KeySearch(const KeySet& keys) : keys_(keys.folded()) {
  for (const std::string& key : keys_) {
    if (key.empty()) continue;
    const char last = key.back();
    last_[index(last)] = true;
    if (last >= 'a' && last <= 'z') last_[index(static_cast<char>(last - ('a' - 'A')))] = true;
    const char folded = static_cast<char>(last | 0x20);
    if (std::find(last_folded_.begin(), last_folded_.end(), folded) == last_folded_.end()) {
      last_folded_.push_back(folded);
    }
  }
}

void KeySearch::find_all(std::string_view block, std::vector<std::uint32_t>& separators) const {
#if defined(__x86_64__)
  if (has_avx2() && !last_folded_.empty() && last_folded_.size() <= kMostLetters) {
    switch (last_folded_.size()) {
      case 1:
        return Avx2KeySearch<1>(last_folded_).run(block, separators);
      case 2:
        return Avx2KeySearch<2>(last_folded_).run(block, separators);
      case 3:
        return Avx2KeySearch<3>(last_folded_).run(block, separators);
      default:
        return Avx2KeySearch<4>(last_folded_).run(block, separators);
    }
  }
#endif
  find_portable(block, last_, separators);
}

KeySearch::Key KeySearch::key_before(std::string_view block, std::size_t separator) const {
  const bool quoted = separator > 0 && block[separator - 1] == '"';
  const std::size_t end = separator - (quoted ? 1 : 0);
  if (end == 0) return {};
  const char last = lower(block[end - 1]);
  for (const std::string& key : keys_) {
    if (key.empty() || key.back() != last) continue;
    std::size_t at = end, left = key.size();
    while (left > 0 && at > 0) {
      const char c = block[at - 1];
      if (lower(c) == key[left - 1]) {
        --left;
      } else if (!is_joiner(c)) {
        break;
      }
      --at;
    }
    if (left > 0 && key == "auditid" && block.substr(0, end).ends_with(" AUDIT: id")) {
      return {end - 2, end, false};  // a line of the legacy audit log
    }
    if (left > 0) continue;
    while (at > 0 && is_joiner(block[at - 1])) --at;
    if (at > 0 && is_key_char(block[at - 1])) continue;
    const bool plain = key != "traceparent" && key != "logging.googleapis.com/trace";
    return {at, end, plain};
  }
  return {};
}

namespace {

bool balanced_portable(std::string_view text) {
  std::size_t quotes = 0;
  for (const char c : text) {
    if (c == '\\' || c == '\n') return false;
    quotes += c == '"' ? 1 : 0;
  }
  return quotes % 2 == 0;
}

#if defined(__x86_64__)

KTRACE_AVX2 bool balanced_avx2(std::string_view text) {
  std::uint32_t quotes = 0, wrong = 0;
  for (std::size_t at = 0; at < text.size(); at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at));
    const __m256i bad = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\')),
                                        _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n')));
    const std::size_t left = text.size() - at;
    const std::uint32_t inside = left >= 32 ? ~0U : (1U << left) - 1;
    const __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
    quotes ^= static_cast<std::uint32_t>(_mm256_movemask_epi8(quote)) & inside;
    wrong |= static_cast<std::uint32_t>(_mm256_movemask_epi8(bad)) & inside;
  }
  return wrong == 0 && (std::popcount(quotes) & 1) == 0;
}

#endif

}  // namespace

bool balanced(std::string_view text) {
#if defined(__x86_64__)
  if (has_avx2()) return balanced_avx2(text);
#endif
  return balanced_portable(text);
}

}  // namespace ktrace::trace
