// The part of a record that people read: its message and attributes as text.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ktrace/record.h"

namespace ktrace::output {

/// Composes one record after the other into the same memory. Not thread-safe.
class Body {
 public:
  explicit Body(bool color) : color_(color) {}

  /// Message and attributes, one space between them; several lines where the record has several.
  /// No line end behind the last. Safe for a terminal. Valid until the next call.
  std::string_view compose(const Record& record);

 private:
  using Append = void (*)(std::string_view text, std::string& out);

  void append_attribute(const Attribute& attribute, const Identifier& wanted);
  void append_string(std::string_view value, std::size_t wanted_at, std::size_t wanted_size);
  void append_lines(std::string_view value, std::size_t wanted_at, std::size_t wanted_size);
  void append_emphasised(std::string_view text, std::size_t at, std::size_t size, Append append);

  bool color_;
  std::string out_;
};

}  // namespace ktrace::output
