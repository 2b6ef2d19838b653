// Entries that are no line of their own.
//
//   journalctl -o export            __CURSOR=… and further fields, a line each, and an empty line
//   gcloud logging read             [                          [{"insertId":…},{"insertId":…}]
//     --format=json, and what jq      {
//     or a browser made of it           "insertId": …,
//   journalctl -o json-pretty       {
//                                           "__CURSOR" : "…",     in any order, with tabs
// Of other transports' JSON the same is read if its first member is as telling. What stands between
// the objects belongs to the one before. Source: gcloud's json printer, systemd logs-show.c.
//
// An entry of several lines is found from its first line. It ends before the next one at the
// latest, so that looking for the ends of all of them is linear.

#include "entries.h"

#include <algorithm>
#include <array>

#include "envelope.h"
#include "framing.h"
#include "json_cursor.h"
#include "pretty_json.h"

namespace ktrace::format {
namespace {

// Members that no component's own JSON begins with.
constexpr std::array<std::string_view, 9> kFirstKeys{
    "insertId", "textPayload", "jsonPayload",      "protoPayload", "logName",
    "_index",   "date",        "receiveTimestamp", "log"};

bool begins_with_key(std::string_view text) {
  if (!text.starts_with('"')) return false;
  text.remove_prefix(1);
  if (is_journal_field(text.substr(0, text.find('"')))) return true;
  return std::any_of(kFirstKeys.begin(), kFirstKeys.end(), [&](std::string_view key) {
    return text.starts_with(key) && text.substr(key.size()).starts_with('"');
  });
}

// A brace on a line of its own, and the first key below it, indented further.
bool opens_lines(std::string_view text) {
  if (text.empty() || (text.front() != ' ' && text.front() != '{')) return false;
  const std::size_t brace = count_blanks(text.substr(0, kPadding));
  text.remove_prefix(brace);
  for (const std::string_view end : {"{\n", "{\r\n"}) {
    if (!text.starts_with(end)) continue;
    const std::string_view below = text.substr(end.size(), kPadding);
    const std::size_t key = std::min(below.find_first_not_of(" \t"), below.size());
    return key > brace && begins_with_key(below.substr(key));
  }
  return false;
}

// Up to the line of the brace that is indented like the first.
std::size_t size_of_lines(std::string_view text) {
  const std::size_t brace = count_blanks(text);
  for (std::size_t at = line_end(text, 0); at < text.size();) {
    const std::string_view line = text.substr(at);
    const std::size_t end = line.find('\n');
    if (end == line.npos) return 0;
    if (count_blanks(line.substr(0, end)) == brace) {
      if (line.substr(brace).starts_with('}')) return at + end + 1;
      if (opens_lines(line)) return 0;
    }
    at += end + 1;
  }
  return 0;
}

bool starts_array(const char* line) {
  const std::string_view head(line, kPadding);
  return head.starts_with("[{") && begins_with_key(head.substr(2));
}

bool parse_nothing(Record&) { return false; }

}  // namespace

const Payload kEntryArray{"", "", starts_array, true, parse_nothing, nullptr, split_array};

std::size_t entry_size(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() == '_') return journal_export_size(text);
  return opens_lines(text) ? size_of_lines(text) : 0;
}

std::string_view take_element(std::string_view& text, Arena& arena) {
  const std::size_t brace = std::min(text.find('{'), text.size());
  const std::string_view object = JsonCursor(text.substr(brace)).skip();
  const std::string_view entry = entry_of(text, arena);
  text.remove_prefix(object.empty() ? text.size() : brace + object.size());
  text.remove_prefix(std::min(text.find('{'), text.size()));
  return entry;
}

std::string_view entry_of(std::string_view bytes, Arena& arena) {
  const std::size_t brace = std::min(bytes.find_first_not_of("[ "), bytes.size());
  if (!bytes.substr(brace).starts_with('{')) return bytes;
  const std::string_view object = JsonCursor(bytes.substr(brace)).skip();
  return object.empty() ? bytes : minified(object, arena);
}

}  // namespace ktrace::format
