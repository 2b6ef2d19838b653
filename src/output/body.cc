// Message and attributes as text.
//
//   message key=word key="several words" key={"json":"as it is"} key=<
//     a value
//     of several lines
//    > key=word
//
// A string is quoted only when a reader could not tell where it begins and ends. Unlike klog's own
// text this cannot be parsed back (the string 5 looks like the number): that is what JSON is for.
// The value of the identifier that was asked for is set in bold, in an attribute or in the message.

#include "body.h"

#include <algorithm>

#include "escape.h"
#include "layout.h"

namespace ktrace::output {
namespace {

constexpr std::string_view kDim = "2";
constexpr std::string_view kBold = "1";

/// Memory that one huge record has taken is given back.
constexpr std::size_t kKeptCapacity = 1024 * 1024;

constexpr std::size_t kNowhere = std::string_view::npos;

void append_text(std::string_view text, std::string& out) {
  append_visible(text, Breaks::keep, out);
}

std::string_view without_last_breaks(std::string_view text) {
  const std::size_t last = text.find_last_not_of("\r\n");
  return last == kNowhere ? std::string_view() : text.substr(0, last + 1);
}

bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return (c >= 0 && c <= ' ') || c == '"' || c == '=' || c == '\x7f';
         });
}

/// Where the identifier's value stands in `text` behind its key: traceID="1", traceID:1,
/// {"traceID":"1"}.
std::size_t find_keyed(std::string_view text, const Identifier& identifier) {
  constexpr std::string_view kBetween = "\\\":= ";
  constexpr int kMostBetween = 5;  // \":\" and a space; a limit keeps the search linear
  std::size_t at = text.find(identifier.value);
  for (; at != kNowhere; at = text.find(identifier.value, at + 1)) {
    std::size_t key_end = at;
    const std::size_t least = at - std::min<std::size_t>(at, kMostBetween);
    while (key_end > least && kBetween.find(text[key_end - 1]) != kNowhere) --key_end;
    if (key_end < at && text.substr(0, key_end).ends_with(identifier.key)) return at;
  }
  return kNowhere;
}

std::size_t find_in_attribute(const Attribute& attribute, const Identifier& identifier) {
  if (attribute.key == identifier.key) return attribute.value.find(identifier.value);
  return find_keyed(attribute.value, identifier);
}

}  // namespace

std::string_view Body::compose(const Record& record) {
  out_.clear();
  if (out_.capacity() > kKeptCapacity) out_.shrink_to_fit();
  const bool emphasise = color_ && !record.trace.value.empty();
  const std::string_view message = without_last_breaks(record.message);
  const std::size_t at = emphasise ? find_keyed(message, record.trace) : kNowhere;
  append_emphasised(message, at, record.trace.value.size(), append_text);
  for (const Attribute& attribute : record.attributes) {
    if (attribute.detail) continue;
    if (!out_.empty()) out_ += ' ';
    append_attribute(attribute, emphasise ? record.trace : Identifier());
  }
  return out_;
}

void Body::append_attribute(const Attribute& attribute, const Identifier& wanted) {
  std::string key;
  append_visible(attribute.key, Breaks::show, key);
  key += '=';
  paint(key, color_ ? kDim : std::string_view(), out_);
  const std::size_t at = wanted.value.empty() ? kNowhere : find_in_attribute(attribute, wanted);
  if (attribute.type == Attribute::Type::json) {
    append_emphasised(attribute.value, at, wanted.value.size(), append_text);
  } else {
    append_string(attribute.value, at, wanted.value.size());
  }
}

void Body::append_string(std::string_view value, std::size_t wanted_at, std::size_t wanted_size) {
  if (value.find('\n') != kNowhere) {
    append_lines(value, wanted_at, wanted_size);
  } else if (needs_quotes(value)) {
    out_ += '"';
    append_emphasised(value, wanted_at, wanted_size, append_quoted);
    out_ += '"';
  } else {
    append_emphasised(value, wanted_at, wanted_size, append_text);
  }
}

void Body::append_lines(std::string_view value, std::size_t wanted_at, std::size_t wanted_size) {
  if (value.ends_with('\n')) value.remove_suffix(1);
  out_ += '<';
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find('\n', begin), value.size());
    const bool here = wanted_at >= begin && wanted_at < end;
    out_ += "\n  ";
    append_emphasised(value.substr(begin, end - begin), here ? wanted_at - begin : kNowhere,
                      wanted_size, append_text);
    begin = end + 1;
  }
  out_ += "\n >";
}

void Body::append_emphasised(std::string_view text, std::size_t at, std::size_t size,
                             Append append) {
  if (at >= text.size()) return append(text, out_);
  append(text.substr(0, at), out_);
  std::string emphasised;
  append(text.substr(at, size), emphasised);
  paint(emphasised, kBold, out_);
  append(text.substr(std::min(at + size, text.size())), out_);
}

}  // namespace ktrace::output
