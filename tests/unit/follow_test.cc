// Followed logs: every byte that is written comes once, in order, whatever happens to the file.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packed.h"

namespace ktrace::input {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

void append(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::app) << bytes;
}

class Follower {
 public:
  explicit Follower(const std::string& path) : opened_(open({path}, {}, true)) {
    EXPECT_THAT(opened_.diagnostics, IsEmpty());
  }

  Source& source() { return *opened_.sources.at(0); }

  // All that can be had now.
  std::string more() {
    std::string bytes, chunk(1000, '\0');
    while (source().await(Duration::zero())) {
      const auto count = source().read(offset_, chunk.data(), chunk.size());
      if (!count || *count == 0) break;
      bytes.append(chunk, 0, *count);
      offset_ += *count;
    }
    return bytes;
  }

 private:
  Opened opened_;
  std::uint64_t offset_ = 0;
};

TEST(Follow, GivesWhatIsAppended) {
  const Folder folder;
  const std::string path = folder.put("a.log", "one\n");
  Follower follower(path);
  EXPECT_TRUE(follower.source().live());
  EXPECT_EQ(follower.more(), "one\n");
  EXPECT_EQ(follower.more(), "");
  append(path, "two\n");
  EXPECT_EQ(follower.more(), "two\n");
}

TEST(Follow, WithoutItAFileIsAnOrdinaryOne) {
  const Folder folder;
  const Opened opened = open({folder.put("a.log")}, {});
  EXPECT_FALSE(opened.sources.at(0)->live());
  EXPECT_TRUE(opened.sources[0]->seekable());
}

TEST(Follow, AnEmptyFileMayGrow) {
  const Folder folder;
  const std::string path = folder.put("a.log", "");
  Follower follower(path);
  EXPECT_EQ(follower.more(), "");
  append(path, "one\n");
  EXPECT_EQ(follower.more(), "one\n");
}

TEST(Follow, BeginsWithTheOlderPieces) {
  const Folder folder;
  folder.put("a.log", "three\n");
  folder.put("a.log.1", "two\n");
  folder.put("a.log.2.gz", packed(ARCHIVE_FILTER_GZIP, "one\n"));
  Follower follower(folder.path());
  EXPECT_EQ(follower.more(), "one\ntwo\nthree\n");
  append(folder.path("a.log"), "four\n");
  EXPECT_EQ(follower.more(), "four\n");
}

TEST(Follow, GoesOnInTheFileThatTakesTheName) {
  const Folder folder;
  const std::string path = folder.put("a.log", "one\n");
  Follower follower(path);
  EXPECT_EQ(follower.more(), "one\n");
  fs::rename(path, folder.path("a.log.1"));
  EXPECT_EQ(follower.more(), "");
  folder.put("a.log", "");
  // The writer has not been told yet.
  append(folder.path("a.log.1"), "two\n");
  EXPECT_EQ(follower.more(), "two\n");
  append(folder.path("a.log.1"), "three\n");
  append(path, "four\n");
  EXPECT_EQ(follower.more(), "three\nfour\n");
  EXPECT_EQ(follower.more(), "");
}

TEST(Follow, FindsTheFilesThatCameAndWentBetweenTwoLooks) {
  const Folder folder;
  const std::string path = folder.put("a.log", "0\n");
  Follower follower(path);
  EXPECT_EQ(follower.more(), "0\n");
  std::string expected;
  for (int i = 1; i < 6; ++i) {
    for (int piece = i; piece > 1; --piece) {
      fs::rename(folder.path("a.log." + std::to_string(piece - 1)),
                 folder.path("a.log." + std::to_string(piece)));
    }
    fs::rename(path, folder.path("a.log.1"));
    folder.put("a.log", std::to_string(i) + "\n");
    expected += std::to_string(i) + "\n";
  }
  EXPECT_EQ(follower.more(), expected);
}

TEST(Follow, GoesOnWhenItsFileWasRemoved) {
  const Folder folder;
  const std::string path = folder.put("a.log", "one\n");
  Follower follower(path);
  EXPECT_EQ(follower.more(), "one\n");
  append(path, "two\n");
  fs::remove(path);
  folder.put("a.log", "three\n");
  EXPECT_EQ(follower.more(), "two\nthree\n");
}

