// Two stories side by side: what is made equal, what is a difference, and where time was lost.

#include "ktrace/story_diff.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktrace::trace {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Duration kSlower = milliseconds(100);

std::string equal(std::string_view words) { return make_equal(words, {"web", "default"}); }

TEST(MakeEqual, ReplacesWhatIsOtherInAnotherRun) {
  EXPECT_EQ(equal("SyncLoop ADD"), "SyncLoop ADD");
  EXPECT_EQ(equal("Adding deployment default/web"), "Adding deployment *");
  EXPECT_EQ(equal("Scaled up replica set web-85f7d4dd78 from 0 to 3"),
            "Scaled up replica set * from * to *");
  EXPECT_EQ(equal("volume \"kube-api-access-sfkpg\" (UniqueName: \"a/b\")"),
            "volume * UniqueName: *");
  EXPECT_EQ(equal("kube-proxy of web, web: web-ui"), "kube-proxy of *, *: web-ui");
  EXPECT_EQ(equal("back-off container=web pod=web-1_default(u)"), "back-off container=* pod=*");
  EXPECT_EQ(equal("Started container nginx"), "Started container *");
  EXPECT_EQ(equal("1 2  3\n4"), "*");
  EXPECT_EQ(equal("Statfs_t: {Type:61267 Bsize:4096} Trace[12]: x"), "Statfs_t: * *: x");
  EXPECT_EQ(equal("runtime.v1.RuntimeService/RunPodSandbox"),
            "runtime.v1.RuntimeService/RunPodSandbox");
  EXPECT_EQ(equal(""), "");
  EXPECT_EQ(equal("\"\" ; ="), "=");
}

TEST(MakeEqual, KeepsOfARequestWhatItIs) {
  EXPECT_EQ(equal("create /apis/apps/v1/namespaces/default/deployments?x=1 201 by "
                  "system:node:node1"),
            "create /apis/apps/v1/namespaces/*/deployments 201 by system:node:*");
  EXPECT_EQ(equal("GET /api/v1/namespaces/a/pods/b/status 409"),
            "GET /api/v1/namespaces/*/pods/*/status 409");
  EXPECT_EQ(equal("GET /api/v1/nodes/node1/status"), "GET /api/v1/nodes/*/status");
  EXPECT_EQ(equal("GET /api/v1/namespaces/a"), "GET /api/v1/namespaces/*");
  EXPECT_EQ(equal("GET /api/"), "GET /api/");
}

TEST(MakeEqual, CutsWhatIsVeryLong) {
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "word ";
  EXPECT_LE(equal(words).size(), 170);
  EXPECT_TRUE(equal(words).ends_with(" …"));
}

TEST(StepOf, TellsRecordsOfEveryKind) {
  Record line;
  line.message = "HTTP";
  line.attributes = {{"verb", "PUT"},
                     {"URI", "/api/v1/namespaces/a/pods/b"},
                     {"userAgent", "kubelet/v1.34 (linux)"},
                     {"resp", "200"}};
  EXPECT_EQ(step_of(line)->words, "PUT /api/v1/namespaces/a/pods/b 200 by kubelet");
  Record failure;
  failure.message = "Error syncing pod\nand more";
  failure.attributes = {{"err", "it broke"}, {"pod", "a/b"}};
  failure.severity = Severity::error;
  EXPECT_EQ(step_of(failure)->words, "Error syncing pod err=it broke");
  EXPECT_EQ(step_of(failure)->severity, Severity::error);
  Record dump;
  dump.attributes = {{"kind", "Pod"}, {"metadata", "{}", Attribute::Type::json}};
  EXPECT_FALSE(step_of(dump));
  dump.attributes.push_back({"involvedObject", "{}", Attribute::Type::json});
  EXPECT_TRUE(step_of(dump));
}

