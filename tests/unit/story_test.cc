// What belongs to a story, and what does not.

#include "ktrace/story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "told.h"

namespace ktrace::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

StoryStart start_of(const LinkGraph& graph, std::string_view text, std::string_view space = "") {
  const auto start = find_start(graph, text, space);
  EXPECT_TRUE(start.ok()) << start.message();
  return start ? *start : StoryStart();
}

std::vector<std::string> members(const LinkGraph& graph, std::string_view start,
                                 StoryLimits limits = {}) {
  const Story story(graph, start_of(graph, start), limits);
  std::vector<std::string> names;
  for (const Story::Member& member : story.members()) {
    names.emplace_back(graph.objects()[member.object].name.name);
  }
  return names;
}

// A deployment with one pod that is scaled to two, and then given a new image.
class Rollout : public testing::Test {
 protected:
  Rollout() {
    const auto meta = [](const char* name, const char* uid, int version, const char* owner = "") {
      return Teller::meta(name, uid, version, owner);
    };
    teller_.request(0, "create", "create", "deployments", "web", meta("web", "d", 1), 201);
    teller_.request(1, "rs", "create", "replicasets", "web-1", meta("web-1", "r1", 1, "d"), 201);
    teller_.request(2, "pod-a", "create", "pods", "", meta("web-1-a", "p1", 1, "r1"), 201);
    teller_.request(3, "status", "update", "deployments", "web", meta("web", "d", 1), 200,
                    "status");
    teller_.request(10, "scale-it", "patch", "deployments", "web", "", 200, "scale");
    teller_.request(11, "rs-2", "update", "replicasets", "web-1", meta("web-1", "r1", 2, "d"));
    teller_.request(12, "pod-b", "create", "pods", "", meta("web-1-b", "p2", 1, "r1"), 201);
    teller_.request(20, "image-it", "patch", "deployments", "web", meta("web", "d", 3));
    teller_.request(21, "rs-3", "create", "replicasets", "web-2", meta("web-2", "r2", 1, "d"), 201);
    teller_.request(22, "pod-c", "create", "pods", "", meta("web-2-c", "p3", 1, "r2"), 201);
    teller_.request(23, "rs-4", "update", "replicasets", "web-1", meta("web-1", "r1", 3, "d"));
    teller_.request(24, "kill-a", "delete", "pods", "web-1-a", meta("web-1-a", "p1", 2, "r1"));
    teller_.request(25, "kill-b", "delete", "pods", "web-1-b", meta("web-1-b", "p2", 2, "r1"));
  }

  Teller teller_;
};

TEST_F(Rollout, RequestsShareNoPods) {
  const LinkGraph graph = teller_.graph();
  EXPECT_THAT(members(graph, "create"), ElementsAre("web", "web-1", "web-1-a"));
  EXPECT_THAT(members(graph, "scale-it"), ElementsAre("web", "web-1", "web-1-b"));
  EXPECT_THAT(members(graph, "image-it"), UnorderedElementsAre("web", "web-1", "web-2", "web-2-c"));
}

TEST_F(Rollout, ObjectsStoryIsItsLifeAndThatOfWhatItOwns) {
  const LinkGraph graph = teller_.graph();
  EXPECT_THAT(members(graph, "deployment/web"),
              UnorderedElementsAre("web", "web-1", "web-2", "web-1-a", "web-1-b", "web-2-c"));
  EXPECT_THAT(members(graph, "rs/default/web-2"), ElementsAre("web-2", "web-2-c"));
  EXPECT_THAT(members(graph, "po/web-1-a"), ElementsAre("web-1-a"));
}

TEST_F(Rollout, ChangeHoldsUntilTheNext) {
  const LinkGraph graph = teller_.graph();
  const Story story(graph, start_of(graph, "create"), {});
  EXPECT_EQ(story.members()[0].from, at(0));
  EXPECT_EQ(story.members()[0].until, at(10));  // scaled
  EXPECT_EQ(story.members()[1].until, at(11));  // and so its ReplicaSet
  EXPECT_EQ(story.members()[2].until, at(24));  // the pod until it is deleted
}

TEST_F(Rollout, DeletionTakesAlongWhatIsThere) {
  teller_.request(30, "remove", "delete", "deployments", "web", Teller::meta("web", "d", 4));
  const LinkGraph graph = teller_.graph();
  EXPECT_THAT(members(graph, "remove"), UnorderedElementsAre("web", "web-1", "web-2", "web-2-c"));
}

TEST_F(Rollout, LimitsHold) {
  const LinkGraph graph = teller_.graph();
  StoryLimits limits;
  limits.hops = 2;
  EXPECT_THAT(members(graph, "create", limits), ElementsAre("web", "web-1"));
  limits.hops = 12;
  limits.within = std::chrono::seconds(1);
  EXPECT_THAT(members(graph, "create", limits), ElementsAre("web", "web-1"));
}

