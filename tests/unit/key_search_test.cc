// The key search finds every place at which an identifier key ends.

#include "ktrace/key_search.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktrace::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> keys_in(const std::string& text, const KeySet& keys = KeySet::defaults()) {
  const std::string padded = text + std::string(64, '=');
  const auto block = std::string_view(padded).substr(0, text.size());
  const KeySearch search(keys);
  std::vector<std::uint32_t> separators;
  search.find_all(block, separators);
  std::vector<std::string> found;
  for (const std::uint32_t separator : separators) {
    if (const auto key = search.key_before(block, separator)) {
      found.push_back(text.substr(key.begin, key.end - key.begin));
    }
  }
  return found;
}

TEST(KeySearch, FindsEverySpelling) {
  EXPECT_THAT(keys_in("a traceID=1 trace-id:2 {\"Trace_Id\":\"3\"} audit-ID= x"),
              ElementsAre("traceID", "trace-id", "Trace_Id", "audit-ID"));
  EXPECT_THAT(keys_in("traceparent: dd.trace_id= logging.googleapis.com/trace=x"),
              ElementsAre("traceparent", "dd.trace_id", "logging.googleapis.com/trace"));
}

TEST(KeySearch, KnowsWhichKeysAreNotPlain) {
  const std::string text = "traceparent=traceID=" + std::string(64, ' ');
  const auto block = std::string_view(text).substr(0, 20);
  const KeySearch search(KeySet::defaults());
  EXPECT_FALSE(search.key_before(block, 11).plain);
  EXPECT_TRUE(search.key_before(block, 19).plain);
}

TEST(KeySearch, PassesOverWhatIsNoKey) {
  EXPECT_THAT(keys_in("podUID=1 xtraceID=2 my.traceID=3 traceID 4 traceIDs=5 url/traceID=6"),
              IsEmpty());
  EXPECT_THAT(keys_in("=:"), IsEmpty());
  EXPECT_THAT(keys_in(""), IsEmpty());
  EXPECT_THAT(keys_in("traceID"), IsEmpty());
}

TEST(KeySearch, FindsKeysOfTheUsersOwn) {
  EXPECT_THAT(keys_in("session-key=1 a=2 b=3", KeySet({"sessionKey", "b"})),
              ElementsAre("session-key", "b"));
  const KeySet many({"xa", "xb", "xc", "xf", "xg", "xh", "xi", "xj"});
  EXPECT_THAT(keys_in("xa=1 x-b=2 xj=3 xz=4", many), ElementsAre("xa", "x-b", "xj"));
  const KeySet odd({"my key", "Schlüssel", "x1", std::string(70, 'y')});
  EXPECT_THAT(
      keys_in("my key=1 schl\u00fcssel=2 X_1=3 amy key=4 " + std::string(70, 'Y') + "=5", odd),
      ElementsAre("my key", "schl\u00fcssel", "X_1", std::string(70, 'Y')));
}

TEST(KeySearch, FindsKeysWhereverTheyStandInTheBlock) {
  for (std::size_t before = 0; before < 200; ++before) {
    for (const std::string key : {"traceID=", "\"traceID\":"}) {
      EXPECT_THAT(keys_in(std::string(before, ' ') + key), ElementsAre("traceID")) << before;
    }
  }
}

/// What balanced() tells, letter by letter.
bool ends_outside(std::string_view text) {
  bool inside = false, escaped = false;
  for (const char c : text) {
    if (c == '\n' || (c == '\\' && !inside)) return false;
    if (c == '"' && !escaped) inside = !inside;
    escaped = c == '\\' && !escaped;
  }
  return !inside;
}

TEST(Balanced, TellsWhetherATextEndsOutsideOfQuotes) {
  std::mt19937 random(3);
  std::size_t balanced_ones = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string text(random() % 150, 'x');
    for (char& c : text) {
      if (random() % 16 == 0) c = '"';
      if (round % 3 == 0 && random() % 32 == 0) c = '\\';
      if (round % 3 == 1 && random() % 256 == 0) c = '\n';
    }
    const std::string padded = text + std::string(32, '"');
    balanced_ones += ends_outside(text);
    EXPECT_EQ(balanced(std::string_view(padded).substr(0, text.size())), ends_outside(text))
        << text;
  }
  EXPECT_GT(balanced_ones, 1000u);
}

TEST(KeySearch, AgreesWithKeySetOnRandomText) {
  std::mt19937 random(7);
  const KeySet keys({"ab", "a.b", "b/c"});
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    while (text.size() < random() % 200) text.push_back("aAbBc.-_/=:\" "[random() % 13]);
    std::vector<std::string> expected;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '=' && text[at] != ':') continue;
      const std::size_t end = at > 0 && text[at - 1] == '"' ? at - 1 : at;
      std::size_t begin = end;
      while (begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != '"' &&
             text[begin - 1] != '=' && text[begin - 1] != ':') {
        --begin;
      }
      const std::string key = text.substr(begin, end - begin);
      if (keys.contains(key)) expected.push_back(key);
    }
    EXPECT_EQ(keys_in(text, keys), expected) << text;
  }
}

}  // namespace
}  // namespace ktrace::trace
