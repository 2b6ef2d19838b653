// One script a shell. Each offers commands, then the flags of the command that was typed, and
// leaves everything else to the shell's completion of file names.

#include "completion.h"

#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace ktrace::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App*) { return true; });
}

std::string flags_of(const CLI::App& command) {
  std::string flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_snames()) flags += "-" + name + " ";
    for (const std::string& name : option->get_lnames()) flags += "--" + name + " ";
  }
  return flags;
}

std::string command_names(const CLI::App& program) {
  std::string names;
  for (const CLI::App* command : commands_of(program)) names += command->get_name() + " ";
  return names;
}

std::string bash(const CLI::App& program) {
  std::string cases;
  for (const CLI::App* command : commands_of(program)) {
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), flags_of(*command));
  }
  return fmt::format(
      "# bash completion for ktrace\n"
      "_ktrace() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} words=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"{} --help --version\" -- \"$word\")\n"
      "    return\n"
      "  fi\n"
      "  case ${{COMP_WORDS[1]}} in\n"
      "{}"
      "  esac\n"
      "  [[ $word == -* ]] && mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
      "}}\n"
      "complete -o default -F _ktrace ktrace\n",
      command_names(program), cases);
}

std::string zsh(const CLI::App& program) {
  std::string cases;
  for (const CLI::App* command : commands_of(program)) {
    cases += fmt::format("    {}) flags=({}) ;;\n", command->get_name(), flags_of(*command));
  }
  return fmt::format(
      "#compdef ktrace\n"
      "_ktrace() {{\n"
      "  local -a flags\n"
      "  if (( CURRENT == 2 )); then\n"
      "    compadd -- {} --help --version\n"
      "    return\n"
      "  fi\n"
      "  case ${{words[2]}} in\n"
      "{}"
      "  esac\n"
      "  if [[ ${{words[CURRENT]}} == -* ]]; then compadd -- $flags; else _files; fi\n"
      "}}\n"
      "compdef _ktrace ktrace\n",
      command_names(program), cases);
}

std::string fish(const CLI::App& program) {
  std::string script = fmt::format(
      "# fish completion for ktrace\n"
      "complete -c ktrace -n __fish_use_subcommand -f -a '{}'\n",
      command_names(program));
  for (const CLI::App* command : commands_of(program)) {
    for (const CLI::Option* option : command->get_options()) {
      std::string names;
      for (const std::string& name : option->get_snames()) names += " -s " + name;
      for (const std::string& name : option->get_lnames()) names += " -l " + name;
      if (names.empty()) continue;
      script += fmt::format("complete -c ktrace -n '__fish_seen_subcommand_from {}'{}{}\n",
                            command->get_name(), names, option->get_type_size() != 0 ? " -r" : "");
    }
  }
  return script;
}

}  // namespace

std::string completion_script(const CLI::App& program, const std::string& shell) {
  static const std::pair<std::string, std::function<std::string(const CLI::App&)>> kShells[] = {
      {"bash", bash}, {"zsh", zsh}, {"fish", fish}};
  for (const auto& [name, script] : kShells) {
    if (name == shell) return script(program);
  }
  return "";
}

}  // namespace ktrace::cli
