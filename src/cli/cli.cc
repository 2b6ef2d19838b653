// The command line as a whole: arguments in; a query, a text or a complaint out.

#include "ktrace/cli.h"

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "commands.h"
#include "completion.h"
#include "options.h"
#include "suggestion.h"

namespace ktrace::cli {
namespace {

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::string complaint(const CLI::App& program, const CLI::ParseError& error,
                      const std::vector<std::string>& arguments) {
  const auto chosen = program.get_subcommands();
  const CLI::App& app = chosen.empty() ? program : *chosen.front();
  const std::string help =
      chosen.empty() ? "ktrace --help" : "ktrace " + app.get_name() + " --help";
  std::string message = error.what();
  if (const auto extras = program.remaining(true); !extras.empty()) {
    message = fmt::format("unknown option {}{}", extras.front(),
                          suggestion(extras.front(), flag_names(app)));
  }
  if (arguments.empty()) message = "no command";
  if (chosen.empty() && !arguments.empty()) {
    std::vector<std::string> commands;
    for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
      commands.push_back(command->get_name());
    }
    const bool flag = arguments.front().starts_with('-');
    message = fmt::format("unknown {} '{}'{}", flag ? "option" : "command", arguments.front(),
                          suggestion(arguments.front(), flag ? flag_names(program) : commands));
  }
  return fmt::format("ktrace: {}\nktrace: try '{}'\n", message, help);
}

// The arguments before the paths; ids that were given as options stand for them.
void take_subjects(const CommandRow& row, Flags& flags) {
  std::vector<std::string>& ids = flags.query.ids;
  if (!ids.empty()) return;
  for (const char* subject : row.subjects) {
    if (flags.arguments.empty()) refuse(fmt::format("{} needs {}", row.name, subject));
    ids.push_back(flags.arguments.front());
    flags.arguments.erase(flags.arguments.begin());
  }
}

// Of "ID@PATH" the path.
void take_own_paths(Query& query) {
  for (std::string& id : query.ids) {
    const std::size_t at = std::min(id.find('@'), id.size());
    query.own_paths.push_back(at < id.size() ? id.substr(at + 1) : "");
    if (at + 1 == id.size()) refuse(fmt::format("no path behind '{}'", id));
    id.resize(at);
  }
}

void take_paths(Flags& flags, const Surroundings& around) {
  const auto& own = flags.query.own_paths;
  flags.query.paths = flags.arguments;
  if (!own.empty() && std::count(own.begin(), own.end(), "") == 0) {
    if (flags.query.paths.empty()) return;
    refuse(fmt::format("'{}' is read for nothing: all have a path of their own",
                       flags.query.paths.front()));
  }
  if (!flags.query.paths.empty()) return;
  if (around.input_is_terminal) refuse("no input: name files, or pipe a log in");
  flags.query.paths.emplace_back("-");
}

Query make_query(const CommandRow& row, const CLI::App& app, Flags& flags,
                 const Surroundings& around) {
  flags.query.command = *row.command;
  const CLI::Option* order = app.get_option_no_throw("--order");
  if (row.begin_order && (order == nullptr || order->count() == 0)) {
    flags.query.order = Order::begin;
  }
  if (row.own_paths) take_own_paths(flags.query);
  take_paths(flags, around);
  finish(flags, around);
  return flags.query;
}

std::string script_for(const CLI::App& program, const std::string& shell) {
  std::string script = completion_script(program, shell);
  if (script.empty()) refuse("completion: give bash, zsh or fish");
  return script;
}

bool wants_color(const Flags& flags, const Surroundings& around) {
  if (flags.color != "auto") return flags.color == "always";
  return around.output_is_terminal && !around.no_color;
}

}  // namespace

Invocation parse(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Flags flags;
  const auto program = make_program(flags, &arguments);
  Invocation invocation;
  try {
    // CLI11 takes its arguments from the back.
    program->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    const CommandRow& row = chosen_command(*program);
    take_subjects(row, flags);
    if (row.command) {
      invocation.query = make_query(row, *program->get_subcommands().front(), flags, surroundings);
      invocation.color = wants_color(flags, surroundings);
      invocation.progress =
          flags.progress == "auto" ? surroundings.error_is_terminal : flags.progress == "always";
    } else {
      invocation.text = script_for(*program, flags.query.ids.front());
    }
  } catch (const CLI::CallForHelp&) {
    const auto chosen = program->get_subcommands();
    invocation.text = chosen.empty() ? program->help() : chosen.front()->help();
  } catch (const CLI::CallForVersion& version) {
    invocation.text = std::string(version.what()) + "\n";
  } catch (const CLI::ParseError& error) {
    invocation.complaint = complaint(*program, error, arguments);
    invocation.status = 2;
  }
  return invocation;
}

std::vector<OptionInfo> options() {
  Flags flags;
  const auto program = make_program(flags);
  std::vector<OptionInfo> all;
  const auto add = [&](const CLI::App& app, const std::string& command) {
    for (const std::string& name : flag_names(app)) all.push_back({command, name});
  };
  add(*program, "");
  for (const CLI::App* command : program->get_subcommands([](const CLI::App*) { return true; })) {
    add(*command, command->get_name());
  }
  return all;
}

}  // namespace ktrace::cli
