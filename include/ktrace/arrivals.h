// Logs that come to be while folders are followed.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ktrace/input.h"

namespace ktrace::input {

/// For one thread.
class Arrivals {
 public:
  /// `paths` and `names` as they were given to open(), `met` as it gave them: what stands in one of
  /// these names, or is a rotated piece of it, is no new log.
  Arrivals(const std::vector<std::string>& paths, std::vector<Naming> names,
           std::vector<std::string> met);
  Arrivals(Arrivals&&) noexcept;
  Arrivals& operator=(Arrivals&&) noexcept;
  ~Arrivals();

  /// Whether there is a folder to look at.
  bool possible() const;

  /// Opens the uncompressed logs that have come since the last look, to be followed. Looks at every
  /// name in the folders.
  Opened look();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ktrace::input
