// Fractions of seconds, and the seconds that they belong to.
//
// Civil dates cost more than the rest of a line does, and a log has many records in one second: a
// writer keeps the text of the second and appends the fraction. Zones differ by whole seconds, so
// this holds in all of them.

#include "clock.h"

#include <algorithm>
#include <utility>

namespace ktrace::output {
namespace {

constexpr unsigned kLeastDigits = 6;
constexpr unsigned kMostDigits = 9;
constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::array kPowers{1,       10,        100,        1'000,      10'000,
                             100'000, 1'000'000, 10'000'000, 100'000'000};  // of ten

}  // namespace

unsigned shown_digits(unsigned digits) { return std::clamp(digits, kLeastDigits, kMostDigits); }

void append_fraction(Time time, unsigned digits, std::string& out) {
  std::int64_t fraction = time.time_since_epoch().count() % kNanoseconds;
  if (fraction < 0) fraction += kNanoseconds;
  fraction /= kPowers[kMostDigits - digits];
  std::array<char, 1 + kMostDigits> text{'.'};
  for (std::size_t i = digits; i > 0; --i) {
    text[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  out.append(text.data(), 1 + digits);
}

bool SecondChange::operator()(Time time) {
  const std::int64_t count = time.time_since_epoch().count();
  const std::int64_t second = count / kNanoseconds - (count % kNanoseconds < 0);
  return std::exchange(second_, second) != second;
}

}  // namespace ktrace::output
