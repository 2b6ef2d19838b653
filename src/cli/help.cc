// Help in 80 columns. An application's description is its synopsis line, then a blank line, then
// what it does; its footer holds examples.

#include "help.h"

#include <iterator>

#include <fmt/format.h>

namespace ktrace::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kIndent = 28;

// One row: `left` in its column, `right` wrapped at words beside it.
void add_row(std::string& out, const std::string& left, const std::string& right) {
  std::string line = "  " + left;
  if (line.size() + 2 > kIndent) {
    out += line + "\n";
    line.clear();
  }
  line.resize(kIndent, ' ');
  bool fresh = true;
  for (std::size_t at = 0; at < right.size();) {
    const std::size_t end = std::min(right.find(' ', at), right.size());
    const std::string word = right.substr(at, end - at);
    if (!fresh && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line.assign(kIndent, ' ');
      fresh = true;
    }
    line += (fresh ? "" : " ") + word;
    fresh = false;
    at = end + 1;
  }
  out += line + "\n";
}

std::string option_names(const CLI::Option* option) {
  std::string names;
  for (const std::string& name : option->get_snames()) names += "-" + name + ", ";
  if (names.empty()) names = "    ";
  for (const std::string& name : option->get_lnames()) names += "--" + name + ", ";
  while (names.back() == ' ' || names.back() == ',') names.pop_back();
  // CLI11 appends what the option's checks say; the description says that better.
  const std::string type = option->get_type_name();
  if (option->get_type_size() != 0) names += " " + type.substr(0, type.find(':'));
  return names;
}

void add_commands(std::string& out, const CLI::App* app) {
  const auto commands = app->get_subcommands([](const CLI::App*) { return true; });
  if (commands.empty()) return;
  out += "\nCommands:\n";
  for (const CLI::App* command : commands) {
    const std::string description = command->get_description();
    const std::size_t blank = description.find("\n\n");
    std::string summary = description.substr(blank + 2);
    summary = summary.substr(0, summary.find_first_of(".\n"));
    add_row(out, command->get_name(), summary);
  }
}

void add_options(std::string& out, const CLI::App* app) {
  for (const std::string& group : app->get_groups()) {
    if (group.empty()) continue;
    const auto options = app->get_options([&](const CLI::Option* option) {
      return option->get_group() == group && option->nonpositional();
    });
    if (options.empty()) continue;
    out += "\n" + group + ":\n";
    for (const CLI::Option* option : options) {
      add_row(out, option_names(option), option->get_description());
    }
  }
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                     CLI::AppFormatMode /*mode*/) const {
  std::string out = "Usage: " + app->get_description() + "\n";
  add_commands(out, app);
  add_options(out, app);
  if (!app->get_footer().empty()) out += "\n" + app->get_footer() + "\n";
  return out;
}

}  // namespace ktrace::cli
