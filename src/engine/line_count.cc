#include "line_count.h"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "ktrace/index.h"
#include "ktrace/vectors.h"

namespace ktrace::engine {
namespace {

constexpr std::uint64_t kStep = trace::IndexFacts::kLineStep;

// Counts with whatever vectors the function has that this is a part of.
[[gnu::always_inline]] inline std::uint64_t count_newlines(std::string_view text) {
  // Counts that fit into a byte each let a vector hold as many of them as it holds letters; a piece
  // is whole vectors.
  constexpr std::size_t kPiece = 192;
  std::uint64_t count = 0;
  while (!text.empty()) {
    std::uint8_t in_piece = 0;
    for (const char c : text.substr(0, kPiece)) {
      in_piece = static_cast<std::uint8_t>(in_piece + (c == '\n' ? 1 : 0));
    }
    count += in_piece;
    text.remove_prefix(std::min(kPiece, text.size()));
  }
  return count;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) std::uint64_t newlines_avx2(std::string_view text) {
  return count_newlines(text);
}

__attribute__((target("avx512f,avx512bw,bmi2,popcnt"))) std::uint64_t newlines_avx512(
    std::string_view text) {
  const __m512i newline = _mm512_set1_epi8('\n');
  std::uint64_t count = 0;
  for (; text.size() >= 64; text.remove_prefix(64)) {
    const __m512i bytes = _mm512_loadu_si512(text.data());
    count += static_cast<std::uint64_t>(std::popcount(_mm512_cmpeq_epi8_mask(bytes, newline)));
  }
  const __mmask64 rest = (__mmask64{1} << text.size()) - 1;
  const __m512i bytes = _mm512_maskz_loadu_epi8(rest, text.data());
  return count + static_cast<std::uint64_t>(std::popcount(_mm512_cmpeq_epi8_mask(bytes, newline)));
}
#endif

}  // namespace

std::uint64_t newlines(std::string_view text) {
#if defined(__x86_64__)
  const Vectors vectors = widest_vectors();
  if (vectors == Vectors::avx512) return newlines_avx512(text);
  if (vectors == Vectors::avx2) return newlines_avx2(text);
#endif
  return count_newlines(text);
}

std::string bytes_at(input::Source& source, std::uint64_t offset, std::size_t size) {
  input::Place place;
  return bytes_at(source, offset, size, place);
}

std::string bytes_at(input::Source& source, std::uint64_t offset, std::size_t size,
                     input::Place& place) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const auto count = source.read_on(offset + filled, bytes.data() + filled, size - filled, place);
    if (!count || *count == 0) break;
    filled += *count;
  }
  bytes.resize(filled);
  return bytes;
}

std::uint32_t& LineSteps::at(std::uint64_t step) {
  if (counts.empty()) first = step;
  if (counts.size() <= step - first) counts.resize(step - first + 1);
  return counts[step - first];
}

void LineSteps::count(std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const std::uint64_t step = offset / kStep;
    const std::string_view inside = bytes.substr(0, (step + 1) * kStep - offset);
    at(step) += static_cast<std::uint32_t>(newlines(inside));
    bytes.remove_prefix(inside.size());
    offset += inside.size();
  }
}

void LineSteps::add(const LineSteps& behind) {
  for (std::size_t i = 0; i < behind.counts.size(); ++i) at(behind.first + i) += behind.counts[i];
}

std::uint64_t LineCount::before(std::uint64_t offset) {
  while (step_ < counts_.size() && (step_ + 1) * kStep <= offset) counted_ += counts_[step_++];
  const std::uint64_t begin = step_ * kStep;
  return counted_ + newlines(bytes_at(source_, begin, offset - begin, place_));
}

}  // namespace ktrace::engine
