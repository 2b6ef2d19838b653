// component-base's JSON, in its order: ts (milliseconds, as short as their digits allow), logger,
// caller, msg, the logger's own pairs, v (info and warnings only), the call's pairs, err.

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "corpus_render.h"

namespace ktrace::bench {
namespace {

// What stands behind the backslash; 0 for bytes that need none.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  escapes['\n'] = 'n';
  escapes['\t'] = 't';
  return escapes;
}();

void append_stamp(Time time, std::string& out) {
  const auto microseconds = time.time_since_epoch().count() / 1000;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{{\"ts\":{}"), microseconds / 1000);
  if (microseconds % 1000 == 0) return;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(".{:03}"), microseconds % 1000);
  out.erase(out.find_last_not_of('0') + 1);
}

void append_key(std::string_view key, std::string& out) {
  out += ',';
  append_quoted(key, out);
  out += ':';
}

void append_object(std::string_view object, std::string& out) {
  const std::size_t slash = object.find('/');
  out += "{\"name\":";
  append_quoted(object.substr(slash == object.npos ? 0 : slash + 1), out);
  if (slash != object.npos) {
    append_key("namespace", out);
    append_quoted(object.substr(0, slash), out);
  }
  out += '}';
}

void append_objects(std::string_view objects, std::string& out) {
  for (char separator = '['; !objects.empty(); separator = ',') {
    const std::size_t end = std::min(objects.find(' '), objects.size());
    out += separator;
    append_object(objects.substr(0, end), out);
    objects.remove_prefix(std::min(end + 1, objects.size()));
  }
  out += ']';
}

void append_value(const Field& field, std::string& out) {
  switch (field.kind) {
    case Kind::string:
      append_quoted(field.value, out);
      break;
    case Kind::json:
      out += field.value;
      break;
    case Kind::object:
      append_object(field.value, out);
      break;
    case Kind::objects:
      append_objects(field.value, out);
      break;
  }
}

// The pairs of the call, or those of its logger; what both give is printed both times.
void append_pairs(const LogCall& call, Place place, std::string& out) {
  for (const Field& field : call.fields()) {
    if (field.place != place && field.place != Place::both) continue;
    append_key(field.key, out);
    append_value(field, out);
  }
}

}  // namespace

void render_json(const LogCall& call, std::string& out) {
  const Statement& statement = *call.statement;
  append_stamp(call.time, out);
  if (!statement.logger.empty()) {
    append_key("logger", out);
    append_quoted(statement.logger, out);
  }
  append_key("caller", out);
  append_quoted(statement.caller, out);
  append_key("msg", out);
  append_quoted(call.message, out);
  append_pairs(call, Place::context, out);
  if (statement.severity != 'E') {
    fmt::format_to(std::back_inserter(out), FMT_COMPILE(",\"v\":{}"), statement.verbosity);
  }
  append_pairs(call, Place::call, out);
  if (!call.error.empty()) {
    append_key("err", out);
    append_quoted(call.error, out);
  }
  out += "}\n";
}

// One look at a table per byte: find_first_of would search its set for each of them.
void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = kEscapes[static_cast<unsigned char>(text[i])];
    if (letter == 0) continue;
    out += text.substr(copied, i - copied);
    out += '\\';
    out += letter;
    copied = i + 1;
  }
  out += text.substr(copied);
  out += '"';
}

}  // namespace ktrace::bench
