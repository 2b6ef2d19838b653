// Archives: every file in them is a source of its own.

#include <algorithm>
#include <csignal>
#include <sys/stat.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packed.h"

namespace ktrace::input {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::vector<Packable> kMembers{{"kind/n1/kubelet.log", "kubelet\n", AE_IFREG, ""},
                                     {"kind/n1/journal.log", "journal\n", AE_IFREG, ""},
                                     {"a.log", "a\n", AE_IFREG, ""}};

std::vector<std::string> contents(const Opened& opened) {
  std::vector<std::string> all;
  for (const auto& source : opened.sources) all.push_back(drain(*source).first);
  return all;
}

TEST(Archive, ItsMembersAreSources) {
  const Folder folder;
  for (const int format : {ARCHIVE_FORMAT_TAR, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED,
                           ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FORMAT_ZIP}) {
    const std::string path = folder.put("logs", archive_of(kMembers, format));
    const Opened opened = open({path}, {});
    EXPECT_THAT(opened.diagnostics, IsEmpty());
    EXPECT_THAT(names_in(opened, folder),
                ElementsAre("logs!kind/n1/kubelet.log", "logs!kind/n1/journal.log", "logs!a.log"));
    EXPECT_THAT(contents(opened), ElementsAre("kubelet\n", "journal\n", "a\n")) << format;
    EXPECT_EQ(opened.sources.at(0)->modified(), Time(std::chrono::seconds(1700000000)));
    EXPECT_FALSE(opened.sources[0]->seekable());
    EXPECT_EQ(opened.sources[0]->origin().node, "n1");
    EXPECT_NE(opened.sources[0]->group(), 0u);
    EXPECT_EQ(opened.sources[0]->group(), opened.sources[2]->group());
  }
}

TEST(Archive, MayBeCompressed) {
  const Folder folder;
  for (const Filter& filter : kFilters) {
    const Opened opened =
        open({folder.put("a.tgz", archive_of(kMembers, ARCHIVE_FORMAT_TAR, filter.code))}, {});
    EXPECT_THAT(opened.diagnostics, IsEmpty()) << filter.name;
    EXPECT_THAT(contents(opened), ElementsAre("kubelet\n", "journal\n", "a\n")) << filter.name;
  }
}

TEST(Archive, MayComeThroughAPipe) {
  // More than is kept in memory.
  std::vector<Packable> members = kMembers;
  std::string large;
  for (int i = 0; i < 300'000; ++i) large += "I1122 16:51:40.000000       1 sync.go:10] large\n";
  members.insert(members.begin(), {"large.log", large, AE_IFREG, ""});
  const std::string bytes = archive_of(members);
  const Folder folder;
  ::mkfifo(folder.path("fifo").c_str(), 0600);
  std::thread writer([&] { folder.put("fifo", bytes); });
  const Opened opened = open({folder.path("fifo")}, {});
  writer.join();
  ASSERT_THAT(opened.sources, SizeIs(4));
  EXPECT_EQ(drain(*opened.sources[0], 1 << 18).first == large, true);
  EXPECT_EQ(drain(*opened.sources[3]).first, "a\n");
  EXPECT_EQ(opened.sources[3]->origin().name, folder.path("fifo") + "!a.log");
}

TEST(Archive, ItsMembersMayBeCompressed) {
  const Folder folder;
  std::vector<Packable> members;
  for (const Filter& filter : kFilters) {
    members.push_back(
        {std::string(filter.name) + ".log", packed(filter.code, filter.name), AE_IFREG, ""});
  }
  const Opened opened = open({folder.put("a.tar", archive_of(members))}, {});
  EXPECT_THAT(contents(opened), ElementsAre("gzip", "zstd", "xz", "bzip2", "lz4"));
}

TEST(Archive, MayHoldAnArchiveButNotDeeper) {
  const Folder folder;
  const std::string deepest = archive_of({{"c.log", "c\n", AE_IFREG, ""}});
  const std::string inner =
      archive_of({{"b.log", "b\n", AE_IFREG, ""}, {"deepest.tar", deepest, AE_IFREG, ""}},
                 ARCHIVE_FORMAT_TAR, ARCHIVE_FILTER_GZIP);
  const std::string path =
      folder.put("outer.tar", archive_of({{"inner.tgz", inner, AE_IFREG, ""}, kMembers[2]}));
  const Opened opened = open({path}, {});
  EXPECT_THAT(names_in(opened, folder),
              ElementsAre("outer.tar!inner.tgz!b.log", "outer.tar!a.log"));
  EXPECT_THAT(contents(opened), ElementsAre("b\n", "a\n"));
  ASSERT_THAT(opened.diagnostics, SizeIs(1));
  EXPECT_EQ(opened.diagnostics[0].path, path + "!inner.tgz!deepest.tar");
  EXPECT_EQ(opened.diagnostics[0].level, Diagnostic::Level::error);
}

TEST(Archive, CanBeReadInAnyOrder) {
  const Folder folder;
  std::vector<Packable> members;
  for (int i = 0; i < 9; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i));
    members.push_back({name + ".log", std::string(100'000, name[0]), AE_IFREG, ""});
  }
  const Opened opened =
      open({folder.put("a.tgz", archive_of(members, ARCHIVE_FORMAT_TAR, ARCHIVE_FILTER_GZIP))}, {});
  for (const std::size_t i : {3u, 8u, 0u, 1u, 7u}) {
    EXPECT_EQ(drain(*opened.sources.at(i)).first == members[i].bytes, true) << i;
  }
  // By turns.
  std::string two, four;
  std::string chunk(30'000, '\0');
  for (int turn = 0; turn < 9; ++turn) {
    two.append(chunk, 0, *opened.sources[2]->read(two.size(), chunk.data(), chunk.size()));
    four.append(chunk, 0, *opened.sources[4]->read(four.size(), chunk.data(), chunk.size()));
  }
  EXPECT_EQ(two == members[2].bytes && four == members[4].bytes, true);
}

TEST(Archive, LeavesOutWhatIsNoLogAndCountsIt) {
  const Folder folder;
  const std::string path = folder.put("a.tar", archive_of({{"folder", "", AE_IFDIR, ""},
                                                           {"link.log", "", AE_IFLNK, "a.log"},
                                                           {"core",
                                                            std::string("\x7f"
                                                                        "ELF\0\1\0\0\0\0\0\0",
                                                                        12),
                                                            AE_IFREG, ""},
                                                           {"empty.log", "", AE_IFREG, ""},
                                                           kMembers[2]}));
  const Opened opened = open({path}, {});
  EXPECT_THAT(names_in(opened, folder), ElementsAre("a.tar!empty.log", "a.tar!a.log"));
  ASSERT_THAT(opened.diagnostics, SizeIs(1));
  EXPECT_EQ(opened.diagnostics[0].level, Diagnostic::Level::note);
  EXPECT_EQ(opened.diagnostics[0].message, "one file in it is no log and was skipped");
}

TEST(Archive, NamesAreOnlyNames) {
  const Folder folder;
  const Opened opened =
      open({folder.put("a.tar", archive_of({{"/etc/passwd", "one\n", AE_IFREG, ""},
                                            {"../../b.log", "two\n", AE_IFREG, ""},
                                            {"./c.log", "three\n", AE_IFREG, ""}}))},
           {});
  EXPECT_THAT(names_in(opened, folder),
              ElementsAre("a.tar!/etc/passwd", "a.tar!../../b.log", "a.tar!c.log"));
  EXPECT_THAT(contents(opened), ElementsAre("one\n", "two\n", "three\n"));
}

TEST(Archive, NeedsNoMemberToBeAnArchive) {
  const Folder folder;
  const Opened opened = open({folder.put("a.zip", archive_of({}, ARCHIVE_FORMAT_ZIP))}, {});
  EXPECT_THAT(opened.sources, IsEmpty());
  EXPECT_THAT(opened.diagnostics, IsEmpty());
}

TEST(Archive, UsesWhatStandsBeforeACutAndTellsIt) {
  const Folder folder;
  std::vector<Packable> members = kMembers;
  members[1].bytes = std::string(10'000, 'x');
  const std::string bytes = archive_of(members);
  const std::string path = folder.put("a.tar", bytes.substr(0, 5'000));
  const Opened opened = open({path}, {});
  ASSERT_THAT(opened.sources, SizeIs(2));
  EXPECT_EQ(drain(*opened.sources[0]).first, "kubelet\n");
  const auto [journal, error] = drain(*opened.sources[1]);
  EXPECT_EQ(journal, std::string(5'000 - 3 * 512, 'x').substr(0, journal.size()));
  EXPECT_GT(journal.size(), 1'000u);
  EXPECT_EQ(error, "archive: unexpected end of data");
  ASSERT_THAT(opened.diagnostics, SizeIs(1));
  EXPECT_EQ(opened.diagnostics[0].path, path);
  EXPECT_EQ(opened.diagnostics[0].message, "archive: unexpected end of data");
}

TEST(Archive, ACutOfItsCompressionIsToldAsSuch) {
  const Folder folder;
  std::vector<Packable> members = kMembers;
  for (int i = 0; i < 30'000; ++i) members[2].bytes += std::to_string(i * 7919) + "\n";
  const std::string bytes = archive_of(members, ARCHIVE_FORMAT_TAR, ARCHIVE_FILTER_GZIP);
  const Opened opened = open({folder.put("a.tgz", bytes.substr(0, bytes.size() / 2))}, {});
  ASSERT_THAT(opened.diagnostics, SizeIs(1));
  EXPECT_EQ(opened.diagnostics[0].message, "gzip: unexpected end of data");
  ASSERT_THAT(opened.sources, SizeIs(3));
  EXPECT_EQ(drain(*opened.sources[1]).first, "journal\n");
  EXPECT_EQ(drain(*opened.sources[2]).second, "gzip: unexpected end of data");
}

TEST(Archive, ADamagedMemberDoesNotHideTheOthers) {
  const Folder folder;
  std::string damaged = packed(ARCHIVE_FILTER_GZIP, std::string(1000, 'x'));
  damaged[damaged.size() - 6] ^= 0x55;
  const std::string path =
      folder.put("a.tar", archive_of({{"damaged.log.gz", damaged, AE_IFREG, ""}, kMembers[2]}));
  const Opened opened = open({path}, {});
  ASSERT_THAT(opened.sources, SizeIs(2));
  EXPECT_EQ(drain(*opened.sources[0]).second, "gzip: corrupt data (wrong checksum)");
  EXPECT_EQ(drain(*opened.sources[1]).first, "a\n");
}

TEST(Archive, ThatWasReplacedIsToldApart) {
  const Folder folder;
  const std::string path = folder.put("a.tar", archive_of(kMembers));
  const Opened opened = open({path}, {});
  folder.put("a.tar", archive_of({{"b.log", "b\n", AE_IFREG, ""}}));
  EXPECT_EQ(drain(*opened.sources.at(0)).second, "the archive was changed while it was read");
}

TEST(Archive, AnyDamageEnds) {
  const Folder folder;
  for (const int format : {ARCHIVE_FORMAT_TAR, ARCHIVE_FORMAT_ZIP}) {
    const std::string good = archive_of(kMembers, format);
    std::uint32_t seed = 5;
    for (int round = 0; round < 200; ++round) {
      std::string bytes = good;
      for (int i = 0; i < 4; ++i) {
        seed = seed * 1664525 + 1013904223;
        bytes[(seed >> 8) % bytes.size()] = static_cast<char>(seed >> 3);
      }
      const Opened opened = open({folder.put("a", bytes)}, {});
      for (const auto& source : opened.sources) EXPECT_LT(drain(*source).first.size(), 100'000u);
    }
  }
}

}  // namespace
}  // namespace ktrace::input
