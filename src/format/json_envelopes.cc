// Envelopes that are JSON objects, one on a line: what a transport made of the line stands in one
// member, what it knows of it in others. Which envelope it is, the names of members tell.
//
//   stern -o json        message, podName, containerName, nodeName, namespace; extjson: message (a
//                        JSON object when it was one), pod, container
//   Cloud Logging        textPayload | jsonPayload | protoPayload, timestamp, severity, logName,
//                        resource.labels, labels, trace, spanId, operation.id (an audit ID)
//   logcli -o jsonl      line, timestamp, labels
//   Fluent Bit           log | message, time | date | @timestamp, stream, logtag | _p (F or P),
//                        kubernetes.{pod_name,container_name,host}
//   Elasticsearch        _source with the members of Fluent Bit or Beats, or any object
// Sources: stern, Cloud Logging's LogEntry, logcli jsonl.go,
// Fluent Bit's kubernetes filter, and samples of each.

#include "api_objects.h"
#include "envelope.h"
#include "fields.h"
#include "line_ends.h"

namespace ktrace::format {
namespace {

// The content that `member` holds: a string's text, or an object.
void set_content(const Attribute& member, Arena& arena, Wrapped& wrapped) {
  wrapped.json = Fields::is_object(member);
  wrapped.content = wrapped.json ? member.value : padded(without_line_end(member.value), arena);
}

// ---- Kubernetes metadata ----------------------------------------------------------------------

void set_names(const Fields& members, std::initializer_list<std::string_view> components,
               std::initializer_list<std::string_view> nodes, Wrapped& wrapped) {
  if (wrapped.component.empty()) wrapped.component = members.first_of(components);
  if (wrapped.node.empty()) wrapped.node = members.first_of(nodes);
}

// What Fluent Bit's and Beats' filters add: names directly, or in objects of their own.
void set_kubernetes(const Fields& members, Arena& arena, Wrapped& wrapped) {
  Fields kubernetes(arena), nested(arena);
  std::string_view pod;
  if (kubernetes.read(members.object("kubernetes"))) {
    set_names(kubernetes, {"container_name"}, {"host"}, wrapped);
    pod = kubernetes.text("pod_name");
    if (nested.read(kubernetes.object("container"))) set_names(nested, {"name"}, {}, wrapped);
    if (nested.read(kubernetes.object("node"))) set_names(nested, {}, {"name"}, wrapped);
    if (nested.read(kubernetes.object("pod"))) pod = nested.text("name");
  }
  wrapped.stream = join({pod, "/", members.text("stream")}, arena);
}

// ---- Records of collectors --------------------------------------------------------------------

std::string_view time_of(const Fields& members) {
  return members.first_of({"time", "@timestamp", "timestamp", "date"});
}

// The members of Fluent Bit and its like. False when they are not.
bool set_collected(const Fields& members, Arena& arena, Wrapped& wrapped) {
  const Attribute* log = members.find(members.has("log") ? "log" : "message");
  if (log == nullptr || log->type != Attribute::Type::string) return false;
  set_content(*log, arena, wrapped);
  wrapped.time = time_of(members);
  wrapped.partial = members.first_of({"logtag", "_p"}) == "P";
  set_kubernetes(members, arena, wrapped);
  return true;
}

bool is_collected(const Fields& members) {
  const bool tagged = members.has("logtag") || members.has("_p") || members.has("date");
  return !members.object("kubernetes").empty() || tagged ||
         (members.has("stream") && members.has("log"));
}

}  // namespace

bool unwrap_stern_json(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Fields members(arena);
  if (!contains(line, "\"message\":") || !members.read(line)) return false;
  const std::string_view pod = members.first_of({"podName", "pod"});
  wrapped.component = members.first_of({"containerName", "container"});
  if (pod.empty() || wrapped.component.empty()) return false;
  wrapped.node = members.text("nodeName");
  wrapped.time = members.text("timestamp");
  wrapped.stream = join({pod, "/", wrapped.component}, arena);
  const Attribute* message = members.find("message");
  if (message == nullptr) return false;
  set_content(*message, arena, wrapped);
  return true;
}

bool unwrap_cloud_logging(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Fields entry(arena), labels(arena), nested(arena);
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
    wrapped.stream = join({labels.text("pod_name"), "/", wrapped.component}, arena);
  }
  if (labels.read(entry.object("labels"))) {
    set_names(labels, {}, {"compute.googleapis.com/resource_name"}, wrapped);
  }
  const std::string_view log = entry.text("logName");
  if (wrapped.component.empty()) wrapped.component = log.substr(log.rfind('/') + 1);
  return true;
}

bool unwrap_logcli(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Fields entry(arena), labels(arena);
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
  Fields members(arena);
  if (!contains(line, "\"log\":") && !contains(line, "\"message\":")) return false;
  return members.read(line) && is_collected(members) && set_collected(members, arena, wrapped);
}

bool unwrap_elasticsearch(std::string_view line, Detail, Arena& arena, Wrapped& wrapped) {
  Fields hit(arena), source(arena), kubernetes(arena);
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
