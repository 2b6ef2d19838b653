// Sorting on all threads.

#include "parallel_sort.h"

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace ktrace::engine {
namespace {

/// `size` different numbers: `runs` ascending runs, or in no order when that is 0.
std::vector<int> numbers(std::size_t size, std::size_t runs, std::mt19937& random) {
  std::vector<int> list;
  for (std::size_t i = 0; i < size; ++i) list.push_back(static_cast<int>(i));
  std::shuffle(list.begin(), list.end(), random);
  for (std::size_t run = 0; run < runs; ++run) {
    std::sort(list.begin() + static_cast<std::ptrdiff_t>(size * run / runs),
              list.begin() + static_cast<std::ptrdiff_t>(size * (run + 1) / runs));
  }
  return list;
}

TEST(SortOnAll, PutsAnyListInOrderOnAnyNumberOfThreads) {
  std::mt19937 random(1);
  for (const std::size_t size : {0U, 1U, 2U, 3U, 50U, 1000U}) {
    for (const std::size_t runs : {0U, 1U, 2U, 7U}) {
      for (const std::size_t threads : {1U, 2U, 3U, 4U, 7U, 16U}) {
        const std::vector<int> list = numbers(size, runs, random);
        Room<int> room(size);
        std::copy(list.begin(), list.end(), room.begin());
        sort_on_all(room, threads, std::less<>());
        for (std::size_t i = 0; i < size; ++i) {
          ASSERT_EQ(room[i], static_cast<int>(i)) << size << ' ' << runs << ' ' << threads;
        }
        std::copy(list.begin(), list.end(), room.begin());
        sort_on_all(
            room, threads, [](int i) { return i % 3 != 1; }, std::less<>());
        ASSERT_EQ(room.size(), (size + 1) / 3);
        for (std::size_t i = 0; i < room.size(); ++i) {
          ASSERT_EQ(room[i], static_cast<int>(3 * i + 1)) << size << ' ' << runs << ' ' << threads;
        }
      }
    }
  }
}

}  // namespace
}  // namespace ktrace::engine
