// simdjson's On-Demand front end finds the members; what has no escapes is a view of the text. It
// checks what it passes only loosely, so that containers are looked at once more (json_value.h).
//
// Nothing is read after simdjson has seen bytes that are no UTF-8, which it does first of all: such
// a text is read again as a copy in which they are replaced.

#include "json_members.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <simdjson.h>

#include "json_value.h"
#include "ktrace/format.h"

namespace ktrace::format {
namespace {

namespace ondemand = simdjson::ondemand;

// Memory for documents of usual size is kept for the next one.
constexpr std::size_t kUsualDocument = 256 * 1024;

std::string_view trim_back(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

bool read_key(ondemand::field& field, Arena& arena, std::string_view& key) {
  // Keys are short: a loop is faster than two searches. Their end is certain, simdjson saw it.
  const char* const begin = field.key().raw();
  const char* end = begin;
  while (*end != '"' && *end != '\\') ++end;
  key = {begin, static_cast<std::size_t>(end - begin)};
  if (*end == '"') return true;
  if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
  key = arena.keep(key);
  return true;
}

bool read_string(ondemand::value& value, std::string_view token, Arena& arena, Attribute& member) {
  if (token.size() < 2 || token.back() != '"') return false;
  member.value = token.substr(1, token.size() - 2);
  if (member.value.find('\\') == member.value.npos) {
    // To be passed as a value: what simdjson passes by itself it takes for a key before a ':', and
    // then passes everything up to the object's end.
    return value.get_raw_json_string().error() == simdjson::SUCCESS;
  }
  std::string_view decoded;
  // Half of a surrogate pair and the like: the text stays as written.
  if (value.get_string().get(decoded) == simdjson::SUCCESS) {
    member.value = arena.keep(decoded);
  }
  return true;
}

enum class Containers : std::uint8_t { checked, taken };

template <typename Container>
bool read_container(simdjson::simdjson_result<Container> result, Containers containers,
                    Attribute& member) {
  Container container;
  std::string_view text;
  if (std::move(result).get(container) != simdjson::SUCCESS) return false;
  if (container.raw_json().get(text) != simdjson::SUCCESS) return false;
  member.value = trim_back(text);
  const bool checked = containers == Containers::checked;
  member.type = checked ? type_of(member.value) : Attribute::Type::json;
  return true;
}

bool read_value(ondemand::value& value, Containers containers, Arena& arena, Attribute& member) {
  const std::string_view token = trim_back(value.raw_json_token());
  switch (token.empty() ? '\0' : token.front()) {
    case '"':
      return read_string(value, token, arena, member);
    case '{':
      return read_container(value.get_object(), containers, member);
    case '[':
      return read_container(value.get_array(), containers, member);
    default:
      break;
  }
  // A number, true, false, null; other words (NaN) are no JSON and stay as strings.
  member.value = token;
  member.type = type_of(token);
  return !token.empty();
}

enum class Outcome : std::uint8_t { read, not_utf8, unreadable };

Outcome read_document(ondemand::parser& parser, std::string_view text, Containers containers,
                      Arena& arena, std::vector<Attribute>& members) {
  ondemand::document document;
  const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + kPadding);
  const auto error = parser.iterate(padded).get(document);
  if (error == simdjson::UTF8_ERROR) return Outcome::not_utf8;
  ondemand::object object;
  if (error != simdjson::SUCCESS || document.get_object().get(object) != simdjson::SUCCESS) {
    return Outcome::unreadable;
  }
  for (auto result : object) {
    ondemand::field field;
    Attribute member;
    if (std::move(result).get(field) != simdjson::SUCCESS || !read_key(field, arena, member.key) ||
        !read_value(field.value(), containers, arena, member)) {
      return Outcome::unreadable;
    }
    members.push_back(member);
  }
  // Whatever follows the object must not be lost.
  const bool more = document.current_location().error() == simdjson::SUCCESS;
  return more ? Outcome::unreadable : Outcome::read;
}

Outcome read_document(std::string_view text, Containers containers, Arena& arena,
                      std::vector<Attribute>& members) {
  if (text.size() > kLongestDocument) return Outcome::unreadable;
  if (text.size() > kUsualDocument) {
    ondemand::parser parser;
    return read_document(parser, text, containers, arena, members);
  }
  thread_local ondemand::parser parser;
  return read_document(parser, text, containers, arena, members);
}

// The length of the UTF-8 sequence at the front of `text`; 0 when it is none.
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  const bool valid =
      length <= text.size() && (length == 1 || simdjson::validate_utf8(text.data(), length));
  return valid ? length : 0;
}

// `text` with U+FFFD for each byte that belongs to no UTF-8 sequence, and kPadding bytes behind it.
std::string_view with_valid_utf8(std::string_view text, Arena& arena) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  const std::size_t room = text.size() * kReplacement.size() + kPadding;
  char* const out = arena.allocate(room);
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text.substr(at));
    const std::string_view piece = length > 0 ? text.substr(at, length) : kReplacement;
    written += piece.copy(out + written, piece.size());
    at += std::max<std::size_t>(length, 1);
  }
  std::memset(out + written, 0, kPadding);
  arena.shrink(room - written - kPadding);
  return {out, written};
}

bool read_members(std::string_view text, Containers containers, Arena& arena,
                  std::vector<Attribute>& members) {
  Outcome outcome = read_document(text, containers, arena, members);
  if (outcome == Outcome::not_utf8) {
    outcome = read_document(with_valid_utf8(text, arena), containers, arena, members);
  }
  return outcome == Outcome::read;
}

}  // namespace

bool read_members(std::string_view text, Arena& arena, std::vector<Attribute>& members) {
  return read_members(text, Containers::checked, arena, members);
}

bool skim_members(std::string_view text, Arena& arena, std::vector<Attribute>& members) {
  return read_members(text, Containers::taken, arena, members);
}

std::string_view text_of(std::span<const Attribute> members, std::string_view key) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [key](const Attribute& member) { return member.key == key; });
  return found == members.end() || found->value == "null" ? std::string_view() : found->value;
}

std::optional<Stamp> read_rfc3339_stamp(std::string_view text) {
  Stamp stamp;
  const auto time = parse_rfc3339(text, &stamp.digits);
  if (!time) return std::nullopt;
  stamp.kind = Stamp::Kind::absolute;
  stamp.time = *time;
  return stamp;
}

}  // namespace ktrace::format
