// The vector instructions that searches use, chosen when the program runs.

#pragma once

#include <cstdint>

namespace ktrace {

/// Each has all that is before it; avx2 means BMI and POPCNT, too, which every such machine has,
/// and avx512 F, BW, BMI2 and carry-less multiplication.
enum class Vectors : std::uint8_t { none, avx2, avx512 };

/// The widest that this machine has and that are compiled in.
Vectors widest_vectors();

}  // namespace ktrace
