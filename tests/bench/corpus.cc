// ktrace-corpus: makes the logs that the benchmarks read.
//
//   ktrace-corpus [--size 1GiB] [--format text|json] [--seed N] DIR
//
// writes DIR/kube-apiserver.log, kube-controller-manager.log, kube-scheduler.log and
// kubelet-node1.log, together of the given size, and DIR/ids.txt: every trace ID and the number of
// records that carry it, a trace a line, in the order in which they begin. The same flags give the
// same bytes on every machine. The files' modification time is that of their last record, so that
// klog's year can be told from it.

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "corpus_render.h"
#include "ktrace/status.h"

namespace ktrace::bench {
namespace {

constexpr std::size_t kFlushAt = 1 << 20;

struct Options {
  std::filesystem::path directory;
  std::uint64_t size = 1ull << 30;
  std::uint64_t seed = 1;
  Render render = render_text;
};

// A file that is written from one large buffer.
class Output {
 public:
  explicit Output(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) error_ = errno;
    buffer_.reserve(2 * kFlushAt);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  std::string& buffer() { return buffer_; }

  // False once writing has failed.
  bool settle() {
    if (buffer_.size() >= kFlushAt) flush();
    return error_ == 0;
  }

  void flush() {
    std::string_view rest = buffer_;
    while (error_ == 0 && !rest.empty()) {
      const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
      if (written < 0 && errno != EINTR) error_ = errno;
      if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
  }

  void set_time(Time time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const timespec stamp = {.tv_sec = seconds.time_since_epoch().count(),
                            .tv_nsec = (time - seconds).count()};
    const std::array<timespec, 2> stamps = {stamp, stamp};
    if (error_ == 0 && ::futimens(descriptor_, stamps.data()) != 0) error_ = errno;
  }

  Status status() const { return error_ == 0 ? Status() : Status::error(std::strerror(error_)); }

 private:
  int descriptor_;
  int error_ = 0;
  std::string buffer_;
};

// The corpus on its way to the disk.
class Corpus {
 public:
  explicit Corpus(const Options& options)
      : options_(options),
        cluster_(options.seed, options.size),
        outputs_{Output(path(0)), Output(path(1)), Output(path(2)), Output(path(3))} {}

  Status write() {
    LogCall call;
    for (std::uint64_t bytes = 0; bytes < options_.size;) {
      cluster_.next(call);
      Output& output = outputs_[static_cast<std::size_t>(call.statement->component)];
      const std::size_t before = output.buffer().size();
      options_.render(call, output.buffer());
      bytes += output.buffer().size() - before;
      if (!output.settle()) break;
      count(call.trace);
    }
    return finish(call.time);
  }

 private:
  std::filesystem::path path(std::size_t file) const {
    return options_.directory / kFileNames[file];
  }

  void count(std::uint32_t trace) {
    if (trace == 0) return;
    if (trace > counts_.size()) counts_.resize(trace);
    ++counts_[trace - 1];
  }

  Status finish(Time last) {
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      outputs_[i].flush();
      outputs_[i].set_time(last);
      if (!outputs_[i].status()) return named(path(i), outputs_[i].status());
    }
    Output ids(options_.directory / "ids.txt");
    for (std::uint32_t trace = 1; trace <= counts_.size(); ++trace) {
      fmt::format_to(std::back_inserter(ids.buffer()), "{} {}\n", cluster_.trace_id(trace),
                     counts_[trace - 1]);
    }
    ids.flush();
    return ids.status() ? Status() : named(options_.directory / "ids.txt", ids.status());
  }

  static Status named(const std::filesystem::path& path, const Status& status) {
    return Status::error(fmt::format("{}: {}", path.string(), status.message()));
  }

  const Options& options_;
  Cluster cluster_;
  std::array<Output, 4> outputs_;
  std::vector<std::uint32_t> counts_;
};

Status run(const Options& options) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error)
    return Status::error(fmt::format("{}: {}", options.directory.string(), error.message()));
  return Corpus(options).write();
}

}  // namespace
}  // namespace ktrace::bench

int main(int argc, char** argv) {
  using namespace ktrace::bench;
  Options options;
  std::string format = "text";
  CLI::App app("Makes the logs that ktrace's benchmarks read.", "ktrace-corpus");
  app.add_option("DIR", options.directory, "where to write; made when missing")->required();
  app.add_option("--size", options.size, "bytes of all logs together, as 64MiB")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  app.add_option("--format", format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of all that is left to chance")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (format == "json") options.render = render_json;
  const ktrace::Status status = run(options);
  if (status) return 0;
  fmt::print(stderr, "ktrace-corpus: {}\n", status.message());
  return 2;
}
