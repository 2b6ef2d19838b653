// Directories: which files in them are logs, which are one log, and which are another's copy.

#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packed.h"

namespace ktrace::input {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> notes(const Opened& opened) {
  std::vector<std::string> all;
  for (const Diagnostic& diagnostic : opened.diagnostics) {
    EXPECT_EQ(diagnostic.level, Diagnostic::Level::note);
    all.push_back(diagnostic.message);
  }
  return all;
}

TEST(Tree, AllItsLogsAreSourcesInTheOrderOfTheirNames) {
  const Folder folder;
  folder.put("b.log");
  folder.put("a/z.log");
  folder.put("a/deep/er/c.txt");
  folder.put("c.log", packed(ARCHIVE_FILTER_ZSTD, "packed\n"));
  const Opened opened = open({folder.path()}, {});
  EXPECT_THAT(names_in(opened, folder),
              ElementsAre("a/deep/er/c.txt", "a/z.log", "b.log", "c.log"));
  EXPECT_EQ(drain(*opened.sources[3]).first, "packed\n");
  EXPECT_THAT(opened.diagnostics, IsEmpty());
}

// A socket with a name.
class Socket {
 public:
  explicit Socket(const std::string& path) : number_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(number_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(number_); }

 private:
  int number_;
};

TEST(Tree, LeavesOutWhatIsNoLogAndCountsIt) {
  const Folder folder;
  folder.put("a.log");
  folder.put("image.png", "\x89PNG\r\n\x1a\n and text");
  folder.put("program", std::string("\x7f"
                                    "ELF\2\1\1\0\0",
                                    9));
  folder.put("packed.gz", packed(ARCHIVE_FILTER_GZIP, std::string(5000, '\1')));
  folder.put("system.journal", "LPKSHHRH text");
  ::mkfifo(folder.path("fifo").c_str(), 0600);
  const Socket socket(folder.path("socket"));
  folder.link("/dev/null", "device");
  folder.link("nowhere", "dangling");
  const Opened opened = open({folder.path()}, {});
  EXPECT_THAT(names_in(opened, folder), ElementsAre("a.log"));
  EXPECT_THAT(notes(opened), ElementsAre("8 files in it are no logs and were skipped"));
}

TEST(Tree, ALogMayHoldAFewControlCharacters) {
  const Folder folder;
  folder.put("a.log", std::string(100, '\0') + std::string(2000, 'x') + "\x1b[31m caf\xe9\n");
  EXPECT_THAT(open({folder.path()}, {}).sources, SizeIs(1));
}

TEST(Tree, AFileThatIsNamedIsReadWhateverItIs) {
  const Folder folder;
  const Opened opened = open({folder.put("a.log", std::string(100, '\0'))}, {});
  EXPECT_THAT(opened.sources, SizeIs(1));
}

TEST(Tree, ArchivesInItAreOpened) {
  const Folder folder;
  folder.put("a.tgz",
             archive_of({{"b.log", "b\n", AE_IFREG, ""}}, ARCHIVE_FORMAT_TAR, ARCHIVE_FILTER_GZIP));
  EXPECT_THAT(names_in(open({folder.path()}, {}), folder), ElementsAre("a.tgz!b.log"));
}

TEST(Tree, LoopsEnd) {
  const Folder folder;
  folder.put("a/a.log");
  folder.link(folder.path(), "a/up");
  folder.link("self", "self");
  EXPECT_THAT(names_in(open({folder.path()}, {}), folder), ElementsAre("a/a.log"));
}

TEST(Tree, AFileIsReadOnceAndUnderItsOwnName) {
  const Folder folder;
  const std::string real = "pods/kube-system_etcd-cp1_0cef5dcf77699a18ffc053fd41fda045/etcd/0.log";
  folder.put(real);
  folder.link("../" + real, "containers/etcd-cp1_kube-system_etcd-0123.log");
  folder.link("pods", "again");
  EXPECT_THAT(names_in(open({folder.path()}, {}), folder), ElementsAre(real));
}

TEST(Tree, LinksToWhatIsElsewhereAreFollowed) {
  const Folder elsewhere, folder;
  folder.link(elsewhere.put("a.log"), "link.log");
  folder.link(elsewhere.put("more/b.log").substr(0, elsewhere.path("more").size()), "more");
  EXPECT_THAT(names_in(open({folder.path()}, {}), folder), ElementsAre("link.log", "more/b.log"));
}

TEST(Tree, WhatStandsInTwoTreesIsReadOnce) {
  const Folder folder;
  folder.put("a/a.log");
  const Opened opened = open({folder.path("a"), folder.path()}, {});
  EXPECT_THAT(names_in(opened, folder), ElementsAre("a/a.log"));
}

// What a source of joined pieces gives.
std::string joined(const Opened& opened, std::size_t index) {
  return drain(*opened.sources.at(index), 3).first;
}

TEST(Rotation, PiecesAreOneSourceWithTheNameOfTheNewest) {
  const Folder folder;
  folder.put("kubelet.log.10", "1");
  folder.put("kubelet.log.2", packed(ARCHIVE_FILTER_GZIP, "2"));
  folder.put("kubelet.log.1", "3");
  folder.put("kubelet.log", "4");
  folder.put("other.log", "5");
  const Opened opened = open({folder.path()}, {});
  EXPECT_THAT(names_in(opened, folder), ElementsAre("kubelet.log", "other.log"));
  EXPECT_EQ(joined(opened, 0), "1234");
  EXPECT_FALSE(opened.sources[0]->seekable());
}

TEST(Rotation, PlainPiecesTogetherCanBeReadAnywhere) {
  const Folder folder;
  folder.put("a.log.1", "0123");
  folder.put("a.log", "4567");
  const Opened opened = open({folder.path()}, {});
  Source& source = *opened.sources.at(0);
  EXPECT_TRUE(source.seekable());
  EXPECT_EQ(source.size(), 8u);
  char bytes[8];
  ASSERT_TRUE(source.read(2, bytes, 4).ok());
  EXPECT_EQ(std::string(bytes, 4), "2345");
  EXPECT_EQ(*source.read(7, bytes, 8), 1u);
  EXPECT_EQ(*source.read(8, bytes, 8), 0u);
}

TEST(Rotation, HoldsForFilesNamedTogetherAndInArchives) {
  const Folder folder;
  const std::string newest = folder.put("a.log", "2"), oldest = folder.put("a.log.1", "1");
  const Opened named = open({newest, oldest}, {});
  EXPECT_EQ(joined(named, 0), "12");
  const std::string tar =
      folder.put("a.tgz", archive_of({{"a.log", "3", AE_IFREG, ""},
                                      {"b.log", "b", AE_IFREG, ""},
                                      {"a.log.1", packed(ARCHIVE_FILTER_XZ, "2"), AE_IFREG, ""},
                                      {"a.log.2", "1", AE_IFREG, ""}},
                                     ARCHIVE_FORMAT_TAR, ARCHIVE_FILTER_GZIP));
  const Opened packed = open({tar}, {});
  ASSERT_THAT(packed.sources, SizeIs(2));
  EXPECT_EQ(packed.sources[0]->origin().name, tar + "!a.log");
  EXPECT_EQ(joined(packed, 0), "123");
  EXPECT_EQ(joined(packed, 1), "b");
}

TEST(Rotation, RestartsOfAContainerAreOneLog) {
  const Folder folder;
  const std::string pod = "pods/default_web-1_0cef5dcf-7769-9a18-ffc0-53fd41fda045/web/";
  folder.put(pod + "0.log.20240101-010101", packed(ARCHIVE_FILTER_GZIP, "1"));
  folder.put(pod + "0.log", "2");
  folder.put(pod + "10.log", "4");
  folder.put(pod + "9.log", "3");
  const Opened opened = open({folder.path()}, {});
  EXPECT_THAT(names_in(opened, folder), ElementsAre(pod + "10.log"));
  EXPECT_EQ(joined(opened, 0), "1234");
}

TEST(Rotation, APieceThatIsDamagedDoesNotHideTheNewer) {
  const Folder folder;
  const std::string whole = packed(ARCHIVE_FILTER_GZIP, "one\n");
  const std::string path = folder.put("a.log.1", whole.substr(0, whole.size() - 3));
  folder.put("a.log", "two\n");
  const Opened opened = open({folder.path()}, {});
  const auto [bytes, error] = drain(*opened.sources.at(0));
  EXPECT_EQ(bytes, "one\ntwo\n");
  EXPECT_EQ(error, path + ": gzip: unexpected end of data");
}

TEST(Rotation, ADateInTheNameLimitsWhenThePieceWasWritten) {
  const Folder folder;
  const Opened opened = open({folder.put("a.log-20240101-1704067200")}, {});
  EXPECT_EQ(opened.sources.at(0)->modified(), Time(std::chrono::seconds(1704067200)));
}

const std::string kInfo = "I0201 17:50:37.000001       1 a.go:1] one\n";
const std::string kError = "E0201 17:50:38.000001       1 a.go:2] two\n";
const std::string kHead = "Log file created at: 2024/02/01 17:50:37\n";

std::string log_dir(const std::string& severity, const std::string& stamp = "20240201-175037") {
  return "kubelet.n1.root.log." + severity + "." + stamp + ".77";
}

TEST(LogDir, CopiesOfGraverLinesAreReadOnce) {
  const Folder folder;
  folder.put(log_dir("INFO"), kHead + kInfo + kError);
  folder.put(log_dir("ERROR"), kHead + kError);
  folder.link(log_dir("INFO"), "kubelet.INFO");
  folder.link(log_dir("ERROR"), "kubelet.ERROR");
  const Opened opened = open({folder.path()}, {});
  EXPECT_THAT(names_in(opened, folder), ElementsAre(log_dir("INFO")));
  EXPECT_EQ(opened.sources[0]->origin().node, "n1");
  EXPECT_THAT(notes(opened), ElementsAre("its lines stand in " + folder.path(log_dir("INFO")) +
                                         ", too; they are read there"));
}

TEST(LogDir, FilesThatAreNoCopiesAreAllRead) {
  const Folder folder;
  folder.put(log_dir("INFO"), kHead + kInfo);  // --one_output
  folder.put(log_dir("ERROR"), kHead + kError);
  EXPECT_THAT(open({folder.path()}, {}).sources, SizeIs(2));
}

TEST(LogDir, FilesOfOneRunAreJoined) {
  const Folder folder;
  folder.put(log_dir("INFO"), kHead + kInfo);
  folder.put(log_dir("INFO", "20240202-000000"), kHead + kError);
  folder.put(log_dir("ERROR"), kHead + kError);
  const Opened opened = open({folder.path()}, {});
  EXPECT_THAT(names_in(opened, folder), ElementsAre(log_dir("INFO", "20240202-000000")));
  EXPECT_EQ(joined(opened, 0), kHead + kInfo + kHead + kError);
}

}  // namespace
}  // namespace ktrace::input
