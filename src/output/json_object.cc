// Members of JSON objects, shared by the writers that write JSON.
//
// Numbers with a fraction are written from integers: a time in nanoseconds does not fit a double.

#include "json_object.h"

#include <fmt/format.h>

#include "clock.h"
#include "escape.h"

namespace ktrace::output {
namespace {

void append_value(const Attribute& attribute, std::string& out) {
  if (attribute.type == Attribute::Type::json) {
    append_json_value(attribute.value, out);
  } else {
    append_json_string(attribute.value, out);
  }
}

void append_number(std::uint64_t value, std::string& out) {
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

/// Digits of the second's fraction without which the time would not be exact.
unsigned digits_of(Time time) {
  unsigned digits = 9;
  for (auto rest = time.time_since_epoch().count(); digits > 0 && rest % 10 == 0; rest /= 10) {
    --digits;
  }
  return digits;
}

}  // namespace

std::string& JsonObject::member(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  append_json_string(name, out_);
  out_ += ':';
  return out_;
}

void JsonObject::text(std::string_view name, std::string_view value) {
  if (!value.empty()) append_json_string(value, member(name));
}

void JsonObject::texts(std::string_view name, std::span<const std::string_view> values) {
  std::string& out = member(name);
  out += '[';
  for (const std::string_view& value : values) {
    if (&value != values.data()) out += ',';
    append_json_string(value, out);
  }
  out += ']';
}

void JsonObject::number(std::string_view name, std::uint64_t value) {
  append_number(value, member(name));
}

void JsonObject::time(std::string_view name, Time time) {
  text(name, format_rfc3339(time, shown_digits(digits_of(time))));
}

void JsonObject::milliseconds(std::string_view name, Duration duration) {
  append_decimal(duration.count(), 6, member(name));
}

void JsonObject::attributes(std::string_view name, std::span<const Attribute> attributes) {
  if (attributes.empty()) return;
  JsonObject object(member(name));
  for (const Attribute& attribute : attributes) {
    append_value(attribute, object.member(attribute.key));
  }
  object.close();
}

void JsonObject::members_of(std::string_view object) {
  if (object.size() <= 2) return;
  if (!first_) out_ += ',';
  first_ = false;
  out_ += object.substr(1, object.size() - 2);
}

void append_decimal(std::int64_t value, unsigned decimals, std::string& out) {
  // The magnitude of the smallest value has no positive counterpart of its own type.
  auto magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) {
    out += '-';
    magnitude = 0 - magnitude;
  }
  std::uint64_t unit = 1;
  for (unsigned i = 0; i < decimals; ++i) unit *= 10;
  append_number(magnitude / unit, out);
  if (magnitude % unit == 0) return;
  const fmt::format_int fraction(magnitude % unit);
  out.append(".").append(decimals - fraction.size(), '0').append(fraction.data(), fraction.size());
  while (out.back() == '0') out.pop_back();
}

}  // namespace ktrace::output
