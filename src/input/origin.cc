// The component and node that a file's own name tells (FORMATS: "Paths").
//
//   kube-apiserver.log, kube-apiserver.log.1, kube-apiserver.log-20160830-1472598004.gz
//   kubelet-node1.log                                    component kubelet, node node1
//   kubectl-04-scale.log                                 component kubectl, which runs on no node
//   kube-apiserver.HOST.USER.log.INFO.20240201-175037.1  what klog --log_dir writes
//
// A name that begins with no known component is a component of its own: the name up to ".log".

#include <algorithm>
#include <array>
#include <string_view>

#include "ktrace/input.h"
#include "names.h"

namespace ktrace::input {
namespace {

// Longer names first where one begins another.
constexpr std::array<std::string_view, 10> kComponents{"kube-controller-manager",
                                                       "cloud-controller-manager",
                                                       "kube-apiserver-audit",
                                                       "kube-apiserver",
                                                       "kube-scheduler",
                                                       "kube-proxy",
                                                       "kubelet",
                                                       "kubectl",
                                                       "containerd",
                                                       "etcd"};

// Rotation marks that stand before ".log": lumberjack's date.
std::string_view without_date(std::string_view stem) {
  constexpr std::string_view kShape = "-dddd-dd-ddTdd-dd-dd.ddd";
  if (stem.size() <= kShape.size()) return stem;
  const std::string_view end = stem.substr(stem.size() - kShape.size());
  const bool dated = std::equal(end.begin(), end.end(), kShape.begin(), [](char c, char shape) {
    return shape == 'd' ? c >= '0' && c <= '9' : c == shape;
  });
  return dated ? stem.substr(0, stem.size() - kShape.size()) : stem;
}

// HOST of ".HOST.USER", the part of a klog log_dir name between program and ".log.SEVERITY.".
std::string_view log_dir_host(std::string_view rest) {
  const std::size_t user = rest.rfind('.');
  return user == rest.npos || user == 0 ? rest.substr(1) : rest.substr(1, user - 1);
}

// Controllers append five letters and digits that spell no words (apimachinery, util/rand).
bool all_generated(std::string_view text) {
  return text.find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == text.npos;
}

}  // namespace

std::string_view folder_of(std::string_view path) {
  const std::size_t end = path.find_last_of("/!");
  return end == path.npos ? std::string_view() : path.substr(0, end);
}

std::string_view file_of(std::string_view path) { return path.substr(path.find_last_of("/!") + 1); }

std::string_view known_component(std::string_view name) {
  for (const std::string_view component : kComponents) {
    if (!name.starts_with(component)) continue;
    const std::string_view rest = name.substr(component.size());
    if (rest.empty() || std::string_view("-_.@").find(rest.front()) != rest.npos) return component;
  }
  return {};
}

bool is_generated(std::string_view pod) {
  constexpr std::size_t kSuffix = 5;
  if (pod.size() < kSuffix) return false;
  const std::string_view suffix = pod.substr(pod.size() - kSuffix);
  const bool whole = pod.size() == kSuffix || pod[pod.size() - kSuffix - 1] == '-';
  return whole && all_generated(suffix);
}

std::string_view workload_of(std::string_view pod) {
  if (!is_generated(pod)) return pod;
  const std::size_t end = pod.rfind('-');
  if (end == pod.npos) return pod;
  const std::string_view owner = pod.substr(0, end);
  // A Deployment's ReplicaSet has a hash behind its name (8 to 10 digits, of the same alphabet).
  const std::size_t hash = owner.rfind('-');
  if (hash == owner.npos || owner.size() - hash < 9 || owner.size() - hash > 11) return owner;
  return all_generated(owner.substr(hash + 1)) ? owner.substr(0, hash) : owner;
}

std::string_view mirror_pod_node(std::string_view pod, std::string_view container) {
  std::string_view component = known_component(pod);
  if (component.empty()) component = container;
  if (component.empty() || pod.size() <= component.size() + 1) return {};
  if (!pod.starts_with(component) || pod[component.size()] != '-') return {};
  return pod.substr(component.size() + 1);
}

Origin origin_of(const std::string& path) {
  Origin origin;
  origin.name = path;
  if (path == "-") return origin;
  const std::string_view name = file_of(path);
  const std::string_view stem = without_date(name.substr(0, name.find(".log")));
  const std::string_view component = known_component(stem);
  if (component.empty()) {
    origin.component = stem.substr(0, stem.find('.'));
    origin.guessed = true;
    return origin;
  }
  origin.component = component;
  const std::string_view rest = stem.substr(component.size());
  // What follows an underscore is no node: kubelet_service.log.
  if (rest.size() > 1 && rest.front() != '_' && component != "kubectl") {
    origin.node = rest.front() == '.' ? log_dir_host(rest) : rest.substr(1);
  }
  return origin;
}

}  // namespace ktrace::input
