// What records tell of links, kind by kind, and what broken ones do not.

#include "ktrace/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "facts.h"
#include "told.h"

namespace ktrace::trace {
namespace {

using testing::Contains;
using testing::IsEmpty;

// "kind: from -> to", for all links.
std::vector<std::string> words(Teller& teller) {
  std::vector<std::string> all;
  for (const Link& link : teller.links()) {
    all.push_back(fmt::format("{}: {} -> {}", link_kinds()[link.kind].name, describe(link.from),
                              describe(link.to)));
  }
  return all;
}

TEST(Links, RequestLeadsToItsObject) {
  Teller teller;
  teller.request(0, "a1", "create", "deployments", "web", Teller::meta("web", "u1", 1), 201);
  const Link link = teller.links().at(0);
  EXPECT_EQ(describe(link.from), "request a1");
  EXPECT_EQ(describe(link.to), "deployment default/web");
  EXPECT_EQ(link.to.id, "u1");
  EXPECT_EQ(link.effect, Effect::created);
  EXPECT_EQ(link.version, "1");
  EXPECT_EQ(link.time, at(0));
}

TEST(Links, GeneratedNameStandsInTheAnswer) {
  Teller teller;
  teller.request(0, "a1", "create", "pods", "", Teller::meta("web-x7gkj", "u1", 1, "u0"), 201);
  EXPECT_THAT(words(teller), Contains("request: request a1 -> pod default/web-x7gkj"));
}

TEST(Links, OnlySuccessfulWritesOfWhatIsWantedHaveAnEffect) {
  const auto effect = [](const std::string& verb, int code, const std::string& sub) {
    Teller teller;
    teller.request(0, "a1", verb, "deployments", "web", Teller::meta("web", "u1", 2), code, sub);
    return teller.links().at(0).effect;
  };
  EXPECT_EQ(effect("update", 200, ""), Effect::changed);
  EXPECT_EQ(effect("patch", 200, "scale"), Effect::scaled);
  EXPECT_EQ(effect("delete", 200, ""), Effect::deleted);
  EXPECT_EQ(effect("create", 201, "eviction"), Effect::deleted);
  EXPECT_EQ(effect("update", 200, "status"), Effect::none);
  EXPECT_EQ(effect("create", 201, "binding"), Effect::none);
  EXPECT_EQ(effect("update", 409, ""), Effect::none);
  EXPECT_EQ(effect("get", 200, ""), Effect::none);
}

TEST(Links, OwnerIsTheController) {
  Teller teller;
  teller.request(0, "a1", "create", "pods", "", Teller::meta("web-1", "u1", 1, "u0"), 201);
  EXPECT_THAT(words(teller), Contains("owner: x default/x -> pod default/web-1"));
  Teller other;
  other.request(0, "a1", "create", "pods", "",
                Teller::meta("web-1", "u1", 1) +
                    R"(,"ownerReferences":[{"kind":"Node","name":"n","uid":"u0"}])",
                201);
  EXPECT_THAT(words(other), testing::Not(Contains(testing::StartsWith("owner"))));
}

TEST(Links, OwnersTellWhatTheyMade) {
  Teller teller;
  teller.log(0, "Event occurred",
             {{"object", "default/web-85f7"},
              {"kind", "ReplicaSet"},
              {"message", "Created pod: web-85f7-5292t"}});
  teller.log(0, "Event occurred",
             {{"object", "default/web"},
              {"kind", "Deployment"},
              {"message", "Scaled up replica set web-85f7 from 0 to 3"}});
  EXPECT_THAT(words(teller), testing::ElementsAre(
                                 "made: replicaset default/web-85f7 -> pod default/web-85f7-5292t",
                                 "made: deployment default/web -> replicaset default/web-85f7"));
}

TEST(Links, SpansTieRequestsTracesAndPods) {
  const std::string trace(32, 'a'), other(32, 'b');
  Teller teller;
  teller.tell(0, {{"traceId", trace},
                  {"spanId", "0102030405060708"},
                  {"audit-id", "a1"},
                  {"links", R"([{"traceId":")" + other + R"(","spanId":"0807060504030201"}])"}});
  teller.tell(0, {{"traceId", other},
                  {"spanId", "0102030405060709"},
                  {"k8s.pod.uid", "u1"},
                  {"k8s.pod.name", "web-1"},
                  {"k8s.namespace.name", "default"}});
  EXPECT_THAT(words(teller),
              testing::ElementsAre("trace: request a1 -> trace " + trace,
                                   "span-link: trace " + trace + " -> trace " + other,
                                   "pod-span: pod default/web-1 -> trace " + other));
}

TEST(Links, KubeletTellsTheContainersOfAPod) {
  const std::string uid = "0ff01618-796b-4107-a7ec-bb9de37f3afc", id(64, 'c');
  Teller teller;
  teller.log(
      0, "SyncLoop (PLEG): event for pod",
      {{"pod", "default/web-1"},
       {"event", R"({"ID":")" + uid + R"(","Type":"ContainerStarted","Data":")" + id + R"("})"}});
  teller.log(0, "Created PodSandbox for pod", {{"podSandboxID", id}, {"pod", "default/web-1"}});
  EXPECT_THAT(words(teller),
              testing::ElementsAre("container: pod " + uid + " -> container " + id,
                                   "uid: pod default/web-1 -> pod default/web-1",
                                   "container: pod default/web-1 -> container " + id));
}

TEST(Links, LogsInJsonTellOfObjectsAsThoseInText) {
  const std::string uid = "0ff01618-796b-4107-a7ec-bb9de37f3afc", id(64, 'c');
  const std::string pod = R"({"name":"web-1","namespace":"default"})";
  Teller teller;
  teller.log(0, "Event occurred",
             {{"object", R"({"name":"web","namespace":"default"})"},
              {"kind", "ReplicaSet"},
              {"message", "Created pod: web-1"}});
  teller.log(0, "SyncLoop", {{"pod", pod}, {"podUID", uid}});
  teller.log(0, "Created PodSandbox for pod", {{"podSandboxID", id}, {"pod", pod}});
  teller.log(0, "Successfully bound pod to node", {{"pod", pod}, {"node", "node1"}});
  teller.log(0, "SyncLoop", {{"pod", R"({"namespace":7})"}, {"podUID", uid}});
  EXPECT_THAT(words(teller),
              testing::ElementsAre("made: replicaset default/web -> pod default/web-1",
                                   "uid: pod default/web-1 -> pod default/web-1",
                                   "container: pod default/web-1 -> container " + id,
                                   "node: pod default/web-1 -> node node1"));
}

TEST(Links, ObjectsStoreTraceContexts) {
  // Version 0, field 0: 16 bytes of trace ID; the rest is of no matter.
  const std::string binary = "AABlJtnxDlWUnRjnDWIqcuDVAQAAAAAAAAABAgE=";
  const std::string text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  Arena arena;
  EXPECT_EQ(trace_of_context(binary, arena), "6526d9f10e55949d18e70d622a72e0d5");
  EXPECT_EQ(trace_of_context(text, arena), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(trace_of_context("AAAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAgE=", arena), "");
  EXPECT_EQ(trace_of_context("AABl", arena), "");
  EXPECT_EQ(trace_of_context("no context", arena), "");
}

TEST(Links, PodsTellTheirNodeClaimsAndContainers) {
  const std::string now(64, 'a'), before(64, 'b');
  Teller teller;
  teller.tell(0, {{"kind", "Pod"},
                  {"metadata", R"({"name":"web-1","namespace":"default","uid":"u1"})"},
                  {"spec", R"({"nodeName":"node1","volumes":[{"name":"x","emptyDir":{}},)"
                           R"({"name":"d","persistentVolumeClaim":{"claimName":"data"}}]})"},
                  {"status", R"({"containerStatuses":[{"containerID":"containerd://)" + now +
                                 R"(","lastState":{"terminated":{"containerID":"containerd://)" +
                                 before + R"("}}}]})"}});
  EXPECT_THAT(words(teller), testing::UnorderedElementsAre(
                                 "container: pod default/web-1 -> container " + now,
                                 "container: pod default/web-1 -> container " + before,
                                 "claim: pod default/web-1 -> persistentvolumeclaim default/data",
                                 "node: pod default/web-1 -> node node1",
                                 "object: pod default/web-1 -> pod default/web-1"));
}

TEST(Links, AnnotationsTieObjectsToTracesAndToTheirRoot) {
  const std::string trace = "6526d9f10e55949d18e70d622a72e0d5";
  const std::string root = "0ff01618-796b-4107-a7ec-bb9de37f3afc";
  Teller teller;
  teller.request(0, "a1", "create", "pods", "",
                 Teller::meta("web-1", "u1", 1) +
                     R"(,"annotations":{)"
                     R"("trace.kubernetes.io/context":"AABlJtnxDlWUnRjnDWIqcuDVAQAAAAAAAAABAgE=",)"
                     R"("trace.kubernetes.io/objsetid":")" +
                     root + R"("})",
                 201);
  EXPECT_THAT(words(teller), Contains("context: pod default/web-1 -> trace " + trace));
  EXPECT_THAT(words(teller), Contains("owner: object default/" + root + " -> pod default/web-1"));
}

