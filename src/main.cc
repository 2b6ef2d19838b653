// ktrace: flags in, results out. The only place that prints to standard error, and that knows the
// process's surroundings.

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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
  std::fputs(line.c_str(), stderr);
}

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
  shell.no_color = no_color != nullptr && *no_color != '\0';
  shell.cache_directory = cache_directory();
  auto invocation = ktrace::cli::parse(std::vector<std::string>(argv + 1, argv + argc), shell);
  if (!invocation.query) {
    std::fputs(invocation.complaint.c_str(), stderr);
    std::fputs(invocation.text.c_str(), stdout);
    if (std::fflush(stdout) == 0 || errno == EPIPE) return invocation.status;
    print({Diagnostic::Level::error, "", 0, std::string("cannot write: ") + std::strerror(errno)});
    return 2;
  }
  set_block_size(*invocation.query);

  ktrace::engine::Surroundings around;
  around.terminal = shell.output_is_terminal;
  around.columns = around.terminal ? terminal_columns() : 0;
  around.color = invocation.color;
  around.now = shell.now;
  around.interrupted = is_interrupted;
  around.report = print;
  return static_cast<int>(ktrace::engine::run(*invocation.query, around));
}
