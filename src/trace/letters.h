// ASCII letters and hex digits.

#pragma once

namespace ktrace::trace {

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

inline char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

inline bool is_hex(char c) {
  const auto digit = static_cast<unsigned char>(c - '0');
  const auto letter = static_cast<unsigned char>((c | 0x20) - 'a');
  return digit < 10 || letter < 6;
}

}  // namespace ktrace::trace
