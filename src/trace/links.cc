// The table of links. Each kind is one function over what facts.cc has read of a record; nothing
// else in ktrace knows what makes two things belong together.
//
// Sources of the sentences in logs: kubernetes pkg/controller/controller_utils.go ("Created pod:
// %v", "Controller created pod"), pkg/controller/deployment/sync.go ("Scaled up replica set %s from
// %d to %d"), pkg/kubelet/kubelet.go ("SyncLoop (PLEG): event for pod"), kuberuntime_manager.go
// ("Created PodSandbox for pod").

#include "ktrace/links.h"

#include <algorithm>
#include <array>

#include "facts.h"
#include "references.h"

namespace ktrace::trace {

// Fills in what all links of one record have in common.
class LinkMaker {
 public:
  LinkMaker(const Record& record, Arena& arena, std::vector<Link>& links)
      : record_(record), arena_(arena), links_(links) {}

  void set_kind(std::size_t kind) { kind_ = static_cast<std::uint8_t>(kind); }

  Link& link(const Thing& from, const Thing& to) {
    Link link;
    link.kind = kind_;
    link.from = keep(from);
    link.to = keep(to);
    link.time = record_.time;
    link.evidence = {record_.source, record_.offset};
    links_.push_back(link);
    return links_.back();
  }

  std::string_view keep(std::string_view text) { return arena_.keep(text); }

 private:
  Thing keep(const Thing& thing) {
    return {thing.kind, keep(thing.type), keep(thing.space), keep(thing.name), keep(thing.id)};
  }

