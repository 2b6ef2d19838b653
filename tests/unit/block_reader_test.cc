// Blocks and parts tile a source, cut where records begin, whatever their sizes.

#include "block_reader.h"

#include <algorithm>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "ktrace/format.h"
#include "memory_source.h"

namespace ktrace::engine {
namespace {

struct Piece {
  std::uint64_t offset;
  std::string bytes;
  friend bool operator==(const Piece&, const Piece&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Piece& piece) {
    return out << '@' << piece.offset << '+' << piece.bytes.size();
  }
};

// All records of one part.
std::vector<Piece> records_of(input::Source& source, std::uint64_t begin, std::uint64_t end,
                              std::size_t block_size) {
  std::vector<char> buffer;
  BlockReader reader(source, begin, end, block_size, buffer);
  std::vector<Piece> pieces;
  Block block;
  while (reader.next(block)) {
    for (format::Walk walk(block.bytes); walk.next();) {
      pieces.push_back({block.offset + walk.offset(), std::string(walk.slice().raw)});
    }
  }
  EXPECT_TRUE(reader.status().ok());
  return pieces;
}

std::vector<Piece> records_of(const std::string& text, std::size_t part, std::size_t block_size) {
  MemorySource source(text);
  std::vector<Piece> all;
  for (std::uint64_t begin = 0; begin < text.size(); begin += part) {
    const bool last = begin + part >= text.size();
    const auto pieces =
        records_of(source, begin, last ? BlockReader::kToTheEnd : begin + part, block_size);
    all.insert(all.end(), pieces.begin(), pieces.end());
  }
  return all;
}

std::string joined(const std::vector<Piece>& pieces) {
  std::string text;
  for (const Piece& piece : pieces) text += piece.bytes;
  return text;
}

// Some text with headers, continuation lines, JSON, nonsense, CRLF and no last newline.
std::string nasty_text(unsigned seed, int lines = 60) {
  static const std::string kLines[] = {
      "I0610 11:35:38.104033   23035 httplog.go:90] verb=\"GET\" traceID=\"000\":\n",
      "E0610 11:35:38.2 not a header\n",
      "W0610 11:35:39.000001       1 a.go:1] \"b\" c=<\n",
      "\tindented\n",
      " >\n",
      "goroutine 1 [running]:\r\n",
      "\n",
      "{\"ts\":1678174252192.0676,\"caller\":\"a.go:1\",\"msg\":\"b\",\"v\":3}\n",
      "{\"ts\":1678174252192.06\n",
      "plain words after JSON or before anything\n",
      "F",
      "I0610 11:35:38.104033"};
  std::mt19937 random(seed);
  std::string text;
  for (int i = 0; i < lines; ++i) text += kLines[random() % std::size(kLines)];
  return text;
}

TEST(BlockReader, GivesTheSameRecordsForAnyBlockAndPartSize) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string text = nasty_text(seed);
    const auto expected = records_of(text, text.size(), 1 << 20);
    ASSERT_EQ(joined(expected), text);
    for (const std::size_t block : {1U, 2U, 7U, 64U, 65U, 300U}) {
      EXPECT_EQ(records_of(text, text.size(), block), expected) << "block size " << block;
      for (const std::size_t part : {16U, 50U, 200U}) {
        EXPECT_EQ(records_of(text, part, block), expected) << "parts of " << part;
      }
    }
  }
}

// Blocks that were looked at, and those that were read between them, in their order.
struct Looked {
  std::vector<Piece> records;
  std::size_t shown = 0;  // bytes
};

// `lasts`: whether what is shown is good to the end.
Looked look_through(MemorySource& source, std::uint64_t begin, std::uint64_t end,
                    std::size_t block_size, const std::function<bool()>& lasts) {
  Looked all;
  const auto take = [&all](const Block& block) {
    std::string padded(block.bytes);
    padded.append(format::kPadding, '\0');
    for (format::Walk walk(std::string_view(padded).substr(0, block.bytes.size())); walk.next();) {
      all.records.push_back({block.offset + walk.offset(), std::string(walk.slice().raw)});
    }
  };
  std::vector<char> buffer;
  BlockReader reader(source, begin, end, block_size, buffer);
  for (Block block; reader.next(block);) {
    take(block);
    while (true) {
      const std::size_t known = all.records.size();
      const std::size_t shown = reader.look([&](const Block& seen) {
        EXPECT_TRUE(seen.shared);
        EXPECT_LE(seen.bytes.size(), block_size);
        take(seen);
        return lasts();
      });
      all.shown += shown;
      if (shown > 0) continue;
      all.records.resize(known);
      break;
    }
  }
  return all;
}

