// Which keys name identifiers, and where records carry them. The rule stands in the public header;
// here it is applied to a parsed record. Nothing here is fast: it runs on the records that a
// literal search has hit, and on those alone.
//
// What stands under one key does not depend on which others are looked for: the value of an
// identifier key is looked into, or left alone, like that of any other. So an index of many keys
// answers for some of them.

#include "ktrace/identifiers.h"

#include <algorithm>
#include <array>

#include <simdjson.h>

#include "letters.h"

namespace ktrace::trace {
namespace {

bool all_hex(std::string_view text) { return std::all_of(text.begin(), text.end(), is_hex); }

// What a W3C trace ID looks like; only these are compared without case.
bool is_trace_id(std::string_view text) { return text.size() == 32 && all_hex(text); }

// The trace field of "vv-32hex-16hex-ff": higher versions may append fields, version ff and a trace
// ID or parent ID of zeros only are invalid (W3C Trace Context, "traceparent header").
std::string_view traceparent_trace(std::string_view value) {
  if (value.size() < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-') return {};
  if (value.size() > 55 && value[55] != '-') return {};
  const std::string_view version = value.substr(0, 2), id = value.substr(3, 32);
  const std::string_view parent = value.substr(36, 16), flags = value.substr(53, 2);
  if (!all_hex(version) || !all_hex(id) || !all_hex(parent) || !all_hex(flags)) return {};
  if (version == "ff" || id.find_first_not_of('0') == id.npos) return {};
  return id;
}

bool is_key_char(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '/';
}

// Collects identifiers out of running text. One call is linear in the text: a key is looked at only
// in front of '=' or ':', and no further back than the longest spelling of a key can be.
class TextScan {
 public:
  TextScan(std::string_view text, const KeySet& keys, std::vector<Identifier>& found)
      : text_(text), keys_(keys), found_(found) {}

  void run() {
    // find_first_of() would call a function for each character.
    for (std::size_t at = 0; at < text_.size();) {
      at = text_[at] == '=' || text_[at] == ':' ? look_at(at) : at + 1;
    }
  }

  // Only lines that are "Key: value" as a whole.
  void run_headers() {
    std::size_t at = 0;
    while ((at = text_.find(": ", at)) != text_.npos) {
      const Token key = key_before(at);
      if (keys_.contains(key.text)) take(key, header_value(at));
      at = std::min(text_.find('\n', at), text_.size());
    }
  }

 private:
  static constexpr std::size_t kLongestKey = 64;

  struct Token {
    std::string_view text;
    std::size_t begin = 0;
  };

  // Where the next separator may be behind the one at `at`.
  std::size_t look_at(std::size_t at) {
    const bool quoted = at > 0 && text_[at - 1] == '"';
    const Token key = key_before(quoted ? at - 1 : at);
    if (key.text.empty() || !begins_token(key.begin, quoted)) return at + 1;
    const bool header = text_[at] == ':' && !quoted && text_.substr(at + 1).starts_with(' ');
    if (header && !begins_line(key.begin)) return at + 1;
    if (keys_.contains(key.text)) take(key, header ? header_value(at) : value_after(at + 1));
    return behind_quoted(at + 1);
  }

  void take(Token key, std::string_view value) {
    const std::string_view id = identifier_value(key.text, value);
    if (!id.empty()) found_.push_back({key.text, id});
  }

  // The end of a quoted value that begins at `begin`, or `begin` when there is none. What is inside
  // belongs to that value. A quote that does not end a token closes nothing: such text is
  // unbalanced.
  std::size_t behind_quoted(std::size_t begin) const {
    if (begin >= text_.size() || text_[begin] != '"') return begin;
    for (std::size_t at = begin + 1; at < text_.size(); ++at) {
      if (text_[at] == '\\') {
        ++at;
      } else if (text_[at] == '"') {
        const bool closes = at + 1 == text_.size() ||
                            std::string_view(" \t\r\n,;:)]}").find(text_[at + 1]) != text_.npos;
        return closes ? at + 1 : begin;
      }
    }
    return begin;
  }

  Token key_before(std::size_t end) const {
    std::size_t begin = end;
    while (begin > 0 && end - begin <= kLongestKey && is_key_char(text_[begin - 1])) --begin;
    return {text_.substr(begin, end - begin), begin};
  }

  // Whether a key that begins at `begin` is a token of its own: behind white space or an opening,
  // or, as the key of JSON text, behind a quote that is not itself escaped.
  bool begins_token(std::size_t begin, bool quoted) const {
    if (quoted) {
      return begin > 0 && text_[begin - 1] == '"' && (begin < 2 || text_[begin - 2] != '\\');
    }
    return begin == 0 || std::string_view(" \t\r\n,;([{|").find(text_[begin - 1]) != text_.npos;
  }

  bool begins_line(std::size_t begin) const {
    while (begin > 0 && (text_[begin - 1] == ' ' || text_[begin - 1] == '\t')) --begin;
    return begin == 0 || text_[begin - 1] == '\n';
  }

  std::string_view header_value(std::size_t colon) const {
    std::string_view line = text_.substr(colon + 1);
    line = line.substr(0, line.find_first_of("\r\n"));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line.substr(0, line.find_last_not_of(' ') + 1);
  }

  std::string_view value_after(std::size_t begin) const {
    // Quotes as loggers write them, and as slides and chat programs disfigure them.
    static constexpr std::array<std::string_view, 5> kQuotes{"\"", "'", "\u201c", "\u201d",
                                                             "\u201e"};
    const std::string_view rest = text_.substr(begin);
    for (const std::string_view quote : kQuotes) {
      if (rest.starts_with(quote)) return quoted_value(rest.substr(quote.size()), quote);
    }
    std::string_view value = bare_value(rest);
    value = value.substr(0, std::min(value.find("\u201c"), value.find("\u201d")));
    return value.substr(0, value.find_last_not_of(":.") + 1);
  }

  // Ends where another pair begins, so that no value is a part of another one.
  static std::string_view bare_value(std::string_view rest) {
    constexpr std::string_view kEnds = " \t\r\n,;)]}|\"'", kOpenings = "([{";
    std::size_t end = 0;
    for (; end < rest.size() && kEnds.find(rest[end]) == kEnds.npos; ++end) {
      if (kOpenings.find(rest[end]) != kOpenings.npos && begins_pair(rest.substr(end + 1))) break;
    }
    return rest.substr(0, end);
  }

  static bool begins_pair(std::string_view text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_key_char);
    return end != text.begin() && end != text.end() && (*end == '=' || *end == ':');
  }

  static std::string_view quoted_value(std::string_view rest, std::string_view quote) {
    const std::size_t same = rest.find(quote);
    if (quote.size() == 1) return rest.substr(0, same == rest.npos ? 0 : same);
    const std::size_t end = std::min({rest.find("\u201c"), rest.find("\u201d"), rest.find('"')});
    return rest.substr(0, end == rest.npos ? 0 : end);
  }

  std::string_view text_;
  const KeySet& keys_;
  std::vector<Identifier>& found_;
};

// Members of objects inside an attribute. simdjson bounds the depth of what it parses, and so the
// recursion here.
class JsonScan {
 public:
  JsonScan(Record& record, const KeySet& keys, std::vector<Identifier>& found)
      : record_(record), keys_(keys), found_(found) {}

