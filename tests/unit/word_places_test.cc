// Where words stand, against the search that a story reads logs with: what that finds stands where
// the places say. And literals that are found by their words, against a plain search.

#include "ktrace/word_places.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ktrace/links.h"
#include "ktrace/word_search.h"
#include "word_forms.h"

namespace ktrace::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

const std::string kUuid = "0ff01618-796b-4107-a7ec-bb9de37f3afc";
const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kContainer(64, 'c');

// A block as it stands in a log.
std::vector<WordPlace> places_in(std::string text, std::uint64_t offset = 0,
                                 const std::vector<std::size_t>& told = {}) {
  const std::size_t size = text.size();
  text.append(64, 'z');  // what lies behind a block must not matter
  std::vector<WordPlace> places, names;
  std::vector<std::size_t> hits;
  WordReader(places, names).read(std::string_view(text).substr(0, size), offset, told, hits);
  places.insert(places.end(), names.begin(), names.end());
  std::sort(places.begin(), places.end());
  return places;
}

std::uint32_t name(const std::string& text) { return hashes_of({}, {text})->back(); }
std::uint32_t id(const std::string& text) { return *hash_of_id(text); }

using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

std::map<std::uint32_t, Runs> decoded(const std::string& bytes) {
  std::map<std::uint32_t, Runs> runs;
  const bool good =
      decode_words(bytes, [&](std::uint32_t hash, std::uint64_t first, std::uint64_t last) {
        runs[hash].emplace_back(first, last);
      });
  EXPECT_TRUE(good);
  return runs;
}

TEST(WordPlaces, AreThoseOfNamesAndIdentifiers) {
  EXPECT_THAT(places_in("pod=\"web-1\""),
              testing::UnorderedElementsAre(name("pod"), name("web-1")));
  EXPECT_THAT(places_in("/" + kUuid + "/" + kContainer),
              testing::UnorderedElementsAre(id(kUuid), id(kContainer)));
  EXPECT_THAT(places_in("4BF92F3577B34DA6A3CE929D0E0E4736"), ElementsAre(id(kTrace)));
}

TEST(WordPlaces, AreStepsOfTheLog) {
  const std::uint64_t offset = 7 * kWordStep - 4;
  EXPECT_THAT(places_in("web db", offset), ElementsAre(word_place(name("web"), 6 * kWordStep),
                                                       word_place(name("db"), offset + 4)));
}

TEST(WordPlaces, AreKnownOfWhatStandsBeforeADot) {
  EXPECT_THAT(places_in("web-1.18ea6c23d8cbf334 "),
              testing::UnorderedElementsAre(name("web-1"), name("web-1.18ea6c23d8cbf334")));
  EXPECT_THAT(places_in("web."), ElementsAre(name("web")));
}

TEST(WordPlaces, OfNumbersAndDatesAreNotKnown) {
  EXPECT_THAT(places_in("2026-11-22 16:50:45.041587 10.0.0.1 1.5s 4bf92f"), IsEmpty());
  EXPECT_FALSE(hashes_of({}, {"10.0.0.1"}));
  EXPECT_FALSE(hashes_of({}, {"web", "7-web"}));
  EXPECT_FALSE(hashes_of({}, {"a" + kUuid.substr(1) + "-cfg"}));
  EXPECT_FALSE(hashes_of({"my-own-id"}, {}));
  EXPECT_FALSE(hashes_of({"0ff01618-796b-4107-a7ec-my-own-id-af"}, {}));
}

TEST(WordPlaces, OfNamesThatAreNoWordsAreNotLookedFor) {
  EXPECT_THAT(hashes_of({}, {"system:node", "Web"}), Optional(ElementsAre(kHiddenWord)));
}

TEST(WordPlaces, InAuditEventsAreThoseOfIdentifiers) {
  EXPECT_THAT(places_in("{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"" +
                        kUuid + "\",\"name\":\"web\"}\n"),
              ElementsAre(id(kUuid)));
}

// Words, parts of words and what parts them, put together at random.
std::string any_text(std::mt19937& random) {
  static const std::vector<std::string> kPieces{"web",
                                                "web-1",
                                                "web-1.18ea6c23d8cbf334",
                                                "a",
                                                "db-0",
                                                "x9.example.com",
                                                kUuid,
                                                kTrace,
                                                "Web",
                                                "0",
                                                "4BF92F3577B34DA6A3CE929D0E0E4736",
                                                "-kube-api",
                                                kContainer,
                                                "é",
                                                "1a",
                                                kUuid.substr(0, 20)};
  static const std::string kBetween = " \"/.-:=\n\n\\x";
  std::string text;
  while (text.size() < 3000) {
    text += kPieces[random() % kPieces.size()];
    if (random() % 8 != 0) text += kBetween[random() % kBetween.size()];
  }
  return text;
}

