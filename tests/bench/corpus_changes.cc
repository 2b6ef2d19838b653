// Changes: what a user asks for with kubectl and what the components do about it. All of it carries
// the change's trace ID.

#include <iterator>

#include "corpus_statements.h"

namespace ktrace::bench {
namespace {

using enum Component;
using enum Kind;

// kubectl's requests, and what the deployment and replica set controllers make of them.
Script roll_out() {
  return {
      {0, http(kKubectl, "GET", "/openapi/v3?timeout=32s", "304")},
      {150, http(kKubectl, "POST",
                 "/apis/apps/v1/namespaces/$n/deployments?fieldManager=kubectl-create"
                 "&fieldValidation=Strict",
                 "201")},
      {9, deployment("deployment/deployment_controller.go:189", "Adding deployment")},
      {3, manager(4, "deployment/deployment_controller.go:599", "deployment-controller",
                  "Started syncing deployment",
                  {{"deployment", object, "$n/$d"}, {"startTime", string, "$g"}})},
      {25, http(kDeployments, "POST", "/apis/apps/v1/namespaces/$n/replicasets", "201")},
      {4, event(controller_manager, "deployment-controller", "$n/$d", "Deployment", "Normal",
                "ScalingReplicaSet", "Scaled up replica set $r from 0 to 3")},
      {4, manager(4, "replicaset/replica_set.go:340", "replicaset-controller", "Adding",
                  {{"replicaSet", object, "$n/$r"}})},
      {2, manager(2, "replicaset/replica_set.go:615", "replicaset-controller", "Too few replicas",
                  {{"replicaSet", object, "$n/$r"}, {"need", json, "3"}, {"creating", json, "3"}})},
      {1, expectations("controller/controller_utils.go:232", "Setting expectations")},
      {20, http(kDeployments, "PUT", "/apis/apps/v1/namespaces/$n/deployments/$d/status", "200")},
      {5, manager(4, "deployment/deployment_controller.go:601", "deployment-controller",
                  "Finished syncing deployment",
                  {{"deployment", object, "$n/$d"}, {"duration", string, "$l"}})},
      {400, finished_syncing()},
      {900, http(kReplicaSets, "PUT", "/apis/apps/v1/namespaces/$n/replicasets/$r/status", "200")},
      {30, deployment("deployment/deployment_controller.go:196", "Updating deployment")},
      {1200, http(kDeployments, "PUT", "/apis/apps/v1/namespaces/$n/deployments/$d/status", "200")},
  };
}

// One pod on its way from the replica set through the scheduler into the kubelet.
Script pod_scheduled() {
  return {
      {60, http(kReplicaSets, "POST", "/api/v1/namespaces/$n/pods", "201")},
      {3, event(controller_manager, "replicaset-controller", "$n/$r", "ReplicaSet", "Normal",
                "SuccessfulCreate", "Created pod: $p")},
      {2, scheduler_event(3, "scheduler/eventhandlers.go:135", "Add event for unscheduled pod")},
      {1, schedules(4, "scheduler/schedule_one.go:84", "", "About to try and schedule pod")},
      {1, schedules(3, "scheduler/schedule_one.go:100", "", "Attempting to schedule pod")},
      {1, schedules(3, "defaultbinder/default_binder.go:70", "Bind.DefaultBinder",
                    "Attempting to bind pod to node", {{"node", object, "$k"}})},
      {30, http(kScheduler, "POST", "/api/v1/namespaces/$n/pods/$p/binding", "201")},
      {2,
       schedules(
           2, "scheduler/schedule_one.go:346", "", "Successfully bound pod to node",
           {{"node", string, "$k"}, {"evaluatedNodes", json, "5"}, {"feasibleNodes", json, "4"}})},
      {9, prints(apiserver, 4, "node/graph_populator.go:121", "updatePod $n/$p for node $k")},
      {9, sync_loop(2, "kubelet/kubelet.go:2535", "SyncLoop ADD")},
      {2, worker("kubelet/pod_workers.go:788", "Pod is being synced for the first time",
                 "updateType", "create")},
      {2, worker("kubelet/pod_workers.go:1256", "Processing pod event", "updateType", "sync")},
  };
}

Script pod_started() {
  Script script = pod_scheduled();
  const Script started = {
      {4, pod_only(3, "volumemanager/volume_manager.go:421",
                   "Waiting for volumes to attach and mount for pod")},
      {90, pod_only(0, "reconciler/reconciler_common.go:251",
                    "operationExecutor.VerifyControllerAttachedVolume started $W")},
      {90, pod_only(4, "reconciler/reconciler_common.go:214",
                    "Starting operationExecutor.MountVolume $W")},
      {9, http(kKubelet, "POST", "/api/v1/namespaces/$n/serviceaccounts/default/token", "201")},
      {300, pod_only(4, "operationexecutor/operation_generator.go:616",
                     "MountVolume.SetUp succeeded $W")},
      {90, pod_only(3, "volumemanager/volume_manager.go:482",
                    "All volumes are attached and mounted for pod")},
      {300,
       says(kubelet, 4, "kuberuntime/kuberuntime_manager.go:1361", "", "Created PodSandbox for pod",
            {{"podSandboxID", string, "$C"}, {"pod", object, "$n/$p"}})},
      {900, lifecycle("ContainerStarted")},
      {30, status_patch()},
      {20, http(kKubelet, "PATCH", "/api/v1/namespaces/$n/pods/$p/status", "200")},
      {3,
       says(kubelet, 3, "status/status_manager.go:1047", "", "Status for pod updated successfully",
            {{"pod", object, "$n/$p"}, {"statusVersion", json, "2"}})},
      {9, worker("kubelet/pod_workers.go:1361", "Processing pod event done", "updateType", "sync")},
      {9, meta_updated()},
  };
  script.insert(script.end(), started.begin(), started.end());
  return script;
}

// An image that cannot be pulled: errors that quote errors.
Script pod_failing() {
  Script script = pod_scheduled();
  const Script failing = {
      {400, event(kubelet, "", "$n/$p", "Pod", "Normal", "Pulling", "Pulling image \"$x\"")},
      {900, fails(kubelet, "kuberuntime/log.go:32", "", "PullImage from image service failed",
                  "rpc error: code = NotFound desc = failed to pull and unpack image \"$x\": "
                  "failed to resolve reference \"$x\": not found",
                  {{"image", string, "$x"}})},
      {5, fails(kubelet, "kubelet/pod_workers.go:1324", "", "Error syncing pod, skipping",
                "failed to \"StartContainer\" for \"$d\" with ErrImagePull: \"rpc error: code = "
                "NotFound desc = failed to pull and unpack image \\\"$x\\\": not found\"",
                {{"pod", object, "$n/$p"}, {"podUID", string, "$u"}})},
      {20, http(kKubelet, "PATCH", "/api/v1/namespaces/$n/pods/$p/status", "200")},
      {1500, fails(kubelet, "kubelet/pod_workers.go:1324", "", "Error syncing pod, skipping",
                   "failed to \"StartContainer\" for \"$d\" with ImagePullBackOff: \"Back-off "
                   "pulling image \\\"$x\\\"\"",
                   {{"pod", object, "$n/$p"}, {"podUID", string, "$u"}})},
      {20, http(kKubelet, "PATCH", "/api/v1/namespaces/$n/events/$p.18ea6c615779cb98", "200")},
  };
  script.insert(script.end(), failing.begin(), failing.end());
  return script;
}

Script pod_unschedulable() {
  return {
      {60, http(kReplicaSets, "POST", "/api/v1/namespaces/$n/pods", "201")},
      {2, scheduler_event(3, "scheduler/eventhandlers.go:135", "Add event for unscheduled pod")},
      {1, schedules(3, "scheduler/schedule_one.go:100", "", "Attempting to schedule pod")},
      {3, schedules(3, "preemption/preemption.go:320", "PostFilter.DefaultPreemption",
                    "Preemption will not help schedule pod on any node")},
      {1,
       schedules(2, "scheduler/schedule_one.go:1077", "", "Unable to schedule pod; no fit; waiting",
                 {{"err", string,
                   "0/5 nodes are available: 5 Insufficient cpu. no new claims to deallocate, "
                   "preemption: 0/5 nodes are available: 5 Preemption is not helpful for "
                   "scheduling."}})},
      {1, schedules(3, "queue/scheduling_queue.go:903", "",
                    "Pod moved to an internal scheduling queue",
                    {{"event", string, "ScheduleAttemptFailure"},
                     {"queue", string, "Unschedulable"},
                     {"schedulingCycle", json, "$i"},
                     {"hint", json, "0"},
                     {"unschedulable plugins", json, R"({"NodeResourcesFit":{}})"}})},
      {12, http(kScheduler, "PATCH", "/api/v1/namespaces/$n/pods/$p/status", "200")},
      {12, http(kScheduler, "POST", "/apis/events.k8s.io/v1/namespaces/$n/events", "201")},
  };
}

Script pod_deleted() {
  return {
      {30, http(kReplicaSets, "DELETE", "/api/v1/namespaces/$n/pods/$p", "200")},
      {9,
       manager(2, "replicaset/replica_set.go:562", "replicaset-controller", "Pod deleted",
               {{"delete_by", string,
                 "k8s.io/kubernetes/pkg/controller/replicaset.(*ReplicaSetController).updatePod"},
                {"deletion_timestamp", string, "$G"},
                {"pod", object, "$n/$p"}})},
      {9, sync_loop(2, "kubelet/kubelet.go:2551", "SyncLoop DELETE")},
      {3, says(kubelet, 2, "kuberuntime/kuberuntime_container.go:873", "",
               "Killing container with a grace period",
               {{"pod", object, "$n/$p"},
                {"podUID", string, "$u"},
                {"containerName", string, "$d"},
                {"containerID", string, "containerd://$c"},
                {"gracePeriod", json, "30"}})},
      {1500, lifecycle("ContainerDied")},
      {40, prints(kubelet, 0, "operationexecutor/operation_generator.go:782",
                  "UnmountVolume.TearDown succeeded for volume "
                  "\"kubernetes.io/projected/$u-kube-api-access-$v\" (OuterVolumeSpecName: "
                  "\"kube-api-access-$v\") pod \"$u\" (UID: \"$u\"). InnerVolumeSpecName "
                  "\"kube-api-access-$v\". PluginName \"kubernetes.io/projected\", VolumeGIDValue "
                  "\"\"")},
      {90, http(kKubelet, "DELETE", "/api/v1/namespaces/$n/pods/$p", "200")},
      {5, scheduler_event(3, "scheduler/eventhandlers.go:355", "Delete event for scheduled pod")},
      {9, prints(apiserver, 4, "node/graph_populator.go:141", "deletePod $n/$p for node $k")},
  };
}

Script scaled_down() {
  return {
      {0, http(kKubectl, "GET", "/apis/apps/v1/namespaces/$n/deployments/$d", "200")},
      {30, http(kKubectl, "PATCH", "/apis/apps/v1/namespaces/$n/deployments/$d/scale", "200")},
      {9, deployment("deployment/deployment_controller.go:196", "Updating deployment")},
      {5, event(controller_manager, "deployment-controller", "$n/$d", "Deployment", "Normal",
                "ScalingReplicaSet", "Scaled down replica set $r from 3 to 1")},
      {5, manager(2, "replicaset/replica_set.go:651", "replicaset-controller", "Too many replicas",
                  {{"replicaSet", object, "$n/$r"}, {"need", json, "1"}, {"deleting", json, "2"}})},
      {30, http(kDeployments, "PUT", "/apis/apps/v1/namespaces/$n/deployments/$d/status", "200")},
      {400, finished_syncing()},
  };
}

Script exposed() {
  return {
      {0, http(kKubectl, "GET", "/api/v1/namespaces/$n/services/$d", "404")},
      {40,
       http(kKubectl, "POST", "/api/v1/namespaces/$n/services?fieldManager=kubectl-expose", "201")},
      {1, says(apiserver, 0, "storage/alloc.go:328", "", "allocated clusterIPs",
               {{"service", object, "$n/$d"}, {"clusterIPs", json, R"({"IPv4":"10.0.0.$i"})"}})},
      {30, http(kSlices, "POST", "/apis/discovery.k8s.io/v1/namespaces/$n/endpointslices", "201")},
      {5, manager(4, "endpointslice/endpointslice_controller.go:357", "endpointslice-controller",
                  "Finished syncing service endpoint slices",
                  {{"key", string, "$n/$d"}, {"elapsedTime", string, "$l"}})},
      {5, manager(4, "endpoint/endpoints_controller.go:367", "endpoints-controller",
                  "Finished syncing service endpoints",
                  {{"service", object, "$n/$d"}, {"startTime", string, "$l"}})},
  };
}

Script refused() {
  return {
      {0, http(kKubectl, "GET", "/api/v1/namespaces/$n/configmaps/$d", "404")},
      {40,
       http(kKubectl, "POST", "/api/v1/namespaces/$n/configmaps?fieldValidation=Strict", "409")},
      {300, utiltrace()},
      {2, http(kKubectl, "POST", "/api/v1/namespaces/$n/configmaps", "201", "$w")},
      {900, http_failed(kKubectl, "GET", "/api/v1/namespaces/$n/pods/$p/log?container=$d")},
      {5, fails(apiserver, "filters/finisher.go:175", "UnhandledError", "Unhandled Error",
                "FinishRequest: post-timeout activity - time-elapsed: $l, panicked: false, err: "
                "context deadline exceeded, panic-reason: <nil>")},
  };
}

}  // namespace

std::vector<Change> make_changes() {
  // 15 and 25 records: the change that begins the corpus has a trace of a handy size.
  return {{22, 1, roll_out(), pod_started()},
          {30, 3, roll_out(), pod_started()},
          {12, 2, roll_out(), pod_failing()},
          {6, 2, roll_out(), pod_unschedulable()},
          {14, 2, scaled_down(), pod_deleted()},
          {10, 0, exposed(), {}},
          {6, 0, refused(), {}}};
}

}  // namespace ktrace::bench
