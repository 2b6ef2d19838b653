// What a cluster does and says all day without being asked. Nothing of it carries a trace ID. The
// weights keep the shares of statements and the lengths of lines near those of a real cluster, but
// for more API requests: a busy cluster's log is mostly these.

#include <utility>

#include "corpus_statements.h"

namespace ktrace::bench {
namespace {

using enum Component;
using enum Kind;

// A statement that stands alone.
void add(std::vector<Background>& all, std::uint32_t weight, Statement statement) {
  all.push_back({weight, {{0, std::move(statement)}}});
}

void add_requests(std::vector<Background>& all) {
  add(all, 120,
      http(kNodeLease, "PUT",
           "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/$k?timeout=10s", "200"));
  add(all, 120,
      http(kElection, "PUT",
           "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/"
           "kube-controller-manager?timeout=5s",
           "200"));
  add(all, 80, http(kSelf, "GET", "/readyz", "200"));
  add(all, 80, http(kSelf, "LIST", "/api/v1/namespaces/$n/$R?limit=500&resourceVersion=0", "200"));
  add(all, 80, http(kKubelet, "PATCH", "/api/v1/namespaces/$n/pods/$p/status", "200"));
  add(all, 80, http(kKubelet, "POST", "/api/v1/namespaces/$n/events", "201"));
  add(all, 60, http(kKubelet, "PATCH", "/api/v1/nodes/$k/status?timeout=10s", "200"));
  add(all, 60, http(kCollector, "GET", "/api/v1/namespaces/$n/$R/$p", "404"));
  add(all, 60, http(kJobs, "PUT", "/apis/batch/v1/namespaces/$n/jobs/$d/status", "200"));
  add(all, 60,
      http(kSlices, "PUT", "/apis/discovery.k8s.io/v1/namespaces/$n/endpointslices/$d-$v", "200"));
  add(all, 40, http(kKubelet, "GET", "/api/v1/namespaces/$n/configmaps/kube-root-ca.crt", "200"));
  add(all, 18, http(kKubectl, "POST", "/api/v1/namespaces/$n/pods", "403"));
  add(all, 4, http_failed(kKubectl, "GET", "/api/v1/namespaces/$n/pods/$p/log?container=$d"));
  all.push_back({3,
                 {{0, utiltrace()},
                  {2, http(kKubectl, "POST", "/api/v1/namespaces/$n/configmaps", "201", "$w")}}});
  all.push_back({50,
                 {{0, says(apiserver, 3, "handlers/get.go:263", "", "Starting watch",
                           {{"path", string, "/api/v1/$R"},
                            {"resourceVersion", string, "$V"},
                            {"labels", string, ""},
                            {"fields", string, "metadata.name=$d"},
                            {"timeout", string, "9m$is"}})},
                  {900, http(kManager, "WATCH",
                             "/api/v1/$R?allowWatchBookmarks=true&fieldSelector=metadata.name%3D$d"
                             "&resourceVersion=$V&timeoutSeconds=5$i&watch=true",
                             "200", "9m$w")}}});
}

void add_apiserver(std::vector<Background>& all) {
  add(all, 90,
      says(apiserver, 4, "flowcontrol/apf_controller.go:493", "", "Update CurrentCL",
           {{"plName", string, "workload-high"},
            {"seatDemandHighWatermark", json, "$i"},
            {"seatDemandAvg", json, "0.$f"},
            {"seatDemandStdev", json, "2.$f"},
            {"seatDemandSmoothed", json, "2.$f"},
            {"fairFrac", json, "1.4705882352941178"},
            {"currentCL", json, "141"},
            {"concurrencyDenominator", json, "141"},
            {"backstop", json, "false"}}));
  add(all, 70, prints(apiserver, 4, "remote/remote_available_controller.go:502", "Updating $A"));
  add(all, 70, prints(apiserver, 4, "local/local_available_controller.go:207", "Updating $A"));
  add(all, 30, prints(apiserver, 4, "node/graph_populator.go:121", "updatePod $n/$p for node $k"));
  add(all, 30,
      says(apiserver, 3, "cacher/delegator.go:323", "", "Cache consistency check start",
           {{"group", string, ""}, {"resource", string, "$R"}}));
  add(all, 10, prints(apiserver, 3, "cacher/watch_cache.go:792", "Replaced watchCache (rev: $V) "));
  add(all, 4,
      prints(apiserver, 4, "etcd3/store.go:428",
             "deletion of /registry/pods/$n/$p failed because of a conflict, going to retry"));
  add(all, 4,
      warns(apiserver, "channelz/logging.go:55",
            "[core] [Channel #$i SubChannel #$i]grpc: addrConn.createTransport failed to "
            "connect to {Addr: \"127.0.0.1:2379\", ServerName: \"127.0.0.1:2379\", "
            "BalancerAttributes: {\"<%!p(pickfirstleaf.managedByPickfirstKeyType={})>\": "
            "\"<%!p(bool=true)>\" }}. Err: connection error: desc = \"transport: Error while "
            "dialing: dial tcp 127.0.0.1:2379: connect: connection refused\""));
  add(all, 3,
      fails(apiserver, "responsewriters/writers.go:123", "UnhandledError", "Unhandled Error",
            "apiserver was unable to write a JSON response: http: Handler timeout"));
  add(all, 4,
      says(apiserver, 4, "queueset/queueset.go:960", "", "AntiWindup tweaked queue",
           {{"QS", string, "workload-high"},
            {"queue", json, "$i"},
            {"time", string, "$G"},
            {"requestDescr1", json,
             R"({"IsResourceRequest":true,"Path":"/api/v1/namespaces/$n/$R/$d","Verb":"get",)"
             R"("APIPrefix":"api","APIGroup":"","APIVersion":"v1","Namespace":"$n","Resource":)"
             R"("$R","Subresource":"","Name":"$d","Parts":["$R","$d"]})"},
            {"newVirtualStart", string, "0.30$iss"}}));
}

void add_manager(std::vector<Background>& all) {
  const auto pod = [](std::string_view caller, std::string_view logger, std::string_view message) {
    return manager(4, caller, logger, message, {{"pod", object, "$n/$p"}});
  };
  all.push_back(
      {40,
       {{0,
         pod("disruption/disruption.go:529", "disruption-controller", "UpdatePod called on pod")},
        {1, pod("disruption/disruption.go:605", "disruption-controller",
                "No PodDisruptionBudgets found for pod, PodDisruptionBudget controller will "
                "avoid syncing.")},
        {1, pod("disruption/disruption.go:532", "disruption-controller",
                "No matching PDB for pod")}}});
  all.push_back({30,
                 {{0, expectations("controller/controller_utils.go:198",
                                   "Controller expectations fulfilled")},
                  {1, expectations("controller/controller_utils.go:249", "Lowered expectations")},
                  {9, finished_syncing()}}});
  add(all, 30,
      pod("tainteviction/taint_eviction.go:515", "taint-eviction-controller",
          "Noticed pod update"));
  add(all, 30,
      manager(4, "pvcprotection/pvc_protection_controller.go:481",
              "persistentvolumeclaim-protection-controller", "Enqueuing PVCs for Pod",
              {{"pod", object, "$n/$p"}, {"podUID", string, "$u"}}));
  add(all, 30,
      manager(4, "resourcequota/resource_quota_monitor.go:370", "resourcequota-controller",
              "QuotaMonitor process object",
              {{"resource", string, "/v1, Resource=$R"},
               {"namespace", string, "$n"},
               {"name", string, "$p"},
               {"uid", string, "$u"},
               {"eventType", string, "update"}}));
  add(all, 30,
      manager(4, "deployment/deployment_controller.go:299", "deployment-controller",
              "ReplicaSet updated", {{"replicaSet", object, "$n/$r"}}));
  add(all, 25,
      manager(4, "util/util.go:211", "persistentvolume-attach-detach-controller",
              "Skipping processing of pod, it is scheduled to node which is not managed by the "
              "controller",
              {{"node", object, "$k"}, {"pod", object, "$n/$p"}}));
  add(all, 20,
      manager(4, "util/deployment_util.go:812", "deployment-controller",
              "Deployment timed out from last progress check",
              {{"deployment", object, "$n/$d"},
               {"timeout", json, "false"},
               {"from", string, "$G"},
               {"now", string, "$g"}}));
  add(all, 4, meta_updated());
  add(all, 2,
      fails(controller_manager, "replicaset/replica_set.go:587", "UnhandledError",
            "Unhandled Error",
            "sync \"$n/$r\" failed with Operation cannot be fulfilled on replicasets.apps "
            "\"$r\": the object has been modified; please apply your changes to the latest "
            "version and try again"));
}

void add_scheduler(std::vector<Background>& all) {
  add(all, 40,
      scheduler_event(4, "scheduler/eventhandlers.go:303", "Update event for scheduled pod"));
  add(all, 15,
      says(scheduler, 4, "scheduler/eventhandlers.go:82", "", "Update event for node",
           {{"node", object, "$k"}}));
  add(all, 8,
      schedules(4, "queue/scheduling_queue.go:1216", "",
                "Pod moved to an internal scheduling queue",
                {{"event", string, "AssignedPodDelete"},
                 {"queue", string, "Active"},
                 {"hint", json, "1"}}));
  add(all, 1,
      Statement{scheduler, 'E', 0, "leaderelection/leaderelection.go:441", "",
                "Failed to update lock optimistically: Put \"https://127.0.0.1:6443/apis/"
                "coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler"
                "?timeout=5s\": context deadline exceeded, falling back to slow path",
                false});
}

// The kubelet asks for labels that no container has: most of its lines, and its shortest.
void add_labels(std::vector<Background>& all) {
  const auto missing = [](std::string_view caller, std::string_view label) {
    return says(kubelet, 4, caller, "", "Label not found", {{"label", string, label}});
  };
  all.push_back(
      {45,
       {{0, missing("kuberuntime/labels.go:278", "io.kubernetes.pod.deletionGracePeriod")},
        {0, missing("kuberuntime/labels.go:289", "io.kubernetes.container.preStopHandler")},
        {0, missing("kuberuntime/labels.go:289", "io.kubernetes.container.ports")},
        {9, prints(kubelet, 4, "libcontainer/handler.go:289",
                   "error while reading \"/proc/1/fd/1$i\" link: readlink /proc/1/fd/1$i: "
                   "permission denied")}}});
}

void add_housekeeping(std::vector<Background>& all) {
  const auto plain = [](int verbosity, std::string_view caller, std::string_view message) {
    return says(kubelet, verbosity, caller, "", message);
  };
  all.push_back(
      {12,
       {{0, plain(4, "kubelet/kubelet.go:2632", "SyncLoop (housekeeping)")},
        {1, plain(3, "kubelet/kubelet_pods.go:1238", "Clean up pod workers for terminated pods")},
        {1, plain(3, "kubelet/kubelet_pods.go:1288", "Clean up probes for terminated pods")},
        {1, plain(3, "kubelet/kubelet_pods.go:1309", "Clean up orphaned pod directories")},
        {1, says(kubelet, 4, "kubelet/kubelet.go:2640", "", "SyncLoop (housekeeping) end",
                 {{"duration", string, "1ms"}})}}});
  all.push_back({40,
                 {{0, says(kubelet, 4, "kuberuntime/kuberuntime_manager.go:506", "",
                           "Retrieved pods from runtime", {{"all", json, "true"}})}}});
}

void add_kubelet(std::vector<Background>& all) {
  all.push_back({18,
                 {{0, worker("kubelet/pod_workers.go:986", "Notifying pod of pending update",
                             "workType", "sync")},
                  {1, says(kubelet, 3, "kubelet/kubelet_pods.go:1879", "", "Generating pod status",
                           {{"podIsTerminal", json, "false"}, {"pod", object, "$n/$p"}})},
                  {1, says(kubelet, 4, "kubelet/kubelet_pods.go:1889", "", "Got phase for pod",
                           {{"pod", object, "$n/$p"},
                            {"oldPhase", string, "Running"},
                            {"phase", string, "Running"}})},
                  {9, worker("kubelet/pod_workers.go:1361", "Processing pod event done",
                             "updateType", "sync")}}});
  add(all, 20,
      says(kubelet, 4, "pleg/generic.go:199", "", "GenericPLEG",
           {{"podUID", string, "$u"},
            {"containerID", string, "$c"},
            {"oldState", string, "non-existent"},
            {"newState", string, "running"}}));
  add(all, 20,
      says(kubelet, 4, "logs/container_log_manager.go:208", "",
           "Adding new entry to the queue for processing",
           {{"id", string, "$c"},
            {"name", string, "$d"},
            {"labels", json,
             R"({"io.kubernetes.container.name":"$d","io.kubernetes.pod.name":"$p",)"
             R"("io.kubernetes.pod.namespace":"$n","io.kubernetes.pod.uid":"$u"})"}}));
  add(all, 12, sync_loop(4, "kubelet/kubelet.go:2548", "SyncLoop RECONCILE"));
  add(all, 12,
      pod_only(4, "reconciler/reconciler_common.go:214",
               "Starting operationExecutor.MountVolume $WVolume is already mounted to pod, but "
               "remount was requested."));
  add(all, 6,
      says(kubelet, 1, "prober/prober.go:120", "", "Probe failed",
           {{"probeType", string, "Liveness"},
            {"pod", object, "kube-system/$s"},
            {"podUID", string, "$S"},
            {"containerName", string, "main"},
            {"probeResult", string, "failure"},
            {"output", string, "HTTP probe failed with statuscode: 500"}}));
  add(all, 1,
      says(kubelet, 1, "prober/prober.go:120", "", "Probe failed",
           {{"probeType", string, "Readiness"},
            {"pod", object, "$n/$p"},
            {"podUID", string, "$u"},
            {"probeResult", string, "failure"},
            {"output", string,
             "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\n"
             "The requested URL was not found\n</BODY></HTML>\n"}}));
  add(all, 3,
      fails(kubelet, "eviction/eviction_manager.go:212", "",
            "Eviction manager: failed to synchronize",
            "eviction manager: failed to get HasDedicatedImageFs: get filesystem info: Failed "
            "to get the info of the filesystem with mountpoint: cannot find filesystem info for "
            "device \"/dev/vda\""));
  add(all, 5, status_patch());
  add(all, 5, status_updated());
}

}  // namespace

std::vector<Background> make_background() {
  std::vector<Background> all;
  add_requests(all);
  add_apiserver(all);
  add_manager(all);
  add_scheduler(all);
  add_labels(all);
  add_housekeeping(all);
  add_kubelet(all);
  return all;
}

}  // namespace ktrace::bench
