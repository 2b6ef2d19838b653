// ktrace: flags in, results out. The only place that prints to standard error, and that knows the
// process's surroundings.

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "ktrace/cli.h"
#include "ktrace/engine.h"

namespace {

using ktrace::Diagnostic;

const char* label(Diagnostic::Level level) {
  switch (level) {
    case Diagnostic::Level::note:
      return "note: ";
    case Diagnostic::Level::warning:
      return "warning: ";
    case Diagnostic::Level::error:
      break;
  }
  return "";
}

std::string bytes_in_words(std::uint64_t bytes) {
  constexpr double kMega = 1e6, kGiga = 1e9;
  const auto count = static_cast<double>(bytes);
  return count < kGiga ? fmt::format("{:.1f} MB", count / kMega)
                       : fmt::format("{:.2f} GB", count / kGiga);
}

// "reading 1.20 GB of 4.00 GB, 2.40 GB/s, 1.17s left"
std::string in_words(const ktrace::engine::Progress& progress) {
  std::string text = fmt::format("{} {}", progress.phase, bytes_in_words(progress.done));
  const double seconds = std::chrono::duration<double>(progress.elapsed).count();
  const double rate = seconds > 0 ? static_cast<double>(progress.done) / seconds : 0;
  if (progress.total > 0) text += " of " + bytes_in_words(progress.total);
  text += fmt::format(", {}/s", bytes_in_words(static_cast<std::uint64_t>(rate)));
  if (progress.total > progress.done && rate > 0) {
    const std::chrono::duration<double> left(static_cast<double>(progress.total - progress.done) /
                                             rate);
    text += fmt::format(
        ", {} left", ktrace::format_duration(std::chrono::duration_cast<ktrace::Duration>(left)));
  }
  return text;
}

// Standard error: diagnostics, and below them, on a terminal, one line that tells how far a run has
// come. Thread-safe.
class StandardError {
 public:
  // "ktrace: PATH:LINE: warning: words". A path may hold anything; a terminal must not see it.
  void print(const Diagnostic& diagnostic) {
    std::string place = diagnostic.path == "-" ? "standard input" : diagnostic.path;
    if (diagnostic.line != 0) place += fmt::format(":{}", diagnostic.line);
    if (!place.empty()) place += ": ";
    std::string line =
        fmt::format("ktrace: {}{}{}\n", place, label(diagnostic.level), diagnostic.message);
    std::replace_if(
        line.begin(), line.end(),
        [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == 0x7f; }, '?');
    const std::lock_guard lock(mutex_);
    erase();
    std::fputs(line.c_str(), stderr);
  }

  void show(const ktrace::engine::Progress& progress) {
    const std::lock_guard lock(mutex_);
    erase();
    if (terminal_ && progress.ended) return;
    // Elsewhere nothing can be erased: one line for each phase.
    if (!terminal_ && !progress.ended) return;
    std::fputs(fmt::format("ktrace: {}{}", in_words(progress), terminal_ ? "" : "\n").c_str(),
               stderr);
    shown_ = terminal_;
  }

 private:
  void erase() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
    shown_ = false;
  }

  std::mutex mutex_;
  bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  bool shown_ = false;
};

unsigned terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const int number = columns == nullptr ? 0 : std::atoi(columns);
  return number > 0 ? static_cast<unsigned>(number) : 80;
}

// $XDG_CACHE_HOME/ktrace, or the same in ~/.cache; relative paths do not count.
std::string cache_directory() {
  const auto absolute = [](const char* name) {
    const char* path = std::getenv(name);
    return std::string(path != nullptr && *path == '/' ? path : "");
  };
  const std::string cache = absolute("XDG_CACHE_HOME"), home = absolute("HOME");
  if (!cache.empty()) return cache + "/ktrace";
  return home.empty() ? "" : home + "/.cache/ktrace";
}

// For tests only: how many bytes are read at a time.
void set_block_size(ktrace::Query& query) {
  const char* text = std::getenv("KTRACE_BLOCK_SIZE");
  if (text == nullptr) return;
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), size);
  if (error == std::errc() && *end == '\0' && size > 0) query.block_size = size;
}

volatile std::sig_atomic_t interrupted = 0;

// From the first call on Ctrl-C is a wish, which ends what is followed; the second is an order.
bool is_interrupted() {
  static const bool asked = [] {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
    return true;
  }();
  return asked && interrupted != 0;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away is noticed by write(), and is no accident.
  std::signal(SIGPIPE, SIG_IGN);

  const char* no_color = std::getenv("NO_COLOR");
  ktrace::cli::Surroundings shell;
  shell.now = std::chrono::system_clock::now();
  shell.input_is_terminal = ::isatty(STDIN_FILENO) != 0;
  shell.output_is_terminal = ::isatty(STDOUT_FILENO) != 0;
  shell.error_is_terminal = ::isatty(STDERR_FILENO) != 0;
  shell.no_color = no_color != nullptr && *no_color != '\0';
  shell.cache_directory = cache_directory();
  auto invocation = ktrace::cli::parse(std::vector<std::string>(argv + 1, argv + argc), shell);
  StandardError errors;
  if (!invocation.query) {
    std::fputs(invocation.complaint.c_str(), stderr);
    std::fputs(invocation.text.c_str(), stdout);
    if (std::fflush(stdout) == 0 || errno == EPIPE) return invocation.status;
    errors.print(
        {Diagnostic::Level::error, "", 0, std::string("cannot write: ") + std::strerror(errno)});
    return 2;
  }
  set_block_size(*invocation.query);

  ktrace::engine::Surroundings around;
  around.terminal = shell.output_is_terminal;
  around.columns = around.terminal ? terminal_columns() : 0;
  around.color = invocation.color;
  around.now = shell.now;
  around.interrupted = is_interrupted;
  around.report = [&errors](const Diagnostic& diagnostic) { errors.print(diagnostic); };
  if (invocation.progress) {
    around.progress = [&errors](const ktrace::engine::Progress& progress) {
      errors.show(progress);
    };
  }
  return static_cast<int>(ktrace::engine::run(*invocation.query, around));
}
