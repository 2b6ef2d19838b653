// Members of an object, and of the objects inside it, by name.

#include "api_objects.h"

#include <vector>

#include "json_members.h"
#include "ktrace/format.h"

namespace ktrace::format {

std::string_view Members::text(std::string_view key) const {
  return text_of(record_.attributes, key);
}

std::string_view Members::text(std::string_view parent, std::string_view key) const {
  const Attribute* object = record_.find(parent);
  if (object == nullptr || !object->value.starts_with('{')) return {};
  thread_local std::vector<Attribute> members;
  members.clear();
  if (!read_members(object->value, record_.arena, members)) return {};
  return text_of(members, key);
}

Stamp Members::time(std::string_view key) const {
  return read_rfc3339_stamp(text(key)).value_or(Stamp());
}

Stamp Members::time(std::string_view parent, std::string_view key) const {
  return read_rfc3339_stamp(text(parent, key)).value_or(Stamp());
}

std::string_view join(std::initializer_list<std::string_view> pieces, Arena& arena) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  char* const out = arena.allocate(size + kPadding);
  std::size_t written = 0;
  for (const std::string_view piece : pieces) written += piece.copy(out + written, piece.size());
  return {out, size};
}

}  // namespace ktrace::format
