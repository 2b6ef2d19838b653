// The table of payload formats, and the bounds of records.
//
// Bounds are found by looking at the first bytes of lines only: memchr and memrchr go from line to
// line, and the formats decide from the first byte of nearly all lines that these start nothing.
// Whatever is cut or searched, each line is looked at once per call, so that a call is linear in
// the bytes between its position and the bounds that it finds.
//
// A block may end inside a line, and what lies in its padding must not change an answer: a line
// with less than kPadding bytes in the block is decided from a copy that zeros complete.

#include "ktrace/format.h"

#include <algorithm>
#include <cstring>

#include "line_ends.h"
#include "payloads.h"

namespace ktrace::format {
namespace {

// In order of trial.
constexpr Payload kPayloads[] = {
    {"klog", "klog text", starts_klog_text, false, parse_klog_text, glance_klog_text},
    {"klog-json", "klog JSON (component-base)", starts_klog_json, true, parse_klog_json,
     glance_klog_json},
    {"json", "structured JSON lines (zap, controller-runtime, etcd, slog)", starts_json, true,
     parse_json, nullptr},
};

const Payload* recognise_within(std::string_view block, std::size_t line) {
  const std::size_t size = block.size() - line;
  if (size >= kPadding) return recognise(block.data() + line);
  char head[kPadding] = {};
  block.copy(head, size, line);
  return recognise(head);
}

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

std::string_view without_line_end(std::string_view raw) {
  if (raw.ends_with('\n')) raw.remove_suffix(raw.ends_with("\r\n") ? 2 : 1);
  return raw;
}

void begin_record(std::string_view raw, Record& record) {
  record.clear();
  record.raw = raw;
  record.payload = without_line_end(raw);
}

}  // namespace

std::span<const Payload> payloads() { return kPayloads; }

const Payload* recognise(const char* line) {
  for (const Payload& payload : kPayloads) {
    if (payload.starts(line)) return &payload;
  }
  return nullptr;
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

Extent record_at(std::string_view block, std::size_t position) {
  if (position >= block.size()) return {block.size(), block.size()};
  const std::size_t group_end = next_start(block, line_end(block, position));
  for (std::size_t end = position;;) {
    const std::size_t line = line_begin(block, 0, end);
    if (const Payload* payload = recognise_within(block, line)) {
      const std::size_t first_line_end = line_end(block, line);
      if (!payload->json_line) return {line, group_end};
      if (position < first_line_end) return {line, first_line_end};
      return {first_line_end, group_end};
    }
    if (line == 0) return {0, group_end};
    end = line - 1;
  }
}

Extent record_from(std::string_view block, std::size_t begin) {
  if (begin >= block.size()) return {block.size(), block.size()};
  const Payload* payload = recognise_within(block, begin);
  const std::size_t end = line_end(block, begin);
  if (payload != nullptr && payload->json_line) return {begin, end};
  return {begin, next_start(block, end)};
}

void parse(std::string_view raw, Record& record) {
  begin_record(raw, record);
  const Payload* payload = recognise_within(raw, 0);
  if (payload != nullptr && payload->parse(record)) {
    record.format = payload->name;
    return;
  }
  begin_record(raw, record);
  record.format = "plain";
  record.message = with_plain_line_ends(record.payload, record.arena);
}

Glance glance(std::string_view raw, bool severity, Record& scratch) {
  Glance seen;
  const Payload* payload = recognise_within(raw, 0);
  if (payload == nullptr) return seen;
  if (payload->glance != nullptr && payload->glance(raw, severity, seen)) return seen;
  parse(raw, scratch);
  return {scratch.stamp, scratch.severity};
}

}  // namespace ktrace::format