TEST(Steps, AnAuditEventIsOneAlsoWhenItHasMetadata) {
  Record first_api;  // v1beta1 of the first releases
  first_api.attributes = {{"kind", "Event"},
                          {"metadata", "{}", Attribute::Type::json},
                          {"auditID", "a"},
                          {"stage", "ResponseComplete"}};
  EXPECT_TRUE(step_of(first_api));
}

// A story, step by step.
struct Steps {
  Steps& add(int ms, const std::string& words, std::uint32_t object = 0, int took_ms = -1) {
    StoryStep step;
    step.component = "kubelet";
    step.role = "pod";
    step.words = words;
    step.object = object;
    step.begin = Time(milliseconds(1'000'000'000 + ms));
    step.exact = true;
    if (took_ms >= 0) step.took = milliseconds(took_ms);
    all.push_back(step);
    return *this;
  }
  std::vector<StoryStep> all;
};

std::vector<StepPair> compare(const Steps& a, const Steps& b) {
  return compare_stories(a.all, b.all, {}, kSlower);
}

// "-pulled", "!ready +29900": mark, words, and milliseconds lost of all that differ.
std::vector<std::string> differences(const std::vector<StepPair>& pairs) {
  std::vector<std::string> all;
  for (const StepPair& pair : pairs) {
    const char mark = " -+><~"[static_cast<std::size_t>(pair.change)];
    if (pair.change == StepChange::none) continue;
    all.push_back(mark + pair.words);
    const auto lost = std::chrono::duration_cast<milliseconds>(pair.lost).count();
    if (mark == '>' || mark == '<') all.back() += fmt::format(" {:+}", lost);
  }
  return all;
}

std::vector<std::string> order(const std::vector<StepPair>& pairs) {
  std::vector<std::string> all;
  for (const StepPair& pair : pairs) all.push_back(pair.words);
  return all;
}

TEST(CompareStories, EqualStoriesDoNotDiffer) {
  const auto run = [](const char* name) {
    return Steps().add(0, fmt::format("create {}-1", name)).add(5, "start").add(9, "ready");
  };
  EXPECT_THAT(differences(compare(run("web"), run("api"))), IsEmpty());
  EXPECT_THAT(compare(Steps(), Steps()), IsEmpty());
}

TEST(CompareStories, TellsWhatOnlyOneHasWhereItHappened) {
  const Steps a = Steps().add(0, "create").add(1, "pull").add(2, "start").add(3, "end");
  const Steps b = Steps().add(0, "create").add(1, "fail").add(2, "start").add(3, "end");
  const auto pairs = compare(a, b);
  EXPECT_THAT(differences(pairs), ElementsAre("-pull", "+fail"));
  EXPECT_THAT(order(pairs), ElementsAre("create", "pull", "fail", "start", "end"));
  EXPECT_THAT(differences(compare(a, Steps())), ElementsAre("-create", "-pull", "-start", "-end"));
  EXPECT_THAT(differences(compare(Steps(), a)), ElementsAre("+create", "+pull", "+start", "+end"));
}

TEST(CompareStories, StepsThatChangedPlacesAreNoDifference) {
  const Steps a = Steps().add(0, "a").add(1, "b").add(2, "c").add(3, "d");
  const Steps b = Steps().add(0, "a").add(1, "d").add(2, "b").add(3, "c");
  const auto pairs = compare(a, b);
  EXPECT_THAT(differences(pairs), IsEmpty());
  EXPECT_EQ(pairs.size(), 4);
}

TEST(CompareStories, DelayIsChargedOnceToTheStepBehindIt) {
  const Steps good = Steps().add(0, "create").add(50, "pull").add(100, "start").add(150, "ready");
  const Steps flaky =
      Steps().add(0, "create").add(50, "pull").add(30'000, "start").add(30'050, "ready");
  const auto pairs = compare(good, flaky);
  EXPECT_THAT(differences(pairs), ElementsAre(">start +29900"));
  EXPECT_EQ(pairs[pairs[2].after].words, "pull");
  EXPECT_EQ(pairs[2].at_a, milliseconds(100));
  EXPECT_EQ(pairs[2].at_b, milliseconds(30'000));
  EXPECT_THAT(differences(compare(flaky, good)), ElementsAre("<start -29900"));
}

TEST(CompareStories, OnePodOfManyMayBeTheSlowOne) {
  const Steps good =
      Steps().add(0, "pull", 1).add(1, "pull", 2).add(90, "run", 1).add(95, "run", 2);
  const Steps flaky =
      Steps().add(0, "pull", 7).add(1, "pull", 8).add(90, "run", 8).add(9'095, "run", 7);
  EXPECT_THAT(differences(compare(good, flaky)), ElementsAre(">run +9000"));
}

TEST(CompareStories, WhatIsDoneAgainMayBeDoneAtAnyTime) {
  const Steps good = Steps().add(0, "sync").add(1'000, "sync").add(2'000, "sync");
  const Steps flaky = Steps().add(0, "sync").add(9'000, "sync").add(20'000, "sync");
  EXPECT_THAT(differences(compare(good, flaky)), IsEmpty());
}

TEST(CompareStories, HowOftenCountsForEachObject) {
  Steps two_pods, one_pod, restless;
  two_pods.add(0, "sync", 1).add(0, "sync", 2).add(1, "sync", 1).add(1, "sync", 2);
  one_pod.add(0, "sync", 1).add(1, "sync", 1);
  for (int i = 0; i < 5; ++i) restless.add(i, "sync", 1);
  EXPECT_THAT(differences(compare(two_pods, one_pod)), IsEmpty());
  EXPECT_THAT(differences(compare(one_pod, restless)), ElementsAre("~sync"));
  const StepTimes times = compare(one_pod, restless)[0].b;
  EXPECT_EQ(times.records, 5);
  EXPECT_EQ(times.objects, 1);
  EXPECT_EQ(times.last, milliseconds(4));
}

TEST(CompareStories, StepThatTookLongerIsSlowerThoughNothingWaited) {
  const Steps good = Steps().add(0, "get", 1, 3).add(0, "get", 2, 4);
  const Steps flaky = Steps().add(0, "get", 1, 3).add(0, "get", 2, 4'004);
  const auto pairs = compare(good, flaky);
  EXPECT_EQ(pairs[0].change, StepChange::slower);
  EXPECT_EQ(pairs[0].longer, milliseconds(4'000));
  EXPECT_EQ(compare(flaky, good)[0].change, StepChange::faster);
}

TEST(CompareStories, TimesInWholeSecondsAreNotCompared) {
  Steps good = Steps().add(0, "event").add(1, "create").add(800, "ready"), flaky = good;
  good.all[0].exact = flaky.all[0].exact = false;
  good.all[0].begin -= milliseconds(900);  // the second in which it was
  const auto pairs = compare(good, flaky);
  EXPECT_THAT(differences(pairs), IsEmpty());
  EXPECT_EQ(pairs[0].a.first, Duration::zero());
  EXPECT_EQ(pairs[2].a.first, milliseconds(799));
  EXPECT_EQ(pairs[2].b.first, milliseconds(799));
}

TEST(CompareStories, SeverityAndComponentMakeAnotherStep) {
  Steps good = Steps().add(0, "sync"), flaky = good;
  flaky.all[0].severity = Severity::error;
  EXPECT_THAT(differences(compare(good, flaky)), ElementsAre("-sync", "+sync"));
}

TEST(CompareStories, VeryLongStoriesTakeTimeInProportion) {
  Steps a, b;
  for (int i = 0; i < 100'000; ++i) {
    std::string name;  // a word of letters
    for (int rest = i; rest > 0; rest /= 26) name += static_cast<char>('a' + rest % 26);
    a.add(i, name);
    b.add(100'000 - i, name);
  }
  std::reverse(b.all.begin(), b.all.end());
  EXPECT_EQ(compare(a, b).size(), 100'000);
}

}  // namespace
}  // namespace ktrace::trace
