// A look leaves out parts, never a record that a search for the literal would find.

#include "quick_look.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

#include "block_reader.h"
#include "memory_source.h"
#include "parts_around.h"

namespace ktrace::engine {
namespace {

const std::string kId = "0ff01618796b4107";
const std::string kHeader = "I1122 16:51:40.000000       1 sync.go:10] ";

Parts parts_of(input::Source& source, std::size_t block_size) {
  Parts parts;
  add_parts(source, 0, 0, block_size, parts);
  return parts;
}

Parts loud_parts(input::Source& source, std::size_t block_size) {
  Parts parts = parts_of(source, block_size);
  leave_out_quiet(trace::LiteralSearch({kId}, false), block_size, parts, 2);
  return parts;
}

// Where the groups begin in which the identifier stands, once for each part that has them.
std::multiset<std::uint64_t> hit_groups(input::Source& source, const Parts& parts,
                                        std::size_t block_size) {
  std::multiset<std::uint64_t> found;
  std::vector<char> buffer;
  for (const auto& part : parts) {
    BlockReader reader(source, part->begin, part->end, block_size, buffer);
    for (Block block; reader.next(block);) {
      for (std::size_t at = block.bytes.find(kId); at != block.bytes.npos;
           at = block.bytes.find(kId, at)) {
        const format::Extent group = format::group_at(block.bytes, at);
        found.insert(block.offset + group.begin);
        at = group.end;
      }
    }
  }
  return found;
}

std::uint64_t bytes_in(const Parts& parts, std::uint64_t size) {
  std::uint64_t sum = 0;
  for (const auto& part : parts) sum += std::min(part->end, size) - std::min(part->begin, size);
  return sum;
}

// Lines, some of which go on in others, a share of 1 / `rarity` of them with the identifier.
std::string random_log(unsigned seed, unsigned rarity) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < 60'000) {
    if (random() % 4 != 0) text += kHeader;
    text.append(random() % 100, 'x');
    if (random() % rarity == 0) text += kId;
    text.append(random() % 100, 'y').push_back('\n');
  }
  return text;
}

TEST(QuickLook, LeavesInWhatIsHitAndTheEnd) {
  std::string text;
  while (text.size() < 1 << 20) text += kHeader + "quiet\n";
  const std::uint64_t hit = text.size() / 2;
  text.replace(text.find('\n', hit) + 1, 0, kHeader + kId + '\n');
  MemorySource source(text);
  source.show();
  const Parts parts = loud_parts(source, 4096);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_LE(parts[0]->begin, hit);
  EXPECT_GT(parts[0]->end, hit);
  EXPECT_LE(parts[0]->end - parts[0]->begin, 4096U);
  EXPECT_EQ(parts[1]->end, BlockReader::kToTheEnd);
}

TEST(QuickLook, LosesAndDoublesNoHit) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    MemorySource source(random_log(seed, seed % 2 == 0 ? 200 : 20));
    source.show();
    for (const std::size_t block_size : {1U, 16U, 64U, 300U}) {
      const auto expected = hit_groups(source, parts_of(source, block_size), block_size);
      EXPECT_EQ(hit_groups(source, loud_parts(source, block_size), block_size), expected)
          << "seed " << seed << ", block size " << block_size;
    }
  }
}

TEST(QuickLook, IsGivenUpWhereHitsAreMany) {
  MemorySource source(random_log(1, 1));
  source.show();
  EXPECT_GE(bytes_in(loud_parts(source, 16), source.size()), source.size() * 99 / 100);
}

// Else the lines before a part would not be those before its first record.
TEST(QuickLook, MakesPartsThatBeginWhereRecordsDo) {
  std::string text;
  while (text.size() < 20 << 20) text += kHeader + kId + "\na line that goes on\n";
  MemorySource source(text);
  source.show();
  const Parts parts = loud_parts(source, 64 << 10);
  EXPECT_GT(parts.size(), 2U);
  for (const auto& part : parts) EXPECT_TRUE(text.substr(part->begin).starts_with(kHeader));
  EXPECT_EQ(bytes_in(parts, text.size()), text.size());
}

// An index knows as much as a look would tell.
TEST(QuickLook, LeavesInWhatWasChosen) {
  MemorySource source(random_log(1, 200));
  source.show();
  Parts parts;
  PartsAround(source, 0, parts).add(0, source.size());
  leave_out_quiet(trace::LiteralSearch({kId}, false), 64, parts, 2);
  EXPECT_EQ(bytes_in(parts, source.size()), source.size());
}

TEST(QuickLook, ReadsAllThatCannotBeShown) {
  MemorySource source(random_log(1, 200));
  EXPECT_EQ(bytes_in(loud_parts(source, 64), source.size()), source.size());
}

// The runtime may cut the identifier in two.
TEST(QuickLook, LeavesInLinesInPieces) {
  const std::string envelope = "2026-11-22T16:50:45.041587123Z stderr ";
  std::mt19937 random(1);
  std::string text;
  std::set<std::uint64_t> in_pieces;
  while (text.size() < 3'000'000) {
    if (random() % 2000 == 0) {
      in_pieces.insert(text.size());
      text +=
          envelope + "P " + kHeader + std::string(random() % 9000, 'x') + kId.substr(0, 8) + '\n';
      text += envelope + "F " + kId.substr(8) + '\n';
    }
    text += envelope + "F " + kHeader + "a Pod " + std::string(random() % 200, 'y') + '\n';
  }
  MemorySource source(text);
  source.show();
  for (const std::size_t block_size : {16U, 300U, 4096U}) {
    const Parts parts = loud_parts(source, block_size);
    EXPECT_LT(bytes_in(parts, text.size()), text.size() * 3 / 4);
    std::set<std::uint64_t> read;
    std::vector<char> buffer;
    for (const auto& part : parts) {
      BlockReader reader(source, part->begin, part->end, block_size, buffer);
      for (Block block; reader.next(block);) {
        for (format::Walk walk(block.bytes); walk.next();)
          read.insert(block.offset + walk.offset());
      }
    }
    for (const std::uint64_t offset : in_pieces) EXPECT_TRUE(read.contains(offset)) << offset;
  }
}

}  // namespace
}  // namespace ktrace::engine
