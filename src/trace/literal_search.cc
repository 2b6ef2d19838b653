// The search that makes `grep ID` run at the speed of memory.
//
// For each literal two of its bytes are chosen that are rare in logs. The loop compares 64 places
// at a time with the first of them and, at the right distance, with the second; only where both
// agree is the whole literal compared. Two rare bytes agree by chance about once in 3,000 places,
// so that the loop is two loads, two compares and an "and" per vector: 32 bytes with AVX2, 64 with
// AVX-512, which halves what the search adds to reading. (The two-byte filter is described by
// Wojciech Muła, "SIMD-friendly algorithms for substring searching".) Without AVX2 memmem does the
// work, or a walk over the first byte in either case.
//
// Many literals are searched in one go (many_literals.h).

#include "ktrace/literal_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "ktrace/memory.h"
#include "letters.h"
#include "many_literals.h"

namespace ktrace::trace {
namespace {

// From so many literals on, one search for all is faster than one for each.
constexpr std::size_t kMany = 4;

// Printable characters from the most to the least frequent, counted over the component logs (text
// and JSON) of a Kubernetes 1.34 cluster.
constexpr std::string_view kByFrequency =
    "e\" aotnrl:s1di2c.56u3p0b4g,f897-m/k=vIh_\\y]{}PTxSLwCDRUGAHjE)(N[qFzVOMBZW>*K+?<&|Q%~#!;X$Y'"
    "J@`";

std::size_t rarity(char c) {
  const std::size_t place = kByFrequency.find(c);
  return place == kByFrequency.npos ? kByFrequency.size() : place;
}

bool equal(const char* text, std::string_view literal, bool any_case) {
  if (!any_case) return std::memcmp(text, literal.data(), literal.size()) == 0;
  return std::equal(literal.begin(), literal.end(), text,
                    [](char a, char b) { return a == lower(b); });
}

struct Task {
  std::string_view block;
  std::string_view literal;
  std::size_t first, second;
  bool any_case;
  std::vector<std::size_t>& positions;
};

void find_portable(const Task& task) {
  const char* const begin = task.block.data();
  const char* const end = begin + task.block.size();
  const auto same = [](char a, char b) { return lower(a) == b; };
  const char* at = begin;
  while (true) {
    if (task.any_case) {
      at = std::search(at, end, task.literal.begin(), task.literal.end(), same);
    } else {
      const void* hit = ::memmem(at, static_cast<std::size_t>(end - at), task.literal.data(),
                                 task.literal.size());
      at = hit == nullptr ? end : static_cast<const char*>(hit);
    }
    if (at == end) return;
    task.positions.push_back(static_cast<std::size_t>(at - begin));
    ++at;
  }
}

#if defined(__x86_64__)

#define KTRACE_AVX2 __attribute__((target("avx2")))
#define KTRACE_AVX512 __attribute__((target("avx512bw")))

// Setting bit 5 makes letters equal without case and leaves digits alone; what else it makes equal
// is sorted out by the full comparison.
constexpr char kCaseBit = 0x20;

// A set of instructions looks where, among the 64 places from `first` and `second` on, the two
// chosen bytes of a literal stand: a bit for each place where both do.
class Avx2 {
 public:
  KTRACE_AVX2 Avx2(char first, char second)
      : first_(_mm256_set1_epi8(first)), second_(_mm256_set1_epi8(second)) {}

  template <bool kAnyCase>
  KTRACE_AVX2 std::uint64_t look(const char* first, const char* second) const {
    const std::uint64_t low = look_at_half<kAnyCase>(first, second);
    const std::uint64_t high = look_at_half<kAnyCase>(first + 32, second + 32);
    return high << 32 | low;
  }

 private:
  template <bool kAnyCase>
  KTRACE_AVX2 std::uint64_t look_at_half(const char* first, const char* second) const {
    const __m256i found = _mm256_and_si256(_mm256_cmpeq_epi8(first_, load<kAnyCase>(first)),
                                           _mm256_cmpeq_epi8(second_, load<kAnyCase>(second)));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
  }

  template <bool kAnyCase>
  KTRACE_AVX2 static __m256i load(const char* at) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return kAnyCase ? _mm256_or_si256(bytes, _mm256_set1_epi8(kCaseBit)) : bytes;
  }

