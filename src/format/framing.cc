// Where groups begin and end, and the records in them.
//
// Bounds are found by looking at the first bytes of lines only: memchr and memrchr go from line to
// line, and the formats decide from the first byte of nearly all lines that these start nothing.
// Whatever is cut or searched, each line is looked at once per call, so that a call is linear in
// the bytes between its position and the bounds that it finds.
//
// A block may end inside a line, and what lies in its padding must not change an answer: a line
// with less than kPadding bytes in the block is decided from a copy that zeros complete.

#include "framing.h"

#include <algorithm>
#include <cstring>

#include "ktrace/format.h"

namespace ktrace::format {
namespace {

// Where the line that holds `position` ends, its '\n' included.
std::size_t line_end(std::string_view block, std::size_t position) {
  if (position >= block.size()) return block.size();
  const void* newline = std::memchr(block.data() + position, '\n', block.size() - position);
  if (newline == nullptr) return block.size();
  return static_cast<std::size_t>(static_cast<const char*>(newline) - block.data()) + 1;
}

// Where the line begins whose bytes before `position` are in [from, position); `from` when it
// begins before that.
std::size_t line_begin(std::string_view block, std::size_t from, std::size_t position) {
  const void* newline = ::memrchr(block.data() + from, '\n', position - from);
  if (newline == nullptr) return from;
  return static_cast<std::size_t>(static_cast<const char*>(newline) - block.data()) + 1;
}

// Appends the records of `text`, which `payload` starts.
void append_records(std::string_view text, const Payload& payload, Slices& slices) {
  const std::size_t first = slices.list.size();
  if (payload.split == nullptr || !payload.split(text, slices)) {
    slices.list.push_back({text, {}, nullptr, 0});
  }
  for (std::size_t i = first; i < slices.list.size(); ++i) slices.list[i].payload = &payload;
}

}  // namespace

const Payload* recognise_within(std::string_view block, std::size_t line) {
  const std::size_t size = block.size() - line;
  if (size >= kPadding) return recognise(block.data() + line);
  char head[kPadding] = {};
  block.copy(head, size, line);
  return recognise(head);
}

bool tile(std::string_view text, std::size_t first, Slices& slices) {
  auto& list = slices.list;
  if (list.size() == first) return false;
  list[first].offset = 0;
  for (std::size_t i = first; i < list.size(); ++i) {
    const std::size_t end = i + 1 < list.size() ? list[i + 1].offset : text.size();
    list[i].raw = text.substr(list[i].offset, end - list[i].offset);
  }
  return true;
}

std::size_t next_start(std::string_view block, std::size_t from) {
  std::size_t line = from;
  if (from > 0 && from < block.size() && block[from - 1] != '\n') line = line_end(block, from);
  while (line < block.size() && recognise_within(block, line) == nullptr) {
    line = line_end(block, line);
  }
  return std::min(line, block.size());
}

std::size_t last_start(std::string_view block, std::size_t after) {
  for (std::size_t end = block.size(); end > after;) {
    const std::size_t line = line_begin(block, after, end);
    if (line == after) break;
    if (block.size() - line >= kPadding && recognise(block.data() + line) != nullptr) return line;
    end = line - 1;
  }
  return after;
}

Extent group_at(std::string_view block, std::size_t position) {
  if (position >= block.size()) return {block.size(), block.size()};
  const std::size_t group_end = next_start(block, line_end(block, position));
  for (std::size_t end = position;;) {
    const std::size_t line = line_begin(block, 0, end);
    if (line == 0 || recognise_within(block, line) != nullptr) return {line, group_end};
    end = line - 1;
  }
}

Extent group_from(std::string_view block, std::size_t begin) {
  if (begin >= block.size()) return {block.size(), block.size()};
  return {begin, next_start(block, line_end(block, begin))};
}

void records(std::string_view group, Slices& slices) {
  slices.clear();
  const Payload* payload = group.empty() ? nullptr : recognise_within(group, 0);
  if (payload == nullptr) {
    if (!group.empty()) slices.list.push_back({group, {}, nullptr, 0});
    return;
  }
  const std::size_t end = payload->json_line ? line_end(group, 0) : group.size();
  append_records(group.substr(0, end), *payload, slices);
  if (end < group.size()) slices.list.push_back({group.substr(end), {}, nullptr, end});
}

bool Walk::next() {
  if (++at_ < slices_.list.size()) return true;
  if (group_.end >= block_.size()) return false;
  group_ = group_from(block_, group_.end);
  records(group_.of(block_), slices_);
  at_ = 0;
  return true;
}

}  // namespace ktrace::format
