// What is scanned where it lies in memory is what would be read, whatever happens to it meanwhile.

#include "list_scan.h"

#include <ostream>
#include <random>

#include <gtest/gtest.h>

#include "memory_source.h"

namespace ktrace::engine {
namespace {

struct Seen {
  std::uint64_t offset;
  std::string id, key;
  Severity severity;
  std::uint8_t hour;

  friend bool operator==(const Seen&, const Seen&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << seen.key << '=' << seen.id << '@' << seen.offset;
  }
};

// All that a list sees of `source`. Without calendars all observations are undated, and so tell
// their places.
std::vector<Seen> seen_in(input::Source& source, std::size_t block_size) {
  Query query;
  query.block_size = block_size;
  const Filter filter(query);
  const trace::KeySet keys = trace::KeySet::defaults();
  const Calendars calendars(1);
  const ListSearch search{query, keys, filter, calendars};
  Parts parts;
  add_parts(source, 0, 0, block_size, parts);
  ListWorker worker;
  std::vector<Seen> all;
  for (const auto& part : parts) {
    SeenPart seen;
    scan_for_list(search, worker, *part, seen);
    EXPECT_EQ(seen.undated.size(), seen.seen.size());
    for (const SeenPart::Undated& undated : seen.undated) {
      const Observation& one = seen.seen.at(undated.observation);
      const auto hours = std::chrono::duration_cast<std::chrono::hours>(undated.stamp.time_of_day);
      all.push_back({undated.offset, worker.ids.id(one.trace), worker.spellings.at(one.key),
                     one.severity, static_cast<std::uint8_t>(hours.count())});
    }
  }
  return all;
}

// Mostly klog text; of some records an identifier stands in later lines, or where only a parser
// finds it. `odd`: how many of a thousand lines begin no record of klog text.
std::string some_log(unsigned seed, unsigned odd) {
  std::mt19937 random(seed);
  const auto id = [&random] {
    std::string digits(32, '0');
    for (char& digit : digits) digit = "0123456789abcdef"[random() % 16];
    return digits;
  };
  std::string text;
  while (text.size() < 900'000) {
    const std::string clock = std::to_string(10 + random() % 10) + ":16:45.041587";
    if (random() % 1000 < odd) {
      const std::string time = std::to_string(1'795'366'497'352 + random() % 1000);
      const std::string others[] = {
          "{\"ts\":" + time + ".5,\"caller\":\"a.go:1\",\"msg\":\"b\",\"traceID\":\"" + id() +
              "\",\"v\":3}\n",
          "\ttraceID=\"" + id() + "\" continued\n", "goroutine 1 [running]:\n"};
      text += others[random() % std::size(others)];
      continue;
    }
    const char severity = "IWE"[random() % 3];
    text += severity + std::string("1122 ") + clock + "       1 file.go:12] \"words\"";
    if (random() % 2 == 0) text += " traceID=\"" + id() + '"';
    if (random() % 50 == 0) text += " reqID=unquoted-" + id();
    if (random() % 50 == 0) text += " request=\"a \\\"traceID=x\\\"\" requestID=\"r-" + id() + '"';
    text += " key=\"" + std::string(random() % 60, 'x') + "\"\n";
  }
  return text;
}

TEST(ListScan, SeesInPlaceWhatItWouldRead) {
  for (const unsigned odd : {0U, 1U, 50U}) {
    const std::string text = some_log(odd, odd);
    MemorySource read(text);
    const auto expected = seen_in(read, 256 << 10);
    EXPECT_GT(expected.size(), 3000U);
    for (const std::size_t block_size : {5000U, 20'000U, 256U << 10}) {
      LosingSource source(text, ~0U);
      source.show();
      EXPECT_EQ(seen_in(source, block_size), expected) << block_size << ", " << odd << " odd lines";
      EXPECT_GT(source.shown(), 0U);
    }
  }
}

TEST(ListScan, ForgetsWhatWasLostUnderIt) {
  const std::string text = some_log(7, 1);
  MemorySource read(text);
  const auto expected = seen_in(read, 256 << 10);
  for (const unsigned every : {1U, 2U, 3U}) {
    for (const std::size_t block_size : {5000U, 20'000U}) {
      LosingSource source(text, every);
      source.show();
      EXPECT_EQ(seen_in(source, block_size), expected) << "every " << every << ", " << block_size;
      EXPECT_GE(source.shown(), every);
    }
  }
}

}  // namespace
}  // namespace ktrace::engine
