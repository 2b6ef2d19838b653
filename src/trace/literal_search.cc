// The search that makes `grep ID` run at the speed of memory.
//
// For each literal two of its bytes are chosen that are rare in logs. The loop compares 32 places
// at a time with the first of them and, at the right distance, with the second; only where both
// agree is the whole literal compared. Two rare bytes agree by chance about once in 3,000 places,
// so that the loop is two loads, two compares and an "and" per 32 bytes.
// (The two-byte filter is described by Wojciech Muła, "SIMD-friendly algorithms for substring
// searching".) With AVX-512 it is 64 places, which halves what the search adds to reading. Without
// AVX2 memmem does the work, or a walk over the first byte in either case.
//
// Many literals are searched in one go (many_literals.h).

#include "ktrace/literal_search.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

// How far ahead of the search bytes are asked for. Processors read ahead by themselves, but not
// beyond a page: without this, memory that is searched where it lies is read at two thirds of the
// speed. What the search reads from a cache costs no more.
constexpr std::size_t kAhead = 4096;

void ask_for(const char* bytes) { __builtin_prefetch(bytes + kAhead, 0, 2); }

// What every set of instructions shares.
template <bool kAnyCase>
class VectorSearch {
 public:
  explicit VectorSearch(const Task& task) : task_(task) {}

  // How many places there are in the block where the literal may begin.
  std::size_t places() const {
    const std::size_t size = task_.block.size(), needed = task_.literal.size();
    return size < needed ? 0 : size - needed + 1;
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

 protected:
  char chosen(std::size_t place) const {
    return static_cast<char>(kAnyCase ? task_.literal[place] | kCaseBit : task_.literal[place]);
  }

  const Task task_;
};

template <bool kAnyCase>
class Avx2Search : public VectorSearch<kAnyCase> {
 public:
  KTRACE_AVX2 explicit Avx2Search(const Task& task)
      : VectorSearch<kAnyCase>(task),
        first_(_mm256_set1_epi8(this->chosen(task.first))),
        second_(_mm256_set1_epi8(this->chosen(task.second))) {}

  using VectorSearch<kAnyCase>::confirm;
  using VectorSearch<kAnyCase>::task_;

  // The last step begins inside the block and so reads at most 31 bytes beyond its end.
  KTRACE_AVX2 void run(std::size_t at = 0) {
    const char* const block = task_.block.data();
    const std::size_t places = this->places();
    for (; at + 128 <= places; at += 128) {
      __m256i any = _mm256_setzero_si256();
      const Candidates found = look(at, any);
      if (_mm256_testz_si256(any, any) == 0) [[unlikely]]
        confirm(at, found);
    }
    for (; at < places; at += 32) confirm(at, bits(candidates(block + at)));
  }

  // Where among the 128 places from `at` on the literal may begin; `any` may hold others already.
  struct Candidates {
    __m256i a, b, c, d;
  };
  KTRACE_AVX2 Candidates look(std::size_t at, __m256i& any) const {
    const char* const block = task_.block.data() + at;
    ask_for(block);
    ask_for(block + 64);
    const Candidates found{candidates(block), candidates(block + 32), candidates(block + 64),
                           candidates(block + 96)};
    any = _mm256_or_si256(
        any, _mm256_or_si256(_mm256_or_si256(found.a, found.b), _mm256_or_si256(found.c, found.d)));
    return found;
  }

  KTRACE_AVX2 void confirm(std::size_t at, const Candidates& found) const {
    confirm(at, bits(found.a) | bits(found.b) << 32);
    confirm(at + 64, bits(found.c) | bits(found.d) << 32);
  }

 private:
  KTRACE_AVX2 static __m256i load(const char* at) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return kAnyCase ? _mm256_or_si256(bytes, _mm256_set1_epi8(kCaseBit)) : bytes;
  }

  // All bits of a byte, where both chosen bytes of the literal stand in their places.
  KTRACE_AVX2 __m256i candidates(const char* at) const {
    return _mm256_and_si256(_mm256_cmpeq_epi8(first_, load(at + task_.first)),
                            _mm256_cmpeq_epi8(second_, load(at + task_.second)));
  }

