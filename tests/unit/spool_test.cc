// What is spooled comes back as it was, and takes less of a disk than it is.

#include "ktrace/spool.h"

#include <csignal>
#include <string>
#include <sys/resource.h>

#include <gtest/gtest.h>

namespace ktrace::input {
namespace {

std::string log_of(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) {
    text += "I1122 16:51:40.000000       1 sync.go:10] " + std::to_string(i * 7919) + "\n";
  }
  text.resize(size);
  return text;
}

std::string read_back(const Spool& spool, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const auto count = spool.read(offset + filled, bytes.data() + filled, size - filled);
    EXPECT_TRUE(count.ok());
    if (!count || *count == 0) break;
    filled += *count;
  }
  bytes.resize(filled);
  return bytes;
}

TEST(Spool, GivesBackFromAnywhereWhatItWasGiven) {
  const std::string text = log_of(2'000'000);
  for (const std::size_t in_memory : {std::size_t{0}, std::size_t{1000}, text.size()}) {
    Spool spool(in_memory);
    for (std::size_t at = 0, step = 1; at < text.size(); at += step, step = step * 3 % 400'009) {
      ASSERT_TRUE(spool.append(std::string_view(text).substr(at, step)).ok());
    }
    ASSERT_EQ(spool.size(), text.size());
    for (const std::size_t size : {std::size_t{1}, std::size_t{70'000}, std::size_t{700'000}}) {
      for (std::size_t at = 0; at < text.size(); at += 99'991) {
        EXPECT_EQ(read_back(spool, at, size) == text.substr(at, size), true) << at << ' ' << size;
      }
    }
    EXPECT_EQ(read_back(spool, text.size(), 10), "");
  }
}

TEST(Spool, TakesLessOfADiskThanItHolds) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4 << 20;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Spool spool(0);
  const std::string text = log_of(1 << 20);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(spool.append(text).ok()) << i;
  // What cannot be kept is told.
  Status status;
  for (int i = 0; i < 500 && status.ok(); ++i) status = spool.append(text);
  EXPECT_FALSE(status.ok());
  ::setrlimit(RLIMIT_FSIZE, &before);
}

}  // namespace
}  // namespace ktrace::input
