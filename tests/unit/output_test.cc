// The sink, the table of formats, and raw output.

#include "ktrace/output.h"

#include <csignal>
#include <fcntl.h>
#include <set>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "written.h"

namespace ktrace::output {
namespace {

/// Both ends of a pipe.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_reader() { close_end(ends_[0]); }
  void close_writer() { close_end(ends_[1]); }

  std::string read_all() const {
    std::string all;
    char buffer[4096];
    ssize_t size = 0;
    while ((size = read(ends_[0], buffer, sizeof buffer)) > 0) {
      all.append(buffer, static_cast<std::size_t>(size));
    }
    return all;
  }

 private:
  static void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
  int ends_[2] = {-1, -1};
};

/// As in the program: writing to a closed pipe is an error, not a signal.
class SinkTest : public testing::Test {
 protected:
  void SetUp() override { previous_ = std::signal(SIGPIPE, SIG_IGN); }
  void TearDown() override { std::signal(SIGPIPE, previous_); }

 private:
  void (*previous_)(int) = nullptr;
};

TEST_F(SinkTest, WritesNothingBeforeTheBufferIsLargeOrFlushed) {
  Pipe pipe;
  fcntl(pipe.reader(), F_SETFL, O_NONBLOCK);
  Sink sink(pipe.writer());
  sink.buffer() += "one line\n";
  EXPECT_TRUE(sink.settle());
  EXPECT_EQ(pipe.read_all(), "");
  EXPECT_TRUE(sink.flush());
  EXPECT_EQ(pipe.read_all(), "one line\n");
  EXPECT_TRUE(sink.buffer().empty());
}

// Writes more than fits into a pipe; `write` is settle() or flush().
void expect_all_arrives(Pipe& pipe, bool (Sink::*write)()) {
  const std::string much(3'000'000, 'x');
  std::string received;
  std::thread reader([&] { received = pipe.read_all(); });
  Sink sink(pipe.writer());
  sink.buffer() += much;
  EXPECT_TRUE((sink.*write)());
  pipe.close_writer();
  reader.join();
  EXPECT_EQ(received, much);
}

TEST_F(SinkTest, WritesAllOfWhatAPipeTakesInPieces) {
  Pipe pipe;
  expect_all_arrives(pipe, &Sink::settle);
}

TEST_F(SinkTest, WaitsForANonBlockingPipe) {
  Pipe pipe;
  fcntl(pipe.writer(), F_SETFL, O_NONBLOCK);
  expect_all_arrives(pipe, &Sink::flush);
}

TEST_F(SinkTest, KnowsThatTheReaderHasGone) {
  Pipe pipe;
  pipe.close_reader();
  Sink sink(pipe.writer());
  sink.buffer() += "nobody reads this";
  EXPECT_FALSE(sink.flush());
  EXPECT_TRUE(sink.failed());
  EXPECT_TRUE(sink.closed());
}

TEST_F(SinkTest, SaysWhatIsWrongAndDropsWhatComesLater) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  Sink sink(full);
  EXPECT_TRUE(sink.status().ok());
  sink.buffer() += "no room for this";
  EXPECT_FALSE(sink.flush());
  EXPECT_FALSE(sink.closed());
  EXPECT_EQ(sink.status().message(), "No space left on device");
  sink.buffer() += "nor for that";
  EXPECT_FALSE(sink.settle());
  EXPECT_FALSE(sink.flush());
  EXPECT_TRUE(sink.buffer().empty());
  close(full);
}

TEST(Formats, HaveDistinctNamesDescriptionsAndWriters) {
  std::set<std::string_view> names;
  const Origin origin{"a.log", "kubelet", ""};
  for (const Format& format : formats()) {
    EXPECT_TRUE(names.insert(format.name).second) << format.name;
    EXPECT_FALSE(format.description.empty()) << format.name;
    EXPECT_EQ(find_format(format.name), &format);
    EXPECT_NE(format.make({}), nullptr) << format.name;
    std::vector<Record> records;
    EXPECT_NO_FATAL_FAILURE(written(format.name, {}, records)) << format.name;
    records.push_back(record_at("", origin, "hello"));
    records.back().raw = "hello\n";
    EXPECT_FALSE(written(format.name, {}, records).empty()) << format.name;
  }
}

TEST(Formats, AreFoundByTheirExactName) {
  EXPECT_NE(find_format("text"), nullptr);
  EXPECT_EQ(find_format("Text"), nullptr);
  EXPECT_EQ(find_format(""), nullptr);
}

TEST(Formats, CountLinesWhereTheyShowThem) {
  const Origin origin{"a.log", "", ""};
  for (const Format& format : formats()) {
    std::vector<Record> records = list(record_at("2020-06-10T11:35:40Z", origin, "hello"));
    records.back().line = 987654;
    const bool shown = written(format.name, {}, records).find("987654") != std::string::npos;
    EXPECT_EQ(shown, format.counts_lines) << format.name;
  }
}

// ---- Raw --------------------------------------------------------------------------------------

std::string raw_of(std::string_view bytes, bool terminal) {
  const Origin origin{"a.log", "", ""};
  Record record = record_at("", origin);
  record.raw = bytes;
  Style style;
  style.terminal = terminal;
  return written("raw", style, list(std::move(record)));
}

TEST(RawWriter, GivesEachByteBack) {
  using namespace std::string_view_literals;
  constexpr auto kBytes = "2020 stderr F I0610 \x1b[31m\xff\0\r\n\tmore\n"sv;
  EXPECT_EQ(raw_of(kBytes, false), kBytes);
}

TEST(RawWriter, EndsTheLastLineOfASourceThatDoesNot) {
  EXPECT_EQ(raw_of("no line end", false), "no line end\n");
  EXPECT_EQ(raw_of("", false), "");
}

TEST(RawWriter, ShowsATerminalNothingThatItWouldObey) {
  EXPECT_EQ(raw_of("a\x1b[31mb\tc\r\nd\xc2\x9b\x66\n", true), "a\\x1b[31mb\tc\\x0d\nd\\x9bf\n");
}

}  // namespace
}  // namespace ktrace::output
