// Sources: files, pipes, and compressed bytes, whatever they are called.

#include "ktrace/input.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding.h"
#include "packed.h"

namespace ktrace::input {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Lines that do not compress to nothing.
std::string log_of(std::size_t size) {
  std::string text;
  std::uint32_t seed = 1;
  while (text.size() < size) {
    seed = seed * 1664525 + 1013904223;
    text += "I1122 16:51:40.000000       1 sync.go:10] " + std::to_string(seed) + "\n";
  }
  text.resize(size);
  return text;
}

// Gives `bytes` in pieces of `step`.
class Pieces : public Stream {
 public:
  Pieces(std::string bytes, std::size_t step) : bytes_(std::move(bytes)), step_(step) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    return take(left_, into, std::min(size, step_));
  }

 private:
  std::string bytes_;
  std::string_view left_ = bytes_;
  std::size_t step_;
};

struct Unpacked {
  std::string bytes;
  std::string error;
};

Unpacked unpack(const std::string& bytes, std::size_t in_step = 1 << 20,
                std::size_t out_step = 1 << 18) {
  const Encoding* encoding = find_encoding(bytes);
  if (encoding == nullptr) return {"", "not recognised"};
  const StreamPtr stream = encoding->decode(std::make_unique<Pieces>(bytes, in_step));
  Unpacked unpacked;
  std::string chunk(out_step, '\0');
  while (true) {
    const auto count = stream->read(chunk.data(), chunk.size());
    if (!count) unpacked.error = count.message();
    if (!count || *count == 0) return unpacked;
    unpacked.bytes.append(chunk, 0, *count);
  }
}

TEST(Encoding, IsToldByTheFirstBytes) {
  for (const Filter& filter : kFilters) {
    const std::string bytes = packed(filter.code, "text");
    ASSERT_NE(find_encoding(bytes), nullptr) << filter.name;
    EXPECT_EQ(find_encoding(bytes)->name, filter.name);
    EXPECT_EQ(find_encoding(bytes.substr(0, 2)), nullptr);
    EXPECT_TRUE(may_become_encoded(bytes.substr(0, 2)));
  }
  EXPECT_EQ(find_encoding("I1122 16:51:40.000000"), nullptr);
  EXPECT_FALSE(may_become_encoded("I1122"));
}

