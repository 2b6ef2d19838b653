#include "corpus_statements.h"

#include <utility>

namespace ktrace::bench {

using enum Component;
using enum Kind;

Statement says(Component component, int verbosity, std::string_view caller, std::string_view logger,
               std::string_view message, std::vector<Pair> pairs) {
  return {component, 'I', verbosity, caller, logger, message, true, std::move(pairs)};
}

Statement prints(Component component, int verbosity, std::string_view caller,
                 std::string_view message) {
  return {component, 'I', verbosity, caller, "", message, false};
}

Statement warns(Component component, std::string_view caller, std::string_view message) {
  return {component, 'W', 0, caller, "", message, false};
}

Statement fails(Component component, std::string_view caller, std::string_view logger,
                std::string_view message, std::string_view error, std::vector<Pair> pairs) {
  return {component, 'E', 0, caller, logger, message, true, std::move(pairs), error};
}

Statement http(const Client& client, std::string_view verb, std::string_view uri,
               std::string_view status, std::string_view latency) {
  Statement statement = says(apiserver, 3, "httplog/httplog.go:134", "", "HTTP",
                             {{"verb", string, verb},
                              {"URI", string, uri},
                              {"latency", string, latency},
                              {"userAgent", string, client.agent},
                              {"audit-ID", string, "$a"},
                              {"srcIP", string, "127.0.0.1:$o"},
                              {"apf_pl", string, client.level},
                              {"apf_fs", string, client.flow},
                              {"apf_iseats", json, "1"},
                              {"apf_fseats", json, "0"},
                              {"apf_additionalLatency", string, "0s"},
                              {"apf_execution_time", string, "$e"},
                              {"resp", json, status}});
  statement.request = true;
  return statement;
}

Statement http_failed(const Client& client, std::string_view verb, std::string_view uri) {
  Statement statement = http(client, verb, uri, "500", "$w");
  statement.pairs.push_back(
      {"statusStack", string,
       "\ngoroutine 23$i [running]:\n"
       "k8s.io/apiserver/pkg/server/httplog.(*respLogger).recordStatus(0xc00b70ad10, 0xc000?)\n"
       "\tk8s.io/apiserver/pkg/server/httplog/httplog.go:336 +0xe6\n"
       "k8s.io/apiserver/pkg/server/httplog.(*respLogger).WriteHeader(0xc00b70ad10, 0x1f4)\n"
       "\tk8s.io/apiserver/pkg/server/httplog/httplog.go:316 +0x1d\n"
       "k8s.io/apiserver/pkg/endpoints/filters.(*auditResponseWriter).WriteHeader(0xc00be, 0x1f4)\n"
       "\tk8s.io/apiserver/pkg/endpoints/filters/audit.go:223 +0x34\n"
       "k8s.io/apiserver/pkg/server/filters.(*baseTimeoutWriter).timeout(0xc00b1ad260, 0xc00d)\n"
       "\tk8s.io/apiserver/pkg/server/filters/timeout.go:266 +0xc9\n"
       "created by golang.org/x/net/http2.(*serverConn).scheduleHandler in goroutine 238$i\n"
       "\tgolang.org/x/net/http2/server.go:2367 +0x21d\n"});
  statement.pairs.push_back(
      {"addedInfo", string,
       "\nlogging error output: \"{\\\"kind\\\":\\\"Status\\\",\\\"apiVersion\\\":\\\"v1\\\","
       "\\\"status\\\":\\\"Failure\\\",\\\"message\\\":\\\"context "
       "canceled\\\",\\\"code\\\":500}\"\n"});
  return statement;
}

Statement utiltrace() {
  return prints(
      apiserver, 0, "trace/trace.go:236",
      "Trace[$T]: \"Create\" accept:application/vnd.kubernetes.protobuf,application/json,"
      "audit-id:$a,client:127.0.0.1,api-group:,api-version:v1,name:,subresource:,namespace:$n,"
      "protocol:HTTP/2.0,resource:configmaps,scope:resource,url:/api/v1/namespaces/$n/configmaps,"
      "user-agent:kubectl/v1.34.9 (linux/amd64) kubernetes/473c3de,verb:POST ($b) "
      "(total time: $mms):\n"
      "Trace[$T]: ---\"limitedReadBody succeeded\" len:58 0ms ($h)\n"
      "Trace[$T]: ---\"About to store object in database\" 0ms ($h)\n"
      "Trace[$T]: [\"Create etcd3\" audit-id:$a,key:/configmaps/$n/$d,type:*core.ConfigMap,group:,"
      "resource:configmaps $mms ($h)\n"
      "Trace[$T]:  ---\"Encode succeeded\" len:196 0ms ($h)\n"
      "Trace[$T]:  ---\"Txn call succeeded\" $mms ($h)\n"
      "Trace[$T]:  ---\"decode succeeded\" len:196 0ms ($h)]\n"
      "Trace[$T]: ---\"Write to database call succeeded\" len:58 0ms ($h)\n"
      "Trace[$T]: [$w] [$w] END\n");
}

// ---- Statements that several scripts share ---------------------------------------------------

Statement manager(int verbosity, std::string_view caller, std::string_view logger,
                  std::string_view message, std::vector<Pair> pairs) {
  return says(controller_manager, verbosity, caller, logger, message, std::move(pairs));
}

Statement deployment(std::string_view caller, std::string_view message) {
  return manager(4, caller, "deployment-controller", message, {{"deployment", object, "$n/$d"}});
}

Statement event(Component component, std::string_view logger, std::string_view ref,
                std::string_view kind, std::string_view type, std::string_view reason,
                std::string_view message) {
  return says(component, 3, "record/event.go:389", logger, "Event occurred",
              {{"object", object, ref},
               {"fieldPath", string, ""},
               {"kind", string, kind},
               {"apiVersion", string, kind == "Pod" ? "v1" : "apps/v1"},
               {"type", string, type},
               {"reason", string, reason},
               {"message", string, message}});
}

Statement schedules(int verbosity, std::string_view caller, std::string_view logger,
                    std::string_view message, std::vector<Pair> more) {
  std::vector<Pair> pairs = {{"pod", object, "$n/$p", Place::both}};
  pairs.insert(pairs.end(), more.begin(), more.end());
  return says(scheduler, verbosity, caller, logger, message, std::move(pairs));
}

Statement scheduler_event(int verbosity, std::string_view caller, std::string_view message) {
  return says(scheduler, verbosity, caller, "", message, {{"pod", object, "$n/$p"}});
}

Statement sync_loop(int verbosity, std::string_view caller, std::string_view message) {
  return says(kubelet, verbosity, caller, "", message,
              {{"source", string, "api"}, {"pods", objects, "$n/$p"}});
}

Statement worker(std::string_view caller, std::string_view message, std::string_view key,
                 std::string_view value) {
  return says(kubelet, 4, caller, "", message,
              {{"pod", object, "$n/$p"}, {"podUID", string, "$u"}, {key, string, value}});
}

Statement lifecycle(std::string_view type) {
  static constexpr std::string_view kStarted =
      R"({"ID":"$u","Type":"ContainerStarted","Data":"$c"})";
  static constexpr std::string_view kDied = R"({"ID":"$u","Type":"ContainerDied","Data":"$c"})";
  return says(
      kubelet, 2, "kubelet/kubelet.go:2566", "", "SyncLoop (PLEG): event for pod",
      {{"pod", object, "$n/$p"}, {"event", json, type == "ContainerDied" ? kDied : kStarted}});
}

Statement pod_only(int verbosity, std::string_view caller, std::string_view message) {
  return says(kubelet, verbosity, caller, "", message, {{"pod", object, "$n/$p"}});
}

Statement status_patch() {
  return says(
      kubelet, 3, "status/status_manager.go:1038", "", "Patch status for pod",
      {{"pod", object, "$n/$p"},
       {"podUID", string, "$u"},
       {"patch", string,
        R"({"metadata":{"uid":"$u"},"status":{"$$setElementOrder/conditions":[)"
        R"({"type":"PodReadyToStartContainers"},{"type":"Initialized"},{"type":"Ready"},)"
        R"({"type":"ContainersReady"},{"type":"PodScheduled"}],"conditions":[)"
        R"({"lastTransitionTime":"$t","status":"True","type":"PodReadyToStartContainers"},)"
        R"({"lastTransitionTime":"$t","message":null,"reason":null,"status":"True","type":"Ready"})"
        R"(],"containerStatuses":[{"containerID":"containerd://$c","image":"$x",)"
        R"("imageID":"sha256:b95dbe7852967d25a199624a8e26c527035cd2187a882d7141c9deacb6ed4db3",)"
        R"("lastState":{},"name":"$d","ready":true,"resources":{},"restartCount":0,)"
        R"("started":true,"state":{"running":{"startedAt":"$t"}},"volumeMounts":[{"mountPath":)"
        R"("/var/run/secrets/kubernetes.io/serviceaccount","name":"kube-api-access-$v",)"
        R"("readOnly":true,"recursiveReadOnly":"Disabled"}]}],"phase":"Running","podIP":)"
        R"("10.88.0.$i","podIPs":[{"ip":"10.88.0.$i"}]}})"}});
}

Statement status_updated() {
  return says(
      kubelet, 3, "status/status_manager.go:1047", "", "Status for pod updated successfully",
      {{"pod", object, "$n/$p"},
       {"statusVersion", json, "$i"},
       {"status", json,
        R"({"observedGeneration":1,"phase":"Pending","conditions":[)"
        R"({"type":"PodReadyToStartContainers","observedGeneration":1,"status":"False",)"
        R"("lastProbeTime":null,"lastTransitionTime":"$t"},{"type":"Ready","observedGeneration":1,)"
        R"("status":"False","lastProbeTime":null,"lastTransitionTime":"$t","reason":)"
        R"("ContainersNotReady","message":"containers with unready status: [$d]"},)"
        R"({"type":"PodScheduled","observedGeneration":1,"status":"True","lastProbeTime":null,)"
        R"("lastTransitionTime":"$t"}],"hostIP":"192.168.77.1","hostIPs":[{"ip":"192.168.77.1"}],)"
        R"("startTime":"$t","containerStatuses":[{"name":"$d","state":{"waiting":{"reason":)"
        R"("ContainerCreating"}},"lastState":{},"ready":false,"restartCount":0,"image":"$x",)"
        R"("imageID":"","started":false}],"qosClass":"BestEffort"})"}});
}

Statement meta_updated() {
  static constexpr std::string_view kMeta =
      R"({"name":"$p","generateName":"$r-","namespace":"$n","uid":"$u","resourceVersion":"$V",)"
      R"("generation":1,"creationTimestamp":"$t","labels":{"app":"$d","pod-template-hash":"85f7"},)"
      R"("ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"$r","uid":"$U",)"
      R"("controller":true,"blockOwnerDeletion":true}]})";
  return manager(
      4, "replicaset/replica_set.go:493", "replicaset-controller", "Pod objectMeta updated.",
      {{"pod", object, "$n/$p"}, {"oldObjectMeta", json, kMeta}, {"curObjectMeta", json, kMeta}});
}

Statement finished_syncing() {
  return manager(
      4, "replicaset/replica_set.go:706", "replicaset-controller", "Finished syncing",
      {{"kind", string, "ReplicaSet"}, {"key", string, "$n/$r"}, {"duration", string, "$l"}});
}

Statement expectations(std::string_view caller, std::string_view message) {
  return manager(4, caller, "replicaset-controller", message, {{"expectations", json, "{}"}});
}

}  // namespace ktrace::bench
