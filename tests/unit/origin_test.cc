// What names tell: component and node, and which files are pieces of one log.

#include <gtest/gtest.h>

#include "ktrace/input.h"
#include "layout.h"
#include "rotation.h"

namespace ktrace::input {
namespace {

struct Case {
  const char* path;
  const char* component;
  const char* node;
};

TEST(OriginOf, ReadsComponentAndNodeOffTheName) {
  for (const auto& [path, component, node] : std::initializer_list<Case>{
           {"kube-apiserver.log", "kube-apiserver", ""},
           {"logs/kube-controller-manager.log", "kube-controller-manager", ""},
           {"kubelet-node1.log", "kubelet", "node1"},
           {"kubelet-node2-kubemark.log", "kubelet", "node2-kubemark"},
           {"kube-apiserver.log.1", "kube-apiserver", ""},
           {"kube-apiserver.log-20160830-1472598004.gz", "kube-apiserver", ""},
           {"kube-apiserver-audit.log", "kube-apiserver-audit", ""},
           {"kube-scheduler.cp1.root.log.INFO.20240201-175037.1", "kube-scheduler", "cp1"},
           {"kubeletty.log", "kubeletty", ""},
           {"kubectl-04-scale.log", "kubectl", ""},
           {"kubectl.log", "kubectl", ""},
           {"nginx.log", "nginx", ""},
           {"-", "", ""}}) {
    const Origin origin = origin_of(path);
    EXPECT_EQ(origin.name, path);
    EXPECT_EQ(origin.component, component) << path;
    EXPECT_EQ(origin.node, node) << path;
  }
}

TEST(PathMatches, LooksAtTheWholePathAndAtTheName) {
  EXPECT_TRUE(path_matches("", "anything"));
  EXPECT_TRUE(path_matches("*.log", "logs/kubelet.log"));
  EXPECT_TRUE(path_matches("kubelet*", "logs/kubelet.log"));
  EXPECT_TRUE(path_matches("logs/*", "logs/kubelet.log"));
  EXPECT_FALSE(path_matches("kube-*", "logs/kubelet.log"));
}

TEST(PathMatches, TakesTheMemberOfAnArchiveForAName) {
  EXPECT_TRUE(path_matches("kubelet*", "a.tgz!kubelet.log"));
  EXPECT_TRUE(path_matches("a.tgz!*", "a.tgz!logs/kubelet.log"));
}

constexpr const char* kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

TEST(Layout, ReadsComponentAndNodeOffThePath) {
  const std::string containers = "/var/log/containers/";
  const std::vector<std::pair<std::string, Case>> cases{
      // Mirror pods have UIDs without dashes.
      {"/var/log/pods/kube-system_kube-apiserver-cp1_0cef5dcf77699a18ffc053fd41fda045/"
       "kube-apiserver/0.log",
       {"", "kube-apiserver", "cp1"}},
      {"/var/log/pods/kube-system_kube-proxy-n1_0cef5dcf77699a18ffc053fd41fda045/kube-proxy/0.log",
       {"", "kube-proxy", "n1"}},
      {"pods/kube-system_coredns-5d78c9869d-x7k2p_0cef5dcf-7769-9a18-ffc0-53fd41fda045/coredns/"
       "0.log.20240101-010101.gz",
       {"", "coredns", ""}},
      {"pods/kube-system_kube-proxy-x7k2p_0cef5dcf-7769-9a18-ffc0-53fd41fda045/kube-proxy/0.log",
       {"", "kube-proxy", ""}},
      {containers + "kube-scheduler-cp1_kube-system_kube-scheduler-" + kId + ".log",
       {"", "kube-scheduler", "cp1"}},
      {containers + "kube-proxy-x7k2p_kube-system_kube-proxy-" + kId + ".log",
       {"", "kube-proxy", ""}},
      {containers + "web-1_default_side-car-" + kId + ".log", {"", "side-car", ""}},
      // must-gather
      {"mg/namespaces/openshift-etcd/pods/etcd-cp1/etcd/etcd/logs/current.log",
       {"", "etcd", "cp1"}},
      {"mg/namespaces/openshift-kube-apiserver/pods/kube-apiserver-cp1/"
       "kube-apiserver-check-endpoints/"
       "kube-apiserver-check-endpoints/logs/previous.insecure.log",
       {"", "kube-apiserver-check-endpoints", "cp1"}},
      {"mg/namespaces/default/pods/web-1/web/web/logs/previous.log", {"", "web", ""}},
      {"mg/audit_logs/kube-apiserver/cp1-audit-2024-01-02T03-04-05.678.log.gz",
       {"", "kube-apiserver-audit", "cp1"}},
      // sos
      {"sos_commands/kubernetes/cluster-info/kube-system/podlogs/kube-controller-manager-cp1/logs",
       {"", "kube-controller-manager", "cp1"}},
      {"podlogs/coredns-5d78c9869d-x7k2p/logs", {"", "coredns", ""}},
      {"podlogs/node-exporter-x7k2p/logs", {"", "node-exporter", ""}},
      {"podlogs/web-0/logs", {"", "web-0", ""}},
      {"host_service_logs/masters/kubelet_service.log", {"", "kubelet", ""}},
      // kube-up and prow
      {"artifacts/e2e-node-1/kubelet.log", {"", "kubelet", "e2e-node-1"}},
      {"x.tgz!artifacts/e2e-master/kube-apiserver.log-20160830-1472598004.gz",
       {"", "kube-apiserver", "e2e-master"}},
      {"artifacts/logs/kubelet.log", {"", "kubelet", ""}},
      {"artifacts/e2e-node-1/build.log", {"", "build", ""}},
      // RKE2
      {"/var/lib/rancher/rke2/agent/logs/kubelet.log", {"", "kubelet", ""}},
      {"audit-2006-01-02T15-04-05.000.log", {"", "audit", ""}}};
  for (const auto& [path, expected] : cases) {
    const Origin origin = Layout({path}).origin(path);
    EXPECT_EQ(origin.name, path);
    EXPECT_EQ(origin.component, expected.component) << path;
    EXPECT_EQ(origin.node, expected.node) << path;
  }
}

std::string node_of(const std::string& path, std::vector<std::string> beside) {
  beside.push_back(path);
  return Layout(beside).origin(path).node;
}

TEST(Layout, AFolderIsNamedAfterANodeWhenItLooksLikeKindsExport) {
  EXPECT_EQ(node_of("export/n1/kubelet.log", {"export/n1/journal.log"}), "n1");
  EXPECT_EQ(node_of("export/n1/kubelet.log", {"export/n1/containers/x.log"}), "n1");
  EXPECT_EQ(node_of("export/n1/containerd.log", {"export/n1/kubelet.log"}), "n1");
  EXPECT_EQ(node_of("e.tgz!n1/kubelet.log", {"e.tgz!n1/kubernetes-version.txt"}), "n1");
  EXPECT_EQ(node_of("export/n1/pods/default_web_1-2/web/0.log",
                    {"export/n1/kubelet.log", "export/n1/journal.log"}),
            "n1");
}

TEST(Layout, FoldersBesideEachOtherWithAKubeletLogAreNamedAfterNodes) {
  EXPECT_EQ(node_of("logs/n1/kubelet.log", {"logs/n2/kubelet.log"}), "n1");
  EXPECT_EQ(node_of("logs/n1/kubelet.log", {"other/n2/kubelet.log"}), "");
}

TEST(Layout, AFolderThatOnlyHoldsAKubeletLogMayBeCalledAnything) {
  EXPECT_EQ(node_of("logs/kubelet.log", {}), "");
  EXPECT_EQ(node_of("run1/kubelet.log", {"run1/kube-apiserver.log"}), "");
  EXPECT_EQ(node_of("/var/log/kubelet.log", {"/var/log/pods/a/b/0.log"}), "");
}

TEST(Layout, ANodeInTheFilesOwnNameIsBelieved) {
  EXPECT_EQ(node_of("export/n1/kubelet-n7.log", {"export/n1/kubelet.log", "export/n1/journal.log"}),
            "n7");
}

// The pieces of each log by their names, oldest first.
std::vector<std::vector<std::string>> joined(const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> logs;
  for (const auto& places : join_rotated(names)) {
    logs.emplace_back();
    for (const std::size_t place : places) logs.back().push_back(names[place]);
  }
  return logs;
}

TEST(RotatedName, OrdersThePiecesOfOneLog) {
  for (const std::vector<std::string>& log : std::vector<std::vector<std::string>>{
           {"x.log.10.gz", "x.log.2", "x.log.1", "x.log"},
           {"x.log-20231231.gz", "x.log-20240101", "x.log.1", "x.log"},
           {"x.log-20160829-1472500000.gz", "x.log-20160830-1472598004.gz", "x.log"},
           {"x.log-20160830-1472500000.gz", "x.log-20160830-1472598004.gz"},
           {"messages-20240101.xz", "messages-20240108", "messages"},
           {"audit-2006-01-02T15-04-05.000.log.gz", "audit-2006-01-02T15-04-05.001.log",
            "audit.log"},
           {"pods/a_b_c/d/0.log.20240101-010101.gz", "pods/a_b_c/d/0.log",
            "pods/a_b_c/d/1.log.20240102-010101", "pods/a_b_c/d/1.log", "pods/a_b_c/d/10.log"},
           {"mg/namespaces/n/pods/p/c/c/logs/previous.log",
            "mg/namespaces/n/pods/p/c/c/logs/current.log"},
           {"p.h.u.log.INFO.20240201-175037.9", "p.h.u.log.INFO.20240202-000000.9"}}) {
    std::vector<std::string> backwards(log.rbegin(), log.rend());
    EXPECT_EQ(joined(backwards), (std::vector<std::vector<std::string>>{log})) << log.front();
  }
}

TEST(RotatedName, KeepsOtherLogsApart) {
  for (const std::vector<std::string>& names : std::vector<std::vector<std::string>>{
           {"a/x.log", "b/x.log.1"},
           {"0.log", "1.log"},
           {"pods/a_b_c/d/0.log", "pods/a_b_c/e/1.log"},
           {"kubectl-01.log", "kubectl-02.log"},
           {"x.log-99999999", "x.log"},
           {"p.h.u.log.INFO.20240201-175037.9", "p.h.u.log.INFO.20240201-175037.10"},
           {"p.h.u.log.INFO.20240201-175037.9", "p.h.u.log.ERROR.20240201-175037.9"},
           {"a.tar!x.log", "x.log.1"}}) {
    EXPECT_EQ(joined(names).size(), names.size()) << names.front();
  }
}

TEST(RotatedName, TellsWhenThePieceWasLastWrittenTo) {
  const auto told = [](const char* name) {
    const auto time = rotated_name(name).last_write;
    return time ? format_rfc3339(*time, 0) : "";
  };
  EXPECT_EQ(told("x.log-20240101-1704067200.gz"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(told("x.log-20240101"), "2024-01-02T00:00:00Z");
  EXPECT_EQ(told("0.log.20240101-010203"), "2024-01-01T01:02:03Z");
  EXPECT_EQ(told("audit-2006-01-02T15-04-05.000.log"), "2006-01-02T15:04:05Z");
  EXPECT_EQ(told("x.log.1"), "");
  EXPECT_EQ(told("p.h.u.log.INFO.20240201-175037.9"), "");
}

}  // namespace
}  // namespace ktrace::input
