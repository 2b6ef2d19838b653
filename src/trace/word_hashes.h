// How the words of word_places.h are told and hashed, where they are read and where they are looked
// for.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "ktrace/word_places.h"
#include "word_forms.h"

namespace ktrace::trace {

inline constexpr std::size_t kLongestName = 253;  // of a DNS subdomain, which names of objects are

inline constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // a multiplier that spreads what differs

inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

inline std::uint64_t load_word(const char* text, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, size);
  return word;
}

// Eight bytes at a time, the last ones once more with some before them. Not 0.
inline std::uint32_t word_hash(std::string_view text) {
  std::uint64_t sum = text.size() * kOdd;
  const auto take = [&sum](std::uint64_t word) {
    sum = (sum ^ word) * kOdd;
    sum ^= sum >> 32;
  };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) take(load_word(text.data() + at, 8));
  if (const std::size_t rest = text.size() - at; rest != 0 && text.size() >= 8) {
    take(load_word(text.data() + text.size() - 8, 8));
  } else if (rest >= 4) {
    take(load_word(text.data(), 4) << 32 | load_word(text.data() + rest - 4, 4));
  } else if (rest != 0) {
    take(load_word(text.data(), 1) << 16 | load_word(text.data() + rest / 2, 1) << 8 |
         load_word(text.data() + rest - 1, 1));
  }
  const auto value = static_cast<std::uint32_t>(sum * kOdd >> (64 - kWordBits));
  return value == kHiddenWord ? 1 : value;
}

inline bool is_uuid_in_any_case(std::string_view text) {
  if (!has_uuid_form(text)) return false;
  std::uint8_t digits = 0;  // of a type of which a vector holds as many as letters
  for (std::size_t i = 0; i < kUuid; ++i) {
    digits = static_cast<std::uint8_t>(digits + (is_hex(text[i]) ? 1 : 0));
  }
  return digits == kUuid - kDashes.size();
}

// Hex digits count without regard to case.
inline std::uint32_t hash_of_number(std::string_view digits) {
  char text[64];
  std::transform(digits.begin(), digits.end(), text, lower);
  return word_hash({text, digits.size()});
}

// Whether a word is an identifier, or begins with one, and so is no name.
inline bool begins_with_id(std::string_view word) {
  return word.size() >= 32 && (is_uuid_in_any_case(word.substr(0, kUuid)) || is_hex_number(word));
}

inline bool may_be_name(std::string_view name) {
  return !name.empty() && is_lower(name.front()) && name.size() <= kLongestName &&
         !begins_with_id(name);
}

}  // namespace ktrace::trace
