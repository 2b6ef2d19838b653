// Names in log lines. Four kinds of them are understood:
//  - UIDs and container IDs, wherever they stand (0ff01618-…-kube-api-access, /pods/0ff01618-…/):
//    nothing else looks like them;
//  - the path of a request: /api/v1/namespaces/default/pods/web-1/status;
//  - an attribute whose key, `kind` or logger tells the kind: pod="default/web-1",
//    pods=["default/web-1"], pod={"name":"web-1","namespace":"default"}, kind="ReplicaSet"
//    key="default/web";
//  - a word of the text that is the whole name of an object which another one made: such names
//    are made up and mean nothing else (web-85f7d4dd78-5292t, default/web-85f7d4dd78).
// `nginx` as a word names nothing: it may be an image, a container or a label as well.

#include "mentions.h"

#include <algorithm>
#include <array>
#include <string>

#include "facts.h"

namespace ktrace::trace {
namespace {

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// The kind that a controller's key="namespace/name" is of (kubernetes pkg/controller).
struct LoggerKind {
  std::string_view logger, resource;
};
constexpr std::array<LoggerKind, 9> kLoggers{{{"endpointslice-controller", "services"},
                                              {"endpointslice-mirroring-controller", "endpoints"},
                                              {"endpoints-controller", "services"},
                                              {"daemonset-controller", "daemonsets"},
                                              {"statefulset-controller", "statefulsets"},
                                              {"job-controller", "jobs"},
                                              {"cronjob-controller", "cronjobs"},
                                              {"deployment-controller", "deployments"},
                                              {"replicaset-controller", "replicasets"}}};

class MentionScan {
 public:
  MentionScan(const LinkGraph& graph, const Record& record, Time at, std::vector<Mention>& found)
      : graph_(graph), record_(record), at_(at), found_(found) {}

  void run() {
    scan_ids();
    scan_paths();
    scan_words();
    for (const Attribute& attribute : record_.attributes) look_at(attribute);
  }

 private:
  void add(std::uint32_t object, std::string_view how) {
    if (object == LinkGraph::kNone) return;
    const bool known = std::any_of(found_.begin(), found_.end(),
                                   [&](const Mention& old) { return old.object == object; });
    if (!known) found_.push_back({object, how});
  }

  void add_named(std::string_view type, std::string_view space, std::string_view name) {
    add(graph_.find_object({Thing::Kind::object, type, space, name, {}}, at_), "name");
  }

  // UIDs by their first dash, container IDs by their length.
  void scan_ids() {
    const std::string_view text = record_.payload;
    for (std::size_t dash = text.find('-'); dash != text.npos; dash = text.find('-', dash + 1)) {
      if (dash < 8 || dash + 28 > text.size() || text[dash + 5] != '-') continue;
      const std::string_view id = text.substr(dash - 8, 36);
      if (is_uuid(id)) add(graph_.find_object({Thing::Kind::object, {}, {}, {}, id}, at_), "uid");
    }
    std::size_t run = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
      const bool hex = at < text.size() && ((text[at] >= '0' && text[at] <= '9') ||
                                            (text[at] >= 'a' && text[at] <= 'f'));
      if (hex) {
        ++run;
        continue;
      }
      if (run == 64) add(graph_.pod_of_container(text.substr(at - 64, 64)), "container");
      run = 0;
    }
  }

  void scan_paths() {
    const std::string_view text = record_.payload;
    for (std::size_t at = text.find("/api"); at != text.npos; at = text.find("/api", at + 4)) {
      const std::string_view path = text.substr(at, text.find_first_of(" \"\\\t\n,", at) - at);
      if (path.find("watch=true") != path.npos) continue;
      const Thing object = object_of_uri(path, nullptr);
      if (object.type == "events") {
        add_event(object);
      } else if (object) {
        add_named(object.type, object.space, object.name);
      }
    }
  }

