// Keys and values in the text of klog messages.
//
// Structured calls (klog's internal/serialize, all versions since 2.0) print
//   pairs = { " " key "=" value }
//   key   = any text; '=' inside brackets belongs to it ("map[a:%!s(bool=true)]"), after the first
//           pair spaces do, too
//   value = '"' Go string '"'      strings, errors, Stringers; references to objects unescaped
//         | compact JSON           klog 2.100 and later, for everything else
//         | Go's %+v               before that: words and balanced brackets, &{ID:1 Type:a}
//         | "<" EOL { TAB line EOL } " >"    strings of several lines, since klog 2.40
// Printf messages have no such form. By the convention of the proposals for log tracking, pairs
// with quoted values stand before their words (traceid="…" Looking to …) or behind them (creating 3
// traceID="111"). A line of pairs only is the request log of Kubernetes 1.18, which leaves latency
// and status unquoted and ends with a colon.
//
// What cannot be read is left to the caller: nothing is dropped. Of equal keys a structured call's
// last counts, as in Go's maps and JSON; in running text a second one is left to the words. Each
// function is linear in the length of its text.

#include "pairs.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "go_string.h"
#include "json_value.h"
#include "ktrace/format.h"

namespace ktrace::format {
namespace {

bool is_end(std::string_view text, std::size_t at) {
  return at >= text.size() || text[at] == ' ' || text[at] == '\n';
}

// +1 for an opening bracket, -1 for a closing one.
int bracket(char c) {
  switch (c) {
    case '(':
    case '[':
    case '{':
      return 1;
    case ')':
    case ']':
    case '}':
      return -1;
    default:
      return 0;
  }
}

// Reads pairs from the front of a text.
class PairReader {
 public:
  PairReader(std::string_view text, Record& record) : rest_(text), record_(record) {}

  std::string_view read() {
    while (!rest_.empty() && read_pair()) {
    }
    return rest_;
  }

 private:
  // A search for a closing bracket may run to the end of the text in vain. After this many of them
  // a record's brackets are taken for letters, which keeps the whole linear.
  static constexpr int kVainSearches = 8;

  bool read_pair() {
    const std::size_t equals = key_end();
    if (equals == rest_.npos) return false;
    const std::string_view key = rest_.substr(1, equals - 1);
    const std::string_view text = rest_.substr(equals + 1);
    Attribute attribute{key, {}, Attribute::Type::string};
    const std::size_t length = read_value(text, attribute);
    if (length == text.npos) return false;
    record_.attributes.push_back(attribute);
    rest_ = text.substr(length);
    first_ = false;
    return true;
  }

  // The position of the '=' that ends the key at the front, or npos.
  std::size_t key_end() const {
    if (rest_.front() != ' ') return rest_.npos;
    std::ptrdiff_t depth = 0;
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      const char c = rest_[at];
      if (c == '=' && depth <= 0) return at > 1 ? at : rest_.npos;
      // A space in a first key is more likely a printf message that begins with a quoted word.
      if (c == '"' || c == '\n' || (c == ' ' && depth <= 0 && first_)) return rest_.npos;
      depth += bracket(c);
    }
    return rest_.npos;
  }

  // Reads the value at the front of `text`; returns its length, npos when it is none.
  std::size_t read_value(std::string_view text, Attribute& attribute) {
    if (is_end(text, 0)) return 0;
    if (text.front() == '"') return read_quoted(text, attribute);
    if (text.starts_with("<\n")) return read_lines(text, attribute);
    if (text.front() == '{' || text.front() == '[') {
      const std::size_t length = read_json(text, attribute);
      if (length != text.npos) return length;
    }
    return read_bare(text, attribute);
  }

  std::size_t read_quoted(std::string_view text, Attribute& attribute) {
    // A quote inside the unescaped name of an object is not followed by the value's end.
    std::size_t close = closing_quote(text, 1);
    while (close != text.npos && !is_end(text, close + 1)) close = closing_quote(text, close + 1);
    if (close == text.npos) return text.npos;
    attribute.value = unquote(text.substr(1, close - 1), record_.arena);
    return close + 1;
  }

  std::size_t read_lines(std::string_view text, Attribute& attribute) {
    std::size_t end = text.find("\n >", 1);
    while (end != text.npos && !is_end(text, end + 3)) end = text.find("\n >", end + 1);
    if (end == text.npos) return text.npos;
    if (end > 1) attribute.value = without_tabs(block_lines(text, end));
    return end + 3;
  }

