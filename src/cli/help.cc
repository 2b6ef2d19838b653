// Help in 80 columns. An application's description is its synopsis, a blank line, its summary on a
// line of its own, and what it does in paragraphs, which are wrapped here; its footer holds
// examples.

#include "help.h"

#include <iterator>

#include <fmt/format.h>

#include "ktrace/format.h"

namespace ktrace::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kIndent = 28;

// Appends `text` behind `line`, which is what its first line begins with, wrapped at words; the
// other lines are indented.
void add_wrapped(std::string& out, std::string line, const std::string& text, std::size_t indent) {
  bool fresh = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!fresh && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line.assign(indent, ' ');
      fresh = true;
    }
    line += (fresh ? "" : " ") + word;
    fresh = false;
    at = end + 1;
  }
  out += line + "\n";
}

// One row: `left` in its column, `right` wrapped beside it.
void add_row(std::string& out, const std::string& left, const std::string& right) {
  std::string line = "  " + left;
  if (line.size() + 2 > kIndent) {
    out += line + "\n";
    line.clear();
  }
  line.resize(kIndent, ' ');
  add_wrapped(out, line, right, kIndent);
}

// An application's description: "synopsis \n\n summary. \n about".
struct Description {
  std::string synopsis, summary, about;
};

Description description_of(const CLI::App* app) {
  const std::string text = app->get_description();
  const std::size_t blank = text.find("\n\n");
  const std::size_t end = text.find(".\n", blank + 2);
  return {text.substr(0, blank + 1), text.substr(blank + 2, end - blank - 2), text.substr(end + 2)};
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
    add_row(out, command->get_name(), description_of(command).summary);
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

// What is read, from the tables of those who read it.
void add_formats(std::string& out) {
  out += "\nRead by themselves, and mixed in any way, are records of these formats:\n";
  for (const format::Payload& payload : format::payloads()) {
    add_row(out, std::string(payload.name), std::string(payload.description));
  }
  out += "\nand lines that these have wrapped:\n";
  for (const format::Envelope& envelope : format::envelopes()) {
    add_row(out, std::string(envelope.name), std::string(envelope.description));
  }
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                     CLI::AppFormatMode /*mode*/) const {
  const Description description = description_of(app);
  std::string out = "Usage: " + description.synopsis + "\n";
  add_wrapped(out, "", description.summary + ". " + description.about, 0);
  add_commands(out, app);
  add_options(out, app);
  if (app->get_parent() == nullptr) add_formats(out);
  if (!app->get_footer().empty()) out += "\n" + app->get_footer() + "\n";
  return out;
}

}  // namespace ktrace::cli
