// Envelopes that are JSON objects, one on a line: what a transport made of the line stands in one
// member, what it knows of it in others. Which envelope it is, the names of members tell.
//
//   journalctl -o json   MESSAGE, __REALTIME_TIMESTAMP (microseconds), SYSLOG_IDENTIFIER, _PID,
//                        _HOSTNAME. All values are strings; one that is not printable UTF-8 is an
//                        array of byte numbers, a repeated field an array of values, one of more
//                        than 4096 bytes null unless --all was given.
//   stern -o json        message, podName, containerName, nodeName, namespace; extjson: message (a
//                        JSON object when it was one), pod, container
//   Cloud Logging        textPayload | jsonPayload | protoPayload, timestamp, severity, logName,
//                        resource.labels, labels, trace, spanId, operation.id (an audit ID)
//   logcli -o jsonl      line, timestamp, labels
//   Fluent Bit           log | message, time | date | @timestamp, stream, logtag | _p (F or P),
//                        kubernetes.{pod_name,container_name,host}
//   Elasticsearch        _source with the members of Fluent Bit or Beats, or any object
// Sources: systemd docs/JOURNAL_EXPORT_FORMATS, stern, Cloud Logging's LogEntry, logcli jsonl.go,
// Fluent Bit's kubernetes filter, and samples of each.

#include <algorithm>
#include <charconv>
#include <cstring>

#include "envelope.h"
#include "json_members.h"
#include "json_string.h"

namespace ktrace::format {
namespace {

bool contains(std::string_view line, std::string_view word) {
  return ::memmem(line.data(), line.size(), word.data(), word.size()) != nullptr;
}

// The members of one object.
class Members {
 public:
  explicit Members(Arena& arena) : arena_(arena) {}

  bool read(std::string_view object) {
    list_.clear();
    return object.starts_with('{') && read_members(object, arena_, list_);
  }

  // Null when there is none.
  const Attribute* find(std::string_view key) const {
    const auto found = std::find_if(list_.begin(), list_.end(),
                                    [key](const Attribute& member) { return member.key == key; });
    return found == list_.end() ? nullptr : &*found;
  }

  bool has(std::string_view key) const { return find(key) != nullptr; }

  // A string or a number; empty when there is none.
  std::string_view text(std::string_view key) const {
    const Attribute* member = find(key);
    if (member == nullptr || member->value == "null" || is_nested(*member)) return {};
    return member->value;
  }

  // The text of the first of `keys` that has one.
  std::string_view first_of(std::initializer_list<std::string_view> keys) const {
    for (const std::string_view key : keys) {
      if (const std::string_view value = text(key); !value.empty()) return value;
    }
    return {};
  }

  // The text of an object; empty when there is none.
  std::string_view object(std::string_view key) const {
    const Attribute* member = find(key);
    return member != nullptr && is_object(*member) ? member->value : std::string_view();
  }

  static bool is_object(const Attribute& member) {
    return member.type == Attribute::Type::json && member.value.starts_with('{');
  }

 private:
  static bool is_nested(const Attribute& member) {
    return member.type == Attribute::Type::json &&
           (member.value.starts_with('{') || member.value.starts_with('['));
  }

  Arena& arena_;
  std::vector<Attribute> list_;
};

std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  return text;
}

std::string_view joined(std::string_view a, std::string_view b, Arena& arena) {
  char* const out = arena.allocate(a.size() + b.size() + 1);
  a.copy(out, a.size());
  out[a.size()] = '/';
  b.copy(out + a.size() + 1, b.size());
  return {out, a.size() + b.size() + 1};
}

std::string_view padded(std::string_view text, Arena& arena) {
  char* const out = arena.allocate(text.size() + kPadding);
  text.copy(out, text.size());
  std::memset(out + text.size(), 0, kPadding);
  return {out, text.size()};
}

// The content that `member` holds: a string's text, or an object.
void set_content(const Attribute& member, Arena& arena, Wrapped& wrapped) {
  wrapped.json = Members::is_object(member);
  wrapped.content = wrapped.json ? member.value : padded(without_newline(member.value), arena);
}

// ---- journald ---------------------------------------------------------------------------------

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

std::string_view unit_name(std::string_view unit) { return unit.substr(0, unit.find(".service")); }

void set_journal(const Members& fields, Arena& arena, Wrapped& wrapped) {
  if (const Attribute* message = fields.find("MESSAGE")) set_message(*message, arena, wrapped);
  const std::string_view identifier = fields.first_of({"SYSLOG_IDENTIFIER", "_COMM"});
  wrapped.component = identifier.empty() ? unit_name(fields.text("_SYSTEMD_UNIT")) : identifier;
  wrapped.node = fields.text("_HOSTNAME");
  wrapped.stream = joined(wrapped.component, fields.text("_PID"), arena);
}

// ---- Kubernetes metadata ----------------------------------------------------------------------

void set_names(const Members& members, std::initializer_list<std::string_view> components,
               std::initializer_list<std::string_view> nodes, Wrapped& wrapped) {
  if (wrapped.component.empty()) wrapped.component = members.first_of(components);
  if (wrapped.node.empty()) wrapped.node = members.first_of(nodes);
}

// What Fluent Bit's and Beats' filters add: names directly, or in objects of their own.
void set_kubernetes(const Members& members, Arena& arena, Wrapped& wrapped) {
  Members kubernetes(arena), nested(arena);
  std::string_view pod;
  if (kubernetes.read(members.object("kubernetes"))) {
    set_names(kubernetes, {"container_name"}, {"host"}, wrapped);
    pod = kubernetes.text("pod_name");
    if (nested.read(kubernetes.object("container"))) set_names(nested, {"name"}, {}, wrapped);
    if (nested.read(kubernetes.object("node"))) set_names(nested, {}, {"name"}, wrapped);
    if (nested.read(kubernetes.object("pod"))) pod = nested.text("name");
  }
  wrapped.stream = joined(pod, members.text("stream"), arena);
}

// ---- Records of collectors --------------------------------------------------------------------

std::string_view time_of(const Members& members) {
  return members.first_of({"time", "@timestamp", "timestamp", "date"});
}

// The members of Fluent Bit and its like. False when they are not.
bool set_collected(const Members& members, Arena& arena, Wrapped& wrapped) {
  const Attribute* log = members.find(members.has("log") ? "log" : "message");
  if (log == nullptr || log->type != Attribute::Type::string) return false;
  set_content(*log, arena, wrapped);
  wrapped.time = time_of(members);
  wrapped.partial = members.first_of({"logtag", "_p"}) == "P";
  set_kubernetes(members, arena, wrapped);
  return true;
}

bool is_collected(const Members& members) {
  const bool tagged = members.has("logtag") || members.has("_p") || members.has("date");
  return !members.object("kubernetes").empty() || tagged ||
         (members.has("stream") && members.has("log"));
}

}  // namespace

