// Looking up what transports tell.

#include "fields.h"

#include <algorithm>
#include <cstring>

#include "json_members.h"
#include "ktrace/format.h"

namespace ktrace::format {

bool Fields::read(std::string_view object) {
  list_.clear();
  return object.starts_with('{') && read_members(object, arena_, list_);
}

const Attribute* Fields::find(std::string_view key) const {
  const auto found = std::find_if(list_.begin(), list_.end(),
                                  [key](const Attribute& member) { return member.key == key; });
  return found == list_.end() ? nullptr : &*found;
}

std::string_view Fields::text(std::string_view key) const {
  const Attribute* member = find(key);
  if (member == nullptr || member->value == "null") return {};
  const bool array = member->type == Attribute::Type::json && member->value.starts_with('[');
  return array || is_object(*member) ? std::string_view() : member->value;
}

std::string_view Fields::first_of(std::initializer_list<std::string_view> keys) const {
  for (const std::string_view key : keys) {
    if (const std::string_view value = text(key); !value.empty()) return value;
  }
  return {};
}

std::string_view Fields::object(std::string_view key) const {
  const Attribute* member = find(key);
  return member != nullptr && is_object(*member) ? member->value : std::string_view();
}

bool contains(std::string_view line, std::string_view word) {
  return ::memmem(line.data(), line.size(), word.data(), word.size()) != nullptr;
}

}  // namespace ktrace::format
