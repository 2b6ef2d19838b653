// Threads: the same work on many tasks.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace ktrace::engine {

/// How many threads to use: `wanted`, or as many as this process may run on when it is 0.
inline unsigned thread_count(unsigned wanted) {
  const unsigned machine = std::thread::hardware_concurrency();
  return wanted != 0 ? wanted : machine != 0 ? machine : 1;
}

/// Calls work(worker, task) once for each task from 0 to `tasks` - 1 on as many threads as there
/// are workers, each with one of them. Tasks are begun in ascending order, but a task that
/// `follows(task)` is done right after the one before it, on the same thread. Returns when all are
/// done. `work` must not throw.
template <typename Worker, typename Work, typename Follows>
void for_each_task(std::vector<Worker>& workers, std::size_t tasks, const Work& work,
                   const Follows& follows) {
  std::atomic<std::size_t> next{0};
  const auto run = [&](Worker& worker) {
    for (std::size_t task = next++; task < tasks; task = next++) {
      if (follows(task)) continue;
      std::size_t last = task;
      do work(worker, last);
      while (++last < tasks && follows(last));
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < workers.size() && i < tasks; ++i) {
    others.emplace_back([&run, &worker = workers[i]] { run(worker); });
  }
  run(workers.front());
}

template <typename Worker, typename Work>
void for_each_task(std::vector<Worker>& workers, std::size_t tasks, const Work& work) {
  for_each_task(workers, tasks, work, [](std::size_t) { return false; });
}

/// Calls work(task) for each task on up to `threads` threads.
template <typename Work>
void for_each_task(std::size_t threads, std::size_t tasks, const Work& work) {
  std::vector<char> workers(threads);
  for_each_task(workers, tasks, [&work](char&, std::size_t task) { work(task); });
}

/// How many pieces of `size` `count` makes.
inline std::size_t pieces_of(std::size_t count, std::size_t size) {
  return (count + size - 1) / size;
}

/// Calls work(piece, begin, end) for pieces of `size` of all `count`, on `threads` threads.
template <typename Work>
void for_each_piece(std::size_t threads, std::size_t count, std::size_t size, const Work& work) {
  for_each_task(threads, pieces_of(count, size), [&](std::size_t piece) {
    work(piece, piece * size, std::min(piece * size + size, count));
  });
}

}  // namespace ktrace::engine