  // What stands between the markers. klog writes a block only for a value with a newline in it, and
  // never the last one: that of a block of one line must have stood at its end.
  static std::string_view block_lines(std::string_view text, std::size_t end) {
    const std::string_view lines = text.substr(2, end - 2);
    return lines.find('\n') == lines.npos ? text.substr(2, end - 1) : lines;
  }

  std::string_view without_tabs(std::string_view lines) {
    char* const out = record_.arena.allocate(lines.size());
    std::size_t written = 0;
    for (std::size_t at = 0; at < lines.size();) {
      if (lines[at] == '\t') ++at;
      const std::size_t end = line_end(lines, at);
      std::memcpy(out + written, lines.data() + at, end - at);
      written += end - at;
      at = end;
    }
    record_.arena.shrink(lines.size() - written);
    return {out, written};
  }

  // Reads the JSON object or array at the front of `text`.
  std::size_t read_json(std::string_view text, Attribute& attribute) {
    if (vain_searches_ >= kVainSearches) return text.npos;
    const std::size_t length = closing_bracket(text) + 1;
    attribute.value = text.substr(0, length);
    if (length > 0 && is_end(text, length)) attribute.type = type_of(attribute.value);
    if (attribute.type != Attribute::Type::string) return length;
    ++vain_searches_;
    return text.npos;
  }

  // The position of the bracket that closes the first one, or npos. Strings hide theirs.
  static std::size_t closing_bracket(std::string_view text) {
    std::ptrdiff_t depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '"') {
        at = closing_quote(text, at + 1);
        if (at == text.npos) return text.npos;
      } else if (const int step = bracket(text[at]); step != 0) {
        depth += step;
        if (depth == 0) return at;
      }
    }
    return text.npos;
  }

  std::size_t read_bare(std::string_view text, Attribute& attribute) {
    const std::size_t length = bare_length(text);
    attribute.value = text.substr(0, length);
    if (attribute.value == "<nil>" || attribute.value == "nil") attribute.value = "null";
    const bool composite = text.front() == '{' || text.front() == '[';
    if (!composite) attribute.type = type_of(attribute.value);
    return length;
  }

  // Of a word, or of words inside balanced brackets. Brackets that never close are letters.
  std::size_t bare_length(std::string_view text) {
    std::size_t word = text.npos;
    std::ptrdiff_t depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (is_end(text, at)) {
        if (depth <= 0 || vain_searches_ >= kVainSearches) return at;
        word = std::min(word, at);
      }
      depth += bracket(text[at]);
    }
    if (depth > 0) ++vain_searches_;
    return depth > 0 ? std::min(word, text.size()) : text.size();
  }

  std::string_view rest_;
  Record& record_;
  bool first_ = true;
  int vain_searches_ = 0;
};