  void run(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(json.data(), json.size()).get(root) == simdjson::SUCCESS) walk(root);
  }

 private:
  void walk(simdjson::dom::element element) {
    if (element.is_array()) {
      for (const auto child : simdjson::dom::array(element)) walk(child);
    } else if (element.is_object()) {
      for (const auto field : simdjson::dom::object(element)) {
        if (keys_.contains(field.key)) take(field.key, field.value);
        walk(field.value);
      }
    }
  }

  void take(std::string_view key, simdjson::dom::element value) {
    std::string_view text;
    const std::string number = value.is_number() ? simdjson::minify(value) : std::string();
    if (value.get(text) != simdjson::SUCCESS) text = number;
    const std::string_view id = identifier_value(key, text);
    if (!id.empty()) found_.push_back({record_.arena.keep(key), record_.arena.keep(id)});
  }

  Record& record_;
  const KeySet& keys_;
  std::vector<Identifier>& found_;
};

// Members of objects in JSON that is too long to be parsed: strings follow one another, and one
// that stands before a colon is a key. A member whose name or value has escapes is none.
class LongJsonScan {
 public:
  LongJsonScan(std::string_view json, const KeySet& keys, std::vector<Identifier>& found)
      : json_(json), keys_(keys), found_(found) {}

  void run() {
    for (at_ = json_.find('"'); at_ < json_.size(); at_ = json_.find('"', at_)) {
      const std::string_view text = string();
      if (!next_is(':') || !keys_.contains(text)) continue;
      const std::size_t colon = at_++;
      const std::string_view value = next_is('"') ? string() : number();
      at_ = colon;
      const std::string_view id = identifier_value(text, value);
      if (!id.empty() && id.find('\\') == id.npos) found_.push_back({text, id});
    }
  }

 private:
  // What stands between the quote here and the one that closes it; goes behind that.
  std::string_view string() {
    const std::size_t begin = at_ + 1;
    for (at_ = begin; at_ < json_.size() && json_[at_] != '"'; ++at_) {
      if (json_[at_] == '\\') ++at_;
    }
    const std::size_t end = std::min(at_, json_.size());
    at_ = end + 1;
    return json_.substr(begin, end - begin);
  }

  std::string_view number() {
    const std::size_t end = std::min(json_.find_first_of(",}] \t\r\n", at_), json_.size());
    const std::string_view text = json_.substr(at_, end - at_);
    const bool digits = !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
    return digits ? text : std::string_view();
  }

  // Whether `c` is the next character that is no white space; goes to that character.
  bool next_is(char c) {
    at_ = std::min(json_.find_first_not_of(" \t\r\n", at_), json_.size());
    return at_ < json_.size() && json_[at_] == c;
  }

