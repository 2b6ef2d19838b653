// What `list` has seen beyond what memory has room for: put away while sources are read, and sorted
// outside of memory.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "ktrace/spool.h"
#include "ktrace/status.h"
#include "list_scan.h"

namespace ktrace::engine {

/// Takes what parts have seen when too much is held in all: more than a list of so many traces
/// takes anyhow.
class SeenStore {
 public:
  /// Bytes that may be held in any case.
  static constexpr std::uint64_t kHeld = 64 << 20;

  explicit SeenStore(std::uint64_t held = kHeld) : may_hold_(held) {}

  /// Puts away what is held of a part if need be. `traces`: how many its worker knows. Between two
  /// blocks of the part, or at its end. Thread-safe, for different parts.
  void relieve(SeenPart& part, std::size_t traces);

  /// Whether nothing was put away.
  bool empty() const { return spool_.size() == 0; }

  /// Why something could not be put away: it is lost.
  const Status& status() const { return status_; }

  /// Reads a piece back, as what was seen in a part of its own.
  Status read(const SeenPiece& piece, SeenPart& into) const;

 private:
  void put_away(SeenPart& part);

  const std::uint64_t may_hold_;  // bytes
  std::atomic<std::uint64_t> held_{0};
  std::atomic<bool> full_{false};  // whether that was too much once
  std::mutex mutex_;               // of what follows
  input::Spool spool_{0};
  Status status_;
};

/// Sorts any number of observations by trace and time. Those that are equal keep their order.
class SeenSorter {
 public:
  /// How many are sorted at a time: of 16 MiB.
  static constexpr std::size_t kRun = 1 << 20;

  explicit SeenSorter(std::size_t run = kRun) : run_(run) {}

  void add(const Observation& seen);

  /// Calls see(observation) for all that were added, in their order. Once, after the last add().
  Status each(const std::function<void(const Observation&)>& see);

 private:
  struct Run {
    std::uint64_t next = 0, end = 0;  // in the spool, of what is not in `read`
    std::vector<Observation> read;
    std::size_t at = 0;
  };

  void end_run();
  bool fill(Run& run);

  const std::size_t run_;
  std::vector<Observation> held_;
  std::vector<Run> runs_;
  input::Spool spool_{0};
  Status status_;
};

}  // namespace ktrace::engine
