// Links that are kept and taken out again are the links that were read.

#include "ktrace/stored_links.h"

#include <random>

#include <gtest/gtest.h>

#include "deflate.h"
#include "stamps.h"
#include "told.h"

namespace ktrace::trace {
namespace {

const std::string kPod = "0ff01618-796b-4107-a7ec-bb9de37f3afc";
const std::string kContainer(64, 'c');

// A pod that is made, by its request, its Event, and its kubelet, whose stamps have no year.
class StoredLinks : public testing::Test {
 protected:
  StoredLinks() {
    Teller teller;
    teller.request(0, "6da5d65c-0000-4000-8000-000000000001", "create", "pods", "",
                   Teller::meta("web-1", kPod, 1, "11111111-2222-3333-4444-555555555555"), 201);
    teller.request(5, "not-a-uuid", "delete", "pods", "web-1");
    teller.tell(7, {{"involvedObject", R"({"kind":"Pod","namespace":"default","name":"web-1"})"},
                    {"metadata", R"({"namespace":"default","name":"web-1.18ea6c23d8cbf334"})"}});
    Record& line =
        teller.log(9, "SyncLoop (PLEG): event for pod",
                   {{"pod", "default/web-1"}, {"podUID", kPod}, {"containerID", kContainer}});
    line.stamp = yearless(11, 22);
    Record& request = teller.log(9, "HTTP",
                                 {{"verb", "GET"},
                                  {"URI", "/api/v1/namespaces/default/pods/web-1"},
                                  {"audit-ID", "6da5d65c-0000-4000-8000-000000000002"},
                                  {"resp", "200"}});
    request.stamp = yearless(11, 22);
    request.duration = std::chrono::milliseconds(20);
    records_ = teller.take();
    StoredLinkReader reader;
    for (Record& record : records_.list) {
      record.offset = 100 * (1 + static_cast<std::uint64_t>(&record - records_.list.data()));
      reader.read(record, record.stamp, arena_, links_);
    }
  }

  std::string encoded() const {
    LinkEncoder encoder;
    for (const StoredLink& link : links_) encoder.add(link);
    return encoder.finish();
  }

  Told records_;
  Arena arena_;
  std::vector<StoredLink> links_;
};

TEST_F(StoredLinks, AreTheLinksThatWereRead) {
  Arena arena;
  std::vector<StoredLink> taken;
  ASSERT_TRUE(decode_links(encoded(), 7, arena, taken));
  ASSERT_EQ(taken.size(), links_.size());
  ASSERT_GE(taken.size(), 6U);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const Link &got = taken[i].link, &want = links_[i].link;
    EXPECT_EQ(got.kind, want.kind);
    EXPECT_EQ(got.from, want.from);
    EXPECT_EQ(got.to, want.to);
    EXPECT_EQ(got.time, want.time);
    EXPECT_EQ(got.effect, want.effect);
    EXPECT_EQ(got.version, want.version);
    EXPECT_EQ(got.ready, want.ready);
    EXPECT_EQ(got.evidence, (Evidence{7, want.evidence.offset}));
    EXPECT_EQ(taken[i].stamp, links_[i].stamp);
    EXPECT_EQ(taken[i].by_calendar, links_[i].by_calendar);
  }
}

// Read anew with the time that the calendar gives, each link has the time that it is given later.
TEST_F(StoredLinks, AreDatedByTheCalendarOfTheirSource) {
  for (const int year : {2024, 2026}) {
    Calendar calendar;
    calendar.add_sample(0, yearless(11, 22));
    calendar.set_first_year(year);
    calendar.set_ahead(std::chrono::minutes(year - 2024));
    CalendarCursor cursor(calendar);
    std::vector<Link> read;
    LinkReader reader;
    Arena arena;
    for (Record& record : records_.list) {
      record.time = calendar.resolve(record.offset, record.stamp);
      reader.read(record, arena, read);
    }
    std::vector<Link> taken;
    ASSERT_TRUE(decode_links(encoded(), 0, calendar, arena, taken));
    ASSERT_EQ(read.size(), links_.size());
    ASSERT_EQ(read.size(), taken.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(links_[i].dated(cursor).time, read[i].time) << i << " in " << year;
      EXPECT_EQ(taken[i].time, read[i].time) << i << " in " << year;
      EXPECT_EQ(taken[i].to, read[i].to) << i;
    }
  }
}

TEST_F(StoredLinks, NoneAreNone) {
  std::vector<StoredLink> taken;
  EXPECT_TRUE(decode_links(LinkEncoder().finish(), 0, arena_, taken));
  EXPECT_TRUE(taken.empty());
}

TEST_F(StoredLinks, CutShortAreRefused) {
  const std::string whole = encoded(), inflated = *index::inflate(whole);
  std::vector<StoredLink> taken;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_links(whole.substr(0, size), 0, arena_, taken)) << size;
  }
  for (std::size_t size = 0; size < inflated.size(); ++size) {
    const std::string cut = index::deflate(inflated.substr(0, size));
    EXPECT_FALSE(decode_links(cut, 0, arena_, taken)) << size;
  }
}

TEST_F(StoredLinks, DamagedAreRefusedOrOthers) {
  const std::string whole = encoded(), inflated = *index::inflate(whole);
  std::mt19937 random(1);
  Calendar calendar;
  CalendarCursor cursor(calendar);
  for (int round = 0; round < 2000; ++round) {
    const bool inside = round % 2 == 0;
    std::string damaged = inside ? inflated : whole;
    for (std::size_t i = 0; i <= random() % 3; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (inside) damaged = index::deflate(damaged);
    std::vector<StoredLink> taken;
    if (!decode_links(damaged, 0, arena_, taken)) continue;
    for (const StoredLink& link : taken) {
      EXPECT_LT(link.link.kind, link_kinds().size());
      link.dated(cursor);
    }
  }
}

}  // namespace
}  // namespace ktrace::trace
