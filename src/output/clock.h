// Times as text, for records of which most lie in the same second as the one before.

#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "ktrace/time.h"

namespace ktrace::output {

/// Digits of the second's fraction that a time is shown with, when its source has `digits`.
unsigned shown_digits(unsigned digits);

/// Appends '.' and the first `digits` digits (1 to 9) of the fraction of `time`'s second.
void append_fraction(Time time, unsigned digits, std::string& out);

/// Tells when the text of a second has to be made anew.
class SecondChange {
 public:
  /// Whether `time` lies in another second than the time of the call before.
  bool operator()(Time time);

 private:
  std::int64_t second_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace ktrace::output
