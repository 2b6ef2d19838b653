// Whether a text ends outside of quotes, by all vectors that this machine has.

#include "ktrace/quotes.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "all_vectors.h"

namespace ktrace::trace {
namespace {

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

/// Expects balanced() to tell the same. Gives what that is.
bool expect_told(const std::string& text) {
  const bool outside = ends_outside(text);
  const std::string padded = text + std::string(32, '"');
  for (const Vectors vectors : all_vectors()) {
    EXPECT_EQ(balanced(std::string_view(padded).substr(0, text.size()), vectors), outside) << text;
  }
  return outside;
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
    balanced_ones += expect_told(text);
  }
  EXPECT_GT(balanced_ones, 1000u);
}

TEST(Balanced, KnowsWhichQuotesAreEscapedByRunsOfBackslashes) {
  std::mt19937 random(6);
  std::size_t balanced_ones = 0;
  for (unsigned round = 0; round < 20000; ++round) {
    std::string text = "\"";
    while (text.size() < 150) text.append(random() % (round % 90 + 1), '\\') += "\"x"[random() % 2];
    text.resize(random() % text.size());
    balanced_ones += expect_told(text);
  }
  EXPECT_GT(balanced_ones, 200u);
}

TEST(LastLineHead, FindsTheLineAndWhetherItsTextEndsOutsideOfQuotes) {
  std::mt19937 random(4);
  std::size_t lines = 0, outside_ones = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string text(random() % 300, 'x');
    for (char& c : text) {
      if (random() % 16 == 0) c = '"';
      if (round % 3 == 0 && random() % 64 == 0) c = '\\';
      if (round % 2 == 0 && random() % 64 == 0) c = '\n';
    }
    const std::size_t end = text.rfind('\n');
    const bool outside = ends_outside(end == text.npos ? text : text.substr(end + 1));
    const std::string padded = text + std::string(32, '\n');
    lines += end != text.npos;
    outside_ones += outside;
    for (const Vectors vectors : all_vectors()) {
      const LineHead head =
          last_line_head(std::string_view(padded).substr(0, text.size()), vectors);
      EXPECT_EQ(head.begin, end == text.npos ? LineHead::kNoLineEnd : end + 1) << text;
      EXPECT_EQ(head.outside, outside) << text;
    }
  }
  EXPECT_GT(lines, 1000u);
  EXPECT_GT(outside_ones, 1000u);
}

/// What in_same_object() tells, letter by letter.
bool ends_in_same(std::string_view text) {
  int depth = 0;
  bool inside = false, escaped = false;
  for (const char c : text) {
    if (c == '"' && !escaped) inside = !inside;
    escaped = inside && c == '\\' && !escaped;
    if (!inside && (c == '{' || c == '[')) ++depth;
    if (!inside && (c == '}' || c == ']') && --depth < 0) return false;
  }
  return depth == 0 && !inside;
}

TEST(InSameObject, TellsWhetherATextEndsInTheObjectThatItBeginsIn) {
  std::mt19937 random(5);
  std::size_t same_ones = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string text(random() % 200, 'x');
    for (char& c : text) {
      if (random() % 24 == 0) c = "\"\"\"{}{}[]"[random() % 9];
      if (round % 3 == 0 && random() % 32 == 0) c = '\\';
    }
    const std::string padded = text + std::string(32, '}');
    same_ones += ends_in_same(text);
    for (const Vectors vectors : all_vectors()) {
      EXPECT_EQ(in_same_object(std::string_view(padded).substr(0, text.size()), vectors),
                ends_in_same(text))
          << text;
    }
  }
  EXPECT_GT(same_ones, 500u);
}

TEST(EndsLikePair, TellsOfTheLastWord) {
  EXPECT_TRUE(ends_like_pair("\"Started\" resp=304"));
  EXPECT_TRUE(ends_like_pair("\"Started\""));
  EXPECT_TRUE(ends_like_pair("a=1 a_value_that_is_longer_than_that=304"));
  EXPECT_TRUE(ends_like_pair("="));
  EXPECT_FALSE(ends_like_pair("resp=304 "));
  EXPECT_FALSE(ends_like_pair("resp=304 and so on"));
  EXPECT_FALSE(ends_like_pair("a=1 a_word_that_is_longer_than_others"));
  EXPECT_FALSE(ends_like_pair(""));
  for (std::size_t words = 0; words < 40; ++words) {
    const std::string before(words, ' ');
    EXPECT_TRUE(ends_like_pair(before + "resp=304")) << words;
    EXPECT_FALSE(ends_like_pair("resp=304" + before + " it")) << words;
  }
}

}  // namespace
}  // namespace ktrace::trace
