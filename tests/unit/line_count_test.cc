// Line feeds are counted alike however the text lies in vectors.

#include "line_count.h"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace ktrace::engine {
namespace {

TEST(Newlines, AreThoseOfTextsOfAnyLength) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 600; ++size) {
    std::string text(size, '\n');
    for (char& c : text) c = random() % 3 == 0 ? '\n' : "\r\v*\x8a"[random() % 4];
    const std::string beyond = text + std::string(64, '\n');
    const auto expected = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_EQ(newlines(std::string_view(beyond).substr(0, size)), expected) << size;
  }
  EXPECT_EQ(newlines(std::string(100000, '\n')), 100000U);
}

}  // namespace
}  // namespace ktrace::engine
