// The vector instructions that this machine has, for tests of each.

#pragma once

#include <vector>

#include "ktrace/vectors.h"

namespace ktrace {

inline std::vector<Vectors> all_vectors() {
  std::vector<Vectors> all;
  for (const Vectors vectors : {Vectors::none, Vectors::avx2, Vectors::avx512}) {
    if (vectors <= widest_vectors()) all.push_back(vectors);
  }
  return all;
}

}  // namespace ktrace