TEST(Follow, ReadsTheRestOfATruncatedFileFromItsCopy) {
  const Folder folder;
  const std::string path = folder.put("a.log", "one\n");
  Follower follower(path);
  EXPECT_EQ(follower.more(), "one\n");
  append(path, "two\n");
  fs::copy_file(path, folder.path("a.log.1"));
  fs::resize_file(path, 0);
  EXPECT_EQ(follower.more(), "two\n");
  append(path, "three, which is longer than what was there\n");
  EXPECT_EQ(follower.more(), "three, which is longer than what was there\n");
  EXPECT_THAT(follower.source().news(), IsEmpty());
}

TEST(Follow, NoticesATruncationThatHasBeenGrownOver) {
  const Folder folder;
  const std::string path = folder.put("a.log", "one\n");
  Follower follower(path);
  EXPECT_EQ(follower.more(), "one\n");
  fs::copy_file(path, folder.path("a.log.1"));
  folder.put("a.log", "two, which is longer\n");  // opens the same file and truncates it
  EXPECT_EQ(follower.more(), "two, which is longer\n");
}

TEST(Follow, NoticesATruncationBeforeTheFirstByteIsRead) {
  const Folder folder;
  const std::string path = folder.put("a.log", "one\n");
  Follower follower(path);
  EXPECT_TRUE(follower.source().await(Duration::zero()));
  fs::copy_file(path, folder.path("a.log.1"));
  folder.put("a.log", "two, which is longer\n");
  EXPECT_EQ(follower.more(), "one\ntwo, which is longer\n");
}

TEST(Follow, SaysThatAFileWasCut) {
  const Folder folder;
  const std::string path = folder.put("a.log", "one\ntwo\n");
  Follower follower(path);
  EXPECT_EQ(follower.more(), "one\ntwo\n");
  folder.put("a.log", "new\n");
  EXPECT_EQ(follower.more(), "");
  EXPECT_EQ(follower.more(), "new\n");
  const auto news = follower.source().news();
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_EQ(news[0].level, Diagnostic::Level::warning);
  EXPECT_EQ(news[0].path, path);
  EXPECT_THAT(follower.source().news(), IsEmpty());
}

TEST(Follow, GoesOnInTheNextFileOfALogDir) {
  const Folder folder;
  const std::string path = folder.put("kubelet.n1.root.log.INFO.20240201-175037.7", "one\n");
  Follower follower(path);
  EXPECT_EQ(follower.more(), "one\n");
  folder.put("kubelet.n1.root.log.INFO.20240202-093000.7", "two\n");
  folder.put("kubelet.n1.root.log.ERROR.20240202-093000.7", "no\n");
  EXPECT_EQ(follower.more(), "two\n");
}

TEST(Follow, GoesOnInTheLogOfTheNextRestart) {
  const Folder folder;
  const std::string pod = "pods/default_api-0_0cef5dcf-7769-9a18-ffc0-53fd41fda045/api/";
  folder.put(pod + "0.log", "one\n");
  Follower follower(folder.path());
  EXPECT_EQ(follower.more(), "one\n");
  folder.put(pod + "1.log", "two\n");
  EXPECT_EQ(follower.more(), "two\n");
}

// It may be emptied at any moment between two looks and within one.
TEST(Follow, LosesNothingOfALogThatIsCopiedAndEmptiedAgainAndAgain) {
  constexpr int kRotations = 200;
  const Folder folder;
  const std::string path = folder.put("a.log", "begin\n");
  Follower follower(path);
  std::string written = follower.more();
  std::string got = written;
  std::atomic<bool> done = false;
  const std::jthread writer([&] {
    for (int rotation = 0; rotation < kRotations; ++rotation) {
      for (int line = 0; line < 20; ++line) {
        const std::string text = fmt::format("line {} of rotation {}\n", line, rotation);
        append(path, text);
        written += text;
      }
      fs::copy_file(path, fmt::format("{}.20261122-{:06}", path, rotation));
      fs::resize_file(path, 0);
    }
    append(path, "end\n");
    written += "end\n";
    done = true;
  });
  while (!done) got += follower.more();
  for (int look = 0; look < 2 * kRotations; ++look) got += follower.more();
  EXPECT_EQ(got, written);
  EXPECT_THAT(follower.source().news(), IsEmpty());
}

TEST(Follow, FollowsTheTargetOfALinkToItsNextOne) {
  const Folder folder;
  folder.put("pods/0.log", "one\n");
  folder.link("pods/0.log", "link.log");
  Follower follower(folder.path("link.log"));
  EXPECT_EQ(follower.more(), "one\n");
  folder.put("pods/1.log", "two\n");
  fs::remove(folder.path("link.log"));
  folder.link("pods/1.log", "link.log");
  EXPECT_EQ(follower.more(), "two\n");
}

}  // namespace
}  // namespace ktrace::input
