// Objects of the Kubernetes API as JSON: Events, and what `kubectl get -o json` prints of others.
//
// kubectl indents by four blanks, and puts the items of a List eight blanks deep:
//   {                                        {"apiVersion":"v1","kind":"Pod",…}      one a line
//       "apiVersion": "v1",
//       "items": [                           {                                       one object
//           {                                    "apiVersion": "v1",
//               "apiVersion": "v1",              …
//               …                            }
//           },
// The API server itself, and jq, indent by two, so that items are four deep; the items of its lists
// have neither kind nor apiVersion. Keys are in alphabetical order (kubectl) or kind comes first
// (API server). Source: kubernetes cli-runtime printers/json.go, apimachinery serializer/json.
//
// Each item is a record of its own. In a list on one line, or an array, all are found by walking
// through it. Otherwise an item begins with the line of its brace and ends where the next
// one begins. What surrounds the items is no record of this format. An object stands at the time of
// its creation, and its record says no more than its name: the rest is in the attributes.

#include <algorithm>
#include <array>

#include "api_objects.h"
#include "framing.h"
#include "json_cursor.h"
#include "json_members.h"
#include "pairs.h"
#include "payloads.h"
#include "pretty_json.h"

namespace ktrace::format {
namespace {

// The keys that objects of the API begin with: of the alphabet's first those that there are.
constexpr std::array<std::string_view, 6> kFirstKeys{
    "apiVersion", "kind", "metadata", "action", "addressType", "aggregationRule"};

// How deep the brace and the first key of an object may be indented.
struct Indent {
  std::size_t brace, key;
  bool kind_first;  // the subjects of a RoleBinding begin so, too
};
constexpr std::array<Indent, 4> kIndents{
    {{0, 2, true}, {0, 4, true}, {4, 6, false}, {8, 12, false}}};

// Whether `text` begins with a key of an object.
bool begins_with_key(std::string_view text, bool kind_first) {
  if (!text.starts_with('"')) return false;
  text.remove_prefix(1);
  return std::any_of(kFirstKeys.begin(), kFirstKeys.end(), [&](std::string_view key) {
    return text.starts_with(key) && text.substr(key.size()).starts_with("\":") &&
           (kind_first || key != "kind");
  });
}

// The object within the lines of a record: up to the brace that is indented like the first.
std::string_view own_lines(std::string_view payload) {
  const std::size_t brace = count_blanks(payload);
  const std::size_t first_end = payload.find('\n');
  if (first_end == payload.npos) return payload;
  for (std::size_t at = first_end; at != payload.npos; at = payload.find('\n', at + 1)) {
    const std::string_view line = payload.substr(at + 1);
    if (count_blanks(line) == brace && line.substr(brace).starts_with('}')) {
      return payload.substr(0, at + 1 + brace + 1);
    }
  }
  return payload;
}

// Items of the API server's own lists have neither kind nor apiVersion: a ConfigMapList tells those
// of its ConfigMaps.
void add_type_of_list(Record& record) {
  constexpr std::string_view kList = "List";
  if (record.context.empty() || record.find("kind") != nullptr) return;
  JsonCursor cursor(record.context);
  cursor.each_member([&](std::string_view key) {
    std::string_view value = cursor.skip();
    if (!value.starts_with('"')) return !value.empty();
    value = value.substr(1, value.size() - 2);
    const bool kind = key == "kind" && value.ends_with(kList);
    if (kind) value.remove_suffix(kList.size());
    const bool version = key == "apiVersion" && record.find(key) == nullptr;
    if (kind || version) record.attributes.push_back({key, value});
    return true;
  });
}

bool describe(Record& record) {
  return describe_audit(record) || describe_event(record) || describe_object(record);
}

}  // namespace

bool describe_object(Record& record) {
  const Members members(record);
  const std::string_view name = members.text("metadata", "name");
  if (name.empty()) return false;
  const std::string_view kind = members.text("kind");
  const std::string_view space = members.text("metadata", "namespace");
  record.stamp = members.time("metadata", "creationTimestamp");
  record.message =
      join({kind, kind.empty() ? "" : " ", space, space.empty() ? "" : "/", name}, record.arena);
  record.format = "object";
  for (Attribute& member : record.attributes) member.detail = true;
  return true;
}

bool starts_object_lines(const char* line) {
  if (*line != ' ' && *line != '{') return false;
  const std::string_view head(line, kPadding);
  const std::size_t brace = count_blanks(head);
  std::string_view rest = head.substr(brace);
  for (const std::string_view end : {"{\n", "{\r\n"}) {
    if (!rest.starts_with(end)) continue;
    rest.remove_prefix(end.size());
    const std::size_t key = count_blanks(rest);
    return std::any_of(kIndents.begin(), kIndents.end(), [&](const Indent& indent) {
      return indent.brace == brace && indent.key == key &&
             begins_with_key(rest.substr(key), indent.kind_first);
    });
  }
  return false;
}

bool parse_object_lines(Record& record) {
  const std::string_view object = minified(own_lines(record.payload), record.arena);
  if (!read_members(object, record.arena, record.attributes)) return false;
  keep_last_of_equal_keys(record.attributes);
  return describe(record);
}

// An error that the server has answered is a body, printed amid other lines.
bool starts_object(const char* line) {
  std::string_view head(line, kPadding);
  if (head.starts_with("[{")) head.remove_prefix(1);
  if (head.starts_with(R"({"apiVersion":")")) return true;
  const bool first = head.starts_with(R"({"kind":")") || head.starts_with(R"({"action":")");
  return first && head.find(R"(","apiVersion":")") != head.npos &&
         !head.starts_with(R"({"kind":"Status")");
}

// The items of a list, or the elements of an array. The context of each is what opens the list. One
// behind others that has no end is an item, too.
bool split_objects(std::string_view text, Slices& slices) {
  JsonCursor cursor(text);
  const std::size_t first = slices.list.size();
  std::string_view head;
  const auto take_item = [&] {
    const bool more = cursor.peek() == '{';
    const std::size_t begin = cursor.position();
    const bool whole = !cursor.skip().empty();
    if (head.empty()) head = text.substr(0, begin);
    if (whole || (more && slices.list.size() > first)) {
      slices.list.push_back({{}, head, nullptr, begin});
    }
    return whole;
  };
  if (cursor.peek() == '[') {
    cursor.each_element(take_item);
  } else {
    cursor.each_member([&](std::string_view key) {
      return key == "items" ? cursor.each_element(take_item) : !cursor.skip().empty();
    });
  }
  return tile(text, first, slices);
}

bool parse_object(Record& record) {
  std::string_view object = record.payload;
  if (!record.context.empty()) {
    if (object.starts_with(record.context)) object.remove_prefix(record.context.size());
    object = JsonCursor(object).skip();
  }
  if (!read_members(object, record.arena, record.attributes)) return false;
  keep_last_of_equal_keys(record.attributes);
  add_type_of_list(record);
  return describe(record);
}

}  // namespace ktrace::format
