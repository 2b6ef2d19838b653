// Sorting on all threads. Each sorts a piece; then pieces are merged in pairs. All threads take
// part in each merge, since what they write is divided among them: where a part of the one piece
// begins, a search finds in the other.

#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "parallel.h"
#include "room.h"

namespace ktrace::engine {

/// Sorts what is made of few runs that are in order already, as traces numbered by their first
/// records are.
template <typename Place, typename Before>
void sort_runs(Place begin, Place end, const Before& before) {
  constexpr std::ptrdiff_t kShortest = 32;
  std::vector<Place> bounds{begin};
  while (bounds.back() != end) {
    const Place run = bounds.back();
    Place run_end = std::is_sorted_until(run, end, before);
    if (run_end - run < kShortest) {
      run_end = run + std::min(kShortest, end - run);
      std::sort(run, run_end, before);
    }
    bounds.push_back(run_end);
  }
  while (bounds.size() > 2) {
    std::vector<Place> merged{begin};
    for (std::size_t i = 2; i < bounds.size(); i += 2) {
      std::inplace_merge(bounds[i - 2], bounds[i - 1], bounds[i], before);
      merged.push_back(bounds[i]);
    }
    if (bounds.size() % 2 == 0) merged.push_back(end);
    bounds = std::move(merged);
  }
}

/// Merges [begin, middle) and [middle, end) of `values`, each in order, to the same places of
/// `merged`: the part of them that is `task` of `tasks`.
template <typename T, typename Before>
void merge_part(const Room<T>& values, std::size_t begin, std::size_t middle, std::size_t end,
                std::size_t task, std::size_t tasks, Room<T>& merged, const Before& before) {
  const T* const first = values.begin();
  const auto divide = [&](std::size_t part) {
    const T* const one = first + begin + (middle - begin) * part / tasks;
    const T* other = part == 0 ? first + middle : first + end;
    if (part > 0 && one < first + middle) {
      other = std::lower_bound(first + middle, first + end, *one, before);
    }
    return std::pair(one, other);
  };
  const auto [one, other] = divide(task);
  const auto [one_end, other_end] = divide(task + 1);
  T* const out = merged.begin() + (one - first) + (other - first) - middle;
  std::merge(one, one_end, other, other_end, out, before);
}

/// No two of `values` are equal.
template <typename T, typename Before>
void sort_on_all(Room<T>& values, std::size_t threads, const Before& before) {
  std::vector<char> workers(threads);
  std::vector<std::size_t> bounds;
  for (std::size_t i = 0; i <= threads; ++i) bounds.push_back(values.size() * i / threads);
  for_each_task(workers, threads, [&](char&, std::size_t piece) {
    sort_runs(values.begin() + bounds[piece], values.begin() + bounds[piece + 1], before);
  });
  while (bounds.size() > 2) {
    if (bounds.size() % 2 == 0) bounds.push_back(bounds.back());  // an empty piece makes a pair
    const std::size_t pairs = bounds.size() / 2;
    Room<T> merged(values.size());
    for_each_task(workers, pairs * threads, [&](char&, std::size_t task) {
      const std::size_t* const bound = &bounds[task / threads * 2];
      merge_part(values, bound[0], bound[1], bound[2], task % threads, threads, merged, before);
    });
    values = std::move(merged);
    for (std::size_t i = 1; i <= pairs; ++i) bounds[i] = bounds[2 * i];
    bounds.resize(pairs + 1);
  }
}

}  // namespace ktrace::engine
