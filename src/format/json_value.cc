// What values are JSON (RFC 8259). Numbers and words are decided here, because their text is all
// that is needed and simdjson refuses numbers that do not fit a machine word; objects and arrays
// are simdjson's.

#include "json_value.h"

#include <simdjson.h>

#include "digits.h"
#include "ktrace/format.h"

namespace ktrace::format {
namespace {

static_assert(kPadding >= simdjson::SIMDJSON_PADDING);

// simdjson needs 14 bytes of memory for each byte of a document and keeps them for the next one.
constexpr std::size_t kLongestValue = 1024 * 1024;

// Removes the digits at the front of `text`; false when there are none.
bool take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  text.remove_prefix(count);
  return count > 0;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == any_of.npos) return false;
  text.remove_prefix(1);
  return true;
}

// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
bool is_number(std::string_view text) {
  take(text, "-");
  if (!take(text, "0") && !take_digits(text)) return false;
  if (take(text, ".") && !take_digits(text)) return false;
  if (take(text, "eE")) {
    take(text, "+-");
    if (!take_digits(text)) return false;
  }
  return text.empty();
}

bool is_container(std::string_view text) {
  if (text == "{}" || text == "[]") return true;
  thread_local simdjson::dom::parser parser(kLongestValue);
  return parser.parse(text.data(), text.size(), false).error() == simdjson::SUCCESS;
}

bool is_json(std::string_view text) {
  if (text.empty()) return false;
  const char first = text.front();
  if (first == '{' || first == '[') return is_container(text);
  if (first == '-' || is_digit(first)) return is_number(text);
  return text == "true" || text == "false" || text == "null";
}

}  // namespace

Attribute::Type type_of(std::string_view text) {
  const bool container = text.starts_with('{') || text.starts_with('[');
  if (container && text.size() > kLongestValue) return Attribute::Type::long_json;
  return is_json(text) ? Attribute::Type::json : Attribute::Type::string;
}

}  // namespace ktrace::format
