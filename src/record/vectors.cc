#include "ktrace/vectors.h"

namespace ktrace {

Vectors widest_vectors() {
#if defined(__x86_64__)
  static const Vectors widest = [] {
    const bool any = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
                     __builtin_cpu_supports("popcnt") != 0;
    if (!any) return Vectors::none;
    const bool wide = __builtin_cpu_supports("avx512f") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 &&
                      __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("pclmul") != 0;
    return wide ? Vectors::avx512 : Vectors::avx2;
  }();
  return widest;
#else
  return Vectors::none;
#endif
}

}  // namespace ktrace