TEST(Links, SchedulerTellsWhereAPodWasBound) {
  Teller teller;
  teller.log(0, "Successfully bound pod to node", {{"pod", "default/web-1"}, {"node", "node1"}});
  EXPECT_THAT(words(teller), testing::ElementsAre("node: pod default/web-1 -> node node1"));
}

TEST(Links, PathOfARequestNamesItsObject) {
  const auto read = [](std::string_view uri) {
    std::string_view sub;
    const Thing thing = object_of_uri(uri, &sub);
    return fmt::format("{} {} {} {}", thing.type, thing.space, thing.name, sub);
  };
  EXPECT_EQ(read("/api/v1/namespaces/default/pods/web-1/status?timeout=1s"),
            "pods default web-1 status");
  EXPECT_EQ(read("/apis/apps/v1/namespaces/team-a/deployments/web"), "deployments team-a web ");
  EXPECT_EQ(read("https://127.0.0.1:6443/api/v1/namespaces/team-a"), "namespaces  team-a ");
  EXPECT_EQ(read("/api/v1/nodes/node1"), "nodes  node1 ");
  EXPECT_EQ(read("/api/v1/namespaces/default/pods"), "   ");
  EXPECT_EQ(read("/healthz"), "   ");
  EXPECT_EQ(read("/apis"), "   ");
  EXPECT_EQ(read(""), "   ");
}

