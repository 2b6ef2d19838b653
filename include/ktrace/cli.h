// The command line: flags to a Query. The only room that knows CLI11.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ktrace/query.h"
#include "ktrace/time.h"

namespace ktrace::cli {

/// What the flags' meaning depends on.
struct Surroundings {
  Time now{};
  bool input_is_terminal = false;
  bool output_is_terminal = false;
  bool error_is_terminal = false;
  bool no_color = false;        ///< NO_COLOR is set
  std::string cache_directory;  ///< where ktrace keeps what can be made again; empty: nowhere
};

/// What is to be done.
struct Invocation {
  std::optional<Query> query;  ///< run this
  bool color = false;
  bool progress = false;  ///< is shown
  std::string text;       ///< or print this on standard output (help, version, completion)
  std::string complaint;  ///< or print this on standard error
  int status = 0;         ///< the exit status, when there is no query
};

/// `arguments`: without the program's name.
Invocation parse(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// One option of one command, for tests that compare help and manual.
struct OptionInfo {
  std::string command;  ///< empty for the program's own
  std::string name;     ///< "--since"
};
std::vector<OptionInfo> options();

}  // namespace ktrace::cli
