// Masks of words against what the bytes are one by one, with all instructions that this machine
// has.

#include "word_masks.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "all_vectors.h"
#include "word_forms.h"

namespace ktrace::trace {
namespace {

void expect_masks(const std::string& text) {
  for (const Vectors vectors : all_vectors()) {
    std::vector<WordMasks> masks(text.size() / 64);
    word_masks(text.data(), masks.size(), masks.data(), vectors);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto bit = [i](std::uint64_t mask) { return (mask >> i % 64 & 1) != 0; };
      const WordMasks& mask = masks[i / 64];
      EXPECT_EQ(bit(mask.word), is_word(text[i])) << i;
      EXPECT_EQ(bit(mask.letter), text[i] >= 'a' && text[i] <= 'z') << i;
      EXPECT_EQ(bit(mask.hex), is_hex(text[i])) << i;
      EXPECT_EQ(bit(mask.dash), text[i] == '-') << i;
      EXPECT_EQ(bit(mask.brace), text[i] == '{') << i;
    }
  }
}

TEST(WordMasks, TellEachByte) {
  std::string text(256, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i);
  expect_masks(text);
  std::rotate(text.begin(), text.begin() + 33, text.end());
  expect_masks(text);
}

TEST(WordMasks, TellBytesInAnyOrder) {
  std::mt19937 random(1);
  std::string text(64 * 50, '\0');
  for (char& c : text) c = static_cast<char>(random());
  expect_masks(text);
}

}  // namespace
}  // namespace ktrace::trace
