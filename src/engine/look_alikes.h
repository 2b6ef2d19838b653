// Rows of a list that ask for no more room than one shortly before.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "list_scan.h"

namespace ktrace::engine {

/// What rows of one record were like that were seen lately.
class LookAlikes {
 public:
  /// False when one had the key and the component of `seen`, and an identifier of this width.
  bool add(const Observation& seen, std::size_t width) {
    const std::uint64_t like = (std::uint64_t{seen.component} << 8 | seen.key) << 8 | (width + 1);
    if (std::find(lately_.begin(), lately_.end(), like) != lately_.end()) return false;
    lately_[next_++ % lately_.size()] = like;
    return true;
  }

 private:
  std::array<std::uint64_t, 8> lately_{};
  std::size_t next_ = 0;
};

}  // namespace ktrace::engine