  const Record& record_;
  Arena& arena_;
  std::vector<Link>& links_;
  std::uint8_t kind_ = 0;
};

namespace {

using Type = RecordFacts::Type;

Thing object(std::string_view type, std::string_view space, std::string_view name,
             std::string_view id = {}) {
  return {Thing::Kind::object, type, space, name, id};
}

Thing reference(std::string_view type, std::string_view text) {
  const Reference found = reference_of(text);
  return object(type, found.space, found.name);
}

// What a successful request did. Status is what components report, not what somebody wants.
Effect effect_of(const RecordFacts& facts) {
  if (!facts.succeeded()) return Effect::none;
  if (facts.verb == "delete") return Effect::deleted;
  if (facts.verb == "create") {
    if (facts.subresource == "eviction") return Effect::deleted;
    return facts.subresource.empty() ? Effect::created : Effect::none;
  }
  if (facts.verb != "update" && facts.verb != "patch") return Effect::none;
  if (facts.subresource == "scale") return Effect::scaled;
  return facts.subresource.empty() ? Effect::changed : Effect::none;
}

void extract_request(const RecordFacts& facts, LinkMaker& make) {
  if (!facts.request || (facts.type != Type::audit && facts.type != Type::log)) return;
  Thing target = facts.object.self ? facts.object.self : facts.target;
  if (target.type == "events") return;
  // A list is about no single object; that there was such a request is all there is to tell.
  if (facts.verb == "list" || facts.verb == "watch" || facts.verb == "deletecollection")
    target = {};
  Link& link = make.link(facts.request, target);
  link.time = facts.received;
  link.effect = effect_of(facts);
  link.ready = facts.object.ready;
  const bool counted = !facts.object.generation.empty();
  // The answer of a subresource such as scale has versions of its own.
  if (facts.subresource.empty() || facts.subresource == "status") {
    link.version = make.keep(counted ? facts.object.generation : facts.object.version);
  }
}

void extract_owner(const RecordFacts& facts, LinkMaker& make) {
  for (const Thing& owner : facts.object.owners) {
    Link& link = make.link(owner, facts.object.self);
    if (facts.type == Type::audit) link.time = facts.received;
  }
}

void extract_dump(const RecordFacts& facts, LinkMaker& make) {
  if (facts.type != Type::object || !facts.object.self) return;
  Link& link = make.link(facts.object.self, facts.object.self);
  if (const auto time = parse_rfc3339(facts.object.created)) link.time = *time;
}

// An owner's Event or log line that names what it made.
void extract_made(const RecordFacts& facts, LinkMaker& make) {
  const Record& record = facts.record;
  Thing owner = facts.involved;
  std::string_view text = record.value_of("message");
  if (text.empty()) text = record.message;
  if (facts.type == Type::log) {
    const std::string_view kind = record.value_of("kind");
    if (kind.empty()) return;
    owner = reference(make.keep(resource_of(kind)), record.value_of("object"));
  } else if (facts.type != Type::event) {
    return;
  }
  struct Sentence {
    std::string_view begin, resource;
  };
  static constexpr std::array<Sentence, 3> kSentences{{{"Created pod: ", "pods"},
                                                       {"Created job ", "jobs"},
                                                       {"Scaled up replica set ", "replicasets"}}};
  for (const auto& [begin, resource] : kSentences) {
    if (!text.starts_with(begin)) continue;
    const std::string_view rest = text.substr(begin.size());
    make.link(owner, object(resource, owner.space, rest.substr(0, rest.find(' '))));
  }
}

void extract_event(const RecordFacts& facts, LinkMaker& make) {
  if (facts.type == Type::event && facts.involved && facts.object.self) {
    Link& link = make.link(facts.involved, facts.object.self);
    std::string_view name;
    event_birth(facts.object.self.name, link.time, name);
  }
  // Requests about Events: which object they are about shows when that is known.
  const Thing& target = facts.target;
  if (facts.request && target.type == "events" && !target.name.empty()) {
    make.link(facts.request, target).time = facts.received;
  }
}

void extract_trace(const RecordFacts& facts, LinkMaker& make) {
  if (facts.trace && facts.request) make.link(facts.request, facts.trace);
}

void extract_pod_trace(const RecordFacts& facts, LinkMaker& make) {
  const std::string_view id = facts.record.value_of("k8s.pod.uid");
  if (!facts.trace || id.empty()) return;
  const std::string_view name = facts.record.value_of("k8s.pod.name");
  Link& link =
      make.link(object("pods", facts.record.value_of("k8s.namespace.name"), name, id), facts.trace);
  link.time = facts.record.begin();
}

// The linked spans of a span; `links` is an array of objects.
void extract_span_link(const RecordFacts& facts, LinkMaker& make) {
  constexpr std::string_view kKey = "\"traceId\":\"";
  const std::string_view links = facts.record.value_of("links");
  if (!facts.trace) return;
  for (std::size_t at = 0; (at = links.find(kKey, at)) != links.npos;) {
    at += kKey.size();
    std::string id(links.substr(at, 32));
    std::transform(id.begin(), id.end(), id.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    const bool whole = id.size() == 32 && id.find_first_not_of("0123456789abcdef") == id.npos;
    if (!whole || id.find_first_not_of('0') == id.npos) continue;
    make.link(facts.trace, {Thing::Kind::trace, {}, {}, {}, id});
  }
}

void extract_context(const RecordFacts& facts, LinkMaker& make) {
  for (const std::string_view trace : facts.object.traces) {
    make.link(facts.object.self, {Thing::Kind::trace, {}, {}, {}, trace});
  }
}

// event={"ID":"pod's UID","Type":"ContainerStarted","Data":"container or sandbox"}
std::string_view event_pod(const Record& record) {
  return member_of(record.value_of("event"), "\"ID\":\"");
}

void extract_container(const RecordFacts& facts, LinkMaker& make) {
  for (const std::string_view id : facts.object.containers) {
    make.link(facts.object.self, {Thing::Kind::container, {}, {}, {}, id});
  }
  if (facts.type != Type::log) return;
  const Record& record = facts.record;
  std::string_view pod = record.value_of("podUID");
  if (pod.empty()) pod = record.value_of("podID");
  for (const std::string_view key : {"containerID", "podSandboxID", "sandboxID"}) {
    const std::string_view id = record.value_of(key);
    Thing owner = reference("pods", record.value_of("pod"));
    if (!is_container_id(id) || (!is_uuid(pod) && owner.space.empty())) continue;
    if (is_uuid(pod)) owner.id = pod;
    make.link(owner, {Thing::Kind::container, {}, {}, {}, id});
  }
  const std::string_view owner = event_pod(record);
  const std::string_view id = member_of(record.value_of("event"), "\"Data\":\"");
  if (!is_container_id(id) || !is_uuid(owner)) return;
  make.link(object("pods", {}, {}, owner), {Thing::Kind::container, {}, {}, {}, id});
}

void extract_claim(const RecordFacts& facts, LinkMaker& make) {
  for (const Thing& claim : facts.object.claims) make.link(facts.object.self, claim);
}

// Where a pod runs. Not a way to follow: all pods of a node have it in common.
void extract_node(const RecordFacts& facts, LinkMaker& make) {
  if (!facts.object.node.empty()) {
    make.link(facts.object.self, object("nodes", {}, facts.object.node));
  } else if (facts.type == Type::log && facts.record.message == "Successfully bound pod to node") {
    const Thing pod = reference("pods", facts.record.value_of("pod"));
    const std::string_view node = facts.record.value_of("node");
    if (!pod.space.empty() && !node.empty()) make.link(pod, object("nodes", {}, node));
  }
}

// Lines that tell both the name and the UID of a pod: what ties the two together without audit log.
void extract_uid(const RecordFacts& facts, LinkMaker& make) {
  if (facts.type != Type::log) return;
  std::string_view id = facts.record.value_of("podUID");
  if (id.empty()) id = event_pod(facts.record);
  Thing pod = reference("pods", facts.record.value_of("pod"));
  if (!is_uuid(id) || pod.space.empty()) return;
  pod.id = id;
  make.link(pod, pod);
}

constexpr std::array<LinkKind, 13> kKinds{{
    {"request", "a request and the object that it is about", "changed by", "about",
     extract_request},
    {"owner", "an object and what names it as its controller", "owned by", "owner of",
     extract_owner},
    {"made", "an object and what it says it has made", "made by", "maker of", extract_made},
    {"event", "an object and an Event about it", "Event about", "told of by", extract_event},
    {"trace", "a request and the trace of its spans", "trace of", "in", extract_trace},
    {"pod-span", "a pod and the trace of a span about it", "spans about", "told of by",
     extract_pod_trace},
    {"span-link", "a trace and another that one of its spans links to", "linked with",
     "linked with", extract_span_link},
    {"context", "an object and the trace whose context it stores", "context stored on",
     "storing the context of", extract_context},
    {"container", "a pod and one of its containers or its sandbox", "container of", "pod of",
     extract_container},
    {"claim", "a pod and a volume claim that it uses", "used by", "user of", extract_claim},
    {"node", "a pod and the node that it is bound to", "node of", "bound to", extract_node},
    {"uid", "the name of an object and its UID", "named", "named", extract_uid},
    {"object", "an object as it was dumped", "dumped as", "dumped as", extract_dump},
}};

constexpr std::array<WordLiteral, 12> kLiterals{{{"Successfully bound pod to node", "uccessfully"},
                                                 {"Created pod: ", "reated"},
                                                 {"Scaled up replica set ", "caled"},
                                                 {"Created job ", "reated"},
                                                 {"ContainerStarted", "ontainer"},
                                                 {"\"auditID\"", "audit"},
                                                 {"\"audit.k8s.io/", "audit.k8s.io"},
                                                 {"{\"resourceSpans\"", "pans"},
                                                 {"\"involvedObject\"", "involved"},
                                                 {"\"regarding\"", "regarding"},
                                                 {"\"spanId\"", "span"},
                                                 {"\"metadata\"", "metadata"}}};

// The kind of link that a record would tell if it were whole: "request" of an audit event, "trace"
// of a span. Empty of all others.
std::string_view cut_link(const Record& record, simdjson::dom::parser& parser) {
  constexpr std::string_view kPlain = "plain", kAudit = R"("apiVersion":"audit.k8s.io/)";
  constexpr std::string_view kSpans = R"({"resourceSpans":)";
  if (record.format != kPlain) return {};
  const auto holds = [](std::string_view text, std::string_view what) {
    return text.find(what) != text.npos;
  };
  const std::string_view text = record.payload;
  if (holds(text, R"("auditID":")") || holds(text, kAudit) || holds(record.context, kAudit)) {
    return "request";
  }
  // A line without any spans is whole.
  if (record.context.starts_with(kSpans)) return "trace";
  const bool spans = text.starts_with(kSpans);
  return spans && parser.parse(text.data(), text.size()).error() != simdjson::SUCCESS ? "trace"
                                                                                      : "";
}

// Resources and what people call one of them.
struct Alias {
  std::string_view word, resource;
};
constexpr std::array<Alias, 16> kAliases{{{"deploy", "deployments"},
                                          {"rs", "replicasets"},
                                          {"po", "pods"},
                                          {"svc", "services"},
                                          {"ds", "daemonsets"},
                                          {"sts", "statefulsets"},
                                          {"cj", "cronjobs"},
                                          {"ns", "namespaces"},
                                          {"no", "nodes"},
                                          {"cm", "configmaps"},
                                          {"sa", "serviceaccounts"},
                                          {"pvc", "persistentvolumeclaims"},
                                          {"pv", "persistentvolumes"},
                                          {"ep", "endpoints"},
                                          {"rc", "replicationcontrollers"},
                                          {"ing", "ingresses"}}};

std::string singular(std::string_view resource) {
  std::string word(resource);
  if (word == "endpoints" || !word.ends_with('s')) return word;
  word.pop_back();
  if (word.ends_with("ie")) return word.substr(0, word.size() - 2) + "y";
  return word.ends_with("sse") ? word.substr(0, word.size() - 1) : word;
}

}  // namespace

std::string resource_of(std::string_view kind) {
  std::string word(kind);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const Alias& alias : kAliases) {
    if (word == alias.word) return std::string(alias.resource);
  }
  if (word.empty() || (word.ends_with('s') && !word.ends_with("ss"))) return word;
  if (word.ends_with("ss")) return word + "es";
  const bool changes = word.ends_with('y') && word.size() > 1 &&
                       std::string_view("aeiou").find(word[word.size() - 2]) == std::string::npos;
  return changes ? word.substr(0, word.size() - 1) + "ies" : word + "s";
}

