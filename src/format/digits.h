// The digits of times and numbers, whatever the locale.

#pragma once

namespace ktrace::format {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace ktrace::format
