// Stamps by hand, for tests.

#pragma once

#include "ktrace/record.h"

namespace ktrace {

/// As klog prints them.
inline Stamp yearless(unsigned month, unsigned day, Duration clock = std::chrono::hours(12)) {
  Stamp stamp;
  stamp.kind = Stamp::Kind::yearless;
  stamp.month = static_cast<std::uint8_t>(month);
  stamp.day = static_cast<std::uint8_t>(day);
  stamp.time_of_day = clock;
  return stamp;
}

}  // namespace ktrace