std::string describe(const Thing& thing) {
  switch (thing.kind) {
    case Thing::Kind::none:
      return "";
    case Thing::Kind::request:
      return "request " + std::string(thing.id);
    case Thing::Kind::trace:
      return "trace " + std::string(thing.id);
    case Thing::Kind::container:
      return "container " + std::string(thing.id);
    case Thing::Kind::object:
      break;
  }
  std::string text = thing.type.empty() ? "object" : singular(thing.type);
  text += ' ';
  if (!thing.space.empty()) text.append(thing.space).append("/");
  return text.append(thing.name.empty() ? thing.id : thing.name);
}

std::span<const LinkKind> link_kinds() { return kKinds; }

std::uint8_t link_kind(std::string_view name) {
  const auto* const found = std::find_if(kKinds.begin(), kKinds.end(),
                                         [&](const LinkKind& kind) { return kind.name == name; });
  return static_cast<std::uint8_t>(found - kKinds.begin());
}

std::string_view relation(std::string_view kind, const Thing& from, const Thing& to) {
  const std::uint8_t place = link_kind(kind);
  if (place == kKinds.size()) return kind == "namespace" ? "in" : "with";
  const bool back = to.kind == Thing::Kind::request ||
                    (to.kind == Thing::Kind::object && from.kind == Thing::Kind::trace);
  return back ? kKinds[place].back : kKinds[place].forth;
}

LinkReader::LinkReader() : scratch_(std::make_unique<FactScratch>()) {}
LinkReader::~LinkReader() = default;
LinkReader::LinkReader(LinkReader&&) noexcept = default;
LinkReader& LinkReader::operator=(LinkReader&&) noexcept = default;

void LinkReader::read(const Record& record, Arena& arena, std::vector<Link>& links) {
  LinkMaker make(record, arena, links);
  if (const std::string_view kind = cut_link(record, scratch_->parser); !kind.empty()) {
    make.set_kind(link_kind(kind));
    make.link({}, {});
    return;
  }
  const RecordFacts facts = read_facts(record, *scratch_);
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    make.set_kind(kind);
    kKinds[kind].extract(facts, make);
  }
}

std::span<const WordLiteral> link_literals() { return kLiterals; }

}  // namespace ktrace::trace
