// The trees in which logs come (FORMATS: "Paths"), on disk or in an archive, below any folder:
//
//   pods/NS_POD_UID/CONTAINER/N.log          the kubelet; the UID of a mirror pod has no dashes
//   containers/POD_NS_CONTAINER-ID.log       the kubelet's links to them, cut at 255 bytes
//   namespaces/NS/pods/POD/CONTAINER/CONTAINER/logs/current.log   must-gather
//   audit_logs/SERVER/NODE-audit*.log        must-gather
//   podlogs/POD/…                            sos
//   artifacts/NODE/COMPONENT.log             kube-up, prow
//   NODE/kubelet.log and others              kind export
//
// A mirror pod is called COMPONENT-NODE. A folder is called after a node when it holds kubelet.log
// and something else that kind puts beside it, or when another folder beside it holds kubelet.log,
// too. A folder that only holds kubelet.log may be called anything.

#include "layout.h"

#include <algorithm>
#include <array>
#include <map>

#include "ktrace/input.h"
#include "names.h"

namespace ktrace::input {
namespace {

using Parts = std::vector<std::string_view>;

constexpr std::array<std::string_view, 5> kBesideKubelet{
    "journal.log", "containerd.log", "kubernetes-version.txt", "inspect.json", "serial.log"};
constexpr std::array<std::string_view, 2> kFoldersBesideKubelet{"containers", "pods"};
constexpr std::array<std::string_view, 5> kNoNode{"", ".", "..", "log", "logs"};

template <typename Range>
bool contains(const Range& range, std::string_view value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

Parts split_at(std::string_view separators, std::string_view text) {
  Parts parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Parts split(std::string_view path) { return split_at("/!", path); }

// Kubernetes names hold no underscore, so it tells their ends.
Parts split_at_underscores(std::string_view text) { return split_at("_", text); }

std::string_view mirror_node_by_name(std::string_view pod, std::string_view container) {
  if (known_component(pod).empty() || is_generated(pod)) return {};
  return mirror_pod_node(pod, container);
}

// Each of these reads one layout: `at` is the place of its folder in `parts`. False when it is not.

bool read_pods(const Parts& parts, std::size_t at, Origin& origin) {
  if (parts.size() != at + 4) return false;
  const Parts pod = split_at_underscores(parts[at + 1]);
  if (pod.size() != 3) return false;
  origin.component = parts[at + 2];
  origin.node.clear();
  if (pod[2].find('-') == pod[2].npos) origin.node = mirror_pod_node(pod[1], parts[at + 2]);
  return true;
}

bool read_containers(const Parts& parts, std::size_t at, Origin& origin) {
  if (parts.size() != at + 2) return false;
  const Parts name = split_at_underscores(parts[at + 1]);
  if (name.size() != 3) return false;
  const std::string_view container = name[2].substr(0, name[2].rfind('-'));
  origin.component = container.substr(0, container.find(".log"));
  origin.node = mirror_node_by_name(name[0], container);
  return true;
}

bool read_namespaces(const Parts& parts, std::size_t at, Origin& origin) {
  if (parts.size() < at + 7 || parts[at + 2] != "pods") return false;
  origin.component = parts[at + 4];
  origin.node = mirror_node_by_name(parts[at + 3], parts[at + 4]);
  return true;
}

bool read_audit_logs(const Parts& parts, std::size_t at, Origin& origin) {
  if (parts.size() != at + 3) return false;
  const std::size_t node = parts.back().rfind("-audit");
  if (node == std::string_view::npos || node == 0) return false;
  origin.component = std::string(parts[at + 1]) + "-audit";
  origin.node = parts.back().substr(0, node);
  return true;
}

bool read_podlogs(const Parts& parts, std::size_t at, Origin& origin) {
  if (parts.size() < at + 3) return false;
  const std::string_view component = known_component(parts[at + 1]);
  origin.component = component.empty() ? workload_of(parts[at + 1]) : component;
  origin.node = mirror_node_by_name(parts[at + 1], component);
  return true;
}

bool read_artifacts(const Parts& parts, std::size_t at, Origin& origin) {
  if (parts.size() != at + 3 || contains(kNoNode, parts[at + 1])) return false;
  if (known_component(parts.back()).empty()) return false;
  if (origin.node.empty()) origin.node = parts[at + 1];
  return true;
}

struct Row {
  std::string_view folder;
  bool (*read)(const Parts& parts, std::size_t at, Origin& origin);
};

// must-gather's folders hold one called pods, so they come first.
constexpr std::array<Row, 6> kRows{{{"namespaces", read_namespaces},
                                    {"pods", read_pods},
                                    {"containers", read_containers},
                                    {"audit_logs", read_audit_logs},
                                    {"podlogs", read_podlogs},
                                    {"artifacts", read_artifacts}}};

bool read_layout(const Parts& parts, Origin& origin) {
  for (const Row& row : kRows) {
    for (std::size_t at = parts.size() - 1; at-- > 0;) {
      if (parts[at] == row.folder && row.read(parts, at, origin)) return true;
    }
  }
  return false;
}

bool is_kubelet_log(std::string_view file) {
  return file == "kubelet.log" || file.starts_with("kubelet.log.") ||
         file.starts_with("kubelet.log-");
}

}  // namespace

Layout::Layout(const std::vector<std::string>& names) {
  std::set<std::string_view> kubelet, other;            // folders that hold them
  std::map<std::string_view, std::size_t> kubelets_in;  // folders of folders
  for (const std::string& name : names) {
    const std::string_view folder = folder_of(name);
    if (is_kubelet_log(file_of(name)) && kubelet.insert(folder).second) {
      ++kubelets_in[folder_of(folder)];
    }
    if (contains(kBesideKubelet, file_of(name))) other.insert(folder);
    for (std::string_view above = folder; !above.empty(); above = folder_of(above)) {
      if (contains(kFoldersBesideKubelet, file_of(above))) other.insert(folder_of(above));
    }
  }
  for (const std::string_view folder : kubelet) {
    if (contains(kNoNode, file_of(folder))) continue;
    if (other.contains(folder) || kubelets_in[folder_of(folder)] > 1) nodes_.emplace(folder);
  }
}

std::string_view Layout::node_folder(std::string_view name) const {
  for (std::string_view folder = folder_of(name); !folder.empty(); folder = folder_of(folder)) {
    if (nodes_.contains(folder)) return file_of(folder);
  }
  return {};
}

Origin Layout::origin(const std::string& name) const {
  Origin origin = origin_of(name);
  read_layout(split(name), origin);
  if (origin.node.empty()) origin.node = node_folder(name);
  return origin;
}

}  // namespace ktrace::input
