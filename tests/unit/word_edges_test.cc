// Where words begin and end, against a look at each byte, with all instructions that this machine
// has.

#include "word_edges.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "all_vectors.h"
#include "word_forms.h"

namespace ktrace::trace {
namespace {

using Words = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

Words plain_words(const std::string& text) {
  Words words;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_word(text[at])) continue;
    const std::size_t begin = at;
    while (at < text.size() && is_word(text[at])) ++at;
    if (text[begin] < 'a') continue;
    words.emplace_back(static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at));
  }
  return words;
}

// Of a text of whole masks, read in stripes of this many.
Words words_in(const std::string& text, std::size_t stripe, Vectors vectors) {
  std::vector<WordMasks> masks(text.size() / 64);
  word_masks(text.data(), masks.size(), masks.data(), vectors);
  WordEdges edges(vectors);
  Words words;
  for (std::size_t at = 0; at < masks.size(); at += stripe) {
    const std::size_t count = std::min(stripe, masks.size() - at);
    edges.find(static_cast<std::uint32_t>(64 * at), masks.data() + at, count);
    for (std::size_t i = 0; i < edges.size(); ++i) {
      words.emplace_back(edges.begins()[i], edges.ends()[i]);
    }
    edges.clear();
  }
  return words;
}

void expect_words(const std::string& text) {
  for (const Vectors vectors : all_vectors()) {
    for (const std::size_t stripe : {std::size_t{1}, std::size_t{3}, WordEdges::kStripe}) {
      EXPECT_EQ(words_in(text, stripe, vectors), plain_words(text)) << text;
    }
  }
}

TEST(WordEdges, AreThoseOfRunsThatBeginWithALetter) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::string text(64 * (1 + random() % 90), ' ');
    for (std::size_t at = 0; at < text.size() - 1;) {
      const std::size_t size = std::min<std::size_t>(random() % 90, text.size() - 1 - at);
      text.replace(at, size, size, "ab9-. ="[random() % 7]);
      at += std::max<std::size_t>(1, size);
    }
    expect_words(text);
  }
}

TEST(WordEdges, AreAsManyAsThereIsRoomFor) {
  std::string text(64 * 2 * WordEdges::kStripe, ' ');
  for (std::size_t at = 0; at < text.size(); at += 2) text[at] = 'a';
  expect_words(text);
}

}  // namespace
}  // namespace ktrace::trace
