// The component and node that a file's name tells (FORMATS: "Paths").
//
//   kube-apiserver.log, kube-apiserver.log.1, kube-apiserver.log-20160830-1472598004.gz
//   kubelet-node1.log                                    component kubelet, node node1
//   kube-apiserver.HOST.USER.log.INFO.20240201-175037.1  what klog --log_dir writes
//
// A name that begins with no known component is a component of its own: the name up to ".log".

#include <array>
#include <string_view>

#include "ktrace/input.h"

namespace ktrace::input {
namespace {

// Longer names first where one begins another.
constexpr std::array<std::string_view, 9> kComponents{"kube-controller-manager",
                                                      "cloud-controller-manager",
                                                      "kube-apiserver-audit",
                                                      "kube-apiserver",
                                                      "kube-scheduler",
                                                      "kube-proxy",
                                                      "kubelet",
                                                      "containerd",
                                                      "etcd"};

// The known component that `stem` begins with as a whole word.
std::string_view known_component(std::string_view stem) {
  for (const std::string_view component : kComponents) {
    if (!stem.starts_with(component)) continue;
    const std::string_view rest = stem.substr(component.size());
    if (rest.empty() || std::string_view("-_.@").find(rest.front()) != rest.npos) return component;
  }
  return {};
}

// HOST of ".HOST.USER", the part of a klog log_dir name between program and ".log.SEVERITY.".
std::string_view log_dir_host(std::string_view rest) {
  const std::size_t user = rest.rfind('.');
  return user == rest.npos || user == 0 ? rest.substr(1) : rest.substr(1, user - 1);
}

}  // namespace

Origin origin_of(const std::string& path) {
  Origin origin;
  origin.name = path;
  if (path == "-") return origin;
  std::string_view name(path);
  name.remove_prefix(name.rfind('/') + 1);
  const std::string_view stem = name.substr(0, name.find(".log"));
  const std::string_view component = known_component(stem);
  if (component.empty()) {
    origin.component = stem.substr(0, stem.find('.'));
    return origin;
  }
  origin.component = component;
  const std::string_view rest = stem.substr(component.size());
  if (rest.size() > 1) origin.node = rest.front() == '.' ? log_dir_host(rest) : rest.substr(1);
  return origin;
}

}  // namespace ktrace::input
