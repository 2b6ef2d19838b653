// Unix time as loggers write it: a decimal number in a unit that its magnitude tells.

#include "unix_time.h"

#include <algorithm>
#include <cstdint>

#include "digits.h"

namespace ktrace::format {
namespace {

constexpr std::uint64_t kMost = INT64_MAX;

// Reads a digit. False when there is none.
bool take_digit(std::string_view text, std::size_t& at, unsigned& digit) {
  if (at == text.size() || !is_digit(text[at])) return false;
  digit = static_cast<unsigned>(text[at++] - '0');
  return true;
}

// Appends a digit to `value`. False when it would be too large, for which hardly a number need be
// divided.
bool append(std::uint64_t& value, unsigned digit) {
  if (value >= kMost / 10 && value > (kMost - digit) / 10) return false;
  value = value * 10 + digit;
  return true;
}

}  // namespace

// Unix time in the unit that its magnitude tells: seconds below 1e11, then milliseconds below 1e14,
// microseconds below 1e17, nanoseconds. Exact to the digit, which a double would not be.
std::optional<Stamp> read_unix_time(std::string_view text) {
  constexpr std::size_t kNoPlace = 9;
  std::size_t at = std::min(text.find_first_not_of('0'), text.size());
  const std::size_t begin = at;
  std::uint64_t value = 0;
  unsigned digit = 0;
  while (take_digit(text, at, digit)) {
    if (!append(value, digit)) return std::nullopt;
  }
  if (at == 0) return std::nullopt;
  const std::size_t size = at - begin;
  const std::size_t unit = size <= 11 ? 0 : size <= 14 ? 3 : size <= 17 ? 6 : 9;
  std::size_t places = unit;
  if (at < text.size() && text[at++] != '.') return std::nullopt;
  while (take_digit(text, at, digit)) {
    if (places < kNoPlace && !append(value, digit)) return std::nullopt;
    if (places < kNoPlace) ++places;
  }
  if (at < text.size()) return std::nullopt;
  Stamp stamp;
  stamp.kind = Stamp::Kind::absolute;
  stamp.digits = static_cast<std::uint8_t>(places);
  for (; places < kNoPlace; ++places) {
    if (!append(value, 0)) return std::nullopt;
  }
  stamp.time = Time(Duration(static_cast<std::int64_t>(value)));
  return stamp;
}

}  // namespace ktrace::format
