// Walks through JSON text without reading it: for cutting documents of many records.
//
// What is whole is found also in a text that is cut short or broken further on: each function goes
// as far as the text is JSON, and says whether it came to the end of what it was to pass.

#pragma once

#include <cstddef>
#include <string_view>

namespace ktrace::format {

/// A place in a JSON text. Cheap to copy; the text must outlive it.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }

  /// Passes white space and gives the byte behind it; 0 at the end.
  char peek() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  /// Passes a value and gives its text. Empty when it is none, or has no end.
  std::string_view skip();

  /// Calls member(key) for each member of an object, the cursor being at its value, which the
  /// callee passes; `key` is as written, between its quotes. Stops where the callee gives false or
  /// the text is no object. Whether it came to the object's end.
  template <typename Member>
  bool each_member(const Member& member) {
    return each('{', '}', [&] {
      const std::string_view key = skip();
      return key.size() >= 2 && key.front() == '"' && take(':') &&
             member(key.substr(1, key.size() - 2));
    });
  }

  /// The same for the elements of an array.
  template <typename Element>
  bool each_element(const Element& element) {
    return each('[', ']', element);
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool skip_string();
  bool skip_container();

  template <typename Item>
  bool each(char open, char close, const Item& item) {
    if (!take(open)) return false;
    if (take(close)) return true;
    do {
      if (!item()) return false;
    } while (take(','));
    return take(close);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace ktrace::format
