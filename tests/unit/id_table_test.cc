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

TEST(IdTable, GivesNumbersAsTheyWereRead) {
  IdTable table;
  const auto read = [&](std::string_view id) { return table.read(table.number_of(id)); };
  const ReadId uuid = read("9a62ff46-a897-4de8-90b3-d690123eaec8");
  EXPECT_NE(uuid.form, 0);
  EXPECT_EQ(uuid.high, 0x9a62ff46a8974de8);
  EXPECT_EQ(uuid.low, 0x90b3d690123eaec8);
  EXPECT_EQ(read("request-1").form, 0);
  EXPECT_EQ(read("request-1").text, "request-1");
  // Not in its one spelling.
  EXPECT_EQ(read("4BF92F3577B34DA6A3CE929D0E0E4737").form, 0);
  EXPECT_EQ(read("4BF92F3577B34DA6A3CE929D0E0E4737").text, "4BF92F3577B34DA6A3CE929D0E0E4737");
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

TEST(IdTable, FindsWhatAnotherHas) {
  IdTable table, other;
  for (int i = 0; i < 30; ++i) table.number_of("request-" + std::to_string(i));
  table.number_of(kLower);
  for (int i = 20; i < 60; ++i) other.number_of("request-" + std::to_string(i));
  other.number_of("9a62ff46-a897-4de8-90b3-d690123eaec8");
  other.number_of(kUpper);
  std::vector<std::uint32_t> numbers;
  table.find(other, 0, 7, numbers);
  table.find(other, 7, other.size(), numbers);
  ASSERT_EQ(numbers.size(), other.size());
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(numbers[i], 20 + i);
  for (std::uint32_t i = 10; i < 41; ++i) EXPECT_EQ(numbers[i], kNoNumber);
  EXPECT_EQ(numbers.back(), 30u);
}

TEST(IdTable, AgreesWithAnotherOnSpellings) {
  const std::string mixed = "4BF" + kLower.substr(3);
  const auto agreed = [](const std::string& ours, const std::string& theirs) {
    IdTable table, other;
    table.number_of("a");
    const std::uint32_t number = table.number_of(ours);
    other.number_of(theirs);
    table.agree(other);
    return table.id(number);
  };
  EXPECT_EQ(agreed(kUpper, kUpper), kUpper);
  EXPECT_EQ(agreed(kUpper, "b"), kUpper);
  EXPECT_EQ(agreed(kUpper, kLower), kLower);
  EXPECT_EQ(agreed(kUpper, mixed), kLower);
  EXPECT_EQ(agreed(kLower, kUpper), kLower);
}

TEST(IdTable, PutsIdentifiersInOrder) {
  const std::string uuid = "9a62ff46-a897-4de8-90b3-d690123eaec8";
  const std::string ids[] = {uuid,
                             "9a62ff46a8974de890b3d690123eaec8",
                             "9a62ff47" + uuid.substr(8),
                             "9a62ff45" + uuid.substr(8),
                             kLower,
                             kUpper.substr(0, 31) + "7",
                             "a",
                             "9a62ff46-",
                             uuid.substr(0, 35) + "9",
                             "",
                             "\xff"};
  IdTable table, other;
  for (const std::string& a : ids) {
    for (const std::string& b : ids) {
      EXPECT_EQ(table.is_before(table.number_of(a), other, other.number_of(b)), a < b)
          << a << ' ' << b;
    }
  }
}

}  // namespace
}  // namespace ktrace::trace
