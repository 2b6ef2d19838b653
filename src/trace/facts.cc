// Reads the JSON that audit events, Events, object dumps and spans carry in their attributes. Each
// is looked at only as far as links need it. Sources: k8s.io/apiserver audit/v1 types (objectRef,
// responseStatus, responseObject), core/v1 and events/v1 Event (involvedObject, regarding), metav1
// ObjectMeta, core/v1 PodStatus; enhancement 1668 for trace contexts on objects.

#include "facts.h"

#include <algorithm>
#include <array>

#include "index_layout.h"
#include "ktrace/identifiers.h"

namespace ktrace::trace {
namespace {

namespace dom = simdjson::dom;

// Copies what it is asked for out of one JSON text.
class Reader {
 public:
  explicit Reader(FactScratch& scratch) : arena_(scratch.arena), parser_(scratch.parser) {}

  // False when it is no JSON object.
  bool parse(std::string_view json) {
    return json.starts_with('{') &&
           parser_.parse(json.data(), json.size()).get(root_) == simdjson::SUCCESS;
  }

  dom::element root() const { return root_; }

  std::string_view text(dom::element in, std::string_view key) const {
    std::string_view found;
    return in[key].get(found) == simdjson::SUCCESS ? arena_.keep(found) : std::string_view();
  }

  std::string_view number(dom::element in, std::string_view key) const {
    std::int64_t found = 0;
    if (in[key].get(found) != simdjson::SUCCESS) return {};
    return arena_.keep(std::to_string(found));
  }

  ObjectFacts object(dom::element in, std::string_view type) const {
    ObjectFacts facts;
    dom::element meta;
    if (in["metadata"].get(meta) != simdjson::SUCCESS) return facts;
    const std::string_view name = text(meta, "name"), id = text(meta, "uid");
    if (name.empty() || id.empty()) return facts;
    facts.self = {Thing::Kind::object, type, text(meta, "namespace"), name, id};
    facts.generation = number(meta, "generation");
    facts.version = text(meta, "resourceVersion");
    facts.created = text(meta, "creationTimestamp");
    read_owners(meta, facts);
    read_contexts(meta, facts);
    if (type == "pods") read_pod(in, facts);
    facts.ready = is_ready(in);
    return facts;
  }

  // A reference to an object: kind (or resource), namespace, name, uid.
  Thing reference(dom::element in) const {
    Thing thing{Thing::Kind::object, text(in, "resource"), text(in, "namespace"), text(in, "name"),
                text(in, "uid")};
    if (thing.type.empty()) thing.type = arena_.keep(resource_of(text(in, "kind")));
    if (thing.name.empty() && thing.id.empty()) return {};
    // The audit log puts a namespace into itself.
    if (thing.type == "namespaces") thing.space = {};
    return thing;
  }

 private:
  void read_owners(dom::element meta, ObjectFacts& facts) const {
    dom::array owners;
    if (meta["ownerReferences"].get(owners) != simdjson::SUCCESS) return;
    for (const dom::element owner : owners) {
      bool controller = false;
      if (owner["controller"].get(controller) != simdjson::SUCCESS || !controller) continue;
      Thing thing = reference(owner);
      thing.space = facts.self.space;
      if (!thing.id.empty()) facts.owners.push_back(thing);
    }
  }

  void read_contexts(dom::element meta, ObjectFacts& facts) const {
    dom::element annotations;
    if (meta["annotations"].get(annotations) != simdjson::SUCCESS) return;
    for (const auto key : {"trace.kubernetes.io/context", "trace.kubernetes.io/span"}) {
      const std::string_view trace = trace_of_context(text(annotations, key), arena_);
      if (!trace.empty()) facts.traces.push_back(trace);
    }
    // The UID of the object at the root of a set of objects: as good as an owner.
    const std::string_view root = text(annotations, "trace.kubernetes.io/objsetid");
    if (is_uuid(root) && root != facts.self.id) {
      facts.owners.push_back({Thing::Kind::object, {}, facts.self.space, {}, root});
    }
  }

  // By its conditions, or by the numbers of its replicas.
  static bool is_ready(dom::element object) {
    dom::array conditions;
    if (object["status"]["conditions"].get(conditions) == simdjson::SUCCESS) {
      for (const dom::element condition : conditions) {
        std::string_view type, status;
        if (condition["type"].get(type) != simdjson::SUCCESS) continue;
        if (condition["status"].get(status) != simdjson::SUCCESS || status != "True") continue;
        if (type == "Ready" || type == "Complete") return true;
      }
    }
    std::int64_t wanted = 0, ready = 0;
    return object["spec"]["replicas"].get(wanted) == simdjson::SUCCESS && wanted > 0 &&
           object["status"]["readyReplicas"].get(ready) == simdjson::SUCCESS && ready >= wanted;
  }

