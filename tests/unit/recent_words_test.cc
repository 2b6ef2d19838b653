// Which words are known, with all instructions that this machine has.

#include "recent_words.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "all_vectors.h"

namespace ktrace::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The words that are not known.
std::vector<std::string> others(const RecentWords& recent, const std::vector<std::string>& words) {
  std::string text;
  std::vector<std::uint32_t> begins, ends;
  for (const std::string& word : words) {
    begins.push_back(static_cast<std::uint32_t>(text.size()));
    text += word;
    ends.push_back(static_cast<std::uint32_t>(text.size()));
  }
  text.append(RecentWords::kLongest, 'z');
  begins.resize(words.size() + 8);
  ends.resize(words.size() + 8);
  std::vector<std::uint32_t> numbers(words.size() + 8);
  numbers.resize(
      recent.find_others(text.data(), begins.data(), ends.data(), words.size(), numbers.data()));
  std::vector<std::string> found;
  for (const std::uint32_t number : numbers) found.push_back(words[number]);
  return found;
}

void learn(RecentWords& recent, const std::string& word) {
  const std::string text = word + std::string(RecentWords::kLongest, 'q');
  recent.learn(text.data(), word.size());
}

TEST(RecentWords, AreKnownOnceLearned) {
  for (const Vectors vectors : all_vectors()) {
    RecentWords recent(vectors);
    const std::string sixteen = "abcdefghijklmnop";
    EXPECT_THAT(others(recent, {"a", "pod", sixteen}), ElementsAre("a", "pod", sixteen));
    learn(recent, "pod");
    learn(recent, sixteen);
    EXPECT_THAT(others(recent, {"pod", "a", sixteen, "pod"}), ElementsAre("a"));
    EXPECT_THAT(others(recent, {"po", "pod-", "abcdefgh", sixteen + "q"}),
                ElementsAre("po", "pod-", "abcdefgh", sixteen + "q"));
    recent.forget();
    EXPECT_THAT(others(recent, {"pod"}), ElementsAre("pod"));
    EXPECT_THAT(others(recent, {}), IsEmpty());
  }
}

TEST(RecentWords, AreNoOthersThatLookAlike) {
  for (const Vectors vectors : all_vectors()) {
    for (std::size_t size = 1; size <= RecentWords::kLongest; ++size) {
      RecentWords recent(vectors);
      learn(recent, std::string(size, 'a'));
      for (std::size_t other = 1; other <= 40; ++other) {
        EXPECT_EQ(others(recent, {std::string(other, 'a')}).empty(), other == size)
            << size << ' ' << other;
      }
    }
  }
}

// Of many words some take the places of others.
TEST(RecentWords, AreTheSameWithAllInstructions) {
  std::mt19937 random(1);
  std::vector<std::string> words;
  for (int i = 0; i < 5000; ++i) {
    words.push_back(std::string(1 + random() % 12, "ab"[random() % 2]) + std::to_string(i % 3000));
  }
  std::vector<std::vector<std::string>> all;
  for (const Vectors vectors : all_vectors()) {
    RecentWords recent(vectors);
    for (int i = 0; i < 3000; ++i) learn(recent, words[static_cast<std::size_t>(i)]);
    all.push_back(others(recent, words));
    EXPECT_EQ(all.back(), all.front());
  }
  EXPECT_LT(all.front().size(), words.size());
}

}  // namespace
}  // namespace ktrace::trace
