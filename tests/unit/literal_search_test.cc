// The literal search finds what a plain search finds, wherever it stands, with every set of
// instructions that this machine has.

#include "ktrace/literal_search.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "all_vectors.h"

namespace ktrace::trace {
namespace {

using Positions = std::vector<std::size_t>;

// A block as the search wants it: with readable bytes behind its end, which must not matter.
Positions places_with(Vectors vectors, const std::string& text,
                      const std::vector<std::string>& literals, bool any_case, char padding) {
  const std::string padded = text + std::string(64, padding);
  Positions positions;
  LiteralSearch(literals, any_case, vectors)
      .find_all(std::string_view(padded).substr(0, text.size()), positions);
  return positions;
}

Positions places(const std::string& text, const std::vector<std::string>& literals,
                 bool any_case = false, char padding = 'a') {
  const Positions portable = places_with(Vectors::none, text, literals, any_case, padding);
  for (const Vectors vectors : all_vectors()) {
    EXPECT_EQ(places_with(vectors, text, literals, any_case, padding), portable) << text;
  }
  return portable;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

Positions plain_places(const std::string& text, const std::string& literal, bool any_case) {
  Positions positions;
  for (std::size_t i = 0; i + literal.size() <= text.size(); ++i) {
    bool equal = true;
    for (std::size_t j = 0; j < literal.size(); ++j) {
      const char a = text[i + j], b = literal[j];
      equal = equal && (any_case ? lower(a) == lower(b) : a == b);
    }
    if (equal) positions.push_back(i);
  }
  return positions;
}

TEST(LiteralSearch, FindsEveryPlace) {
  EXPECT_EQ(places("", {"111"}), Positions());
  EXPECT_EQ(places("11", {"111"}, false, '1'), Positions());
  EXPECT_EQ(places("111", {"111"}), Positions({0}));
  EXPECT_EQ(places("x111 y111", {"111"}), Positions({1, 6}));
  EXPECT_EQ(places("1111", {"111"}), Positions({0, 1}));
}

TEST(LiteralSearch, DoesNotRunOverTheEnd) {
  EXPECT_EQ(places("traceID=11", {"111"}, false, '1'), Positions());
}

TEST(LiteralSearch, ComparesLettersWithoutCaseWhenAsked) {
  EXPECT_EQ(places("4BF9 4bf9", {"4bF9"}, true), Positions({0, 5}));
  EXPECT_EQ(places("4BF9 4bf9", {"4bf9"}, false), Positions({5}));
  // Setting the case bit makes these equal; they are not.
  EXPECT_EQ(places("a\x1f"
                   "b",
                   {"a?b"}, true),
            Positions());
  EXPECT_EQ(places("x_y x\x7fy", {"x_y"}, true), Positions({0}));
}

TEST(LiteralSearch, MergesSeveralLiteralsInOrder) {
  EXPECT_EQ(places("one two one three two", {"two", "one"}), Positions({0, 4, 8, 18}));
  EXPECT_EQ(places("aaaa", {"aa", "aaa"}), Positions({0, 1, 2}));
}

TEST(LiteralSearch, AppendsToWhatIsThere) {
  const std::string text = "abc" + std::string(64, ' ');
  Positions positions{42};
  LiteralSearch({"b"}, false).find_all(std::string_view(text).substr(0, 3), positions);
  EXPECT_EQ(positions, Positions({42, 1}));
}

std::string random_text(std::mt19937& random, std::size_t size) {
  std::string result;
  while (result.size() < size) result.push_back("aAbB1_\x7f"[random() % 7]);
  return result;
}

TEST(LiteralSearch, FindsManyAsItFindsOne) {
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    const std::string block = random_text(random, random() % 400);
    const bool any_case = round % 2 == 0;
    std::vector<std::string> literals(4 + random() % 20);
    Positions expected;
    for (std::string& literal : literals) {
      literal = random_text(random, 1 + random() % 6);
      const Positions found = plain_places(block, literal, any_case);
      expected.insert(expected.end(), found.begin(), found.end());
    }
    std::sort(expected.begin(), expected.end());
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    EXPECT_EQ(places(block, literals, any_case), expected) << block;
  }
}

TEST(LiteralSearch, FindsEachOfThousands) {
  std::mt19937 random(1);
  const auto hex = [&](std::size_t size) {
    std::string result;
    while (result.size() < size) result.push_back("0123456789abcdef"[random() % 16]);
    return result;
  };
  std::vector<std::string> literals{"#", "@!"};
  std::string block;
  Positions expected;
  for (int i = 0; i < 3000; ++i) {
    literals.push_back(hex(32));
    block += hex(random() % 20) + " ";
    expected.push_back(block.size());
    block += literals[random() % literals.size()];
  }
  EXPECT_EQ(places(block, literals), expected);
  EXPECT_EQ(places(block, literals, true), expected);
}

TEST(LiteralSearch, AgreesWithAPlainSearchOnRandomText) {
  std::mt19937 random(1);
  const auto text = [&](std::size_t size) { return random_text(random, size); };
  for (int round = 0; round < 3000; ++round) {
    const std::string block = text(random() % 400), literal = text(1 + random() % 5);
    const bool any_case = round % 2 == 0;
    EXPECT_EQ(places(block, {literal}, any_case), plain_places(block, literal, any_case))
        << block << "\n"
        << literal;
  }
}

TEST(LiteralSearch, FindsWithAnotherWhatItFindsAlone) {
  std::string block;
  for (int i = 0; i < 400; ++i) block += i % 7 == 0 ? "ab P" : i % 5 == 0 ? "xABx" : "....P";
  for (std::size_t way = 0; way < 2 * all_vectors().size(); ++way) {
    const Vectors vectors = all_vectors()[way / 2];
    const LiteralSearch one({"ab"}, way % 2 == 0, vectors), other({" P"}, false, vectors),
        two({" P", "x"}, false, vectors);
    for (const std::size_t size : {0U, 1U, 2U, 127U, 128U, 129U, 255U, 256U, 300U, 1000U}) {
      const std::string_view part = std::string_view(block).substr(0, size);
      Positions alone, others_alone, both, others;
      one.find_all(part, alone);
      other.find_all(part, others_alone);
      one.find_both(part, other, both, others);
      EXPECT_EQ(both, alone) << size;
      EXPECT_EQ(others, others_alone) << size;
      others_alone.clear();
      others.clear();
      two.find_all(part, others_alone);
      one.find_both(part, two, both, others);
      EXPECT_EQ(others, others_alone) << size;
    }
  }
}

}  // namespace
}  // namespace ktrace::trace
