// Unix time as loggers write it: a decimal number in a unit that its magnitude tells.

#include "unix_time.h"

#include <algorithm>
#include <cstdint>

#include "digits.h"

namespace ktrace::format {
namespace {

// A decimal number without sign and exponent, as loggers write times.
struct Decimal {
  std::string_view whole;     // without leading zeros
  std::string_view fraction;  // may be empty
};

std::optional<Decimal> read_decimal(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  Decimal decimal{text.substr(0, point), text.substr(std::min(point + 1, text.size()))};
  const bool digits = std::all_of(decimal.whole.begin(), decimal.whole.end(), is_digit) &&
                      std::all_of(decimal.fraction.begin(), decimal.fraction.end(), is_digit);
  if (!digits || decimal.whole.empty()) return std::nullopt;
  decimal.whole.remove_prefix(std::min(decimal.whole.find_first_not_of('0'), point));
  return decimal;
}

}  // namespace

// Unix time in the unit that its magnitude tells: seconds below 1e11, then milliseconds below 1e14,
// microseconds below 1e17, nanoseconds. Exact to the digit, which a double would not be.
std::optional<Stamp> read_unix_time(std::string_view text) {
  const auto decimal = read_decimal(text);
  if (!decimal || decimal->whole.size() > 19) return std::nullopt;
  const std::size_t size = decimal->whole.size();
  const std::size_t unit = size <= 11 ? 0 : size <= 14 ? 3 : size <= 17 ? 6 : 9;
  const std::size_t fraction = std::min(decimal->fraction.size(), 9 - unit);
  std::uint64_t value = 0;
  for (const char c : decimal->whole) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  for (std::size_t i = 0; i < 9 - unit; ++i) {
    const auto digit = i < fraction ? static_cast<std::uint64_t>(decimal->fraction[i] - '0') : 0;
    if (value > (INT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (value > INT64_MAX) return std::nullopt;
  Stamp stamp;
  stamp.kind = Stamp::Kind::absolute;
  stamp.digits = static_cast<std::uint8_t>(unit + fraction);
  stamp.time = Time(Duration(static_cast<std::int64_t>(value)));
  return stamp;
}

}  // namespace ktrace::format
