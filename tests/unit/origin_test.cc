// Component and node by a file's name; sources by path.

#include <gtest/gtest.h>

#include "ktrace/input.h"

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

TEST(Open, ReportsWhatCannotBeOpenedAndOpensTheRest) {
  const Opened opened = open({"/no/such/file", "/dev/null", "/"}, {{"*null", "etcd", "n1"}});
  ASSERT_EQ(opened.sources.size(), 1u);
  EXPECT_EQ(opened.sources[0]->origin().component, "etcd");
  EXPECT_EQ(opened.sources[0]->origin().node, "n1");
  ASSERT_EQ(opened.diagnostics.size(), 2u);
  EXPECT_EQ(opened.diagnostics[0].path, "/no/such/file");
  EXPECT_EQ(opened.diagnostics[0].message, "No such file or directory");
  EXPECT_EQ(opened.diagnostics[1].message, "Is a directory");
}

}  // namespace
}  // namespace ktrace::input
