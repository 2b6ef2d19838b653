// Writing JSON objects: members one by one into a string.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ktrace/record.h"

namespace ktrace::output {

/// An object that is being written: '{' now, '}' at close().
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }

  /// Begins the member `name`; its value is to be appended to what is returned.
  std::string& member(std::string_view name);

  /// A member with a string; left out when the string is empty.
  void text(std::string_view name, std::string_view value);

  /// A member with an array of strings.
  void texts(std::string_view name, std::span<const std::string_view> values);

  void number(std::string_view name, std::uint64_t value);

  /// A member with a time in UTC, with the digits that it needs, at least six.
  void time(std::string_view name, Time time);

  /// A member with an exact number of milliseconds.
  void milliseconds(std::string_view name, Duration duration);

  /// The attributes of a record as an object; left out when there are none.
  void attributes(std::string_view name, std::span<const Attribute> attributes);

  /// The members of another object, given as its text.
  void members_of(std::string_view object);

  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

/// Appends `value` / 10^`decimals` exactly, without trailing zeros (1500 with 3 decimals: 1.5).
void append_decimal(std::int64_t value, unsigned decimals, std::string& out);

}  // namespace ktrace::output