// The same of all parts.
Looked look_through(const std::string& text, std::size_t part, std::size_t block_size,
                    const std::function<bool()>& lasts) {
  MemorySource source(text);
  source.show();
  Looked all;
  for (std::uint64_t begin = 0; begin < text.size(); begin += part) {
    const bool last = begin + part >= text.size();
    const std::uint64_t end = last ? BlockReader::kToTheEnd : begin + part;
    const auto looked = look_through(source, begin, end, block_size, lasts);
    all.records.insert(all.records.end(), looked.records.begin(), looked.records.end());
    all.shown += looked.shown;
  }
  return all;
}

TEST(BlockReader, ShowsTheRecordsThatItWouldRead) {
  for (unsigned seed = 0; seed < 4; ++seed) {
    const std::string text = nasty_text(seed, 12'000);
    const auto expected = records_of(text, text.size(), 1 << 20);
    std::size_t shown = 0;
    for (const std::size_t block : {300U, 5000U, 100'000U}) {
      for (const std::size_t part : {std::size_t{90'000}, text.size()}) {
        const auto looked = look_through(text, part, block, [] { return true; });
        EXPECT_EQ(looked.records, expected) << "block size " << block << ", parts of " << part;
        shown += looked.shown;
      }
    }
    EXPECT_GT(shown, text.size());
  }
}

TEST(BlockReader, ShowsNoRecordThatBeginsWhereThePartEnds) {
  std::string text;
  while (text.size() < 400'000) {
    text += "I0610 11:35:38.104033   23035 a.go:1] ";
    text.append(61, 'x').push_back('\n');
  }
  const auto looked = look_through(text, 100'000, 5000, [] { return true; });
  EXPECT_EQ(looked.records, records_of(text, text.size(), 1 << 20));
  EXPECT_GT(looked.shown, text.size() / 2);
}

TEST(BlockReader, ReadsWhatWasShownInVain) {
  const std::string text = nasty_text(1, 12'000);
  const auto expected = records_of(text, text.size(), 1 << 20);
  int shown = 0;
  EXPECT_EQ(look_through(text, text.size(), 5000, [&] { return ++shown % 50 != 0; }).records,
            expected);
  EXPECT_GT(shown, 50);
}

TEST(BlockReader, ShowsNothingOfASourceThatCannotBeShown) {
  MemorySource source(nasty_text(1, 12'000));
  const auto looked = look_through(source, 0, BlockReader::kToTheEnd, 5000, [] { return true; });
  EXPECT_EQ(looked.shown, 0U);
  EXPECT_EQ(looked.records.size(), records_of(source, 0, BlockReader::kToTheEnd, 5000).size());
}

TEST(BlockReader, GivesTheSameRecordsForAStreamThatDribbles) {
  const std::string text = nasty_text(99);
  const auto expected = records_of(text, text.size(), 1 << 20);
  MemorySource stream(text, false, 3);
  EXPECT_EQ(records_of(stream, 0, BlockReader::kToTheEnd, 4096), expected);
}

TEST(BlockReader, CutsARecordThatIsTooLongAtTheSamePlacesForAnyBlockSize) {
  const std::string header = "I0610 11:35:38.104033       1 a.go:1] ";
  std::string text = header + "before\n" + header;
  while (text.size() < 3 * kLongestRecord) text += "word traceID=\"111\" ";
  text += "\n" + header + "after\n";
  const auto expected = records_of(text, text.size(), 256 << 10);
  ASSERT_EQ(joined(expected), text);
  ASSERT_GE(expected.size(), 5u);
  for (std::size_t i = 1; i + 2 < expected.size(); ++i) {
    EXPECT_LE(expected[i].bytes.size(), kLongestRecord);
    EXPECT_EQ(expected[i].bytes.back(), ' ') << "a word is torn";
  }
  EXPECT_EQ(expected.back().bytes, header + "after\n");
  EXPECT_EQ(records_of(text, text.size(), 1 << 20), expected);
  EXPECT_EQ(records_of(text, 4 << 20, 100'000), expected);
}

TEST(BlockReader, CountsRecordsThatAreTooLong) {
  MemorySource source("I0610 11:35:38.104033       1 a.go:1] " +
                      std::string(3 * kLongestRecord, 'x'));
  std::vector<char> buffer;
  BlockReader reader(source, 0, BlockReader::kToTheEnd, 256 << 10, buffer);
  Block block;
  while (reader.next(block)) {
  }
  EXPECT_EQ(reader.long_records(), 1u);
  EXPECT_EQ(reader.first_long_record(), 0u);
}

TEST(BlockReader, KnowsTheStampBeforeABlock) {
  // Lines long enough that each can be judged before the next is read.
  const std::string rest = std::string(80, '.') + "\n";
  const std::string text = "I0610 11:35:38.000000       1 a.go:1] one " + rest +
                           "{\"ts\":\"no time" + rest + "{\"ts\":\"no time either" + rest;
  for (const bool seekable : {true, false}) {
    MemorySource source(text, seekable);
    std::vector<char> buffer;
    BlockReader reader(source, 0, BlockReader::kToTheEnd, 1, buffer);
    Block block;
    ASSERT_TRUE(reader.next(block));
    EXPECT_EQ(reader.stamp_before().kind, Stamp::Kind::none);
    ASSERT_TRUE(reader.next(block));
    ASSERT_TRUE(reader.next(block));
    EXPECT_EQ(reader.stamp_before().kind, Stamp::Kind::yearless) << seekable;
    EXPECT_EQ(reader.stamp_before().day, 10);
  }
}

TEST(BlockReader, KnowsTheStampBeforeAnyPart) {
  const std::string silent(40'000, '\n');  // more than is looked at first
  const std::string text = nasty_text(1, 2000) + silent + nasty_text(2, 2000);
  const auto records = records_of(text, text.size(), 1 << 20);
  MemorySource source(text);
  Record record;
  Stamp expected;
  auto next = records.begin();
  for (std::uint64_t begin = 1; begin < text.size(); begin += 777) {
    std::vector<char> buffer;
    BlockReader reader(source, begin, begin + 777, 1 << 20, buffer);
    Block block;
    if (!reader.next(block)) continue;
    for (; next->offset < block.offset; ++next) {
      const std::string padded = next->bytes + std::string(format::kPadding, '\0');
      format::parse(std::string_view(padded).substr(0, next->bytes.size()), record);
      if (record.has_time()) expected = record.stamp;
    }
    EXPECT_EQ(reader.stamp_before(), expected) << begin;
  }
}

TEST(BlockReader, GivesWhatWasReadBeforeAFailure) {
  const std::string text = nasty_text(7);
  for (const bool seekable : {true, false}) {
    for (const std::size_t place : {std::size_t{1}, text.size() / 2, text.size()}) {
      MemorySource source(text, seekable);
      source.fail_at(place);
      std::vector<char> buffer;
      BlockReader reader(source, 0, BlockReader::kToTheEnd, 100, buffer);
      std::string given;
      Block block;
      while (reader.next(block)) given += block.bytes;
      EXPECT_EQ(given, text.substr(0, place));
      EXPECT_EQ(reader.status().message(), "Input/output error");
    }
  }
}

const std::string kHeader = "I0610 11:35:38.104033       1 a.go:1] ";

TEST(BlockReader, ThatNeverWaitsGivesTheRecordsThatAreComplete) {
  MemorySource source(kHeader + "one\n" + kHeader + "two\n", false);
  std::vector<char> buffer;
  BlockReader reader(source, 0, BlockReader::kToTheEnd, 4096, buffer);
  reader.never_wait();
  Block block;
  ASSERT_TRUE(reader.next(block));
  EXPECT_EQ(block.bytes, kHeader + "one\n");
  EXPECT_FALSE(reader.next(block));
  EXPECT_FALSE(reader.take_rest(block, false));
  source.append(kHeader + std::string(90, '3'));
  ASSERT_TRUE(reader.next(block));
  EXPECT_EQ(block.bytes, kHeader + "two\n");
  EXPECT_FALSE(reader.next(block));
  EXPECT_TRUE(reader.goes_on());
}

TEST(BlockReader, ThatNeverWaitsGivesOnlyWholeLinesOfTheRest) {
  MemorySource source(kHeader + "one\ntwo\nthr", false);
  std::vector<char> buffer;
  BlockReader reader(source, 0, BlockReader::kToTheEnd, 4096, buffer);
  reader.never_wait();
  Block block;
  EXPECT_FALSE(reader.next(block));
  EXPECT_FALSE(reader.take_rest(block, false)) << "a klog record may grow";
  ASSERT_TRUE(reader.take_rest(block, true));
  EXPECT_EQ(block.bytes, kHeader + "one\ntwo\n");
  EXPECT_FALSE(reader.take_rest(block, true));
  source.append("ee\n");
  EXPECT_FALSE(reader.next(block));
  ASSERT_TRUE(reader.take_rest(block, true));
  EXPECT_EQ(block.bytes, "three\n");
  EXPECT_EQ(block.offset, (kHeader + "one\ntwo\n").size());
}

TEST(BlockReader, ThatNeverWaitsGivesAJsonRecordAtItsLinesEnd) {
  MemorySource source("{\"ts\":1678174252192.0676,\"msg\":\"b\",\"v\":3}\n", false);
  std::vector<char> buffer;
  BlockReader reader(source, 0, BlockReader::kToTheEnd, 4096, buffer);
  reader.never_wait();
  Block block;
  EXPECT_FALSE(reader.next(block));
  EXPECT_TRUE(reader.take_rest(block, false));
}

// Each record is cut in pieces, more of them than one look back sees.
TEST(GroupBegin, IsWhereAReaderFindsAGroup) {
  std::string text;
  for (int record = 0; record < 6; ++record) {
    const auto pieces = std::string("2026-11-22T16:50:45.041587123Z stderr P ") +
                        std::string(1000, static_cast<char>('a' + record)) + '\n';
    for (int piece = 0; piece < 12; ++piece) text += pieces;
    text += "2026-11-22T16:50:45.041587123Z stderr F end\n";
  }
  MemorySource source(text);
  std::vector<std::uint64_t> begins;
  for (const Piece& record : records_of(text, text.size(), 4096)) begins.push_back(record.offset);
  ASSERT_EQ(begins.size(), 6U);
  for (std::uint64_t offset = 0; offset < text.size(); offset += 333) {
    input::Place place;
    const std::uint64_t begin = group_begin(source, offset, place);
    EXPECT_LE(begin, offset);
    EXPECT_TRUE(std::binary_search(begins.begin(), begins.end(), begin))
        << begin << " of " << offset;
  }
}

TEST(GroupBegin, IsNotBehindTheOffset) {
  std::string text;
  while (text.size() < 20'000) text += kHeader + "x\n";
  const std::size_t record = kHeader.size() + 2;
  MemorySource source(text);
  input::Place place;
  for (std::uint64_t offset = 0; offset < text.size(); offset += 7) {
    EXPECT_EQ(group_begin(source, offset, place), offset / record * record);
  }
}

TEST(GroupBegin, OfARecordOfManyMegabytesIsFoundInPieces) {
  class Counting : public MemorySource {
   public:
    using MemorySource::MemorySource;
    Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
      longest = std::max(longest, size);
      return MemorySource::read(offset, into, size);
    }
    std::size_t longest = 0;
  };
  const std::string before = kHeader + "before\n";
  Counting source(before + kHeader + std::string(20 << 20, 'x') + '\n');
  input::Place place;
  EXPECT_EQ(group_begin(source, source.size() - 1, place), before.size());
  EXPECT_LE(source.longest, 2U << 20);
}

TEST(BlockReader, OfAnEmptySourceGivesNothing) {
  MemorySource source("");
  EXPECT_TRUE(records_of(source, 0, BlockReader::kToTheEnd, 64).empty());
}

}  // namespace
}  // namespace ktrace::engine
