// Sorting on all threads. Each looks for the runs of a piece that are in order already; then runs
// are merged in pairs. All threads take part in each merge of long runs, since what they write is
// divided among them: where a part of the one run begins, a search finds in the other.

#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "parallel.h"
#include "room.h"

namespace ktrace::engine {

/// A piece of the values, in order.
struct SortedRun {
  std::size_t begin, end;
  std::size_t size() const { return end - begin; }
};

/// Makes runs of [begin, end) of `values`: few, where most of it is in order already, as traces
/// numbered by their first records are.
template <typename T, typename Before>
std::vector<SortedRun> make_runs(Room<T>& values, std::size_t begin, std::size_t end,
                                 const Before& before) {
  constexpr std::size_t kShortest = 32;
  std::vector<SortedRun> runs;
  T* const first = values.begin();
  while (begin < end) {
    const T* const run_end = std::is_sorted_until(first + begin, first + end, before);
    runs.push_back({begin, static_cast<std::size_t>(run_end - first)});
    SortedRun& run = runs.back();
    if (run.size() < kShortest) {
      run.end = std::min(begin + kShortest, end);
      std::sort(first + run.begin, first + run.end, before);
    }
    begin = run.end;
  }
  return runs;
}

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

/// Merges `runs` of `values`, in pairs, to `merged`. Gives the runs there.
template <typename T, typename Before>
std::vector<SortedRun> merge_pairs(const Room<T>& values, std::vector<SortedRun> runs,
                                   std::size_t threads, Room<T>& merged, const Before& before) {
  if (runs.size() % 2 != 0) runs.push_back({0, 0});  // an empty run makes a pair
  std::vector<SortedRun> longer;
  for (std::size_t i = 0; i < runs.size(); i += 2) {
    const std::size_t begin = longer.empty() ? 0 : longer.back().end;
    longer.push_back({begin, begin + runs[i].size() + runs[i + 1].size()});
  }
  std::vector<char> workers(threads);
  const std::size_t parts = longer.size() < 8 * threads ? threads : 1;  // of a merge
  for_each_task(workers, longer.size() * parts, [&](char&, std::size_t task) {
    const std::size_t pair = task / parts;
    merge_part(values, runs[2 * pair], runs[2 * pair + 1], task % parts, parts,
               merged.begin() + longer[pair].begin, before);
  });
  return longer;
}

/// Sorts those of `values` that are not to be dropped, and forgets the others. No two of them are
/// equal.
template <typename T, typename Drop, typename Before>
void sort_on_all(Room<T>& values, std::size_t threads, const Drop& drop, const Before& before) {
  std::vector<char> workers(threads);
  std::vector<std::vector<SortedRun>> pieces(threads);
  for_each_task(workers, threads, [&](char&, std::size_t piece) {
    const std::size_t begin = values.size() * piece / threads;
    T* const end = values.begin() + values.size() * (piece + 1) / threads;
    const T* const kept = std::remove_if(values.begin() + begin, end, drop);
    pieces[piece] =
        make_runs(values, begin, static_cast<std::size_t>(kept - values.begin()), before);
  });
  std::vector<SortedRun> runs;
  for (const auto& piece : pieces) runs.insert(runs.end(), piece.begin(), piece.end());
  const bool is_whole = runs.empty() || (runs.size() == 1 && runs.front().begin == 0);
  if (!is_whole) {
    Room<T> merged(values.size());
    do {
      runs = merge_pairs(values, std::move(runs), threads, merged, before);
      std::swap(values, merged);
    } while (runs.size() > 1);
  }
  values.cut(runs.empty() ? 0 : runs.front().end);
}

template <typename T, typename Before>
void sort_on_all(Room<T>& values, std::size_t threads, const Before& before) {
  sort_on_all(
      values, threads, [](const T&) { return false; }, before);
}

}  // namespace ktrace::engine
