// The vector instructions that searches use, chosen when the program runs, and what searches do
// with what these find: a bit for each of 64 places.

#pragma once

#include <cstdint>
#include <utility>

namespace ktrace {

/// Each has all that is before it; avx2 means BMI and POPCNT, too, which every such machine has,
/// and avx512 F, BW, BMI2 and carry-less multiplication.
enum class Vectors : std::uint8_t { none, avx2, avx512 };

/// The widest that this machine has and that are compiled in.
Vectors widest_vectors();

/// Which characters backslashes escape: those behind an odd number of them. Not thread-safe.
class Escapes {
 public:
  /// Of the next 64 places, of which these are backslashes, those of other characters that are
  /// escaped. What it tells of backslashes means nothing.
  std::uint64_t behind(std::uint64_t backslashes) {
    if ((backslashes | carry_) == 0) return 0;
    constexpr std::uint64_t kEven = 0x5555'5555'5555'5555;
    const std::uint64_t first = std::exchange(carry_, 0);
    const std::uint64_t escaping = backslashes & ~first;
    const std::uint64_t begins = escaping & ~(escaping << 1);
    // A bit that is added where a run begins is carried to the place behind it.
    const std::uint64_t from_even = escaping + (begins & kEven);
    const std::uint64_t from_odd = escaping + (begins & ~kEven);
    carry_ = from_odd < escaping ? 1 : 0;
    return (((from_even & ~kEven) | (from_odd & kEven)) & ~escaping) | first;
  }

 private:
  std::uint64_t carry_ = 0;  // whether the first of the next places is escaped
};

}  // namespace ktrace