bool unwrap_journal_json(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Members fields(arena);
  if (!contains(line, "\"__REALTIME_TIMESTAMP\"") || !fields.read(line)) return false;
  wrapped.time = fields.text("__REALTIME_TIMESTAMP");
  set_journal(fields, arena, wrapped);
  return true;
}

bool unwrap_stern_json(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Members members(arena);
  if (!contains(line, "\"message\":") || !members.read(line)) return false;
  const std::string_view pod = members.first_of({"podName", "pod"});
  wrapped.component = members.first_of({"containerName", "container"});
  if (pod.empty() || wrapped.component.empty()) return false;
  wrapped.node = members.text("nodeName");
  wrapped.time = members.text("timestamp");
  wrapped.stream = joined(pod, wrapped.component, arena);
  const Attribute* message = members.find("message");
  if (message == nullptr) return false;
  set_content(*message, arena, wrapped);
  return true;
}

bool unwrap_cloud_logging(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Members entry(arena), labels(arena), nested(arena);
  if (!contains(line, "Payload\"") || !entry.read(line)) return false;
  if (!entry.has("insertId") && !entry.has("logName")) return false;
  const Attribute* payload = nullptr;
  for (const std::string_view key : {"textPayload", "jsonPayload", "protoPayload"}) {
    if (payload == nullptr) payload = entry.find(key);
  }
  if (payload == nullptr) return false;
  set_content(*payload, arena, wrapped);
  wrapped.time = entry.text("timestamp");
  wrapped.trace = entry.text("trace");
  wrapped.span = entry.text("spanId");
  wrapped.severity = parse_severity(entry.text("severity")).value_or(Severity::unspecified);
  if (nested.read(entry.object("jsonPayload")) && nested.has("MESSAGE")) {
    wrapped.json = false;
    set_journal(nested, arena, wrapped);
  }
  if (entry.has("protoPayload") && nested.read(entry.object("operation"))) {
    wrapped.audit = nested.text("id");
  }
  if (nested.read(entry.object("resource")) && labels.read(nested.object("labels"))) {
    set_names(labels, {"container_name"}, {"node_name"}, wrapped);
    wrapped.stream = joined(labels.text("pod_name"), wrapped.component, arena);
  }
  if (labels.read(entry.object("labels"))) {
    set_names(labels, {}, {"compute.googleapis.com/resource_name"}, wrapped);
  }
  const std::string_view log = entry.text("logName");
  if (wrapped.component.empty()) wrapped.component = log.substr(log.rfind('/') + 1);
  return true;
}

bool unwrap_logcli(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Members entry(arena), labels(arena);
  if (!contains(line, "\"line\":") || !entry.read(line)) return false;
  const Attribute* text = entry.find("line");
  if (text == nullptr || text->type != Attribute::Type::string || !entry.has("timestamp")) {
    return false;
  }
  set_content(*text, arena, wrapped);
  wrapped.time = entry.text("timestamp");
  wrapped.stream = entry.object("labels");
  if (labels.read(wrapped.stream)) {
    set_names(labels, {"container", "container_name", "component", "app", "unit", "job"},
              {"node_name", "node", "nodename", "host", "hostname"}, wrapped);
    wrapped.component = unit_name(wrapped.component);
  }
  return true;
}

bool unwrap_fluent_bit(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Members members(arena);
  if (!contains(line, "\"log\":") && !contains(line, "\"message\":")) return false;
  return members.read(line) && is_collected(members) && set_collected(members, arena, wrapped);
}

bool unwrap_elasticsearch(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Members hit(arena), source(arena), kubernetes(arena);
  if (!contains(line, "\"_source\":") || !hit.read(line)) return false;
  if (!source.read(hit.object("_source"))) return false;
  if (set_collected(source, arena, wrapped)) return true;
  wrapped.json = true;
  wrapped.content = hit.object("_source");
  if (kubernetes.read(source.object("kubernetes"))) {
    const std::string_view audit = kubernetes.object("audit");
    if (!audit.empty()) wrapped.content = audit;
  }
  wrapped.time = time_of(source);
  return true;
}

}  // namespace ktrace::format
