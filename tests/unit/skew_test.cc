// How far clocks are apart: which records tell of one moment, and what is made of many.

#include "ktrace/skew.h"

#include <algorithm>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed_record.h"

namespace ktrace::trace {
namespace {

using format::ParsedRecord;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

// ---- Which records are anchors ----------------------------------------------------------------

using Keys = std::vector<std::uint64_t>;

Keys keys_of(const Record& record) {
  Keys keys;
  collect_anchors(record, keys);
  return keys;
}

Keys keys_of(const std::string& raw) { return keys_of(*ParsedRecord(raw)); }

std::string klog(const std::string& text) {
  return "I1122 17:00:00.000000       1 x.go:1] " + text + "\n";
}

Record object(std::string_view form, std::string_view message) {
  Record record;
  record.format = form;
  record.message = message;
  record.stamp.kind = Stamp::Kind::absolute;
  record.stamp.digits = 6;
  return record;
}

Record audit(std::string_view stage, std::string_view verb = "create") {
  Record record = object("audit", "");
  record.attributes = {{"auditID", "aa-1", Attribute::Type::string},
                       {"stage", stage, Attribute::Type::string},
                       {"verb", verb, Attribute::Type::string},
                       {"requestURI", "/api/v1/pods", Attribute::Type::string}};
  return record;
}

TEST(Anchors, ARequestLineAndTheAuditEventOfItsEnd) {
  const std::string line = R"("HTTP" verb="POST" URI="/x" latency="3ms" audit-ID="aa-1" resp=201)";
  const Keys keys = keys_of(klog(line));
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ((Anchor{keys[0], {}}.match()), Match::request);
  EXPECT_EQ(keys_of(audit("ResponseComplete")), keys);
  EXPECT_THAT(keys_of(audit("RequestReceived")), IsEmpty());
  EXPECT_THAT(keys_of(audit("ResponseComplete", "watch")), IsEmpty());
  EXPECT_THAT(keys_of(klog(R"("HTTP" verb="WATCH" URI="/x" latency="3ms" audit-ID="a" resp=200)")),
              IsEmpty());
  EXPECT_THAT(keys_of(klog(R"("HTTP" verb="GET" URI="/x" latency="3ms" audit-ID="" resp=200)")),
              IsEmpty());
}

TEST(Anchors, AnEventAndTheLineOfWhoReportedIt) {
  const std::string event = "Started Pod default/web: Started container web";
  const Keys of_object = keys_of(object("event", event));
  ASSERT_EQ(of_object.size(), 1u);
  EXPECT_TRUE((Anchor{of_object[0], {}}.is_object()));
  const Keys keys{Anchor{of_object[0], {}}.moment()};
  const std::string rest = R"( fieldPath="" kind="Pod" reason="Started" )"
                           R"(message="Started container web")";
  EXPECT_EQ(keys_of(klog(R"("Event occurred" object="default/web")" + rest)), keys);
  EXPECT_EQ(keys_of(R"({"ts":1795366485565.9941,"msg":"Event occurred","v":3,"object":)"
                    R"({"name":"web","namespace":"default"},"kind":"Pod","reason":"Started",)"
                    R"("message":"Started container web"})"
                    "\n"),
            keys);
  Record coarse = object("event", event);
  coarse.stamp.digits = 0;
  EXPECT_THAT(keys_of(coarse), IsEmpty()) << "a second is no moment";
  EXPECT_NE(keys_of(object("event", event + " (x2)")), of_object);
}

TEST(Anchors, TheBindingOfAPod) {
  const Keys keys = keys_of(klog(R"("Successfully bound pod to node" pod="default/web" node="n")"));
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ((Anchor{keys[0], {}}.match()), Match::binding);
  EXPECT_EQ(keys_of(klog(R"("HTTP" verb="POST" URI="/api/v1/namespaces/default/pods/web/binding")"
                         R"( latency="3ms" audit-ID="" resp=201)")),
            keys);
  for (const char* pods :
       {R"(["default/web"])", "[default/web]", R"([{"name":"web","namespace":"default"}])"}) {
    EXPECT_EQ(keys_of(klog(R"("SyncLoop ADD" source="api" pods=)" + std::string(pods))), keys)
        << pods;
  }
  for (const char* other :
       {R"("SyncLoop ADD" source="api" pods=["default/web","default/db"])",
        R"("SyncLoop ADD" source="api" pods=[])", R"("SyncLoop ADD" source="file" pods=["a/b"])",
        R"("SyncLoop ADD" source="api" pods=[{"name":"a"},{"name":"b"}])",
        R"("SyncLoop DELETE" source="api" pods=["default/web"])"}) {
    EXPECT_THAT(keys_of(klog(other)), IsEmpty()) << other;
  }
}

// ---- Samples ----------------------------------------------------------------------------------

Time at(Duration since) { return Time(hours(24 * 365 * 50)) + since; }

std::uint64_t key(std::uint64_t number, Match match = Match::request) {
  return number << 3 | static_cast<std::uint64_t>(match);
}

TEST(AnchorSample, IsTheSameInAnyOrderAndAnyParts) {
  std::vector<Anchor> all;
  for (std::uint64_t i = 0; i < 5 * AnchorSample::kMost; ++i) {
    all.push_back({key(i * 2654435761U % 1000003), at(seconds(i))});
  }
  AnchorSample forth, back;
  for (const Anchor& anchor : all) forth.add(anchor);
  std::reverse(all.begin(), all.end());
  for (std::size_t begin = 0; begin < all.size(); begin += 1000) {
    AnchorSample part;
    for (std::size_t i = begin; i < std::min(begin + 1000, all.size()); ++i) part.add(all[i]);
    back.add(part);
  }
  EXPECT_EQ(forth.unique(), back.unique());
  EXPECT_LE(forth.unique().size(), AnchorSample::kMost);
}

TEST(AnchorSample, LeavesOutWhatComesTwice) {
  AnchorSample sample;
  sample.add({key(1), at(seconds(1))});
  sample.add({key(2), at(seconds(2))});
  sample.add({key(1), at(seconds(3))});
  EXPECT_THAT(sample.unique(), ElementsAre(Anchor{key(2), at(seconds(2))}));
}

// ---- Estimates --------------------------------------------------------------------------------

// `count` moments, one a second from `first` on, told by a clock that is `ahead`, up to `jitter`
// later.
AnchorSample told(std::uint64_t first, std::uint64_t count, Duration ahead, Duration jitter = {},
                  Match match = Match::request) {
  std::mt19937 random(static_cast<unsigned>(first + count));
  AnchorSample sample;
  for (std::uint64_t i = first; i < first + count; ++i) {
    const Duration later = jitter == Duration::zero()
                               ? jitter
                               : Duration(static_cast<std::int64_t>(random()) % jitter.count());
    sample.add({key(i, match), at(seconds(i) + ahead + later)});
  }
  return sample;
}

TEST(Skew, IsTheMedianOfTheDifferences) {
  const AnchorSample samples[] = {told(0, 100, Duration{}),
                                  told(0, 100, -seconds(2), milliseconds(4))};
  const auto skews = estimate_skew(samples);
  ASSERT_EQ(skews.size(), 1u);
  EXPECT_EQ(skews[0].source, 1u);
  EXPECT_EQ(skews[0].reference, 0u);
  EXPECT_EQ(skews[0].anchors, 100u);
  EXPECT_NEAR(static_cast<double>(skews[0].ahead.count()), -1.998e9, 1e6);
  EXPECT_LT(skews[0].spread, milliseconds(2));
  EXPECT_TRUE(skews[0].significant());
  EXPECT_FALSE(skews[0].looks_like_zone());
}

TEST(Skew, IsNotDisturbedByAFewMomentsThatAreNone) {
  AnchorSample disturbed = told(0, 40, milliseconds(300));
  for (std::uint64_t i = 40; i < 55; ++i) disturbed.add({key(i), at(hours(5))});
  const AnchorSample samples[] = {told(0, 55, Duration{}), disturbed};
  const auto skews = estimate_skew(samples);
  ASSERT_EQ(skews.size(), 1u);
  EXPECT_EQ(skews[0].ahead, milliseconds(300));
}

TEST(Skew, NeedsThreeMoments) {
  const AnchorSample samples[] = {told(0, 2, Duration{}), told(0, 2, seconds(2))};
  EXPECT_THAT(estimate_skew(samples), IsEmpty());
}

TEST(Skew, BelowWhatLiesBetweenTwoRecordsIsNotSignificant) {
  const AnchorSample near[] = {told(0, 50, Duration{}), told(0, 50, milliseconds(49))};
  EXPECT_FALSE(estimate_skew(near).at(0).significant());
  const AnchorSample wide[] = {told(0, 50, Duration{}),
                               told(0, 50, milliseconds(20), milliseconds(400))};
  EXPECT_FALSE(estimate_skew(wide).at(0).significant());
}

TEST(Skew, TellsATimeZoneFromAClock) {
  const AnchorSample samples[] = {told(0, 50, Duration{}),
                                  told(0, 50, hours(2) + microseconds(90))};
  EXPECT_TRUE(estimate_skew(samples).at(0).looks_like_zone());
}

TEST(Skew, TakesTheMostExactMatch) {
  AnchorSample both = told(0, 5, milliseconds(100));
  both.add(told(1000, 50, milliseconds(170), {}, Match::binding));
  AnchorSample reference = told(0, 5, Duration{});
  reference.add(told(1000, 50, Duration{}, {}, Match::binding));
  const AnchorSample samples[] = {reference, both};
  const auto skews = estimate_skew(samples);
  ASSERT_EQ(skews.size(), 1u);
  EXPECT_EQ(skews[0].match, Match::request);
  EXPECT_EQ(skews[0].ahead, milliseconds(100));
}

// The second source shares moments with both others, which share none with each other.
TEST(Skew, ComparesEachSourceOnceAlongTheStrongestLinks) {
  AnchorSample middle = told(0, 30, Duration{});
  middle.add(told(100, 20, Duration{}));
  const AnchorSample samples[] = {told(0, 30, seconds(1)), middle, told(100, 20, -seconds(3)),
                                  AnchorSample()};
  const auto skews = estimate_skew(samples);
  ASSERT_EQ(skews.size(), 2u);
  EXPECT_EQ(skews[0].source, 0u);
  EXPECT_EQ(skews[0].reference, 1u);
  EXPECT_EQ(skews[0].ahead, seconds(1));
  EXPECT_EQ(skews[1].source, 2u);
  EXPECT_EQ(skews[1].reference, 1u);
  EXPECT_EQ(skews[1].ahead, -seconds(3));
}

// The objects stand at the times of those who reported them.
TEST(Skew, OfEventsIsNotThatOfTheirReporters) {
  AnchorSample node = told(0, 10, seconds(2), {}, Match::binding);
  node.add(told(100, 50, seconds(2), {}, Match::event));
  const AnchorSample objects = [] {
    AnchorSample sample;
    for (std::uint64_t i = 100; i < 150; ++i) {
      sample.add({key(i, Match::event) | Anchor::kObject, at(seconds(i + 2))});
    }
    for (std::uint64_t i = 200; i < 250; ++i) {
      sample.add({key(i, Match::event) | Anchor::kObject, at(seconds(i))});
    }
    return sample;
  }();
  const AnchorSample samples[] = {told(0, 10, Duration{}, {}, Match::binding), node, objects,
                                  told(200, 50, hours(1), {}, Match::event)};
  const auto skews = estimate_skew(samples);
  ASSERT_EQ(skews.size(), 2u);
  EXPECT_EQ(skews[0].source, 1u);
  EXPECT_EQ(skews[0].reference, 0u);
  EXPECT_EQ(skews[0].ahead, seconds(2));
  EXPECT_EQ(skews[1].source, 3u);
  EXPECT_EQ(skews[1].reference, 2u);
  EXPECT_EQ(skews[1].ahead, hours(1));
}

TEST(Skew, AddsUpToTheRoot) {
  Skew near{1, 0, Match::request, 9, seconds(1), Duration{}};
  Skew far{2, 1, Match::request, 9, seconds(5), Duration{}};
  Skew noise{3, 0, Match::request, 9, milliseconds(5), Duration{}};
  const Skew skews[] = {near, far, noise};
  EXPECT_THAT(total_skew(skews, 5),
              ElementsAre(seconds(0), seconds(1), seconds(6), seconds(0), seconds(0)));
}

TEST(Skew, SurvivesTimesThatAreTooFarApart) {
  AnchorSample first, last;
  for (std::uint64_t i = 0; i < 3; ++i) {
    first.add({key(i), Time::min()});
    last.add({key(i), Time::max()});
  }
  const AnchorSample samples[] = {first, last};
  EXPECT_TRUE(estimate_skew(samples).at(0).significant());
}

}  // namespace
}  // namespace ktrace::trace