TEST_F(Rollout, RecordsSayWhyTheyBelong) {
  Record& line = teller_.log(4, R"(Bound pod="default/web-1-a")", {{"pod", "default/web-1-a"}});
  const LinkGraph graph = teller_.graph();
  const Story story(graph, start_of(graph, "create"), {});
  const Story::Reason reason = story.match(line);
  ASSERT_TRUE(reason);
  EXPECT_EQ(reason.how, "name");
  std::vector<std::string> way;
  for (std::uint32_t at = reason.step; at != Story::kNone; at = story.steps()[at].before) {
    way.push_back(describe(story.thing(story.steps()[at].to)));
  }
  EXPECT_THAT(way, ElementsAre("pod default/web-1-a", "replicaset default/web-1",
                               "deployment default/web"));
}

TEST_F(Rollout, LineIsOfTheStoryInWhoseTimeItStands) {
  Record& early = teller_.log(4, "sync", {{"deployment", "default/web"}});
  Record& late = teller_.log(14, "sync", {{"deployment", "default/web"}});
  const LinkGraph graph = teller_.graph();
  const Story create(graph, start_of(graph, "create"), {});
  const Story scale(graph, start_of(graph, "scale-it"), {});
  EXPECT_TRUE(create.match(early));
  EXPECT_FALSE(create.match(late));
  EXPECT_FALSE(scale.match(early));
  EXPECT_TRUE(scale.match(late));
}

TEST_F(Rollout, LineAboutAPodOfAnotherChangeIsNotAboutTheOwner) {
  Record& line = teller_.log(13, R"(Deleting controller="default/web-1" pod="default/web-1-a")",
                             {{"pod", "default/web-1-a"}});
  const LinkGraph graph = teller_.graph();
  EXPECT_FALSE(Story(graph, start_of(graph, "scale-it"), {}).match(line));
}

TEST(Story, NamesMatchAsAWholeWithNamespaceAndKind) {
  Teller teller;
  teller.request(0, "web-it", "create", "deployments", "web", Teller::meta("web", "d", 1), 201);
  Record& longer = teller.log(1, "sync web2", {{"deployment", "default/web2"}});
  Record& elsewhere = teller.log(1, "sync", {{"deployment", "team-a/web"}});
  Record& other_kind = teller.log(1, "sync", {{"service", "default/web"}});
  Record& word = teller.log(1, "image web pulled for web-ui and default/web.");
  Record& right = teller.log(1, "sync", {{"deployment", "default/web"}});
  const LinkGraph graph = teller.graph();
  const Story story(graph, start_of(graph, "web-it"), {});
  EXPECT_FALSE(story.match(longer));
  EXPECT_FALSE(story.match(elsewhere));
  EXPECT_FALSE(story.match(other_kind));
  EXPECT_FALSE(story.match(word));
  EXPECT_TRUE(story.match(right));
}

TEST(Story, ObjectMadeAgainUnderTheSameNameIsAnother) {
  Teller teller;
  teller.request(0, "first", "create", "pods", "web", Teller::meta("web", "u1", 1), 201);
  teller.request(5, "gone", "delete", "pods", "web", Teller::meta("web", "u1", 2));
  teller.request(9, "second", "create", "pods", "web", Teller::meta("web", "u2", 1), 201);
  Record& early = teller.log(1, "sync", {{"pod", "default/web"}});
  Record& late = teller.log(10, "sync", {{"pod", "default/web"}});
  const LinkGraph graph = teller.graph();
  const Story first(graph, start_of(graph, "first"), {}),
      second(graph, start_of(graph, "second"), {});
  EXPECT_TRUE(first.match(early));
  EXPECT_FALSE(first.match(late));
  EXPECT_FALSE(second.match(early));
  EXPECT_TRUE(second.match(late));
  const auto either = find_start(graph, "pod/web", "");
  ASSERT_FALSE(either.ok());
  EXPECT_THAT(either.message(), testing::HasSubstr("could mean 2 things"));
}

