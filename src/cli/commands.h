// The commands: the table from which the parser, the help and the completion are made.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "options.h"

namespace ktrace::cli {

/// One command. Adding one is adding a row (and its section to the manual).
struct CommandRow {
  const char* name;
  std::optional<Command> command;  ///< what the engine runs; empty: not the engine
  /// What the arguments before the paths are, in words. They become Query::ids.
  std::vector<const char*> subjects;
  std::vector<const char*> synopses;  ///< what stands behind "ktrace NAME "
  const char* summary;                ///< one line, a sentence without its full stop
  const char* about;                  ///< more sentences; wrapped by help; blank lines divide
  std::vector<OptionGroup> options;   ///< in the order in which help shows them
  const char* found;                  ///< what makes the exit status 0, in words; null: no word
  std::vector<const char*> examples;  ///< what stands behind "ktrace NAME "
  bool begin_order = false;           ///< --order begin is the default
  bool own_paths = false;             ///< a subject may have a path of its own: SUBJECT@PATH
};

const std::vector<CommandRow>& commands();

/// The program with all commands; what it parses goes into `flags`, which must outlive it. If it is
/// to parse `arguments` and no others, only the commands that may be meant have their options: to
/// make those of all takes longer than to search a small log.
std::unique_ptr<CLI::App> make_program(Flags& flags,
                                       const std::vector<std::string>* arguments = nullptr);

/// The row of the command that was parsed.
const CommandRow& chosen_command(const CLI::App& program);

}  // namespace ktrace::cli
