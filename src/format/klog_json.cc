// Structured JSON lines: klog's with --logging-format=json, and those of zap, etcd,
// controller-runtime, logrus and slog, which stand amid klog lines or in files of their own.
//
// One object is one line. Component-base writes `ts` (Unix milliseconds with up to four decimals),
// `logger`, `caller`, `msg`, pairs, `v` on all but errors, pairs, `err`; it has no severity, and an
// `err` beside a `v` is no error. A key may come twice. Source: kubernetes component-base
// logs/json/json.go and its tests. The others name their level; their `ts` or `time` is RFC 3339,
// also with an offset without colon (etcd), or seconds.
//
// A line that is cut short or otherwise no JSON keeps the time that its first members tell, and its
// text as the message. An object over several lines is not put together again.

#include <algorithm>
#include <optional>
#include <span>

#include "digits.h"
#include "go_string.h"
#include "json_members.h"
#include "json_shape.h"
#include "ktrace/format.h"
#include "pairs.h"
#include "payloads.h"
#include "request.h"
#include "unix_time.h"

namespace ktrace::format {
namespace {

enum class Role : std::uint8_t { attribute, time, severity, caller, message };

struct Key {
  std::string_view name;
  Role role;
  bool opens;  // whether an object that begins with it is taken for a log line
};

constexpr Key kComponentBase[] = {
    {"ts", Role::time, true}, {"caller", Role::caller, false}, {"msg", Role::message, false}};

// "message" and "error" open response bodies, too, which are printed amid klog lines.
constexpr Key kGeneric[] = {
    {"ts", Role::time, true},           {"level", Role::severity, true},
    {"msg", Role::message, true},       {"time", Role::time, true},
    {"caller", Role::caller, true},     {"timestamp", Role::time, true},
    {"logger", Role::attribute, true},  {"severity", Role::severity, true},
    {"message", Role::message, false},  {"@timestamp", Role::time, true},
    {"L", Role::severity, true},        {"T", Role::time, true},
    {"C", Role::caller, true},          {"M", Role::message, true},
    {"N", Role::attribute, true},       {"lvl", Role::severity, true},
    {"v", Role::attribute, true},       {"stageTimestamp", Role::time, false},
    {"auditID", Role::attribute, true},
};

struct Dialect {
  std::span<const Key> keys;
  bool severity_from_v;
};

constexpr Dialect kKlog{kComponentBase, true};
constexpr Dialect kOther{kGeneric, false};

const Key* find_key(std::span<const Key> keys, std::string_view name) {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [name](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

// ---- Times ------------------------------------------------------------------------------------

std::optional<Stamp> read_time(std::string_view text, bool quoted) {
  if (!quoted) return read_unix_time(text);
  return read_rfc3339_stamp(text);
}

// ---- Members ----------------------------------------------------------------------------------

// zapr's Level(-2) is a debug level.
Severity read_severity(std::string_view text) {
  if (text.starts_with("Level(")) return Severity::info;
  return parse_severity(text).value_or(Severity::unspecified);
}

// Fills a record from the members of one object.
class MemberReader {
 public:
  MemberReader(const Dialect& dialect, Record& record) : dialect_(dialect), record_(record) {}

  // Whether the member is not an attribute but a field of the record.
  bool fill(const Attribute& member) {
    const Key* key = find_key(dialect_.keys, member.key);
    if (key == nullptr) return false;
    recognised_ = true;
    const bool quoted = member.type == Attribute::Type::string;
    switch (key->role) {
      case Role::time:
        return fill_time(member.value, quoted);
      case Role::severity:
        return quoted && fill_severity(member.value);
      case Role::caller:
        return quoted && fill_text(*key, member.value, caller_key_, record_.caller);
      case Role::message:
        return quoted && fill_text(*key, member.value, message_key_, record_.message);
      case Role::attribute:
        break;
    }
    return false;
  }

  // Whether the members that were read make a record.
  bool finish() {
    if (dialect_.severity_from_v) {
      record_.severity = record_.find("v") != nullptr ? Severity::info : Severity::error;
    }
    return recognised_;
  }

 private:
  // The first time is the record's own: loggers write theirs before what the caller adds.
  bool fill_time(std::string_view text, bool quoted) {
    if (record_.has_time()) return false;
    const auto stamp = read_time(text, quoted);
    if (stamp) record_.stamp = *stamp;
    return stamp.has_value();
  }

  bool fill_severity(std::string_view text) {
    const Severity severity = read_severity(text);
    if (severity != Severity::unspecified) record_.severity = severity;
    return severity != Severity::unspecified;
  }

  // Of two keys with one role, the second is an attribute; of two equal keys the last counts.
  static bool fill_text(const Key& key, std::string_view text, const Key*& filled_by,
                        std::string_view& field) {
    if (filled_by != nullptr && filled_by != &key) return false;
    filled_by = &key;
    field = text;
    return true;
  }

  const Dialect& dialect_;
  Record& record_;
  const Key* caller_key_ = nullptr;
  const Key* message_key_ = nullptr;
  bool recognised_ = false;
};

// ---- Lines that are no JSON -------------------------------------------------------------------

// Reads `"key":scalar` and the comma behind it from the front of `text`. The comma tells that the
// value is whole.
bool take_scalar_member(std::string_view& text, Attribute& member) {
  const auto take_quoted = [&text](std::string_view& inside) {
    const std::size_t close = text.starts_with('"') ? closing_quote(text, 1) : text.npos;
    if (close == text.npos) return false;
    inside = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    return true;
  };
  if (!take_quoted(member.key) || !text.starts_with(':')) return false;
  text.remove_prefix(1);
  member.type = Attribute::Type::string;
  if (!take_quoted(member.value)) {
    const std::size_t end = std::min(text.find_first_of(",{[\""), text.size());
    member = {member.key, text.substr(0, end), Attribute::Type::json};
    text.remove_prefix(end);
  }
  if (!text.starts_with(',')) return false;
  text.remove_prefix(1);
  return true;
}

// Time and severity from the first members of a line that is no JSON. Whether there was a time.
bool read_beginning(const Dialect& dialect, Record& record) {
  constexpr int kMembers = 3;  // level, ts and one more
  std::string_view text = record.payload.substr(1);
  Attribute member;
  for (int i = 0; i < kMembers && take_scalar_member(text, member); ++i) {
    const Key* key = find_key(dialect.keys, member.key);
    if (key == nullptr) continue;
    const bool quoted = member.type == Attribute::Type::string;
    if (key->role == Role::severity && quoted) record.severity = read_severity(member.value);
    if (key->role != Role::time) continue;
    const auto stamp = read_time(member.value, quoted);
    if (stamp) record.stamp = *stamp;
    return stamp.has_value();
  }
  return false;
}

bool keep_beginning(const Dialect& dialect, Record& record) {
  record.stamp = {};
  record.severity = Severity::unspecified;
  record.caller = {};
  record.attributes.clear();
  record.message = record.payload;
  return read_beginning(dialect, record);
}

bool parse_object(const Dialect& dialect, Record& record) {
  if (!read_members(record.payload, record.arena, record.attributes)) {
    return keep_beginning(dialect, record);
  }
  MemberReader reader(dialect, record);
  std::erase_if(record.attributes, [&](const Attribute& member) { return reader.fill(member); });
  if (!reader.finish()) return keep_beginning(dialect, record);
  record.message = take_printf_pairs(record.message, record);
  keep_last_of_equal_keys(record.attributes);
  describe_request(record);
  return true;
}

// Whether `line` begins with `{"key":` for a key that opens lines of `keys`. Returns what follows
// the colon, null when it does not.
const char* behind_first_key(std::span<const Key> keys, const char* line) {
  if (line[0] != '{' || line[1] != '"') return nullptr;
  const std::string_view head(line + 2, kPadding - 3);
  for (const Key& key : keys) {
    if (!key.opens || !head.starts_with(key.name) || head[key.name.size()] != '"') continue;
    std::size_t at = key.name.size() + 1;
    while (at + 1 < head.size() && head[at] == ' ') ++at;
    return head[at] == ':' ? head.data() + at + 1 : nullptr;
  }
  return nullptr;
}

}  // namespace

bool starts_klog_json(const char* line) {
  const char* value = behind_first_key(kKlog.keys, line);
  if (value == nullptr) return false;
  while (*value == ' ' && value < line + kPadding - 1) ++value;
  return is_digit(*value);
}

// The time stands first. Severity hangs on a member "v" of the object itself, and on the line being
// an object: none is known of one that is no JSON.
bool glance_klog_json(std::string_view raw, bool severity, Glance& glance) {
  constexpr std::string_view kOpens = "{\"ts\":";
  if (!raw.starts_with(kOpens)) return false;
  const std::size_t comma = raw.find(',', kOpens.size());
  if (comma == raw.npos) return false;
  const std::string_view number = raw.substr(kOpens.size(), comma - kOpens.size());
  const auto stamp = read_unix_time(number);
  // "1." and "01" are no numbers in JSON.
  if (!stamp || number.front() == '0' || number.back() == '.') return false;
  glance.stamp = *stamp;
  if (!severity) return true;
  bool verbosity = false;
  if (raw.size() > kLongestDocument || !is_object(raw, "v", verbosity)) return false;
  glance.severity = verbosity ? Severity::info : Severity::error;
  return true;
}

bool parse_klog_json(Record& record) { return parse_object(kKlog, record); }

bool starts_json(const char* line) { return behind_first_key(kOther.keys, line) != nullptr; }

bool parse_json(Record& record) { return parse_object(kOther, record); }

}  // namespace ktrace::format
