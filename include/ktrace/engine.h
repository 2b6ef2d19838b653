// Runs a query: the only room that has threads.

#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "ktrace/query.h"
#include "ktrace/status.h"

namespace ktrace::engine {

/// grep's exit statuses.
enum class Outcome : int { found = 0, nothing = 1, error = 2 };

/// How far one phase of a run has come.
struct Progress {
  std::string_view phase;   ///< "reading"
  std::uint64_t done = 0;   ///< bytes
  std::uint64_t total = 0;  ///< bytes; 0: not known
  Duration elapsed{};       ///< since the phase began
  bool ended = false;       ///< nothing more comes of this phase
};

/// What surrounds a run. The engine itself touches neither the environment nor standard error.
struct Surroundings {
  int output = 1;         ///< the descriptor that results go to
  bool terminal = false;  ///< that descriptor is a terminal
  unsigned columns = 0;   ///< its width; 0 when it is none
  bool color = false;
  Time now{};
  /// Whether the user wants an end; asked from time to time while a log is followed. Whoever asks
  /// ends the run well. May be empty.
  std::function<bool()> interrupted;
  std::function<void(const Diagnostic&)> report;  ///< called from one thread at a time

  /// Called a few times a second while something takes long, and at the end of each phase, from one
  /// thread at a time, but perhaps while `report` is called; may be empty.
  std::function<void(const Progress&)> progress;
};

/// Writes what `query` asks for. Thread-safe for separate surroundings.
Outcome run(const Query& query, const Surroundings& surroundings);

}  // namespace ktrace::engine