// How a name is looked up depends on how many objects have had it; what is found does not.
TEST(Story, NameMeansTheObjectThatHadItThen) {
  for (const int count : {2, 7, 8, 9, 100}) {
    Teller teller;
    for (int i = 0; i < count; ++i) {
      teller.request(10 * i, fmt::format("make-{}", i), "create", "pods", "",
                     Teller::meta("db-0", fmt::format("uid-{}", i), 1), 201);
    }
    const auto uid_in = [](const LinkGraph& graph, std::string_view type, std::string_view space,
                           int time) {
      const std::uint32_t object =
          graph.find_object({Thing::Kind::object, type, space, "db-0", {}}, at(time));
      return object == LinkGraph::kNone ? "none" : std::string(graph.objects()[object].name.id);
    };
    const std::string last = fmt::format("uid-{}", count - 1);
    const LinkGraph pods = teller.graph();
    for (const char* type : {"pods", ""}) {
      for (const char* space : {"default", ""}) {
        EXPECT_EQ(uid_in(pods, type, space, -5), "none") << count;
        EXPECT_EQ(uid_in(pods, type, space, 0), "uid-0") << count;
        EXPECT_EQ(uid_in(pods, type, space, 15), "uid-1") << count;
        EXPECT_EQ(uid_in(pods, type, space, 10'000), last) << count;
      }
    }
    EXPECT_EQ(uid_in(pods, "pods", "team-a", 5), "none") << count;
    EXPECT_EQ(uid_in(pods, "services", "default", 5), "none") << count;
    // One that nobody saw made was there before; what is told of it is not told of those.
    teller.request(-20, "look", "get", "pods", "db-0");
    const LinkGraph before = teller.graph();
    EXPECT_EQ(uid_in(before, "pods", "default", -10), "") << count;
    EXPECT_EQ(uid_in(before, "pods", "default", 0), "uid-0") << count;
    EXPECT_EQ(uid_in(before, "", "", 15), "uid-1") << count;
    teller.request(3, "make-service", "create", "services", "", Teller::meta("db-0", "s", 1), 201);
    const LinkGraph two_kinds = teller.graph();
    EXPECT_EQ(uid_in(two_kinds, "", "default", 5), "none") << count;
    EXPECT_EQ(uid_in(two_kinds, "pods", "", 5), "uid-0") << count;
    EXPECT_EQ(uid_in(two_kinds, "services", "default", 5), "s") << count;
  }
}

TEST(Story, NameThatCouldBeOfSeveralKindsIsNotFollowed) {
  Teller teller;
  teller.request(0, "dep-it", "create", "deployments", "web", Teller::meta("web", "d", 1), 201);
  teller.request(0, "svc-it", "create", "services", "web", Teller::meta("web", "s", 1), 201);
  teller.request(1, "other", "create", "events", "web.18ea6c23d8cbf335");
  Record& event = teller.request(1, "event", "create", "events", "web.18ea6c23d8cbf334");
  const LinkGraph graph = teller.graph();
  EXPECT_EQ(graph.undecided(), 1) << "name";
  EXPECT_FALSE(Story(graph, start_of(graph, "dep-it"), {}).match(event));
}

TEST(Story, EventObjectTellsWhatARequestAboutItIsAbout) {
  Teller teller;
  teller.request(0, "dep-it", "create", "deployments", "web", Teller::meta("web", "d", 1), 201);
  teller.request(0, "svc-it", "create", "services", "web", Teller::meta("web", "s", 1), 201);
  Record& request = teller.request(1, "event", "create", "events", "web.18ea6c23d8cbf334");
  teller.tell(
      2,
      {{"involvedObject", R"({"kind":"Deployment","namespace":"default","name":"web","uid":"d"})"},
       {"metadata", R"({"name":"web.18ea6c23d8cbf334","namespace":"default","uid":"e"})"}});
  const LinkGraph graph = teller.graph();
  EXPECT_EQ(graph.undecided(), 0);
  EXPECT_TRUE(Story(graph, start_of(graph, "dep-it"), {}).match(request));
  EXPECT_FALSE(Story(graph, start_of(graph, "svc-it"), {}).match(request));
}

TEST(Story, TraceOfAClientLeadsToTheServersRecordsAndBack) {
  const std::string client(32, 'a'), server(32, 'b');
  Teller teller;
  teller.request(0, "get-it", "get", "pods", "web");
  teller.tell(0, {{"traceId", server},
                  {"spanId", "0102030405060708"},
                  {"audit-id", "get-it"},
                  {"links", R"([{"traceId":")" + client + R"(","spanId":"0807060504030201"}])"}});
  Record& span = teller.tell(0, {{"traceId", client}, {"spanId", "0807060504030201"}});
  Record& line = teller.log(0, "HTTP", {{"verb", "GET"}, {"audit-ID", "get-it"}});
  const LinkGraph graph = teller.graph();
  EXPECT_TRUE(Story(graph, start_of(graph, client), {}).match(line));
  EXPECT_TRUE(Story(graph, start_of(graph, "get-it"), {}).match(span));
}

TEST(Story, LineOfAClockThatIsBehindIsToldOfAndNotLinked) {
  Teller teller;
  teller.request(600, "pod-it", "create", "pods", "", Teller::meta("web-x7gkj", "u1", 1, "r"), 201);
  teller.request(600, "rs-it", "create", "replicasets", "web", Teller::meta("web", "r", 1), 201);
  Record& behind = teller.log(300, "SyncLoop ADD", {{"pod", "default/web-x7gkj"}});
  Record& right = teller.log(601, "SyncLoop ADD", {{"pod", "default/web-x7gkj"}});
  Record& late = teller.log(9'999, "SyncLoop ADD", {{"pod", "default/web-x7gkj"}});
  Record& before = teller.log(300, "sync", {{"replicaset", "default/web"}});
  const LinkGraph graph = teller.graph();
  const Story story(graph, start_of(graph, "pod-it"), {});
  EXPECT_FALSE(story.match(behind));
  EXPECT_EQ(story.match(behind).early, std::chrono::seconds(300));
  EXPECT_EQ(story.match(late).early, Duration::zero());
  EXPECT_TRUE(story.match(right));
  // A chosen name may have been another object's before.
  const Story chosen(graph, start_of(graph, "rs-it"), {});
  EXPECT_FALSE(chosen.match(before));
  EXPECT_EQ(chosen.match(before).early, Duration::zero());
}

TEST(Story, EventsThatNameNoObjectAreNobodys) {
  Teller teller;
  teller.request(0, "web-it", "create", "pods", "web", Teller::meta("web", "u", 1), 201);
  Record& bare = teller.tell(
      1, {{"kind", "Event"},
          {"metadata", R"({"name":"web.18ea6c23d8cbf334","namespace":"default","uid":"e"})"}});
  Record& empty = teller.tell(1, {{"kind", "Event"}, {"involvedObject", "{}"}, {"metadata", "{}"}});
  const LinkGraph graph = teller.graph();
  const Story story(graph, start_of(graph, "pod/web"), {});
  EXPECT_FALSE(story.match(bare));
  EXPECT_FALSE(story.match(empty));
}

TEST(Story, SpansWithoutIdsAreNobodys) {
  Teller teller;
  teller.request(0, "web-it", "create", "pods", "web", Teller::meta("web", "u", 1), 201);
  Record& nameless = teller.tell(0, {{"traceId", ""}, {"spanId", ""}, {"audit-id", "web-it"}});
  Record& zeros =
      teller.tell(0, {{"traceId", std::string(32, '0')}, {"spanId", "00"}, {"audit-id", "web-it"}});
  const LinkGraph graph = teller.graph();
  EXPECT_THAT(graph.traces(), IsEmpty());
  EXPECT_FALSE(Story(graph, start_of(graph, "web-it"), {}).match(nameless));
  EXPECT_FALSE(Story(graph, start_of(graph, "web-it"), {}).match(zeros));
}

TEST(Story, OwnersInACircleEnd) {
  Teller teller;
  teller.request(0, "a-it", "create", "pods", "a", Teller::meta("a", "u1", 1, "u2"), 201);
  teller.request(1, "b-it", "create", "pods", "b", Teller::meta("b", "u2", 1, "u3"), 201);
  teller.request(2, "c-it", "create", "pods", "c", Teller::meta("c", "u3", 1, "u1"), 201);
  teller.request(3, "d-it", "create", "pods", "d", Teller::meta("d", "u4", 1, "u4"), 201);
  const LinkGraph graph = teller.graph();
  EXPECT_THAT(members(graph, "pod/c"), ElementsAre("c", "b", "a"));
  EXPECT_THAT(members(graph, "pod/d"), ElementsAre("d"));
}

TEST(Story, OneOwnerMayHaveVeryMany) {
  Teller teller;
  teller.request(0, "owner-it", "create", "replicasets", "web", Teller::meta("web", "r", 1), 201);
  for (int i = 0; i < 100'000; ++i) {
    teller.request(1, fmt::format("pod-{}", i), "create", "pods", "",
                   Teller::meta(fmt::format("web-{}", i), fmt::format("u{}", i), 1, "r"), 201);
    if (i % 10'000 == 0) teller.forget();
  }
  const LinkGraph graph = teller.graph();
  EXPECT_EQ(members(graph, "owner-it").size(), 100'001);
}

TEST(Story, StartMayBeTheBeginningOfOneIdentifier) {
  Teller teller;
  teller.request(0, "11111111-a", "get", "pods", "web");
  teller.request(0, "11111111-b", "get", "pods", "web");
  const LinkGraph graph = teller.graph();
  EXPECT_TRUE(find_start(graph, "11111111-a", "").ok());
  EXPECT_THAT(find_start(graph, "111111", "").message(), testing::HasSubstr("could mean 2 things"));
  EXPECT_THAT(find_start(graph, "222222", "").message(),
              testing::HasSubstr("nothing that was read"));
  EXPECT_FALSE(find_start(graph, "pod/", "").ok());
  EXPECT_FALSE(find_start(graph, "/", "").ok());
}

}  // namespace
}  // namespace ktrace::trace
