// The words in which the scripts of the corpus are written: clients, kinds of statements, and the
// statements that several scripts share.

#pragma once

#include <string_view>
#include <vector>

#include "corpus_catalogue.h"

namespace ktrace::bench {

/// Who sends requests, and the priority level and flow schema that they are counted under.
struct Client {
  std::string_view agent, level, flow;
};

inline constexpr Client kKubectl = {"kubectl/$K", "workload-low", "global-default"};
inline constexpr Client kKubelet = {"kubelet/$K", "system", "system-nodes"};
inline constexpr Client kNodeLease = {"kubelet/$K", "node-high", "system-node-high"};
inline constexpr Client kSelf = {"kube-apiserver/$K", "exempt", "exempt"};
inline constexpr Client kScheduler = {"kube-scheduler/$K/scheduler", "workload-high",
                                      "kube-scheduler"};
inline constexpr Client kManager = {"kube-controller-manager/$K/shared-informers", "workload-high",
                                    "kube-controller-manager"};
inline constexpr Client kElection = {"kube-controller-manager/$K/leader-election",
                                     "leader-election", "system-leader-election"};

/// A controller of the controller manager, under its own service account.
constexpr Client controller(std::string_view agent) {
  return {agent, "workload-high", "kube-system-service-accounts"};
}
inline constexpr Client kDeployments = controller(
    "kube-controller-manager/$K/system:serviceaccount:kube-system:deployment-controller");
inline constexpr Client kReplicaSets = controller(
    "kube-controller-manager/$K/system:serviceaccount:kube-system:replicaset-controller");
inline constexpr Client kSlices = controller(
    "kube-controller-manager/$K/system:serviceaccount:kube-system:endpointslice-controller");
inline constexpr Client kCollector = controller(
    "kube-controller-manager/$K/system:serviceaccount:kube-system:generic-garbage-collector");
inline constexpr Client kJobs =
    controller("kube-controller-manager/$K/system:serviceaccount:kube-system:job-controller");

/// An info record with a quoted message and pairs.
Statement says(Component component, int verbosity, std::string_view caller, std::string_view logger,
               std::string_view message, std::vector<Pair> pairs = {});

/// An info line as printf makes it.
Statement prints(Component component, int verbosity, std::string_view caller,
                 std::string_view message);

/// A warning, which only printf calls can log.
Statement warns(Component component, std::string_view caller, std::string_view message);

/// An error record: `error` is its "err".
Statement fails(Component component, std::string_view caller, std::string_view logger,
                std::string_view message, std::string_view error, std::vector<Pair> pairs = {});

// kube-apiserver: the line of a request; of one that failed inside the server, with its stack and
// the answer's body in =< blocks; and the utiltrace of a slow one: several lines in one call, with
// the request's audit ID and a date.
Statement http(const Client& client, std::string_view verb, std::string_view uri,
               std::string_view status, std::string_view latency = "$l");
Statement http_failed(const Client& client, std::string_view verb, std::string_view uri);
Statement utiltrace();

// kube-controller-manager.
Statement manager(int verbosity, std::string_view caller, std::string_view logger,
                  std::string_view message, std::vector<Pair> pairs);
Statement deployment(std::string_view caller, std::string_view message);
Statement expectations(std::string_view caller, std::string_view message);
Statement finished_syncing();
Statement meta_updated();  ///< two whole objects: the longest line of this component

// kube-scheduler: of the scheduling queue's handlers, and of one pod's scheduling, where logger and
// call both give the pod.
Statement scheduler_event(int verbosity, std::string_view caller, std::string_view message);
Statement schedules(int verbosity, std::string_view caller, std::string_view logger,
                    std::string_view message, std::vector<Pair> more = {});

// kubelet.
Statement sync_loop(int verbosity, std::string_view caller, std::string_view message);
Statement lifecycle(std::string_view type);  ///< a pod lifecycle event: ContainerStarted, …
Statement worker(std::string_view caller, std::string_view message, std::string_view key,
                 std::string_view value);
Statement pod_only(int verbosity, std::string_view caller, std::string_view message);
Statement status_patch();    ///< with JSON in a string: more escapes than anything else
Statement status_updated();  ///< with JSON as a value

/// What an event recorder logs besides sending the Event.
Statement event(Component component, std::string_view logger, std::string_view ref,
                std::string_view kind, std::string_view type, std::string_view reason,
                std::string_view message);

}  // namespace ktrace::bench
