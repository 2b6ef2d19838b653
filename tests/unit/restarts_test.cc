// Compressed files read at any offset, from where unpacking can begin.

#include "restarts.h"

#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "encoding.h"
#include "packed.h"

namespace ktrace::input {
namespace {

std::string log_of(std::size_t size) {
  std::minstd_rand draw(1);
  std::string text;
  while (text.size() < size) {
    text += fmt::format("I1122 10:00:00.{:06} 1 a.go:1] \"Handled\" id=\"{:08x}\"\n",
                        text.size() % 1'000'000, draw());
  }
  return text;
}

// Long enough for several restarts.
const std::string& long_log() {
  static const std::string log = log_of(20 << 20);
  return log;
}

const std::string& long_gzip() {
  static const std::string bytes = packed(ARCHIVE_FILTER_GZIP, long_log());
  return bytes;
}

std::unique_ptr<Source> source_of(const std::string& path) {
  Opened opened = open({path}, {});
  EXPECT_EQ(opened.sources.size(), 1u);
  return std::move(opened.sources.front());
}

// `size` bytes at `offset`, or what went wrong.
std::string bytes_of(Source& source, std::uint64_t offset, std::size_t size, Place& place) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const auto count = source.read_on(offset + filled, bytes.data() + filled, size - filled, place);
    if (!count) return count.message();
    if (*count == 0) break;
    filled += *count;
  }
  bytes.resize(filled);
  return bytes;
}

void expect_reads(Source& source, const std::string& text) {
  ASSERT_TRUE(source.seekable());
  ASSERT_EQ(source.size(), text.size());
  std::minstd_rand draw(2);
  Place place;
  for (int i = 0; i < 12; ++i) {
    const std::uint64_t offset = draw() % text.size();
    const std::size_t size = draw() % (300 << 10);
    EXPECT_TRUE(bytes_of(source, offset, size, place) == text.substr(offset, size)) << offset;
    // Reading on, and a little back, from where it stands.
    const std::uint64_t back = std::min<std::uint64_t>(offset, draw() % 5000);
    EXPECT_TRUE(bytes_of(source, offset - back, 9000, place) == text.substr(offset - back, 9000));
  }
  EXPECT_TRUE(bytes_of(source, 0, text.size() + 1, place) == text);
  char byte = 0;
  EXPECT_EQ(*source.read(text.size(), &byte, 1), 0u);
}

// What is surveyed, and what another source takes over, gives the same bytes.
void expect_restarts(const std::string& path, const std::string& text) {
  const auto surveyed = source_of(path);
  EXPECT_FALSE(surveyed->seekable());
  std::uint64_t read = 0;
  const auto found = surveyed->survey([&read](std::uint64_t bytes) { read += bytes; });
  ASSERT_TRUE(found.ok()) << found.message();
  ASSERT_TRUE(*found);
  EXPECT_GT(read, 0U);
  EXPECT_LE(read, surveyed->file()->size);
  expect_reads(*surveyed, text);
  const auto other = source_of(path);
  ASSERT_TRUE(other->use_restarts(surveyed->restarts()));
  EXPECT_EQ(other->restarts(), surveyed->restarts());
  expect_reads(*other, text);
}

std::size_t places_in(const std::string& path, const std::string& encoding) {
  for (const Encoding& one : encodings()) {
    if (one.name != encoding) continue;
    const auto file = open_path(path);
    const Packed packed{[&](std::uint64_t offset, char* into, std::size_t size) {
                          return file->read_at(offset, into, size);
                        },
                        std::filesystem::file_size(path)};
    return one.survey(packed)->places.size();
  }
  return 0;
}

TEST(Restarts, AGzipMemberIsUnpackedFromWithinIt) {
  const Folder folder;
  const std::string path = folder.put("a.gz", long_gzip());
  EXPECT_EQ(places_in(path, "gzip"), 3u);
  expect_restarts(path, long_log());
}

