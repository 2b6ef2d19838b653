#include "json_cursor.h"

#include <algorithm>

namespace ktrace::format {

char JsonCursor::peek() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonCursor::take(char c) {
  if (peek() != c) return false;
  ++at_;
  return true;
}

std::string_view JsonCursor::skip() {
  const char first = peek();
  const std::size_t begin = at_;
  bool whole = true;
  if (first == '"') {
    whole = skip_string();
  } else if (first == '{' || first == '[') {
    whole = skip_container();
  } else {
    at_ = std::min(text_.find_first_of(",}] \t\r\n", at_), text_.size());
  }
  return whole ? text_.substr(begin, at_ - begin) : std::string_view();
}

bool JsonCursor::skip_string() {
  const char* const end = text_.data() + text_.size();
  const char* at = text_.data() + at_ + 1;
  while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
  const bool whole = at < end;
  at_ = whole ? static_cast<std::size_t>(at - text_.data()) + 1 : text_.size();
  return whole;
}

// Braces and brackets are only counted: whether they match is for the one to say who reads it.
bool JsonCursor::skip_container() {
  std::size_t depth = 0;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '"') {
      if (!skip_string()) return false;
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return true;
  }
  return false;
}

}  // namespace ktrace::format
