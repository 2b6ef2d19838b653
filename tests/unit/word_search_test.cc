// The search for many identifiers and names against a plain one.

#include "ktrace/word_search.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktrace::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kUuid = "0ff01618-796b-4107-a7ec-bb9de37f3afc";
const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kContainer(64, 'c');

std::vector<std::size_t> ids_in(const WordSearch& search, std::string text) {
  const std::size_t size = text.size();
  text.append(64, '0');  // what lies behind a block must not matter
  std::vector<std::size_t> positions;
  search.find_ids(std::string_view(text).substr(0, size), positions);
  std::sort(positions.begin(), positions.end());
  return positions;
}

std::vector<std::size_t> names_in(const WordSearch& search, std::string text) {
  const std::size_t size = text.size();
  text.append(64, '-');
  std::vector<std::size_t> positions;
  search.find_names(std::string_view(text).substr(0, size), positions);
  return positions;
}

TEST(WordSearch, FindsIdentifiersWhereverTheyStand) {
  const WordSearch search({kUuid, kTrace, kContainer, "my-own-id"}, {});
  EXPECT_THAT(ids_in(search, kUuid), ElementsAre(0));
  EXPECT_THAT(ids_in(search, "/pods/" + kUuid + "-kube-api-access"), ElementsAre(6));
  EXPECT_THAT(ids_in(search, "pod" + kUuid), ElementsAre(3));
  EXPECT_THAT(ids_in(search, "\"" + kTrace + "\" " + kContainer), ElementsAre(1, 35));
  EXPECT_THAT(ids_in(search, "4BF92F3577B34DA6A3CE929D0E0E4736"), ElementsAre(0));
  EXPECT_THAT(ids_in(search, "x my-own-id"), ElementsAre(2));
}

TEST(WordSearch, NumberOfHexDigitsCountsAsAWhole) {
  const WordSearch search({kTrace}, {});
  EXPECT_THAT(ids_in(search, kTrace + "0"), IsEmpty());
  EXPECT_THAT(ids_in(search, "0" + kTrace), IsEmpty());
  EXPECT_THAT(ids_in(search, "x" + kTrace + "x"), ElementsAre(1));
  // Of a longer run only the end looks like it, wherever the run begins.
  for (std::size_t before = 0; before < 40; ++before) {
    EXPECT_THAT(ids_in(search, std::string(before, ' ') + std::string(48, 'e') + kTrace),
                IsEmpty());
  }
}

TEST(WordSearch, FindsNamesAsWholeWords) {
  const WordSearch search({}, {"web", "web-85f7-5292t"});
  EXPECT_THAT(names_in(search, "web default/web web."), ElementsAre(0, 12, 16));
  EXPECT_THAT(names_in(search, "\"web-85f7-5292t\" web-85f7-5292t_default"), ElementsAre(1, 17));
  EXPECT_THAT(names_in(search, "web-85f7-5292t.18ea6c23d8cbf334"), ElementsAre(0));
  EXPECT_THAT(names_in(search, "web2 my-web web-85f7 web-2"), IsEmpty());
}

TEST(WordSearch, FindsWhatAPlainSearchFinds) {
  std::mt19937 random(1);
  const auto digit = [&] { return "0123456789abcdef"[random() % 16]; };
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    std::string id;
    for (std::size_t at = 0; at < 36; ++at) {
      id += at == 8 || at == 13 || at == 18 || at == 23 ? '-' : digit();
    }
    ids.push_back(id);
    std::string hex;
    while (hex.size() < (i % 2 == 0 ? 32 : 64)) hex += digit();
    ids.push_back(hex);
  }
  const WordSearch search(ids, {});
  for (int round = 0; round < 200; ++round) {
    std::string text;
    std::vector<std::size_t> expected;
    while (text.size() < 1000) {
      text.append(random() % 40, " -/x"[random() % 4]);
      text += ' ';
      if (random() % 3 != 0) expected.push_back(text.size());
      const bool known = !expected.empty() && expected.back() == text.size();
      std::string id = ids[random() % ids.size()];
      if (!known) id.back() = 'x';
      text += id;
      text += ' ';
    }
    EXPECT_EQ(ids_in(search, text), expected) << text;
  }
}

}  // namespace
}  // namespace ktrace::trace
