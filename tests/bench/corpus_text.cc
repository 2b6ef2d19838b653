// klog text, after klog's own formatting: the header Lmmdd hh:mm:ss.uuuuuu, the process ID in seven
// columns, the caller's file without its directory; the quoted message; err, logger and the pairs.
// A string of several lines becomes a block between "=<" and " >".

#include <array>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "corpus_render.h"

namespace ktrace::bench {
namespace {

constexpr std::array<int, 4> kProcesses = {30287, 30315, 30316, 30325};

void append_header(const LogCall& call, std::string& out) {
  static const Zone kUtc;
  const CivilTime time = to_civil(call.time, kUtc);
  const std::string_view caller = call.statement->caller;
  std::array<char, 40> header;  // an array: cheaper to format into than a string
  const auto end =
      fmt::format_to(header.data(), FMT_COMPILE("{}{:02}{:02} {:02}:{:02}:{:02}.{:06} {:7} "),
                     call.statement->severity, time.month, time.day, time.hour, time.minute,
                     time.second, time.fraction.count() / 1000,
                     kProcesses[static_cast<std::size_t>(call.statement->component)]);
  out.append(header.data(), end);
  out += caller.substr(caller.find('/') + 1);
  out += "] ";
}

void append_block(std::string_view text, std::string& out) {
  out += "<\n";
  if (text.ends_with('\n')) text.remove_suffix(1);
  while (true) {
    const std::size_t end = text.find('\n');
    out += '\t';
    out += text.substr(0, end);
    out += '\n';
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  out += " >";
}

void append_objects(std::string_view objects, std::string& out) {
  out += "[\"";
  for (const char c : objects) {
    if (c == ' ') {
      out += "\",\"";
    } else {
      out += c;
    }
  }
  out += "\"]";
}

void append_value(const Field& field, std::string& out) {
  const std::string_view value = field.value;
  switch (field.kind) {
    case Kind::json:
      out += value;
      break;
    case Kind::objects:
      append_objects(value, out);
      break;
    case Kind::object:
      append_quoted(value, out);
      break;
    case Kind::string:
      if (value.find('\n') != value.npos) {
        append_block(value, out);
      } else {
        append_quoted(value, out);
      }
      break;
  }
}

void append_pair(std::string_view key, std::string_view value, std::string& out) {
  out += ' ';
  out += key;
  out += '=';
  append_quoted(value, out);
}

}  // namespace

void render_text(const LogCall& call, std::string& out) {
  append_header(call, out);
  if (!call.statement->structured) {
    out += call.message;
    if (!out.ends_with('\n')) out += '\n';
    return;
  }
  append_quoted(call.message, out);
  if (!call.error.empty()) append_pair("err", call.error, out);
  if (!call.statement->logger.empty()) append_pair("logger", call.statement->logger, out);
  for (const Field& field : call.fields()) {
    out += ' ';
    out += field.key;
    out += '=';
    append_value(field, out);
  }
  out += '\n';
}

}  // namespace ktrace::bench
