// The key search finds every place at which an identifier key ends.

#include "ktrace/key_search.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "all_vectors.h"

namespace ktrace::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> keys_in(const std::string& text, const KeySet& keys, Vectors vectors) {
  const std::string padded = text + std::string(64, '=');
  const auto block = std::string_view(padded).substr(0, text.size());
  const KeySearch search(keys, vectors);
  KeyCursor cursor(search);
  std::vector<std::uint32_t> separators;
  search.find_all(block, separators);
  std::vector<std::string> found;
  for (const std::uint32_t separator : separators) {
    const auto key = search.key_before(block, separator);
    for (int again = 0; again < 2; ++again) {
      const auto same = cursor.key_before(block, separator);
      EXPECT_EQ(bool(same), bool(key)) << text;
      if (!key) continue;
      EXPECT_EQ(same.begin, key.begin) << text;
      EXPECT_EQ(same.end, key.end) << text;
      EXPECT_EQ(same.plain, key.plain) << text;
    }
    if (key) found.push_back(text.substr(key.begin, key.end - key.begin));
  }
  return found;
}

/// The same from all searches that this machine can run.
std::vector<std::string> keys_in(const std::string& text, const KeySet& keys = KeySet::defaults()) {
  const std::vector<std::string> found = keys_in(text, keys, Vectors::none);
  for (const Vectors vectors : all_vectors()) {
    EXPECT_EQ(keys_in(text, keys, vectors), found) << text;
  }
  return found;
}

TEST(KeySearch, FindsEverySpelling) {
  EXPECT_THAT(keys_in("a traceID=1 trace-id:2 {\"Trace_Id\":\"3\"} audit-ID= x"),
              ElementsAre("traceID", "trace-id", "Trace_Id", "audit-ID"));
  EXPECT_THAT(keys_in("traceparent: dd.trace_id= logging.googleapis.com/trace=x"),
              ElementsAre("traceparent", "dd.trace_id", "logging.googleapis.com/trace"));
  EXPECT_THAT(keys_in("t-r-a-c-e_I-D=1 trace__i-d: \"audit--id\":"),
              ElementsAre("t-r-a-c-e_I-D", "trace__i-d", "audit--id"));
  EXPECT_THAT(keys_in("2017-03-21T03:57:09.1Z AUDIT: id=\"1\""), ElementsAre("id"));
}

TEST(KeySearch, FindsEverySpellingOfKeysThatEndAlike) {
  const KeySet one({"traceID"}), two({"reqID", "auditID"});
  EXPECT_THAT(keys_in("traceID=1 trace-id:2 t-r-a-c-e_I-D=1 trace__i---d: podUID= audit-ID=", one),
              ElementsAre("traceID", "trace-id", "t-r-a-c-e_I-D", "trace__i---d"));
  EXPECT_THAT(keys_in("reqID=1 traceID=2 {\"req_i--d\":\"3\"} A-U-D-I-T-I-D: AUDIT: id=\"1\"", two),
              ElementsAre("reqID", "req_i--d", "A-U-D-I-T-I-D", "id"));
  EXPECT_THAT(keys_in("id=1 d=2 eID=3 ceID=4", one), IsEmpty());
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

TEST(KeySearch, AgreesWithKeySetOnRandomText) {
  std::mt19937 random(7);
  const KeySet short_ones({"ab", "a.b", "b/c"}), long_ones({"abba", "a.bc", "b/cab"});
  for (int round = 0; round < 6000; ++round) {
    const KeySet& keys = round % 2 == 0 ? short_ones : long_ones;
    std::string text;
    while (text.size() < random() % 200) {
      text += "aAbBc.-_/=:\" "[random() % 13];
      if (round % 2 != 0 && random() % 4 == 0) text += random() % 2 == 0 ? "ABb" : "a_.b";
    }
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