  void read_pod(dom::element pod, ObjectFacts& facts) const {
    std::string_view node;
    if (pod["spec"]["nodeName"].get(node) == simdjson::SUCCESS) facts.node = arena_.keep(node);
    for (const auto list :
         {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"}) {
      dom::array statuses;
      if (pod["status"][list].get(statuses) != simdjson::SUCCESS) continue;
      for (const dom::element status : statuses) {
        add_container(text(status, "containerID"), facts);
        dom::element last;
        if (status["lastState"]["terminated"].get(last) == simdjson::SUCCESS) {
          add_container(text(last, "containerID"), facts);
        }
      }
    }
    dom::array volumes;
    if (pod["spec"]["volumes"].get(volumes) != simdjson::SUCCESS) return;
    for (const dom::element volume : volumes) {
      dom::element claim;
      if (volume["persistentVolumeClaim"].get(claim) != simdjson::SUCCESS) continue;
      facts.claims.push_back({Thing::Kind::object,
                              "persistentvolumeclaims",
                              facts.self.space,
                              text(claim, "claimName"),
                              {}});
    }
  }

  static void add_container(std::string_view url, ObjectFacts& facts) {
    const std::string_view id = url.substr(url.rfind('/') + 1);
    if (is_container_id(id)) facts.containers.push_back(id);
  }

  Arena& arena_;
  dom::parser& parser_;
  dom::element root_;
};

void read_audit(FactScratch& scratch, RecordFacts& facts) {
  const Record& record = facts.record;
  facts.request = {
      Thing::Kind::request, {}, {}, {}, scratch.arena.keep(record.value_of("auditID"))};
  facts.verb = record.value_of("verb");
  facts.received = record.time;
  if (const auto time = parse_rfc3339(record.value_of("requestReceivedTimestamp"))) {
    facts.received = *time;
  }
  Reader reader(scratch);
  if (reader.parse(record.value_of("responseStatus"))) {
    std::int64_t code = 0;
    if (reader.root()["code"].get(code) == simdjson::SUCCESS) facts.code = static_cast<int>(code);
  }
  if (!reader.parse(record.value_of("objectRef"))) return;
  facts.target = reader.reference(reader.root());
  facts.subresource = reader.text(reader.root(), "subresource");
  const std::string_view type = reader.text(reader.root(), "resource");
  if (!facts.writes() || !reader.parse(record.value_of("responseObject"))) return;
  // The answer to a deletion may be a Status, and that to a binding, too: no metadata, no object.
  facts.object = reader.object(reader.root(), type);
}

void read_event(FactScratch& scratch, RecordFacts& facts) {
  const Attribute* involved = facts.record.find("involvedObject");
  if (involved == nullptr) involved = facts.record.find("regarding");
  Reader reader(scratch);
  if (reader.parse(involved->value)) facts.involved = reader.reference(reader.root());
  if (!reader.parse(facts.record.value_of("metadata"))) return;
  facts.object.self = {Thing::Kind::object, "events", reader.text(reader.root(), "namespace"),
                       reader.text(reader.root(), "name"), reader.text(reader.root(), "uid")};
}

// A dump has its members as attributes; they are put together again for the reader.
void read_dump(FactScratch& scratch, RecordFacts& facts) {
  std::string json = "{";
  for (const std::string_view key : {"metadata", "spec", "status"}) {
    const Attribute* attribute = facts.record.find(key);
    if (attribute == nullptr || attribute->type != Attribute::Type::json) continue;
    if (json.size() > 1) json += ',';
    json.append("\"").append(key).append("\":").append(attribute->value);
  }
  json += '}';
  Reader reader(scratch);
  if (!reader.parse(json)) return;
  facts.object =
      reader.object(reader.root(), scratch.arena.keep(resource_of(facts.record.value_of("kind"))));
}

void read_span(FactScratch& scratch, RecordFacts& facts) {
  const std::string id = canonical_identifier(facts.record.value_of("traceId"));
  if (id.empty() || id.find_first_not_of('0') == id.npos) return;
  facts.trace = {Thing::Kind::trace, {}, {}, {}, scratch.arena.keep(id)};
  const std::string_view audit = facts.record.value_of("audit-id");
  if (!audit.empty()) facts.request = {Thing::Kind::request, {}, {}, {}, scratch.arena.keep(audit)};
}

// The answer of a request, of which kubectl -v=8 shows the headers: that there was such a request.
void read_answer(FactScratch& scratch, RecordFacts& facts) {
  constexpr std::string_view kHeader = "Audit-Id: ";
  const std::string_view headers = facts.record.value_of("headers");
  const std::size_t at = headers.find(kHeader);
  if (at == headers.npos || (at > 0 && headers[at - 1] != '\n')) return;
  const std::string_view id = headers.substr(at + kHeader.size());
  facts.request = {
      Thing::Kind::request, {}, {}, {}, scratch.arena.keep(id.substr(0, id.find('\n')))};
  facts.received = facts.record.begin();
  facts.verb = "get";
}

void read_log(FactScratch& scratch, RecordFacts& facts) {
  const Record& record = facts.record;
  const std::string_view audit = record.value_of("audit-ID"), uri = record.value_of("URI");
  if (audit.empty()) read_answer(scratch, facts);
  if (audit.empty() || uri.empty()) return;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kVerbs{
      {{"POST", "create"},
       {"PUT", "update"},
       {"PATCH", "patch"},
       {"APPLY", "patch"},
       {"DELETE", "delete"},
       {"GET", "get"}}};
  const std::string_view verb = record.value_of("verb");
  const auto* const found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                         [&](const auto& row) { return row.first == verb; });
  facts.verb = found == kVerbs.end() ? "watch" : found->second;
  if (uri.find("watch=true") != uri.npos) facts.verb = "watch";
  facts.request = {Thing::Kind::request, {}, {}, {}, scratch.arena.keep(audit)};
  facts.received = record.begin();
  facts.target = object_of_uri(scratch.arena.keep(uri), &facts.subresource);
  for (const char c : record.value_of("resp")) facts.code = facts.code * 10 + (c - '0');
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

std::string decode_base64(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) break;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

}  // namespace

bool has_generated_end(std::string_view name) {
  constexpr std::size_t kLength = 5;
  const std::size_t dash = name.rfind('-');
  return dash != name.npos && name.size() - dash - 1 == kLength &&
         name.find_first_not_of("bcdfghjklmnpqrstvwxz2456789", dash + 1) == name.npos;
}

bool is_uuid(std::string_view text) {
  index::Number number;
  const index::Form form = index::parse_number(text, number);
  return form == index::Form::uuid || form == index::Form::uuid4;
}

bool is_container_id(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Version 0, then fields: 0 and 16 bytes of trace ID, 1 and 8 bytes of span ID, 2 and one of
// options.
std::string_view trace_of_context(std::string_view value, Arena& arena) {
  if (const std::string_view trace = identifier_value("traceparent", value); !trace.empty()) {
    return arena.keep(canonical_identifier(trace));
  }
  const std::string bytes = decode_base64(value);
  if (bytes.size() < 18 || bytes[0] != 0 || bytes[1] != 0) return {};
  std::string id;
  for (const char c : bytes.substr(2, 16)) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    id += kDigits[static_cast<unsigned char>(c) >> 4];
    id += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return id.find_first_not_of('0') == id.npos ? std::string_view() : arena.keep(id);
}

bool event_birth(std::string_view name, Time& time, std::string_view& object) {
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos || name.size() - dot != 17) return false;
  std::uint64_t value = 0;
  for (const char c : name.substr(dot + 1)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'a' && c <= 'f')) return false;
    value = value << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  if (value > INT64_MAX) return false;
  object = name.substr(0, dot);
  time = Time(Duration(static_cast<std::int64_t>(value)));
  return true;
}

Thing object_of_uri(std::string_view uri, std::string_view* subresource) {
  uri = uri.substr(0, uri.find_first_of("?# \""));
  if (const std::size_t scheme = uri.find("://"); scheme != uri.npos) {
    const std::size_t path = uri.find('/', scheme + 3);
    uri = path == uri.npos ? std::string_view() : uri.substr(path);
  }
  std::array<std::string_view, 10> parts;
  std::size_t count = 0;
  while (uri.starts_with('/') && count < parts.size()) {
    const std::size_t end = std::min(uri.find('/', 1), uri.size());
    parts[count++] = uri.substr(1, end - 1);
    uri.remove_prefix(end);
  }
  if (count == 0 || (parts[0] != "api" && parts[0] != "apis")) return {};
  std::size_t at = parts[0] == "api" ? 2 : 3;
  Thing thing{Thing::Kind::object, {}, {}, {}, {}};
  // What is in a namespace; the namespace itself otherwise.
  if (at + 2 < count && parts[at] == "namespaces" && parts[at + 2] != "status" &&
      parts[at + 2] != "finalize") {
    thing.space = parts[at + 1];
    at += 2;
  }
  if (at + 1 >= count) return {};
  thing.type = parts[at];
  thing.name = parts[at + 1];
  if (subresource != nullptr && at + 2 < count) *subresource = parts[at + 2];
  return thing;
}

RecordFacts::Type type_of(const Record& record) {
  using Type = RecordFacts::Type;
  const auto has = [&](std::string_view key) { return record.find(key) != nullptr; };
  if (has("auditID") && has("stage")) return Type::audit;
  if (has("involvedObject") || has("regarding")) return Type::event;
  if (has("traceId") && has("spanId")) return Type::span;
  return has("metadata") && has("kind") ? Type::object : Type::log;
}

RecordFacts read_facts(const Record& record, FactScratch& scratch) {
  scratch.arena.clear();
  RecordFacts facts(record);
  facts.type = type_of(record);
  switch (facts.type) {
    case RecordFacts::Type::audit:
      read_audit(scratch, facts);
      break;
    case RecordFacts::Type::event:
      read_event(scratch, facts);
      break;
    case RecordFacts::Type::span:
      read_span(scratch, facts);
      break;
    case RecordFacts::Type::object:
      read_dump(scratch, facts);
      break;
    case RecordFacts::Type::log:
      read_log(scratch, facts);
  }
  return facts;
}

}  // namespace ktrace::trace
