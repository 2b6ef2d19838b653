// The corpus's own source of chance: splitmix64, after Steele, Lea and Flood (2014).
//
// Nothing of <random>'s distributions is used, because their results differ from one standard
// library to the next; integers only, so that a seed means the same bytes on every machine.

#pragma once

#include <cstdint>

namespace ktrace::bench {

/// A well mixed function of two numbers: seeds for parts of a thing, from the seed of the whole.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a + 0x9e3779b97f4a7c15u * (b + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() { return mix(state_++, 0x5851f42d4c957f2du); }

  /// A number less than `limit`, which is not 0.
  constexpr std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(((next() >> 32) * limit) >> 32);
  }

  constexpr bool one_in(std::uint32_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace ktrace::bench
