// Shortens JSON that stands on several lines.

#include "pretty_json.h"

#include <cstring>

#include <simdjson.h>

#include "ktrace/format.h"

namespace ktrace::format {

std::string_view minified(std::string_view text, Arena& arena) {
  char* const out = arena.allocate(text.size() + kPadding);
  std::size_t size = 0;
  if (simdjson::minify(text.data(), text.size(), out, size) != simdjson::SUCCESS) return text;
  std::memset(out + size, 0, kPadding);
  arena.shrink(text.size() - size);
  return {out, size};
}

}  // namespace ktrace::format