  __m256i first_, second_;
};

class Avx512 {
 public:
  KTRACE_AVX512 Avx512(char first, char second)
      : first_(_mm512_set1_epi8(first)), second_(_mm512_set1_epi8(second)) {}

  template <bool kAnyCase>
  KTRACE_AVX512 std::uint64_t look(const char* first, const char* second) const {
    return _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(first_, load<kAnyCase>(first)),
                                       second_, load<kAnyCase>(second));
  }

 private:
  template <bool kAnyCase>
  KTRACE_AVX512 static __m512i load(const char* at) {
    const __m512i bytes = _mm512_loadu_si512(at);
    return kAnyCase ? _mm512_or_si512(bytes, _mm512_set1_epi8(kCaseBit)) : bytes;
  }

  __m512i first_, second_;
};

// A task for a set of instructions. What loops is inlined into functions that may use them: no
// template's parameter tells which.
template <typename Set, bool kAnyCase>
class VectorSearch {
 public:
  [[gnu::always_inline]] explicit VectorSearch(const Task& task)
      : task_(task), set_(chosen(task.first), chosen(task.second)) {}

  // How many places there are in the block where the literal may begin.
  std::size_t places() const {
    const std::size_t size = task_.block.size(), needed = task_.literal.size();
    return size < needed ? 0 : size - needed + 1;
  }

  // Where among the 64 places from `at` on the literal may begin.
  [[gnu::always_inline]] std::uint64_t look(std::size_t at) const {
    const char* const block = task_.block.data() + at;
    ask_for(block);
    return set_.template look<kAnyCase>(block + task_.first, block + task_.second);
  }

  // Keeps those of the places from `at` on, one a bit, where the whole literal stands.
  void confirm(std::size_t at, std::uint64_t mask) const {
    for (const std::size_t places = this->places(); mask != 0; mask &= mask - 1) {
      const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(mask));
      if (place >= places) return;
      if (equal(task_.block.data() + place, task_.literal, kAnyCase)) {
        task_.positions.push_back(place);
      }
    }
  }

  // The last step begins inside the block and so reads at most 63 bytes beyond its end.
  [[gnu::always_inline]] void run(std::size_t at = 0) const {
    for (const std::size_t places = this->places(); at < places; at += 64) {
      const std::uint64_t found = look(at);
      if (found != 0) [[unlikely]]
        confirm(at, found);
    }
  }

 private:
  char chosen(std::size_t place) const {
    return static_cast<char>(kAnyCase ? task_.literal[place] | kCaseBit : task_.literal[place]);
  }

  const Task task_;
  const Set set_;
};

// Both at once: the block is read once.
template <typename One, typename Other>
[[gnu::always_inline]] inline void run_both(const One& one, const Other& other) {
  const std::size_t places = std::min(one.places(), other.places());
  std::size_t at = 0;
  for (; at < places; at += 64) {
    const std::uint64_t found = one.look(at), others = other.look(at);
    if ((found | others) == 0) [[likely]]
      continue;
    one.confirm(at, found);
    other.confirm(at, others);
  }
  one.run(at);
  other.run(at);
}

template <bool kAnyCase>
KTRACE_AVX2 void find_avx2(const Task& task) {
  VectorSearch<Avx2, kAnyCase>(task).run();
}

template <bool kAnyCase>
KTRACE_AVX512 void find_avx512(const Task& task) {
  VectorSearch<Avx512, kAnyCase>(task).run();
}

template <bool kAnyCase>
KTRACE_AVX2 void find_both_avx2(const Task& one, const Task& other) {
  run_both(VectorSearch<Avx2, kAnyCase>(one), VectorSearch<Avx2, false>(other));
}

template <bool kAnyCase>
KTRACE_AVX512 void find_both_avx512(const Task& one, const Task& other) {
  run_both(VectorSearch<Avx512, kAnyCase>(one), VectorSearch<Avx512, false>(other));
}

template <bool kAnyCase>
void find_as(Vectors vectors, const Task& task) {
  vectors == Vectors::avx512 ? find_avx512<kAnyCase>(task) : find_avx2<kAnyCase>(task);
}

void find(Vectors vectors, const Task& task) {
  if (vectors == Vectors::none) return find_portable(task);
  task.any_case ? find_as<true>(vectors, task) : find_as<false>(vectors, task);
}