TEST(Restarts, GzipMembersWithPaddingBetweenThem) {
  const Folder folder;
  const std::string one = log_of(5 << 20);
  const std::string member = packed(ARCHIVE_FILTER_GZIP, one);
  std::string bytes, text;
  for (int i = 0; i < 4; ++i) {
    bytes += member + std::string(700, '\0');
    text += one;
  }
  const std::string path = folder.put("a.gz", bytes);
  EXPECT_EQ(places_in(path, "gzip"), 3u);
  expect_restarts(path, text);
}

TEST(Restarts, FramesOfZstd) {
  const Folder folder;
  const std::string half = packed(ARCHIVE_FILTER_ZSTD, long_log());
  const std::string path = folder.put("a.zst", half + half);
  EXPECT_EQ(places_in(path, "zstd"), 2u);
  expect_restarts(path, long_log() + long_log());
}

TEST(Restarts, BlocksOfXz) {
  const Folder folder;
  const std::string one = log_of(300'000);
  const std::string stream = packed(ARCHIVE_FILTER_XZ, one);
  const std::string path = folder.put("a.xz", stream + stream);
  EXPECT_EQ(places_in(path, "xz"), 2u);
  expect_restarts(path, one + one);
}

TEST(Restarts, PiecesOfOneLogSomeOfThemPacked) {
  const Folder folder;
  const std::string middle = log_of(100'000);
  folder.put("kubelet.log.2.gz", long_gzip());
  folder.put("kubelet.log.1", middle);
  folder.put("kubelet.log", "the last line\n");
  expect_restarts(folder.path(), long_log() + middle + "the last line\n");
}

TEST(Restarts, DivisionsLieBehindPlacesWhereUnpackingBegins) {
  const Folder folder;
  const auto source = source_of(folder.put("a.gz", long_gzip()));
  EXPECT_EQ(source->division(5), 5u);
  ASSERT_TRUE(*source->survey([](std::uint64_t) {}));
  const std::uint64_t first = source->division(4 << 20), second = source->division(first + 1);
  EXPECT_GT(first, 8u << 20);
  EXPECT_LT(first, 9u << 20);
  EXPECT_EQ(source->division(first), first);
  EXPECT_GT(second, 16u << 20);
  EXPECT_EQ(source->division(second + 1), long_log().size());
}

TEST(Restarts, AreNotTakenOfAnotherFileNorDamaged) {
  const Folder folder;
  const std::string bytes = packed(ARCHIVE_FILTER_GZIP, log_of(100'000));
  const std::string path = folder.put("a.gz", bytes);
  const auto source = source_of(path);
  ASSERT_TRUE(*source->survey([](std::uint64_t) {}));
  const std::string restarts = source->restarts();
  const auto other = source_of(path);
  for (std::size_t size = 0; size < restarts.size(); ++size) {
    EXPECT_FALSE(other->use_restarts(restarts.substr(0, size))) << size;
  }
  EXPECT_FALSE(other->use_restarts(restarts + "x"));
  EXPECT_FALSE(other->seekable());
  const auto grown = source_of(folder.put("a.gz", bytes + bytes));
  EXPECT_FALSE(grown->use_restarts(restarts));
}

TEST(Restarts, WhatIsDamagedIsAnError) {
  const Folder folder;
  for (const int filter : {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_XZ}) {
    const std::string bytes = packed(filter, log_of(100'000));
    const auto source = source_of(folder.put("a.log", bytes.substr(0, bytes.size() - 3)));
    EXPECT_FALSE(source->survey([](std::uint64_t) {}).ok()) << filter;
    EXPECT_FALSE(source->seekable());
  }
}

TEST(Restarts, ThereAreNoneWhereUnpackingBeginsOnlyAtTheBeginning) {
  const Folder folder;
  const std::string longest(65 << 20, '\n');
  for (const std::string& bytes :
       {packed(ARCHIVE_FILTER_ZSTD, longest), packed(ARCHIVE_FILTER_BZIP2, log_of(1000)),
        packed(ARCHIVE_FILTER_LZ4, log_of(1000))}) {
    const auto source = source_of(folder.put("a.log", bytes));
    const auto found = source->survey([](std::uint64_t) {});
    EXPECT_TRUE(found.ok() && !*found);
    EXPECT_FALSE(source->seekable());
  }
}

}  // namespace
}  // namespace ktrace::input
