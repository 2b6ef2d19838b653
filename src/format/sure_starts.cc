// Starts of groups that a line's first bytes alone tell, of formats that are known at a glance.
//
// In memory that may change while it is looked at nothing can be relied on that was read before:
// here only line ends are searched, and of a line its head is read, once.

#include <optional>

#include "ktrace/format.h"
#include "line_ends.h"

namespace ktrace::format {

const Payload* recognise_surely(const char* line, std::optional<Glance>& seen) {
  for (const Payload& payload : payloads()) {
    if (payload.starts_glancing == nullptr) continue;
    if (payload.starts_glancing(line, seen.emplace())) return &payload;
  }
  seen.reset();
  return nullptr;
}

bool starts_surely(const char* line) {
  std::optional<Glance> seen;
  return recognise_surely(line, seen) != nullptr;
}

std::size_t last_sure_start(std::string_view block, std::size_t position) {
  for (std::size_t end = position;;) {
    const std::size_t line = line_begin(block, 0, end);
    if (line == 0 || starts_surely(block.data() + line)) return line;
    end = line - 1;
  }
}

std::size_t next_sure_start(std::string_view block, std::size_t position) {
  std::size_t line = line_end(block, position);
  while (line < block.size() && !starts_surely(block.data() + line)) line = line_end(block, line);
  return line;
}

}  // namespace ktrace::format