template <bool kAnyCase>
void find_both_as(Vectors vectors, const Task& one, const Task& other) {
  vectors == Vectors::avx512 ? find_both_avx512<kAnyCase>(one, other)
                             : find_both_avx2<kAnyCase>(one, other);
}

// `other` minds the case. False when there is no such way.
bool find_both(Vectors vectors, const Task& one, const Task& other) {
  if (vectors == Vectors::none) return false;
  one.any_case ? find_both_as<true>(vectors, one, other) : find_both_as<false>(vectors, one, other);
  return true;
}

#else

void find(Vectors, const Task& task) { find_portable(task); }
bool find_both(Vectors, const Task&, const Task&) { return false; }

#endif

// Pieces that the logs are full of, though their characters are rare.
constexpr std::array<std::string_view, 2> kFrequentPieces{"ing", ".k8"};

// Where those bytes begin that ManyLiterals is to look for first: rare ones side by side.
std::size_t rarest_piece(std::string_view text) {
  constexpr std::size_t kPiece = ManyLiterals::kPiece;
  std::size_t best = 0, most = 0;
  for (std::size_t at = 0; at + kPiece <= text.size(); ++at) {
    std::size_t sum = 0;
    const std::string_view piece = text.substr(at, kPiece);
    if (std::find(kFrequentPieces.begin(), kFrequentPieces.end(), piece) != kFrequentPieces.end()) {
      continue;
    }
    for (const char c : piece) sum += rarity(c);
    if (sum > most) best = at;
    most = std::max(most, sum);
  }
  return best;
}

}  // namespace

LiteralSearch::LiteralSearch(std::vector<std::string> literals, bool any_case, Vectors vectors)
    : any_case_(any_case), vectors_(vectors) {
  for (std::string& text : literals) {
    if (any_case) std::transform(text.begin(), text.end(), text.begin(), lower);
    Needle needle{std::move(text), 0, 0};
    const auto rarer = [&](std::size_t a, std::size_t b) {
      return rarity(needle.text[a]) > rarity(needle.text[b]);
    };
    for (std::size_t i = 1; i < needle.text.size(); ++i) {
      if (rarer(i, needle.first)) needle.first = i;
    }
    needle.second = needle.first == 0 ? needle.text.size() - 1 : 0;
    for (std::size_t i = 0; i < needle.text.size(); ++i) {
      if (i != needle.first && rarer(i, needle.second)) needle.second = i;
    }
    longest_ = std::max(longest_, needle.text.size());
    needles_.push_back(std::move(needle));
  }
  if (needles_.size() < kMany || vectors == Vectors::none) return;
  many_ = std::make_unique<ManyLiterals>(any_case);
  for (const Needle& needle : needles_) many_->add(needle.text, rarest_piece(needle.text));
}

LiteralSearch::~LiteralSearch() = default;
LiteralSearch::LiteralSearch(LiteralSearch&&) noexcept = default;
LiteralSearch& LiteralSearch::operator=(LiteralSearch&&) noexcept = default;

void LiteralSearch::find_all(std::string_view block, std::vector<std::size_t>& positions) const {
  const std::size_t before = positions.size();
  if (many_) {
    many_->find_all(block, positions);
  } else {
    for (const Needle& needle : needles_) {
      find(vectors_, {block, needle.text, needle.first, needle.second, any_case_, positions});
    }
  }
  if (needles_.size() < 2) return;
  const auto added = positions.begin() + static_cast<std::ptrdiff_t>(before);
  std::sort(added, positions.end());
  positions.erase(std::unique(added, positions.end()), positions.end());
}

void LiteralSearch::find_both(std::string_view block, const LiteralSearch& other,
                              std::vector<std::size_t>& positions,
                              std::vector<std::size_t>& other_positions) const {
  if (needles_.size() == 1 && other.needles_.size() == 1 && !other.any_case_) {
    const Needle &one = needles_.front(), &two = other.needles_.front();
    if (trace::find_both(vectors_, {block, one.text, one.first, one.second, any_case_, positions},
                         {block, two.text, two.first, two.second, false, other_positions})) {
      return;
    }
  }
  find_all(block, positions);
  other.find_all(block, other_positions);
}

}  // namespace ktrace::trace