  KTRACE_AVX2 static std::uint64_t bits(__m256i found) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
  }

  __m256i first_, second_;
};

// Both at once: the block is read once.
template <bool kAnyCase>
KTRACE_AVX2 void both_avx2(const Task& first, const Task& second) {
  Avx2Search<kAnyCase> one(first);
  Avx2Search<false> other(second);
  const std::size_t places = std::min(one.places(), other.places());
  std::size_t at = 0;
  for (; at + 128 <= places; at += 128) {
    __m256i any = _mm256_setzero_si256();
    const auto found = one.look(at, any);
    const auto others = other.look(at, any);
    if (_mm256_testz_si256(any, any) != 0) [[likely]]
      continue;
    one.confirm(at, found);
    other.confirm(at, others);
  }
  one.run(at);
  other.run(at);
}

template <bool kAnyCase>
class Avx512Search : public VectorSearch<kAnyCase> {
 public:
  KTRACE_AVX512 explicit Avx512Search(const Task& task)
      : VectorSearch<kAnyCase>(task),
        first_(_mm512_set1_epi8(this->chosen(task.first))),
        second_(_mm512_set1_epi8(this->chosen(task.second))) {}

  // The last step begins inside the block and so reads at most 63 bytes beyond its end.
  KTRACE_AVX512 void run(std::size_t at = 0) {
    for (const std::size_t places = this->places(); at < places; at += 64) {
      const __mmask64 found = look(at);
      if (found != 0) [[unlikely]]
        this->confirm(at, found);
    }
  }

  // Where among the 64 places from `at` on the literal may begin.
  KTRACE_AVX512 __mmask64 look(std::size_t at) const {
    const char* const block = this->task_.block.data() + at;
    ask_for(block);
    return _mm512_mask_cmpeq_epi8_mask(
        _mm512_cmpeq_epi8_mask(first_, load(block + this->task_.first)), second_,
        load(block + this->task_.second));
  }

 private:
  KTRACE_AVX512 static __m512i load(const char* at) {
    const __m512i bytes = _mm512_loadu_si512(at);
    return kAnyCase ? _mm512_or_si512(bytes, _mm512_set1_epi8(kCaseBit)) : bytes;
  }

  __m512i first_, second_;
};

template <bool kAnyCase>
KTRACE_AVX512 void both_avx512(const Task& first, const Task& second) {
  Avx512Search<kAnyCase> one(first);
  Avx512Search<false> other(second);
  const std::size_t places = std::min(one.places(), other.places());
  std::size_t at = 0;
  for (; at < places; at += 64) {
    const __mmask64 found = one.look(at), others = other.look(at);
    if ((found | others) == 0) [[likely]]
      continue;
    one.confirm(at, found);
    other.confirm(at, others);
  }
  one.run(at);
  other.run(at);
}

template <bool kAnyCase>
void find_as(Vectors vectors, const Task& task) {
  vectors == Vectors::avx512 ? Avx512Search<kAnyCase>(task).run()
                             : Avx2Search<kAnyCase>(task).run();
}

void find(Vectors vectors, const Task& task) {
  if (vectors == Vectors::none) return find_portable(task);
  task.any_case ? find_as<true>(vectors, task) : find_as<false>(vectors, task);
}

template <bool kAnyCase>
void find_both_as(Vectors vectors, const Task& one, const Task& other) {
  vectors == Vectors::avx512 ? both_avx512<kAnyCase>(one, other) : both_avx2<kAnyCase>(one, other);
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

// Where those bytes begin that ManyLiterals is to look for first: rare ones side by side.
std::size_t rarest_piece(std::string_view text) {
  constexpr std::size_t kPiece = ManyLiterals::kPiece;
  std::size_t best = 0, most = 0;
  for (std::size_t at = 0; at + kPiece <= text.size(); ++at) {
    std::size_t sum = 0;
    for (const char c : text.substr(at, kPiece)) sum += rarity(c);
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
