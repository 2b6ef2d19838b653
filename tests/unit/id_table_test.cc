// Identifiers by number.

#include "ktrace/id_table.h"

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

TEST(IdTable, HoldsMany) {
  IdTable table;
  for (std::uint32_t round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 50'000; ++i) {
      EXPECT_EQ(table.number_of("request-" + std::to_string(i)), i);
    }
  }
  EXPECT_EQ(table.id(49'999), "request-49999");
}

}  // namespace
}  // namespace ktrace::trace
