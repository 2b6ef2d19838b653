// What a list has seen, put away and sorted outside of memory.

#include "seen_store.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace ktrace::engine {
namespace {

Observation observation(std::uint32_t trace, int second, std::uint16_t component = 0) {
  Observation seen;
  seen.trace = trace;
  seen.time = Time(std::chrono::seconds(second));
  seen.component = component;
  return seen;
}

bool same(const Observation& a, const Observation& b) {
  return a.trace == b.trace && a.time == b.time && a.component == b.component;
}

TEST(SeenStore, HoldsWhatIsLittle) {
  SeenStore store;
  SeenPart part;
  part.seen = {observation(1, 2)};
  store.relieve(part, 1);
  EXPECT_TRUE(store.empty());
  EXPECT_EQ(part.seen.size(), 1u);
  EXPECT_TRUE(part.pieces.empty());
}

TEST(SeenStore, GivesBackWhatItTook) {
  SeenStore store(0);
  SeenPart part, other;
  for (std::uint16_t round = 0; round < 3; ++round) {
    part.seen = {observation(1, 2, round), observation(2, 3, round)};
    part.undated = {{1, 10U + round, {}}};
    other.seen = {observation(7, 8, round)};
    store.relieve(part, 0);
    store.relieve(other, 0);
    EXPECT_EQ(part.seen.capacity(), 0u);
    EXPECT_EQ(part.undated.capacity(), 0u);
  }
  ASSERT_TRUE(store.status().ok());
  ASSERT_EQ(part.pieces.size(), 3u);
  EXPECT_EQ(part.first_undated->offset, 10u);
  EXPECT_FALSE(other.first_undated);
  SeenPart read;
  for (std::uint16_t round = 0; round < 3; ++round) {
    ASSERT_TRUE(store.read(part.pieces[round], read).ok());
    ASSERT_EQ(read.seen.size(), 2u);
    EXPECT_TRUE(same(read.seen[1], observation(2, 3, round)));
    ASSERT_EQ(read.undated.size(), 1u);
    EXPECT_EQ(read.undated[0].observation, 1u);
    EXPECT_EQ(read.undated[0].offset, 10u + round);
    ASSERT_TRUE(store.read(other.pieces[round], read).ok());
    ASSERT_EQ(read.seen.size(), 1u);
    EXPECT_TRUE(same(read.seen[0], observation(7, 8, round)));
    EXPECT_TRUE(read.undated.empty());
  }
}

TEST(SeenStore, CutsWhatIsMuchIntoPieces) {
  constexpr std::uint32_t kCount = 200'000;
  SeenStore store(0);
  SeenPart part, read;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    part.seen.push_back(observation(i, 1));
    if (i % 3 == 0) part.undated.push_back({i, i, {}});
  }
  store.relieve(part, 0);
  ASSERT_GT(part.pieces.size(), 1u);
  std::uint32_t count = 0, undated_count = 0;
  for (const SeenPiece& piece : part.pieces) {
    ASSERT_TRUE(store.read(piece, read).ok());
    for (const SeenPart::Undated& undated : read.undated) {
      EXPECT_EQ(read.seen[undated.observation].trace, undated.offset);
      EXPECT_EQ(undated.offset, 3 * undated_count++);
    }
    for (const Observation& seen : read.seen) EXPECT_EQ(seen.trace, count++);
  }
  EXPECT_EQ(count, kCount);
  EXPECT_EQ(undated_count, (kCount + 2) / 3);
}

TEST(SeenSorter, SortsByTraceAndTimeAndKeepsTheOrderOfEqualOnes) {
  std::mt19937 random(2);
  for (const std::size_t count : {0U, 1U, 99U, 100U, 101U, 30'000U}) {
    SeenSorter sorter(100);
    std::vector<Observation> expected, sorted;
    for (std::size_t i = 0; i < count; ++i) {
      const auto trace = static_cast<std::uint32_t>(random() % 20);
      const int second = static_cast<int>(random() % 50);
      expected.push_back(observation(trace, second, static_cast<std::uint16_t>(i)));
      sorter.add(expected.back());
    }
    std::stable_sort(expected.begin(), expected.end(),
                     [](const Observation& a, const Observation& b) {
                       return a.trace != b.trace ? a.trace < b.trace : a.time < b.time;
                     });
    ASSERT_TRUE(sorter.each([&](const Observation& seen) { sorted.push_back(seen); }).ok());
    EXPECT_TRUE(std::equal(sorted.begin(), sorted.end(), expected.begin(), expected.end(), same))
        << count;
  }
}

}  // namespace
}  // namespace ktrace::engine
