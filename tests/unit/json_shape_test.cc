// What is taken for one JSON object without a parser, by all vectors that this machine has.

#include "json_shape.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace ktrace::format {
namespace {

struct Shape {
  bool object = false, member = false;

  friend bool operator==(const Shape&, const Shape&) = default;
};

Shape shape_of(std::string_view text, Vectors vectors) {
  const std::string padded = std::string(text) + std::string(64, '}');
  Shape shape;
  shape.object =
      is_object(std::string_view(padded).substr(0, text.size()), "v", shape.member, vectors);
  return shape;
}

Shape shape_of(std::string_view text) {
  const Shape shape = shape_of(text, Vectors::none);
  if (widest_vectors() == Vectors::avx512) {
    EXPECT_EQ(shape_of(text, Vectors::avx512), shape) << text;
  }
  return shape;
}

constexpr Shape kNone{false, false}, kPlain{true, false}, kWithMember{true, true};

TEST(JsonShape, KnowsObjects) {
  EXPECT_EQ(shape_of("{}"), kPlain);
  EXPECT_EQ(shape_of("{\"a\":1}\n{"), kPlain);
  EXPECT_EQ(shape_of("{\"v\":0,\"b\":\"c\"}"), kWithMember);
  EXPECT_EQ(shape_of("{\"b\":{},\"a\":{\"v\":1},\"c\":-1.5e3}"), kPlain);
  EXPECT_EQ(shape_of("{\"a\":{\"b\":{\"c\":true}},\"v\":1}"), kWithMember);
  EXPECT_EQ(shape_of("{\"verb\":\"v\",\"x\":\"{\\\"v\\\":1}\"}"), kPlain);
  EXPECT_EQ(shape_of("{\"a\":[1,{\"v\":2}], \"v\" : 1 } \r\n"), kWithMember);
  EXPECT_EQ(shape_of("{\"a\":\"\\\\\",\"v\":\"\\\\\\\"\"}"), kWithMember);
}

TEST(JsonShape, KnowsWhatIsNone) {
  for (const std::string_view text : {"",
                                      "{",
                                      "[1]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{,\"a\":1}",
                                      "{\"a\",\"b\":1}",
                                      "{\"a\":\"b\":1}",
                                      "{\"a\":1}}",
                                      "{\"a\":{}",
                                      "{\"a\":\"b\"\"c\":1}",
                                      "{\"a\":1\"b\":2}",
                                      "{\"a\":{\"b\"}}",
                                      "{\"a\":\"b\nc\"}",
                                      "{a:1}",
                                      "{\"a\":1}x",
                                      "{\"a\":1{}}",
                                      "{{}}",
                                      "{\"a\"\\:1}",
                                      "{\"a\":\"\\\"}",
                                      "{\"a\":1:2}",
                                      "{\"a\":{}{}}",
                                      "{\"a\":{}\"b\":1}",
                                      "{\"\\u0076\":1}"}) {
    EXPECT_EQ(shape_of(text), kNone) << text;
  }
}

/// An object with strings of all lengths, so that every token comes to stand at every place.
std::string random_object(std::mt19937& random, int depth = 0) {
  std::string text = "{";
  for (std::size_t members = random() % 5, i = 0; i < members; ++i) {
    if (i > 0) text += ',';
    const std::string_view keys[] = {"v", "ts", "verb", ""};
    text.append("\"")
        .append(keys[random() % 4])
        .append(random() % 3 * (random() % 15), 'k')
        .append("\":");
    const auto kind = random() % 6;
    if (kind == 0 && depth < 3) {
      text += random_object(random, depth + 1);
    } else if (kind == 1) {
      text += "-12.5";
    } else if (kind == 2) {
      text.append("\"").append(random() % 70, 'x').append("\\\\\\\"\"");
    } else {
      text.append("\"").append(random() % 70, ',').append("\"");
    }
  }
  return text + "}";
}

TEST(JsonShape, IsTheSameByAllVectors) {
  std::mt19937 random(11);
  std::size_t objects = 0, members = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = random_object(random);
    const std::size_t changes = random() % 3;
    for (std::size_t i = 0; i < changes; ++i) {
      const auto place = static_cast<std::ptrdiff_t>(random() % text.size());
      const char c = "\"\"\"\"{}[]:,\\\n v1\x01"[random() % 16];
      if (random() % 2 == 0) {
        text[static_cast<std::size_t>(place)] = c;
      } else {
        text.insert(text.begin() + place, c);
      }
    }
    const Shape shape = shape_of(text);
    EXPECT_TRUE(shape.object || changes > 0) << text;
    objects += shape.object ? 1 : 0;
    members += shape.member ? 1 : 0;
  }
  EXPECT_GT(objects, 7000u);
  EXPECT_GT(members, 500u);
}

/// So much is seen without a walk that it matters.
TEST(JsonShape, SeesWhatLoggersWrite) {
  if (widest_vectors() != Vectors::avx512) GTEST_SKIP() << "no AVX-512";
  std::mt19937 random(12);
  for (int round = 0; round < 1000; ++round) {
    const std::string text = random_object(random);
    bool member = false;
    EXPECT_TRUE(is_compact_object(text, 'v', member)) << text;
  }
}

}  // namespace
}  // namespace ktrace::format