TEST(WordPlaces, MissNothingThatTheSearchFinds) {
  const std::vector<std::string> ids{kUuid, kTrace, kContainer};
  const std::vector<std::string> names{"web", "web-1", "a", "db-0", "x9.example.com", "kube-api"};
  std::mt19937 random(1);
  std::size_t found = 0;
  for (int round = 0; round < 300; ++round) {
    const std::string text = any_text(random);
    const std::uint64_t offset = 5 * kWordStep - random() % 3000;
    const auto places = places_in(text, offset);
    const std::string padded = text + std::string(64, ' ');
    const auto block = std::string_view(padded).substr(0, text.size());
    const auto expect = [&](const WordSearch& search, std::uint32_t hash) {
      std::vector<std::size_t> positions;
      search.find_ids(block, positions);
      search.find_names(block, positions);
      found += positions.size();
      for (const std::size_t at : positions) {
        EXPECT_TRUE(std::binary_search(places.begin(), places.end(), word_place(hash, offset + at)))
            << at << " of " << text;
      }
    };
    for (const std::string& one : ids) expect(WordSearch({one}, {}), id(one));
    for (const std::string& one : names) expect(WordSearch({}, {one}), name(one));
  }
  EXPECT_GT(found, 1000U);
}

// The places of names, word by word.
std::set<WordPlace> plain_names(const std::string& text, std::uint64_t offset) {
  static const std::string kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  std::set<WordPlace> places;
  for (std::size_t line = 0; line < text.size(); line = text.find('\n', line) + 1) {
    const std::size_t end = text.find('\n', line);
    if (judged_by_ids(std::string_view(text).substr(line, end - line))) continue;
    for (std::size_t at = line; at < end;) {
      const std::size_t behind = std::min(text.find_first_not_of(kLetters, at), end);
      std::string word = text.substr(at, behind - at);
      word.resize(word.find_last_not_of(".-") + 1);
      for (; !word.empty(); word.resize(word.rfind('.') == word.npos ? 0 : word.rfind('.'))) {
        if (const auto hashes = hashes_of({}, {word})) {
          places.insert(word_place(hashes->back(), offset + at));
        }
      }
      at = behind + 1;
    }
  }
  return places;
}

TEST(WordPlaces, AreExactlyThoseOfNames) {
  std::mt19937 random(4);
  for (int round = 0; round < 100; ++round) {
    std::string text;
    while (text.size() < 20000) {
      switch (random() % 6) {
        case 0:
          text += "{\"resourceSpans\":[" + any_text(random).substr(0, random() % 200);
          break;
        case 1:
          text += "{\"name\":" + std::string(random() % 5000, 'w');
          break;
        default:
          text += any_text(random).substr(random() % 3000);
      }
      text += '\n';
    }
    const std::uint64_t offset = 5 * kWordStep - random() % 20000;
    const std::string padded = text + std::string(64, 'z');
    std::vector<WordPlace> ids, names;
    std::vector<std::size_t> hits;
    WordReader(ids, names).read(std::string_view(padded).substr(0, text.size()), offset, {}, hits);
    EXPECT_EQ(std::set<WordPlace>(names.begin(), names.end()), plain_names(text, offset));
  }
}

TEST(WordPlaces, HaveNoIdentifiersThatAreTold) {
  for (std::size_t before = 0; before < 4096; before += 13) {
    const std::string space(before, ' ');
    const std::string text = space + kTrace + ' ' + kUuid + ' ' + kContainer + ' ' + kUuid;
    const std::size_t uuid = before + 33, other = before + 33 + 37 + 65;
    EXPECT_THAT(places_in(text, 0, {before, uuid, other}), ElementsAre(id(kContainer)));
    EXPECT_THAT(places_in(text, 0, {before, uuid}),
                testing::UnorderedElementsAre(id(kContainer), id(kUuid)));
    EXPECT_THAT(places_in(text, 0, {other}),
                testing::UnorderedElementsAre(id(kContainer), id(kUuid), id(kTrace)));
  }
}

TEST(WordPlaces, TellOfIdentifiersWhereverTheyStand) {
  std::mt19937 random(5);
  for (std::size_t round = 0; round < 3000; ++round) {
    std::string text(round % 4200, ' ');
    const std::string digits(random() % 70, "0aA9f"[random() % 5]);
    text += digits + "-" + kUuid.substr(random() % 2) + " ";
    std::set<WordPlace> expected;
    if (digits.size() == 32 || digits.size() == 64) expected.insert(id(digits));
    if (text.ends_with(kUuid + " ")) expected.insert(id(kUuid));
    const std::string padded = text + std::string(64, 'z');
    std::vector<WordPlace> ids, names;
    std::vector<std::size_t> hits;
    WordReader(ids, names).read(std::string_view(padded).substr(0, text.size()), 0, {}, hits);
    EXPECT_EQ(std::set<WordPlace>(ids.begin(), ids.end()), expected) << text;
  }
}

