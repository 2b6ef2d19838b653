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

/// A piece of the values, in order.
struct SortedRun {
  std::size_t begin, end;
  std::size_t size() const { return end - begin; }
};

/// Merges two runs of `values` to `merged`: the part of them that is `task` of `tasks`.
template <typename T, typename Before>
void merge_part(const Room<T>& values, SortedRun one, SortedRun other, std::size_t task,
                std::size_t tasks, T* merged, const Before& before) {
  const auto divide = [&](std::size_t part) {
    const T* const at = values.begin() + one.begin + one.size() * part / tasks;
    const T* const first = values.begin() + other.begin;
    const T* const last = values.begin() + other.end;
    if (part == 0) return std::pair(at, first);
    if (at == values.begin() + one.end) return std::pair(at, last);
    return std::pair(at, std::lower_bound(first, last, *at, before));
  };
  const auto [one_at, other_at] = divide(task);
  const auto [one_end, other_end] = divide(task + 1);
  merged += (one_at - values.begin()) - static_cast<std::ptrdiff_t>(one.begin);
  merged += (other_at - values.begin()) - static_cast<std::ptrdiff_t>(other.begin);
  std::merge(one_at, one_end, other_at, other_end, merged, before);
}

/// Sorts those of `values` that are not to be dropped, and forgets the others. No two of them are
/// equal.
template <typename T, typename Drop, typename Before>
void sort_on_all(Room<T>& values, std::size_t threads, const Drop& drop, const Before& before) {
  std::vector<char> workers(threads);
  std::vector<SortedRun> runs;
  for (std::size_t i = 0; i < threads; ++i) {
    runs.push_back({values.size() * i / threads, values.size() * (i + 1) / threads});
  }
  for_each_task(workers, threads, [&](char&, std::size_t piece) {
    T* const begin = values.begin() + runs[piece].begin;
    T* const end = std::remove_if(begin, values.begin() + runs[piece].end, drop);
    sort_runs(begin, end, before);
    runs[piece].end = runs[piece].begin + static_cast<std::size_t>(end - begin);
  });
  while (runs.size() > 1) {
    if (runs.size() % 2 != 0) runs.push_back({0, 0});  // an empty run makes a pair
    std::vector<SortedRun> longer;
    for (std::size_t i = 0; i < runs.size(); i += 2) {
      const std::size_t begin = longer.empty() ? 0 : longer.back().end;
      longer.push_back({begin, begin + runs[i].size() + runs[i + 1].size()});
    }
    Room<T> merged(longer.back().end);
    for_each_task(workers, longer.size() * threads, [&](char&, std::size_t task) {
      const std::size_t pair = task / threads;
      merge_part(values, runs[2 * pair], runs[2 * pair + 1], task % threads, threads,
                 merged.begin() + longer[pair].begin, before);
    });
    values = std::move(merged);
    runs = std::move(longer);
  }
  values.cut(runs.front().end);
}

template <typename T, typename Before>
void sort_on_all(Room<T>& values, std::size_t threads, const Before& before) {
  sort_on_all(
      values, threads, [](const T&) { return false; }, before);
}

}  // namespace ktrace::engine