// Keys that people write by hand in printf formats; "--flag" is none.
bool begins_key(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool in_key(char c) {
  return begins_key(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
}

std::string_view trim_front(std::string_view text) {
  while (!text.empty() && is_end(text, 0)) text.remove_prefix(1);
  return text;
}

std::string_view trim_back(std::string_view text) {
  while (!text.empty() && is_end(text, text.size() - 1)) text.remove_suffix(1);
  return text;
}

// The length of `key="value"`, or behind the first pair `key=word`, at the front of `text`; 0 when
// there is none.
std::size_t read_printf_pair(std::string_view text, bool first, Attribute& attribute,
                             Arena& arena) {
  if (text.empty() || !begins_key(text.front())) return 0;
  std::size_t equals = 1;
  while (equals < text.size() && in_key(text[equals])) ++equals;
  if (equals + 1 >= text.size() || text[equals] != '=') return 0;
  attribute = {text.substr(0, equals), {}, Attribute::Type::string};
  const std::size_t from = equals + 1;
  if (text[from] == '"') {
    const std::size_t close = closing_quote(text, from + 1);
    if (close == text.npos) return 0;
    attribute.value = unquote(text.substr(from + 1, close - from - 1), arena);
    return close + 1;
  }
  if (first) return 0;
  std::size_t end = from;
  while (!is_end(text, end) && text[end] != '"') ++end;
  if (text[end - 1] == ':') --end;
  attribute.value = text.substr(from, end - from);
  attribute.type = type_of(attribute.value);
  return end;
}

// Whether a pair of running text may become an attribute. Of equal keys only one would be kept, so
// the second stays where it is; and no hand writes more than some pairs.
bool has_room(const Record& record, std::string_view key) {
  constexpr std::size_t kMost = 32;
  return record.attributes.size() < kMost && record.find(key) == nullptr;
}

// Moves the pairs at the front of `message` to `record`; returns the rest.
std::string_view take_leading_pairs(std::string_view message, Record& record) {
  std::string_view rest = message;
  for (bool first = true; !rest.empty(); first = false) {
    Attribute attribute;
    const std::size_t length = read_printf_pair(rest, first, attribute, record.arena);
    if (length == 0 || !has_room(record, attribute.key)) break;
    const bool colon = length < rest.size() && rest[length] == ':' && is_end(rest, length + 1);
    if (!colon && !is_end(rest, length)) break;
    record.attributes.push_back(attribute);
    rest = trim_front(rest.substr(length + (colon ? 1 : 0)));
    if (colon) break;
  }
  return rest;
}

// The position of the quote that opens the string which ends with `text`, or npos. It is searched
// from the back, since quotes in the words before it need not be balanced.
std::size_t opening_quote(std::string_view text) {
  const auto backslashes_before = [text](std::size_t at) {
    std::size_t run = at;
    while (run > 0 && text[run - 1] == '\\') --run;
    return at - run;
  };
  if (backslashes_before(text.size() - 1) % 2 == 1) return text.npos;
  for (std::size_t at = text.size() - 1; at-- > 0;) {
    if (text[at] == '\n') return text.npos;
    if (text[at] != '"') continue;
    const std::size_t run = backslashes_before(at);
    if (run % 2 == 0) return at;
    at -= run;
  }
  return text.npos;
}

// Moves the pairs at the end of `message`, all of them quoted, to `record`; returns the rest.
std::string_view take_trailing_pairs(std::string_view message, Record& record) {
  std::string_view rest = message;
  if (rest.ends_with("\":")) rest.remove_suffix(1);
  const auto before = static_cast<std::ptrdiff_t>(record.attributes.size());
  while (rest.size() > 3 && rest.back() == '"') {
    const std::size_t open = opening_quote(rest);
    if (open == rest.npos || open < 2 || rest[open - 1] != '=') break;
    std::size_t key = open - 1;
    while (key > 0 && in_key(rest[key - 1])) --key;
    if (!begins_key(rest[key]) || (key > 0 && !is_end(rest, key - 1))) break;
    const std::string_view name = rest.substr(key, open - 1 - key);
    if (!has_room(record, name)) break;
    const std::string_view inside = rest.substr(open + 1, rest.size() - open - 2);
    record.attributes.push_back({name, unquote(inside, record.arena), Attribute::Type::string});
    rest = trim_back(rest.substr(0, key));
  }
  const auto found = record.attributes.begin() + before;
  if (found == record.attributes.end()) return message;
  std::reverse(found, record.attributes.end());
  return rest;
}

// Beyond this many attributes, looking at all before each is no longer the fastest.
constexpr std::size_t kFew = 64;

void keep_last_of_few(std::vector<Attribute>& attributes) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const std::string_view key = attributes[i].key;
    const auto last = key.empty() ? 0U : static_cast<unsigned char>(key.back());
    const auto middle = key.empty() ? 0U : static_cast<unsigned char>(key[key.size() / 2]);
    const std::uint64_t bit = std::uint64_t{1} << ((key.size() * 7 + last * 5 + middle) % 64);
    if ((seen & bit) != 0) {
      const auto end = attributes.begin() + static_cast<std::ptrdiff_t>(i);
      const auto same = std::find_if(attributes.begin(), end,
                                     [key](const Attribute& other) { return other.key == key; });
      if (same != end) {
        attributes.erase(same);
        --i;
      }
    }
    seen |= bit;
  }
}

void keep_last_of_many(std::vector<Attribute>& attributes) {
  std::vector<std::size_t> order(attributes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&attributes](std::size_t a, std::size_t b) {
    return attributes[a].key < attributes[b].key;
  });
  std::vector<bool> overridden(attributes.size());
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    overridden[order[i]] = attributes[order[i]].key == attributes[order[i + 1]].key;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (!overridden[i]) attributes[kept++] = attributes[i];
  }
  attributes.resize(kept);
}

}  // namespace

std::string_view read_pairs(std::string_view text, Record& record) {
  return PairReader(text, record).read();
}

std::string_view take_printf_pairs(std::string_view message, Record& record) {
  return take_trailing_pairs(take_leading_pairs(trim_back(message), record), record);
}

void keep_last_of_equal_keys(std::vector<Attribute>& attributes) {
  if (attributes.size() <= kFew) {
    keep_last_of_few(attributes);
  } else {
    keep_last_of_many(attributes);
  }
}

}  // namespace ktrace::format
