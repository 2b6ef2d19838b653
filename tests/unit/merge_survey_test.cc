// The facts of blocks are those of their records, also where the blocks were looked at where they
// lie.

#include "merge_survey.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "memory_source.h"

namespace ktrace::engine {
namespace {

// Mostly klog text. `odd`: how many of a thousand lines begin no record of it.
std::string some_log(unsigned seed, unsigned odd) {
  static const std::string kOthers[] = {
      "{\"ts\":1678174252192.0676,\"caller\":\"a.go:1\",\"msg\":\"b\",\"v\":3}\n", "\tcontinued\n",
      "\n", "2023-03-07T08:17:32.192Z stdout F words\n", "goroutine 1 [running]:\r\n"};
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < 900'000) {
    if (random() % 1000 < odd) {
      text += kOthers[random() % std::size(kOthers)];
      continue;
    }
    const std::string clock = std::to_string(10 + random() % 10) + ":16:45.041587";
    text +=
        "I1122 " + clock + " 1 a.go:1] \"b\" key=\"" + std::string(random() % 200, 'x') + "\"\n";
  }
  return text;
}

// Surveys all of `source` and compares what is told of each block with its records.
void expect_right_facts(MemorySource& source, const std::string& text, const Query& query) {
  const trace::Calendar calendar;
  Parts parts;
  add_parts(source, 0, 0, query.block_size, parts);
  SurveyWorker worker;
  std::uint64_t offset = 0, part_begin = 0;
  Stamp before;
  for (const auto& part : parts) {
    part_begin = offset;
    for (const BlockFacts& facts :
         survey_part(*part, query.block_size, query, calendar, true, worker)) {
      ASSERT_EQ(facts.offset, offset);
      EXPECT_EQ(facts.first, offset);
      EXPECT_EQ(facts.before, before) << offset;
      EXPECT_EQ(facts.line, std::count(text.data() + part_begin, text.data() + offset, '\n'));
      const std::string padded = text.substr(offset, facts.size) + std::string(64, '\0');
      trace::CalendarCursor cursor(calendar);
      BlockWalk walk(std::string_view(padded).substr(0, facts.size), offset, before, query.order,
                     cursor, worker.record);
      std::vector<Time> keys;
      while (walk.next()) keys.push_back(walk.key());
      EXPECT_EQ(facts.earliest, *std::min_element(keys.begin(), keys.end())) << offset;
      EXPECT_EQ(facts.latest, *std::max_element(keys.begin(), keys.end())) << offset;
      before = walk.stamp();
      offset += facts.size;
    }
  }
  EXPECT_EQ(offset, text.size());
}

TEST(MergeSurvey, SeesInPlaceWhatItWouldRead) {
  for (const unsigned odd : {0U, 5U, 100U, 900U}) {
    const std::string text = some_log(odd, odd);
    for (const std::size_t block_size : {5000U, 20'000U, 256U << 10}) {
      SCOPED_TRACE(std::to_string(odd) + " odd lines, blocks of " + std::to_string(block_size));
      Query query;
      query.block_size = block_size;
      LosingSource source(text, ~0U);
      source.show();
      expect_right_facts(source, text, query);
      EXPECT_GT(source.shown(), 0U);
    }
  }
}

TEST(MergeSurvey, ForgetsWhatWasLostUnderIt) {
  const std::string text = some_log(7, 5);
  for (const unsigned every : {1U, 2U, 3U}) {
    Query query;
    query.block_size = 20'000;
    LosingSource source(text, every);
    source.show();
    expect_right_facts(source, text, query);
    EXPECT_GE(source.shown(), every);
  }
}

TEST(MergeSurvey, ReadsWhatMustBeParsed) {
  const std::string text = some_log(3, 5);
  Query query;
  query.order = Order::begin;
  LosingSource source(text, ~0U);
  source.show();
  expect_right_facts(source, text, query);
  EXPECT_EQ(source.shown(), 0U);
}

}  // namespace
}  // namespace ktrace::engine
