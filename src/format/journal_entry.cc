// journald's entries with all of their fields.
//
//   journalctl -o json     one JSON object a line. All values are strings; one that is not
//                          printable UTF-8 is an array of byte numbers, a repeated field an array
//                          of values, one of more than 4096 bytes null unless --all was given.
//   journalctl -o export   entry = { field } "\n"
//                          field = name "=" value "\n" | name "\n" length value "\n"
//                          the second for values with control characters; length is 8 bytes,
//                          little-endian. An entry begins with its __CURSOR.
// What is read of them: MESSAGE, __REALTIME_TIMESTAMP (microseconds), SYSLOG_IDENTIFIER or _COMM or
// _SYSTEMD_UNIT, _PID, _HOSTNAME. Source: systemd docs/JOURNAL_EXPORT_FORMATS, logs-show.c.
//
// A line inside of a value counts as the beginning of a record when it looks like one: journald
// itself makes an entry of each line that a unit prints.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "api_objects.h"
#include "envelope.h"
#include "fields.h"
#include "json_string.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kCursor = "__CURSOR=";
constexpr std::string_view kMessage = "MESSAGE";
constexpr std::string_view kTime = "__REALTIME_TIMESTAMP";
constexpr std::array<std::string_view, 6> kWanted{
    kTime, "SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT", "_PID", "_HOSTNAME"};
constexpr std::size_t kLength = 8;

// "[73,49]": bytes. False when `array` holds anything else.
bool read_bytes(std::string_view array, std::string_view& text, Arena& arena) {
  char* const out = arena.allocate(array.size() + kPadding);
  std::size_t size = 0;
  const char* at = array.data() + 1;
  const char* const end = array.data() + array.size();
  while (at < end && *at != ']') {
    unsigned number = 256;
    const auto result = std::from_chars(at, end, number);
    if (result.ec != std::errc() || number > 255) return false;
    out[size++] = static_cast<char>(static_cast<unsigned char>(number));
    at = result.ptr;
    while (at < end && (*at == ',' || *at == ' ')) ++at;
  }
  std::memset(out + size, 0, kPadding);
  text = {out, size};
  return true;
}

// "["a","b"]": the values of a field that came more than once, each a line.
std::string_view read_values(std::string_view array, Arena& arena) {
  char* const out = arena.allocate(array.size() + kPadding);
  std::size_t size = 0;
  for (std::size_t at = array.find('"'); at != array.npos; at = array.find('"', at)) {
    std::size_t end = at + 1;
    while (end < array.size() && array[end] != '"') end += array[end] == '\\' ? 2 : 1;
    if (end >= array.size()) break;
    if (size > 0) out[size++] = '\n';
    const std::string_view value = decode_json(array.substr(at + 1, end - at - 1), arena);
    size += value.copy(out + size, value.size());
    at = end + 1;
  }
  std::memset(out + size, 0, kPadding);
  return {out, size};
}

void set_message(const Attribute& message, Arena& arena, Wrapped& wrapped) {
  if (message.type == Attribute::Type::string) {
    wrapped.content = padded(message.value, arena);
  } else if (message.value.starts_with('[')) {
    wrapped.recoded = true;
    if (!read_bytes(message.value, wrapped.content, arena)) {
      wrapped.content = read_values(message.value, arena);
    }
  }
}

// ---- The export format ------------------------------------------------------------------------

bool is_wanted(std::string_view name) {
  return std::find(kWanted.begin(), kWanted.end(), name) != kWanted.end();
}

// Removes the field at the front of `text`. A value that is cut short is what there is of it, and
// the answer false.
bool take_field(std::string_view& text, std::string_view& name, std::string_view& value) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  const std::size_t equals = line.find('=');
  name = line.substr(0, equals);
  value = equals == line.npos ? std::string_view() : line.substr(equals + 1);
  if (equals != line.npos) return !text.empty();
  if (text.size() < kLength) return false;
  std::uint64_t length = 0;
  for (std::size_t i = kLength; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(text[i]);
  }
  value = text.substr(kLength, length);
  const bool whole = value.size() == length;
  text.remove_prefix(std::min(kLength + value.size() + 1, text.size()));
  return whole && !text.empty();
}

std::string_view joined_lines(const std::vector<std::string_view>& lines, Arena& arena) {
  if (lines.size() == 1) return lines.front();
  std::size_t size = 0;
  for (const std::string_view line : lines) size += line.size() + 1;
  char* const out = arena.allocate(size);
  char* end = out;
  for (const std::string_view line : lines) {
    if (end != out) *end++ = '\n';
    end += line.copy(end, line.size());
  }
  return {out, static_cast<std::size_t>(end - out)};
}

}  // namespace

void set_journal(const Fields& fields, Arena& arena, Wrapped& wrapped) {
  if (const Attribute* message = fields.find(kMessage)) set_message(*message, arena, wrapped);
  const std::string_view identifier = fields.first_of({"SYSLOG_IDENTIFIER", "_COMM"});
  wrapped.component = identifier.empty() ? unit_name(fields.text("_SYSTEMD_UNIT")) : identifier;
  wrapped.node = fields.text("_HOSTNAME");
  wrapped.stream = join({wrapped.component, "/", fields.text("_PID")}, arena);
}

bool unwrap_journal_json(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Fields fields(arena);
  if (!contains(line, "\"__REALTIME_TIMESTAMP\"") || !fields.read(line)) return false;
  wrapped.time = fields.text(kTime);
  set_journal(fields, arena, wrapped);
  return true;
}

std::size_t journal_export_size(std::string_view text) {
  if (!text.starts_with(kCursor)) return 0;
  std::string_view rest = text, name, value;
  do {
    if (!take_field(rest, name, value)) return 0;
    if (rest.starts_with('\n')) return text.size() - rest.size() + 1;
  } while (!rest.empty() && !rest.starts_with(kCursor));
  return rest.empty() ? 0 : text.size() - rest.size();
}

bool unwrap_journal_export(std::string_view entry, Detail, Arena& arena, Wrapped& wrapped) {
  if (!entry.starts_with(kCursor)) return false;
  Fields fields(arena);
  std::vector<std::string_view> messages;
  while (!entry.empty() && entry.front() != '\n') {
    std::string_view name, value;
    (void)take_field(entry, name, value);
    if (name == kMessage) {
      messages.push_back(value);
    } else if (is_wanted(name) && !fields.has(name)) {
      fields.add(name, value);
    }
  }
  if (!messages.empty()) fields.add(kMessage, joined_lines(messages, arena));
  wrapped.time = fields.text(kTime);
  set_journal(fields, arena, wrapped);
  return true;
}

}  // namespace ktrace::format
