// What threads of `list` have seen, put together by trace.

#include "trace_groups.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "trace_ids.h"

namespace ktrace::engine {
namespace {

Observation observation(std::uint32_t trace, int second, std::uint16_t component) {
  Observation seen;
  seen.trace = trace;
  seen.time = Time(std::chrono::seconds(second));
  seen.component = component;
  return seen;
}

std::vector<std::uint32_t> zero_to(std::uint32_t count) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

TEST(TraceIds, AreThoseOfAllTables) {
  const std::vector<std::vector<std::string>> seen = {
      {"a", "b", "4BF92F3577B34DA6A3CE929D0E0E4736"},
      {},
      {"c", "b"},
      {"d", "c", "4bf92f3577b34da6a3ce929d0e0e4736", "b"}};
  std::vector<trace::IdTable> tables(seen.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    for (const std::string& id : seen[i]) tables[i].number_of(id);
  }
  TraceIds ids(std::move(tables), 3);
  EXPECT_EQ(ids.size(), 9U);
  EXPECT_EQ(ids.take_numbers(0), zero_to(3));
  EXPECT_EQ(ids.take_numbers(1), zero_to(0));
  EXPECT_EQ(ids.take_numbers(2), (std::vector<std::uint32_t>{3, 1}));
  EXPECT_EQ(ids.take_numbers(3), (std::vector<std::uint32_t>{5, 3, 2, 1}));
  const std::map<std::uint32_t, std::string> names = {
      {0, "a"}, {1, "b"}, {2, "4bf92f3577b34da6a3ce929d0e0e4736"}, {3, "c"}, {5, "d"}};
  for (const auto& [number, name] : names) {
    std::string id;
    ids.copy(number, id);
    EXPECT_EQ(id, name);
    for (const auto& [other, others] : names)
      EXPECT_EQ(ids.is_before(number, other), name < others);
  }
}

TEST(TraceGroups, KeepTheOrderOfPartsWhoeverSawThem) {
  std::mt19937 random(1);
  for (const std::uint32_t traces : {1U, 7U, 300U, 10'000U}) {
    for (const std::size_t workers : {1U, 2U, 5U}) {
      // Component 2 of a worker is 3 for all.
      std::vector<Numbers> numbers(workers, {zero_to(traces), {0}, {0, 1, 3}});
      std::reverse(numbers.back().traces.begin(), numbers.back().traces.end());
      std::vector<SeenPart> parts(7);
      std::map<std::uint32_t, std::vector<Observation>> expected;
      for (SeenPart& part : parts) {
        part.worker = static_cast<std::uint32_t>(random() % workers);
        for (std::size_t i = random() % 400; i > 0; --i) {
          part.seen.push_back(observation(static_cast<std::uint32_t>(random() % traces),
                                          static_cast<int>(i),
                                          static_cast<std::uint16_t>(random() % 3)));
          const Observation one = numbers[part.worker].of_all(part.seen.back());
          expected[one.trace].push_back(one);
        }
      }
      std::vector<SeenPart*> pointers;
      for (SeenPart& part : parts) pointers.push_back(&part);
      const TraceGroups made = group_by_trace(pointers, numbers, traces);
      for (const SeenPart& part : parts) EXPECT_EQ(part.seen.capacity(), 0U);

      std::map<std::uint32_t, std::vector<Observation>> found;
      for (const Listed& one : made.listed) {
        if (one.trace != Listed::kNone) found[one.trace].push_back(one.only());
      }
      for (const auto& groups : made.groups) {
        for (const TraceGroups::Group& group : groups) {
          found[group.trace].assign(made.grouped.begin() + group.begin,
                                    made.grouped.begin() + group.end);
        }
      }
      ASSERT_EQ(found.size(), expected.size());
      for (const auto& [trace, seen] : expected) {
        EXPECT_TRUE(std::equal(seen.begin(), seen.end(), found[trace].begin(), found[trace].end(),
                               [](const Observation& a, const Observation& b) {
                                 return a.trace == b.trace && a.time == b.time &&
                                        a.component == b.component;
                               }));
      }
    }
  }
}

}  // namespace
}  // namespace ktrace::engine
