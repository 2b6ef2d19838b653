// Identifiers by number.

#include "ktrace/id_table.h"

#include <utility>

#include <gtest/gtest.h>

namespace ktrace::trace {
namespace {

TEST(IdTable, NumbersIdentifiersInOrderOfAppearance) {
  IdTable table;
  EXPECT_EQ(table.number_of("a"), 0u);
  EXPECT_EQ(table.number_of("b"), 1u);
  EXPECT_EQ(table.number_of("a"), 0u);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.id(1), "b");
}

TEST(IdTable, KnowsTraceIdsInAnyCaseAndOthersInTheirOwn) {
  IdTable table;
  const auto upper = table.number_of("4BF92F3577B34DA6A3CE929D0E0E4736");
  EXPECT_EQ(table.id(upper), "4BF92F3577B34DA6A3CE929D0E0E4736");
  EXPECT_EQ(table.number_of("4bf92f3577b34da6a3ce929d0e0e4736"), upper);
  EXPECT_EQ(table.id(upper), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_NE(table.number_of("Abc"), table.number_of("abc"));
  // 32 bytes, but no hex digits: case matters.
  EXPECT_NE(table.number_of("Zbf92f3577b34da6a3ce929d0e0e4736"),
            table.number_of("zbf92f3577b34da6a3ce929d0e0e4736"));
}

TEST(IdTable, TellsHowLongNumbersAre) {
  IdTable table;
  const auto length = [&](std::string_view id) { return table.number_length(table.number_of(id)); };
  EXPECT_EQ(length("4bf92f3577b34da6a3ce929d0e0e4736"), 32u);
  EXPECT_EQ(length("9a62ff46-a897-4de8-90b3-d690123eaec8"), 36u);
  EXPECT_EQ(length("4BF92F3577B34DA6A3CE929D0E0E4737"), 0u);
  EXPECT_EQ(length("request-1"), 0u);
}

TEST(IdTable, HoldsMany) {
  IdTable table;
  for (std::uint32_t round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 50'000; ++i) {
      EXPECT_EQ(table.number_of("request-" + std::to_string(i)), i);
    }
  }
  EXPECT_EQ(table.id(49'999), "request-49999");
}

const std::string kLower = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kUpper = "4BF92F3577B34DA6A3CE929D0E0E4736";

TEST(IdTable, NumbersManyAtATimeAsOneByOne) {
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back("request-" + std::to_string(i % 70));
  const std::string uuid = "9a62ff46-a897-4de8-90b3-d690123eaec8";
  texts.insert(texts.begin() + 5, {kUpper, kLower, uuid, kLower, uuid});
  std::vector<ReadId> ids;
  for (std::string& text : texts) {
    // Every other one is read before.
    text += '"';
    const std::size_t size = text.size() - 1;
    ReadId& id = ids.emplace_back();
    if (size >= 32 && ids.size() % 2 == 0 && read_quoted(text.data(), id)) continue;
    id.text = std::string_view(text).substr(0, size);
  }
  IdTable one_by_one, together;
  std::vector<std::uint32_t> numbers;
  together.numbers_of(ids, numbers);
  ASSERT_EQ(numbers.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(numbers[i], one_by_one.number_of(ids[i].text)) << ids[i].text;
  }
  EXPECT_EQ(together.size(), one_by_one.size());
  EXPECT_EQ(together.id(5), kLower);
  EXPECT_EQ(together.id(6), "9a62ff46-a897-4de8-90b3-d690123eaec8");
}

TEST(IdTable, TellsWhetherAnyCameInSeveralSpellings) {
  const std::string mixed = "4BF" + kLower.substr(3);
  const auto respelt = [](const std::vector<std::string>& ids) {
    IdTable table;
    for (const std::string& id : ids) table.number_of(id);
    return table.respelt();
  };
  EXPECT_FALSE(respelt({kLower, "Abc", "abc", kLower}));
  EXPECT_FALSE(respelt({kUpper, kUpper}));
  EXPECT_TRUE(respelt({kLower, kUpper}));
  EXPECT_TRUE(respelt({kUpper, kLower}));
  EXPECT_TRUE(respelt({"a", kUpper, mixed, kUpper}));
}

TEST(ReadQuoted, TellsHowLongItIs) {
  const auto length = [](const std::string& text) {
    const std::string quoted = text + std::string(64, '"');
    ReadId id;
    const bool read = read_quoted(quoted.data(), id);
    EXPECT_EQ(read, !id.text.empty());
    return id.text.size();
  };
  const std::string uuid = "9a62ff46-a897-4de8-90b3-d690123eaec8";
  EXPECT_EQ(length(kLower), 32u);
  EXPECT_EQ(length(kUpper), 32u);
  EXPECT_EQ(length(uuid), 36u);
  EXPECT_EQ(length(kLower + "0"), 0u);
  EXPECT_EQ(length(kLower.substr(1)), 0u);
  EXPECT_EQ(length("A" + kLower.substr(1)), 0u);  // both cases
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    for (const char c : {'"', 'g', '/', ':', '@', '`', '-', '\xb0', '\n'}) {
      std::string broken = uuid;
      broken[i] = c;
      EXPECT_EQ(length(broken), broken == uuid ? 36u : 0u) << broken;
      broken = kLower;
      broken[i % kLower.size()] = c;
      EXPECT_EQ(length(broken), 0u) << broken;
    }
  }
}

TEST(IdTable, TakesInAnother) {
  for (const auto& [odd, last] : {std::pair(false, false), {true, false}, {false, true}}) {
    IdTable table, other;
    for (int i = 0; i < 30; ++i) table.number_of("request-" + std::to_string(i));
    table.number_of(odd ? kUpper : kLower);
    for (int i = 20; i < 60; ++i) other.number_of("request-" + std::to_string(i));
    other.number_of("9a62ff46-a897-4de8-90b3-d690123eaec8");
    other.number_of(kLower);
    std::vector<std::uint32_t> numbers(other.size());
    table.find(other, 0, 7, numbers);
    table.find(other, 7, other.size(), numbers);
    table.take_in(other, last, numbers);
    for (std::uint32_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(table.id(numbers[i]), other.id(i));
    EXPECT_EQ(numbers[0], 20u);
    EXPECT_EQ(numbers.back(), 30u);
    EXPECT_EQ(table.size(), 62u);
    EXPECT_EQ(last || table.number_of("request-59") == numbers[39], true);
  }
}

}  // namespace
}  // namespace ktrace::trace