TEST(Links, BrokenRecordsTellNothing) {
  Teller teller;
  teller.tell(0, {{"auditID", "a1"}, {"stage", "ResponseComplete"}, {"objectRef", "{\"resource"}});
  teller.tell(0, {{"involvedObject", "{}"}, {"metadata", R"({"name":"x.1"})"}});
  teller.tell(0, {{"traceId", ""}, {"spanId", ""}, {"audit-id", "a1"}});
  teller.tell(0, {{"traceId", std::string(32, '0')}, {"spanId", ""}, {"audit-id", "a1"}});
  teller.tell(0, {{"kind", "Pod"}, {"metadata", "[]"}});
  teller.log(0, "", {{"pod", "web"}, {"podUID", "short"}, {"containerID", "short"}});
  std::vector<std::string> all = words(teller);
  std::erase(all, "request: request a1 -> ");  // that there was a request is all it tells
  EXPECT_THAT(all, IsEmpty());
}

TEST(Links, WhatIsCutShortTellsThatItIs) {
  Teller teller;
  const auto tell = [&](const std::string& text, std::string_view context = "") {
    Record& record = teller.log(0, text);
    record.format = "plain";
    record.context = context;
  };
  tell(R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a1","stage":"Resp)");
  tell(R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Meta)");
  tell(R"({"level":"Metad)", R"({"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[)");
  tell(R"({"resourceSpans":[{"resource":{"attributes":[{"key":"serv)");
  tell(R"({"traceId":"4bf92f3577b3)", R"({"resourceSpans":)");
  tell("no auditID at all");
  tell(R"({"resourceSpans":[]})");
  tell(R"({"traceId":"of a log that is no JSON)");
  tell(R"({"timeUnixNano":"176)", R"({"resourceLogs":)");
  std::vector<std::string_view> kinds;
  for (const Link& link : teller.links()) {
    EXPECT_FALSE(link.from || link.to);
    kinds.push_back(link_kinds()[link.kind].name);
  }
  EXPECT_THAT(kinds, testing::ElementsAre("request", "request", "request", "trace", "trace"));
}

TEST(Links, HeadersOfAnAnswerTellOfItsRequest) {
  Teller teller;
  teller.log(0, "Response", {{"status", "200 OK"}, {"headers", "Audit-Id: a1\nDate: today"}});
  teller.log(0, "Response", {{"status", "200 OK"}, {"headers", "X-Audit-Id: a2\nDate: today"}});
  EXPECT_THAT(words(teller), testing::ElementsAre("request: request a1 -> "));
}

TEST(Links, KindsAreCalledByTheirResources) {
  EXPECT_EQ(resource_of("Deployment"), "deployments");
  EXPECT_EQ(resource_of("deploy"), "deployments");
  EXPECT_EQ(resource_of("po"), "pods");
  EXPECT_EQ(resource_of("Endpoints"), "endpoints");
  EXPECT_EQ(resource_of("Ingress"), "ingresses");
  EXPECT_EQ(resource_of("NetworkPolicy"), "networkpolicies");
  EXPECT_EQ(describe({Thing::Kind::object, "networkpolicies", "a", "b", ""}), "networkpolicy a/b");
  EXPECT_EQ(describe({Thing::Kind::object, "ingresses", "a", "b", ""}), "ingress a/b");
}

}  // namespace
}  // namespace ktrace::trace