// Where literals stand, but those in lines that identifiers judge, and where such lines begin.
std::set<std::size_t> plain_hits(const std::string& text, std::span<const WordLiteral> literals) {
  std::set<std::size_t> hits;
  for (std::size_t line = 0; line < text.size(); line = text.find('\n', line) + 1) {
    const std::string whole = text.substr(line, text.find('\n', line) - line);
    if (judged_by_ids(whole)) {
      hits.insert(line);
      continue;
    }
    for (const WordLiteral& literal : literals) {
      for (std::size_t at = 0; (at = whole.find(literal.text, at)) != whole.npos; ++at) {
        hits.insert(line + at);
      }
    }
  }
  return hits;
}

TEST(WordReader, FindsLiteralsByTheirWords) {
  const auto literals = link_literals();
  std::mt19937 random(6);
  std::size_t found = 0;
  for (int round = 0; round < 100; ++round) {
    std::string text;
    while (text.size() < 20000) {
      const WordLiteral& literal = literals[random() % literals.size()];
      if (random() % 4 == 0) text += literal.word;
      text += literal.text.substr(0, random() % 2 == 0 ? literal.text.size() : random() % 30);
      text += std::string(" x\n\"").substr(random() % 4, 1) + any_text(random).substr(2950);
    }
    text += '\n';
    const std::string padded = text + std::string(64, 'z');
    std::vector<WordPlace> ids, names;
    std::vector<std::size_t> hits;
    WordReader(ids, names, literals)
        .read(std::string_view(padded).substr(0, text.size()), 0, {}, hits);
    EXPECT_EQ(std::set<std::size_t>(hits.begin(), hits.end()), plain_hits(text, literals));
    found += hits.size();
  }
  EXPECT_GT(found, 1000U);
}

TEST(LinkLiterals, HaveTheirWordsAsWholes) {
  for (const WordLiteral& literal : link_literals()) {
    const std::size_t at = literal.text.find(literal.word), end = at + literal.word.size();
    ASSERT_LT(at, literal.text.size()) << literal.text;
    EXPECT_TRUE(at > 0 && !is_word(literal.text[at - 1])) << literal.text;
    EXPECT_TRUE(end < literal.text.size() && !is_word(literal.text[end])) << literal.text;
    EXPECT_TRUE(literal.word.front() >= 'a' && literal.word.front() <= 'z') << literal.text;
    EXPECT_LE(literal.word.size(), 16U) << literal.text;
  }
}

TEST(WordEncoder, GivesBackTheRunsOfEachWord) {
  WordEncoder encoder;
  for (const std::uint64_t step : {0U, 1U, 2U, 5U, 6U})
    encoder.add(word_place(7, step * kWordStep));
  encoder.add(word_place(7, 6 * kWordStep));
  for (const std::uint64_t step : {3U, 1000000U}) encoder.add(word_place(3, step * kWordStep));
  encoder.add(word_place(0, 0));
  EXPECT_THAT(decoded(encoder.finish()), ElementsAre(std::pair(0, Runs{{0, 0}}),
                                                     std::pair(3, Runs{{3, 3}, {1000000, 1000000}}),
                                                     std::pair(7, Runs{{0, 2}, {5, 6}})));
  EXPECT_THAT(decoded(WordEncoder().finish()), IsEmpty());
}

std::vector<WordPlace> many_places() {
  std::mt19937 random(2);
  std::vector<WordPlace> places;
  for (std::uint64_t step = 0; step < 50; ++step) {
    std::set<std::uint32_t> words;
    for (int i = 0; i < 30; ++i) {
      words.insert(static_cast<std::uint32_t>(random() % (1U << (i % 2 == 0 ? 4 : kWordBits))));
    }
    for (const std::uint32_t word : words) places.push_back(word_place(word, step * kWordStep));
  }
  return places;
}

std::string many_words() {
  WordEncoder encoder;
  encoder.add(many_places());
  return encoder.finish();
}

TEST(WordEncoder, TakesManyAsItTakesOne) {
  WordEncoder encoder;
  for (const WordPlace place : many_places()) encoder.add(place);
  std::size_t runs = 0;
  for (const auto& word : decoded(many_words())) runs += word.second.size();
  EXPECT_EQ(encoder.runs(), runs);
  EXPECT_EQ(encoder.finish(), many_words());
}

TEST(WordEncoder, ContinuedGivesTheSame) {
  const std::string whole = many_words();
  WordEncoder encoder;
  for (const auto& [hash, runs] : decoded(whole)) {
    for (const auto& [first, last] : runs) {
      for (std::uint64_t step = first; step <= last; ++step) encoder.add(step << kWordBits | hash);
    }
  }
  EXPECT_EQ(encoder.finish(), whole);
}

TEST(WordEncoder, CutShortAreRefused) {
  const std::string whole = many_words();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_words(std::string_view(whole).substr(0, size), [](auto, auto, auto) {}))
        << size;
  }
}

TEST(WordEncoder, DamagedAreRefusedOrOthers) {
  const std::string whole = many_words();
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = whole;
    for (std::size_t i = 0; i <= random() % 3; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    decode_words(damaged, [](std::uint32_t hash, std::uint64_t first, std::uint64_t last) {
      EXPECT_LT(hash, 1U << kWordBits);
      EXPECT_LE(first, last);
    });
  }
}

}  // namespace
}  // namespace ktrace::trace