  void add_event(const Thing& event) {
    const std::uint32_t number = graph_.find_object(event, at_);
    if (number != LinkGraph::kNone && graph_.objects()[number].involved != LinkGraph::kNone) {
      return add(graph_.objects()[number].involved, "event");
    }
    Time birth;
    std::string_view name;
    if (event_birth(event.name, birth, name)) add_named({}, event.space, name);
  }

  void scan_words() {
    const std::string_view text = record_.payload;
    std::string_view before;  // the word that a slash joins to this one
    for (std::size_t at = 0; at < text.size();) {
      if (!is_word_char(text[at])) {
        if (text[at] != '/') before = {};
        ++at;
        continue;
      }
      const std::size_t begin = at;
      while (at < text.size() && is_word_char(text[at])) ++at;
      std::string_view word = text.substr(begin, at - begin);
      while (!word.empty() && (word.back() == '.' || word.back() == '-')) word.remove_suffix(1);
      if (word.find('-') != word.npos) look_at_word(before, word);
      before = word;
    }
  }

  void look_at_word(std::string_view before, std::string_view word) {
    for (const std::uint32_t number : graph_.named(word)) {
      const LinkGraph::Object& object = graph_.objects()[number];
      if (!object.owner || object.name.type == "events") continue;
      if (before != object.name.space && graph_.is_namespace(before)) continue;
      add(graph_.find_object({Thing::Kind::object, {}, object.name.space, word, {}}, at_), "name");
      return;
    }
  }

  void look_at(const Attribute& attribute) {
    const std::string_view value = attribute.value;
    if (value.empty() || value.size() > 4096) return;
    if (attribute.type == Attribute::Type::string) {
      if (value.find('/') != value.npos || attribute.key == "controller") {
        add_reference(kind_of(attribute.key), value);
      }
    } else if (value.starts_with("[\"")) {
      look_at_list(kind_of(attribute.key), value);
    } else if (value.starts_with("{\"name\":\"")) {
      look_at_object(kind_of(attribute.key), value);
    }
  }

  std::string kind_of(std::string_view key) const {
    if (key == "key" || key == "object" || key == "controller") {
      if (const Attribute* kind = record_.find("kind")) return resource_of(kind->value);
      const Attribute* logger = record_.find("logger");
      for (const auto& [name, resource] : kLoggers) {
        if (key == "key" && logger != nullptr && logger->value == name)
          return std::string(resource);
      }
    }
    return resource_of(key);
  }

  void add_reference(const std::string& type, std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view space = slash == text.npos ? std::string_view() : text.substr(0, slash);
    const std::string_view name = slash == text.npos ? text : text.substr(slash + 1);
    if (!std::all_of(name.begin(), name.end(), is_word_char)) return;
    if (!space.empty()) add_named(type, space, name);
  }

  void look_at_list(const std::string& type, std::string_view list) {
    for (std::size_t at = 1; at < list.size() && list[at] == '"';) {
      const std::size_t end = list.find('"', at + 1);
      if (end == list.npos) return;
      add_reference(type, list.substr(at + 1, end - at - 1));
      at = list.find('"', end + 1);
      if (at == list.npos) return;
    }
  }

  void look_at_object(const std::string& type, std::string_view json) {
    constexpr std::string_view kSpace = "\",\"namespace\":\"";
    const std::string_view rest = json.substr(9);
    const std::size_t end = rest.find('"');
    if (end == rest.npos || !rest.substr(end).starts_with(kSpace)) return;
    const std::string_view space = rest.substr(end + kSpace.size());
    add_named(type, space.substr(0, space.find('"')), rest.substr(0, end));
  }

  const LinkGraph& graph_;
  const Record& record_;
  Time at_;
  std::vector<Mention>& found_;
};

}  // namespace

void find_mentions(const LinkGraph& graph, const Record& record, Time at,
                   std::vector<Mention>& found) {
  MentionScan(graph, record, at, found).run();
}

}  // namespace ktrace::trace