  std::string_view json_;
  const KeySet& keys_;
  std::vector<Identifier>& found_;
  std::size_t at_ = 0;
};

// Whether fold_key(key) is `folded`, without making it. A key does not end with a joiner.
bool folds_to(std::string_view key, std::string_view folded) {
  if (key.empty() || key.back() == '-' || key.back() == '_') return false;
  std::size_t same = 0;
  for (const char c : key) {
    if (c == '-' || c == '_') continue;
    if (same == folded.size() || lower(c) != folded[same]) return false;
    ++same;
  }
  return same > 0 && same == folded.size();
}

// An attribute that is no object: its value may be an identifier, and its lines may be headers.
void take_plain(const Attribute& attribute, const KeySet& keys, std::vector<Identifier>& found) {
  const bool json = attribute.type == Attribute::Type::json;
  if (keys.contains(attribute.key)) {
    const std::string_view id = identifier_value(attribute.key, attribute.value);
    if (!id.empty() && !(json && id == "null")) found.push_back({attribute.key, id});
  }
  if (!json && attribute.value.find('\n') != std::string_view::npos) {
    TextScan(attribute.value, keys, found).run_headers();
  }
}

// Neither Go's strconv.Quote nor any JSON encoder (Go's escapes <, > and & for HTML) changes these.
bool is_verbatim(char c) {
  return c > ' ' && c < 0x7f && std::string_view("\"\\<>&'").find(c) == std::string_view::npos;
}

}  // namespace

std::string fold_key(std::string_view key) {
  std::string folded;
  for (const char c : key) {
    if (c != '-' && c != '_') folded.push_back(lower(c));
  }
  return folded;
}

KeySet::KeySet(const std::vector<std::string>& names) {
  for (const std::string& name : names) folded_.push_back(fold_key(name));
  std::sort(folded_.begin(), folded_.end());
  folded_.erase(std::unique(folded_.begin(), folded_.end()), folded_.end());
}

const KeySet& KeySet::defaults() {
  static const KeySet keys({"traceID", "reqID", "requestID", "auditID", "traceparent",
                            "logging.googleapis.com/trace", "dd.trace_id"});
  return keys;
}

bool KeySet::contains(std::string_view key) const {
  return std::any_of(folded_.begin(), folded_.end(),
                     [key](const std::string& folded) { return folds_to(key, folded); });
}

std::string_view identifier_value(std::string_view key, std::string_view value) {
  if (folds_to(key, "traceparent")) return traceparent_trace(value);
  if (folds_to(key, "logging.googleapis.com/trace")) return value.substr(value.rfind('/') + 1);
  return value;
}

void collect_identifiers(Record& record, const KeySet& keys, std::vector<Identifier>& found) {
  TextScan(record.message, keys, found).run();
  for (const Attribute& attribute : record.attributes) {
    const bool json = attribute.type == Attribute::Type::json;
    const bool nested =
        json && (attribute.value.starts_with('{') || attribute.value.starts_with('['));
    if (attribute.type == Attribute::Type::long_json) {
      LongJsonScan(attribute.value, keys, found).run();
    } else if (nested) {
      JsonScan(record, keys, found).run(attribute.value);
    } else {
      take_plain(attribute, keys, found);
    }
  }
}

bool same_identifier(std::string_view a, std::string_view b) {
  if (a == b) return true;
  return is_trace_id(a) && is_trace_id(b) &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool identifier_begins(std::string_view value, std::string_view beginning) {
  if (value.starts_with(beginning)) return true;
  return is_trace_id(value) && beginning.size() <= value.size() &&
         std::equal(beginning.begin(), beginning.end(), value.begin(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string canonical_identifier(std::string_view value) {
  std::string text(value);
  if (is_trace_id(text)) std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

Wanted::Wanted(std::vector<std::string> ids, bool prefix, KeySet keys)
    : ids_(std::move(ids)), prefix_(prefix), keys_(std::move(keys)) {
  for (std::string& id : ids_) {
    const std::string_view trace = traceparent_trace(id);
    if (!trace.empty()) id = std::string(trace);
    canonical_.insert(canonical_identifier(id));
  }
}

Identifier Wanted::match(Record& record) const {
  std::vector<Identifier> found;
  collect_identifiers(record, keys_, found);
  const auto wanted = [this](const Identifier& identifier) {
    if (!prefix_) return canonical_.contains(canonical_identifier(identifier.value));
    return std::any_of(ids_.begin(), ids_.end(), [&](const std::string& id) {
      return identifier_begins(identifier.value, id);
    });
  };
  const auto first = std::find_if(found.begin(), found.end(), wanted);
  return first == found.end() ? Identifier() : *first;
}

bool Wanted::verbatim() const {
  return std::all_of(ids_.begin(), ids_.end(), [](const std::string& id) {
    return std::all_of(id.begin(), id.end(), is_verbatim);
  });
}

bool Wanted::any_case() const {
  return std::any_of(ids_.begin(), ids_.end(), [this](const std::string& id) {
    const bool letters = std::any_of(id.begin(), id.end(), [](char c) { return lower(c) >= 'a'; });
    return letters && (is_trace_id(id) || (prefix_ && id.size() < 32 && all_hex(id)));
  });
}

}  // namespace ktrace::trace