TEST(Encoding, GivesTheSameBytesInAnySteps) {
  const std::string text = log_of(300'000);
  for (const Filter& filter : kFilters) {
    const std::string bytes = packed(filter.code, text);
    for (const std::size_t in : {1u, 7u, 4096u, 1u << 20}) {
      for (const std::size_t out : {97u, 65'536u, 1u << 18}) {
        const Unpacked unpacked = unpack(bytes, in, out);
        EXPECT_EQ(unpacked.error, "") << filter.name << ' ' << in << ' ' << out;
        EXPECT_EQ(unpacked.bytes == text, true) << filter.name << ' ' << in << ' ' << out;
      }
    }
  }
}

TEST(Encoding, JoinsWhatWasCompressedInParts) {
  for (const Filter& filter : kFilters) {
    const Unpacked unpacked =
        unpack(packed(filter.code, "one\n") + packed(filter.code, "two\n"), 5);
    EXPECT_EQ(unpacked.bytes, "one\ntwo\n") << filter.name;
    EXPECT_EQ(unpacked.error, "") << filter.name;
  }
}

TEST(Encoding, UnpacksNothingToNothing) {
  for (const std::string& nothing :
       {std::string(
            "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20),
        std::string("\x42\x5a\x68\x39\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00", 14),
        std::string("\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51", 13),
        std::string("\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x00\x00\x00\x00\x1c\xdf\x44"
                    "\x21\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a",
                    32),
        std::string("\x04\x22\x4d\x18\x64\x40\xa7\x00\x00\x00\x00\x05\x5d\xcc\x02", 15)}) {
    EXPECT_EQ(unpack(nothing).error, "");
    EXPECT_EQ(unpack(nothing).bytes, "");
  }
}

TEST(Encoding, UsesWhatStandsBeforeACutAndTellsIt) {
  const std::string text = log_of(3'000'000);
  for (const Filter& filter : kFilters) {
    const std::string bytes = packed(filter.code, text);
    const std::string half = bytes.substr(0, bytes.size() / 2);
    const Unpacked unpacked = unpack(half);
    EXPECT_EQ(unpacked.error, std::string(filter.name) + ": unexpected end of data");
    EXPECT_TRUE(text.starts_with(unpacked.bytes)) << filter.name;
    // lz4's blocks are 4 MiB.
    if (filter.code != ARCHIVE_FILTER_LZ4) {
      EXPECT_GT(unpacked.bytes.size(), text.size() / 5) << filter.name;
    }
    EXPECT_EQ(unpack(half, 7, 101).bytes == unpacked.bytes, true) << filter.name;
  }
}

TEST(Encoding, LosesNoMoreBeforeACutThanTheEncodingMakes) {
  const std::string text = log_of(3'000'000);
  const struct {
    int code;
    std::size_t lost;  // at most, of what the part before the cut had in it
  } kLosses[] = {{ARCHIVE_FILTER_GZIP, 1000},
                 {ARCHIVE_FILTER_XZ, 1000},
                 {ARCHIVE_FILTER_ZSTD, 128 << 10},
                 {ARCHIVE_FILTER_BZIP2, 900'000}};
  for (const auto& [code, lost] : kLosses) {
    const std::string bytes = packed(code, text);
    const Unpacked unpacked = unpack(bytes.substr(0, bytes.size() - bytes.size() / 10));
    // The text is as dense everywhere.
    EXPECT_GT(unpacked.bytes.size() + lost + text.size() / 100, text.size() / 10 * 9) << code;
  }
}

TEST(Xz, AnythingElseBehindIsTold) {
  const Unpacked unpacked = unpack(packed(ARCHIVE_FILTER_XZ, "one\n") + "more that is no stream");
  EXPECT_EQ(unpacked.bytes, "one\n");
  EXPECT_EQ(unpacked.error, "xz: corrupt data (invalid data)");
}

TEST(Xz, ZerosBetweenStreamsArePadding) {
  const std::string one = packed(ARCHIVE_FILTER_XZ, "one\n");
  const Unpacked unpacked = unpack(one + std::string(8, '\0') + one, 3);
  EXPECT_EQ(unpacked.bytes, "one\none\n");
  EXPECT_EQ(unpacked.error, "");
}

TEST(Bzip2, AnythingElseBehindIsTold) {
  const Unpacked unpacked = unpack(packed(ARCHIVE_FILTER_BZIP2, "one\n") + "more");
  EXPECT_EQ(unpacked.bytes, "one\n");
  EXPECT_EQ(unpacked.error, "bzip2: corrupt data (something else follows the compressed data)");
}

TEST(Encoding, CannotBeCutAnywhereUnnoticed) {
  for (const Filter& filter : kFilters) {
    const std::string bytes = packed(filter.code, log_of(2000));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      if (find_encoding(bytes.substr(0, size)) == nullptr) continue;
      // An lz4 frame ends with a mark and a checksum, which libarchive does not miss at its end.
      if (filter.code == ARCHIVE_FILTER_LZ4 && size + 8 >= bytes.size()) continue;
      EXPECT_NE(unpack(bytes.substr(0, size)).error, "") << filter.name << ' ' << size;
    }
  }
}

TEST(Encoding, TellsDamage) {
  const std::string text = log_of(200'000);
  for (const Filter& filter : kFilters) {
    if (filter.code == ARCHIVE_FILTER_ZSTD) continue;  // libarchive writes no checksum
    std::string bytes = packed(filter.code, text);
    for (std::size_t i = 0; i < 8; ++i) bytes[bytes.size() / 2 + i] ^= 0x55;
    EXPECT_THAT(unpack(bytes).error, HasSubstr(std::string(filter.name) + ": corrupt data"));
  }
}

TEST(Encoding, SurvivesAnyDamage) {
  const std::string text = log_of(20'000);
  for (const Filter& filter : kFilters) {
    const std::string good = packed(filter.code, text);
    std::uint32_t seed = 7;
    for (int round = 0; round < 300; ++round) {
      std::string bytes = good;
      for (int i = 0; i < 3; ++i) {
        seed = seed * 1664525 + 1013904223;
        bytes[20 + (seed >> 8) % (bytes.size() - 20)] = static_cast<char>(seed >> 3);
      }
      const Unpacked whole = unpack(bytes);
      const Unpacked pieces = unpack(bytes, 11, 1000);
      EXPECT_EQ(whole.error, pieces.error) << filter.name;
      EXPECT_EQ(whole.bytes == pieces.bytes, true) << filter.name << ' ' << round;
    }
  }
}

TEST(Gzip, ZerosBehindAMemberArePadding) {
  const std::string one = packed(ARCHIVE_FILTER_GZIP, "one\n");
  const std::string zeros(1000, '\0');
  const Unpacked unpacked = unpack(one + zeros + one + zeros, 3);
  EXPECT_EQ(unpacked.bytes, "one\none\n");
  EXPECT_EQ(unpacked.error, "");
}

TEST(Gzip, AnythingElseBehindAMemberIsTold) {
  const Unpacked unpacked = unpack(packed(ARCHIVE_FILTER_GZIP, "one\n") + "more");
  EXPECT_EQ(unpacked.bytes, "one\n");
  EXPECT_EQ(unpacked.error, "gzip: corrupt data (something else follows the compressed data)");
}

TEST(Gzip, ReadsAllFieldsOfAHeader) {
  const std::string plain = packed(ARCHIVE_FILTER_GZIP, "text\n");
  const auto with = [&](int flags, const std::string& fields) {
    std::string header = plain.substr(0, 10);
    header[3] = static_cast<char>(flags);
    return header + fields + plain.substr(10);
  };
  using std::string_literals::operator""s;
  for (const std::string& bytes :
       {with(8, "a.log\0"s), with(16, "a comment\0"s), with(4, "\3\0abc"s), with(4, "\0\0"s),
        with(2, "xx"), with(1, ""), with(2 | 4 | 8 | 16, "\3\0abca.log\0a comment\0xx"s)}) {
    for (const std::size_t step : {1u, 2u, 13u, 1000u}) {
      EXPECT_EQ(unpack(bytes, step).error, "");
      EXPECT_EQ(unpack(bytes, step).bytes, "text\n");
    }
  }
}

TEST(Zstd, LeavesOutSkippableFrames) {
  const std::string skippable("\x50\x2a\x4d\x18\4\0\0\0abcd", 12);
  const Unpacked unpacked =
      unpack(skippable + packed(ARCHIVE_FILTER_ZSTD, "text\n") + skippable, 5);
  EXPECT_EQ(unpacked.bytes, "text\n");
  EXPECT_EQ(unpacked.error, "");
}

TEST(Open, ReportsWhatCannotBeOpenedAndOpensTheRest) {
  const Opened opened = open({"/no/such/file", "/dev/null"}, {{"*null", "etcd", "n1"}});
  ASSERT_EQ(opened.sources.size(), 1u);
  EXPECT_EQ(opened.sources[0]->origin().component, "etcd");
  EXPECT_EQ(opened.sources[0]->origin().node, "n1");
  ASSERT_EQ(opened.diagnostics.size(), 1u);
  EXPECT_EQ(opened.diagnostics[0].path, "/no/such/file");
  EXPECT_EQ(opened.diagnostics[0].message, "No such file or directory");
}

TEST(Open, APlainFileCanBeReadAnywhere) {
  const Folder folder;
  const Opened opened = open({folder.put("a.log", "0123456789")}, {});
  ASSERT_EQ(opened.sources.size(), 1u);
  Source& source = *opened.sources[0];
  EXPECT_TRUE(source.seekable());
  EXPECT_EQ(source.size(), 10u);
  EXPECT_TRUE(source.modified().has_value());
  char bytes[4];
  ASSERT_TRUE(source.read(5, bytes, 4).ok());
  EXPECT_EQ(std::string(bytes, 4), "5678");
  EXPECT_EQ(*source.read(10, bytes, 4), 0u);
}

// What a look shows from `offset` on; nothing when there is none.
std::optional<std::string> seen(Source& source, std::uint64_t offset, std::size_t size) {
  std::string bytes;
  const bool good =
      source.look(offset, size, [&](std::string_view shown) { bytes = std::string(shown); });
  return good ? std::optional(bytes) : std::nullopt;
}

TEST(Look, ShowsAnyBytesOfAPlainFile) {
  const Folder folder;
  const std::string text = log_of(100'000);
  const Opened opened = open({folder.put("a.log", text)}, {});
  if (!seen(*opened.sources[0], 0, 1)) GTEST_SKIP() << "not on this system";
  for (const std::uint64_t offset : {0U, 1U, 4095U, 4096U, 70'000U}) {
    EXPECT_EQ(seen(*opened.sources[0], offset, 30'000), text.substr(offset, 30'000)) << offset;
  }
}

TEST(Look, ShowsNothingBehindTheEnd) {
  const Folder folder;
  const Opened opened = open({folder.put("a.log", log_of(1000))}, {});
  EXPECT_EQ(seen(*opened.sources[0], 0, 1001), std::nullopt);
  EXPECT_EQ(seen(*opened.sources[0], 1000, 1), std::nullopt);
}

TEST(Look, ShowsNothingOfACompressedFile) {
  const Folder folder;
  const Opened opened =
      open({folder.put("a.log.gz", packed(ARCHIVE_FILTER_GZIP, log_of(1000)))}, {});
  EXPECT_EQ(seen(*opened.sources[0], 0, 10), std::nullopt);
}

TEST(Look, FailsWhenTheFileIsCutUnderIt) {
  const Folder folder;
  const std::string path = folder.put("a.log", log_of(100'000));
  const Opened opened = open({path}, {});
  Source& source = *opened.sources[0];
  if (!seen(source, 0, 1)) GTEST_SKIP() << "not on this system";
  std::ptrdiff_t zeros = 0;
  EXPECT_FALSE(source.look(0, source.size(), [&](std::string_view bytes) {
    ASSERT_EQ(::truncate(path.c_str(), 5000), 0);
    zeros = std::count(bytes.begin(), bytes.end(), '\0');
  }));
  EXPECT_GE(zeros, 90'000);
  EXPECT_EQ(seen(source, 0, 100'000), std::nullopt);
}

// Where bytes were lost zeros stand, also when the file has its bytes again.
TEST(Look, ShowsNoZerosOfAnEarlierLoss) {
  const Folder folder;
  const std::string text = log_of(100'000);
  const std::string path = folder.put("a.log", text);
  const Opened opened = open({path}, {});
  Source& source = *opened.sources[0];
  if (!seen(source, 0, 1)) GTEST_SKIP() << "not on this system";
  std::ptrdiff_t zeros = 0;
  EXPECT_FALSE(source.look(0, 20'000, [&](std::string_view bytes) {
    ASSERT_EQ(::truncate(path.c_str(), 5000), 0);
    zeros = std::count(bytes.begin(), bytes.end(), '\0');
  }));
  EXPECT_GE(zeros, 10'000);
  folder.put("a.log", text);
  for (const std::uint64_t offset : {0U, 16'384U, 60'000U}) {
    EXPECT_EQ(seen(source, offset, 10'000), text.substr(offset, 10'000));
  }
}

// Bytes of files that are mapped and in memory.
std::size_t mapped_bytes() {
  std::size_t size = 0, resident = 0, shared = 0;
  std::ifstream("/proc/self/statm") >> size >> resident >> shared;
  return shared * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Look, KeepsNothingMapped) {
  const Folder folder;
  const std::string some = log_of(4096);
  {
    std::ofstream log(folder.path("a.log"), std::ios::binary);
    for (int i = 0; i < 8192; ++i) log << some;  // little by little, as logs grow
  }
  const Opened opened = open({folder.path("a.log")}, {});
  Source& source = *opened.sources[0];
  constexpr std::size_t kWindow = 64 << 10;
  if (!seen(source, 0, kWindow)) GTEST_SKIP() << "not on this system";
  const std::size_t before = mapped_bytes();
  // What lies between is looked at by another thread.
  for (std::size_t at = kWindow - 1; at + kWindow < source.size(); at += 8 * kWindow) {
    ASSERT_TRUE(source.look(at, kWindow, [](std::string_view) {}));
  }
  EXPECT_LT(mapped_bytes(), before + 16 * kWindow);
}

TEST(Open, ACompressedFileIsAStreamWithTheNameOfTheFile) {
  const Folder folder;
  const std::string text = log_of(400'000);
  for (const Filter& filter : kFilters) {
    const std::string path = folder.put("kubelet-node1.log", packed(filter.code, text));
    const Opened opened = open({path}, {});
    ASSERT_EQ(opened.sources.size(), 1u) << filter.name;
    EXPECT_THAT(opened.diagnostics, IsEmpty());
    Source& source = *opened.sources[0];
    EXPECT_EQ(source.origin().name, path);
    EXPECT_EQ(source.origin().component, "kubelet");
    EXPECT_EQ(source.origin().node, "node1");
    EXPECT_FALSE(source.seekable());
    EXPECT_TRUE(source.modified().has_value());
    EXPECT_EQ(drain(source).first == text, true) << filter.name;
  }
}

TEST(Open, ANameThatPromisesCompressionIsNotBelieved) {
  const Folder folder;
  const Opened opened = open({folder.put("a.log.gz", "not packed\n")}, {});
  EXPECT_TRUE(opened.sources.at(0)->seekable());
  EXPECT_EQ(drain(*opened.sources[0]).first, "not packed\n");
}

TEST(Open, AnEmptyFileIsASourceWithoutBytes) {
  const Folder folder;
  const Opened opened = open({folder.put("a.log", "")}, {});
  EXPECT_EQ(drain(*opened.sources.at(0)), (std::pair<std::string, std::string>{"", ""}));
}

TEST(Open, TellsWhenAFileIsCutShort) {
  const Folder folder;
  const std::string path = folder.put("a.log", "0123456789");
  const Opened opened = open({path}, {});
  std::filesystem::resize_file(path, 4);
  EXPECT_EQ(drain(*opened.sources.at(0)).first, "0123");
  EXPECT_EQ(drain(*opened.sources.at(0)).second, "was cut short while it was read");
}

TEST(Open, ReadsWhatWasAddedSince) {
  const Folder folder;
  const Opened opened = open({folder.put("a.log", "one\n")}, {});
  folder.put("a.log", "one\ntwo\n");
  EXPECT_EQ(drain(*opened.sources.at(0)).first, "one\ntwo\n");
}

// As many descriptors as the rest of the test needs.
class FewDescriptors {
 public:
  FewDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 40;
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Open, OpensMoreFilesThanThereAreDescriptors) {
  const Folder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) {
    const std::string name = std::to_string(i) + ".log";
    paths.push_back(folder.put(name, i % 2 == 0 ? name : packed(ARCHIVE_FILTER_GZIP, name)));
  }
  const FewDescriptors few;
  const Opened opened = open(paths, {});
  EXPECT_THAT(opened.diagnostics, IsEmpty());
  for (const auto& source : opened.sources) {
    const std::string name = std::filesystem::path(source->origin().name).filename();
    EXPECT_EQ(drain(*source), (std::pair<std::string, std::string>{name, ""}));
  }
}

TEST(Open, TellsWhenAFileThatIsNotKeptOpenWasReplaced) {
  const Folder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 40; ++i) paths.push_back(folder.put(std::to_string(i) + ".log"));
  const FewDescriptors few;
  const Opened opened = open(paths, {});
  std::filesystem::rename(paths[38], paths[39]);
  EXPECT_EQ(drain(*opened.sources.at(39)).second, "was replaced while it was read");
}

TEST(Open, AFileThatIsNamedTwiceIsReadOnce) {
  const Folder folder;
  const std::string path = folder.put("a.log");
  std::filesystem::create_hard_link(path, folder.path("b.log"));
  folder.link(path, "c.log");
  const Opened opened = open({path, path, folder.path("b.log"), folder.path("c.log")}, {});
  EXPECT_THAT(names_in(opened, folder), ElementsAre("a.log"));
  ASSERT_EQ(opened.diagnostics.size(), 3u);
  EXPECT_EQ(opened.diagnostics[0].level, Diagnostic::Level::note);
  EXPECT_EQ(opened.diagnostics[0].message, "is named twice and read once");
  EXPECT_EQ(opened.diagnostics[2].message, "is " + path + ", and read there");
}

// A FIFO that somebody writes `bytes` to.
class Fifo {
 public:
  explicit Fifo(const std::string& bytes) {
    ::mkfifo(path().c_str(), 0600);
    writer_ = std::thread([this, bytes] { std::ofstream(path(), std::ios::binary) << bytes; });
  }
  ~Fifo() { writer_.join(); }

  std::string path() const { return folder_.path("fifo"); }

 private:
  Folder folder_;
  std::thread writer_;
};

TEST(Pipe, IsAStream) {
  const Fifo fifo("short\n");
  const Opened opened = open({fifo.path()}, {});
  ASSERT_EQ(opened.sources.size(), 1u);
  EXPECT_FALSE(opened.sources[0]->seekable());
  EXPECT_FALSE(opened.sources[0]->modified().has_value());
  EXPECT_EQ(drain(*opened.sources[0]).first, "short\n");
}

TEST(Pipe, MayBeCompressed) {
  const std::string text = log_of(400'000);
  for (const Filter& filter : kFilters) {
    const Fifo fifo(packed(filter.code, text));
    const Opened opened = open({fifo.path()}, {});
    ASSERT_EQ(opened.sources.size(), 1u);
    EXPECT_EQ(drain(*opened.sources[0]).first == text, true) << filter.name;
  }
}

TEST(Pipe, OfGzipTellsWhenTheFileInItWasModified) {
  std::string bytes = packed(ARCHIVE_FILTER_GZIP, "text\n");
  bytes.replace(4, 4, std::string("\x00\xf1\x53\x65", 4));
  const Fifo fifo(bytes);
  const Opened opened = open({fifo.path()}, {});
  EXPECT_EQ(opened.sources.at(0)->modified(), Time(std::chrono::seconds(0x6553f100)));
  drain(*opened.sources[0]);
}

TEST(Pipe, IsNotWaitedForWhenItsFirstLineIsThere) {
  const Folder folder;
  ::mkfifo(folder.path("fifo").c_str(), 0600);
  const int keeps_open = ::open(folder.path("fifo").c_str(), O_RDWR);
  ASSERT_EQ(::write(keeps_open, "OK\n", 3), 3);
  const Opened opened = open({folder.path("fifo")}, {});
  char bytes[8];
  EXPECT_EQ(*opened.sources.at(0)->read(0, bytes, sizeof bytes), 3u);
  ::close(keeps_open);
}

}  // namespace
}  // namespace ktrace::input
