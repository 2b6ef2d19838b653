// Every flag is defined once, here: CLI11 parses by it, help and completion walk it, and a test
// compares the manual with it.

#include "ktrace/cli.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "completion.h"
#include "help.h"
#include "ktrace/output.h"

namespace ktrace::cli {
namespace {

constexpr std::size_t kShortestPrefix = 6;

constexpr const char* kFind = "What to find";
constexpr const char* kRead = "How to read";
constexpr const char* kFilter = "Which records to show";
constexpr const char* kShow = "How to show them";
constexpr const char* kOther = "Other";

// In the order of TraceSort.
const std::vector<std::string> kSorts{"start", "duration", "records", "errors", "gap"};

// A mistake on the command line, in words.
[[noreturn]] void refuse(const std::string& message) { throw CLI::ValidationError(message); }

template <typename T>
T value_of(const char* flag, const Result<T>& result) {
  if (!result) refuse(fmt::format("{}: {}", flag, result.message()));
  return *result;
}

// "PATTERN=VALUE" or "VALUE".
std::pair<std::string, std::string> split_rule(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == text.npos) return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

int parse_year(const std::string& text) {
  int year = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), year);
  if (error != std::errc() || end != text.data() + text.size() || year < 1970 || year > 2260) {
    refuse(fmt::format("--year: '{}' is not a year from 1970 to 2260", text));
  }
  return year;
}

input::Naming parse_naming(const std::string& text) {
  const auto [pattern, names] = split_rule(text);
  const std::size_t at = names.find('@');
  input::Naming naming{pattern, names.substr(0, at), ""};
  if (at != names.npos) naming.node = names.substr(at + 1);
  if (naming.component.empty()) refuse(fmt::format("--as: '{}' names no component", text));
  return naming;
}

// The flags as CLI11 leaves them, before anything is made of them.
struct Flags {
  std::vector<std::string> arguments, ids, keys, years, zones, names, components, nodes;
  std::string since, until, severity, match, display_zone = "UTC", color = "auto";
  std::string output = "text", order = "end", sort = "start", shell;
  bool prefix = false, count = false, quiet = false, only_errors = false;
  unsigned threads = 0, slowest = 0;
};

// The formats of a table of them, as a list of names and as words.
template <typename Formats>
std::vector<std::string> names_of(const Formats& formats) {
  std::vector<std::string> names;
  for (const auto& format : formats) names.emplace_back(format.name);
  return names;
}

template <typename Formats>
std::string describe(const Formats& formats) {
  std::string text = "Output format:";
  for (const auto& format : formats) {
    fmt::format_to(std::back_inserter(text), " {} ({}),", format.name, format.description);
  }
  text.back() = ';';
  return text + " text is the default";
}

void add_reading_options(CLI::App& app, Flags& flags) {
  app.add_option("--year", flags.years,
                 "Year of a source's first record, since klog prints none; later New Years count "
                 "on. Otherwise it is inferred")
      ->allow_extra_args(false)
      ->type_name("[GLOB=]YYYY")
      ->group(kRead);
  app.add_option("--input-tz", flags.zones,
                 "Time zone of klog's stamps, such as Europe/Berlin or +02:00; UTC by default")
      ->allow_extra_args(false)
      ->type_name("[GLOB=]ZONE")
      ->group(kRead);
  app.add_option("--as", flags.names,
                 "Component (and node) of the sources that match GLOB, instead of what their names "
                 "tell")
      ->allow_extra_args(false)
      ->type_name("[GLOB=]COMPONENT[@NODE]")
      ->group(kRead);
  app.add_option("-j,--threads", flags.threads,
                 "Threads to use; as many as there are processors "
                 "by default")
      ->type_name("N")
      ->check(CLI::Range(1U, 1024U))
      ->group(kRead);
}

void add_filter_options(CLI::App& app, Flags& flags) {
  app.add_option("--since", flags.since,
                 "Only records from then on: RFC 3339, '2026-11-22 15:04' (in --tz), -10m (before "
                 "now), or 15:04:05, which holds on every day")
      ->type_name("TIME")
      ->group(kFilter);
  app.add_option("--until", flags.until, "Only records up to then; as --since")
      ->type_name("TIME")
      ->group(kFilter);
  app.add_option("--severity", flags.severity,
                 "Only records of that severity and above: info, warning, error or fatal")
      ->type_name("S")
      ->group(kFilter);
  app.add_option("--component", flags.components, "Only records of that component; repeatable")
      ->allow_extra_args(false)
      ->type_name("C")
      ->delimiter(',')
      ->group(kFilter);
  app.add_option("--node", flags.nodes, "Only records of that node; repeatable")
      ->allow_extra_args(false)
      ->type_name("N")
      ->delimiter(',')
      ->group(kFilter);
  app.add_option("--match", flags.match, "Only records whose text matches this RE2 expression")
      ->type_name("RE2")
      ->group(kFilter);
}

// What every command that shows something has; `formats` are its output formats.
template <typename Formats>
void add_showing_options(CLI::App& app, Flags& flags, const Formats& formats) {
  app.add_option("-o,--output", flags.output, describe(formats))
      ->type_name("FORMAT")
      ->check(CLI::IsMember(names_of(formats)))
      ->group(kShow);
  app.add_option("--tz", flags.display_zone, "Time zone of displayed times; UTC by default")
      ->type_name("ZONE")
      ->group(kShow);
  app.add_option("--color", flags.color, "auto (default), always or never; NO_COLOR is honoured")
      ->type_name("WHEN")
      ->check(CLI::IsMember(std::vector<std::string>{"auto", "always", "never"}))
      ->group(kShow);
  app.add_flag("-q,--quiet", flags.quiet, "Print nothing; the exit status tells")->group(kShow);
}

void add_timeline_options(CLI::App& app, Flags& flags) {
  add_showing_options(app, flags, output::formats());
  app.add_flag("-c,--count", flags.count, "Print only how many records there are")->group(kShow);
  app.add_option("--order", flags.order,
                 "end: by their stamps (default); begin: a record that tells its duration stands "
                 "where it began, so that cause comes before effect")
      ->type_name("end|begin")
      ->check(CLI::IsMember(std::vector<std::string>{"end", "begin"}))
      ->group(kShow);
}

void add_key_option(CLI::App& app, Flags& flags, const std::string& description) {
  app.add_option("--key", flags.keys, description)
      ->allow_extra_args(false)
      ->type_name("NAME")
      ->delimiter(',')
      ->group(kFind);
}

void add_grep(CLI::App& program, Flags& flags) {
  CLI::App& app = *program.add_subcommand(
      "grep",
      "ktrace grep [OPTION]... ID [PATH]...\n"
      "       ktrace grep [OPTION]... -e ID [-e ID]... [PATH]...\n\n"
      "The timeline of one trace. Finds the records in which an identifier key\n"
      "(traceID, reqID, audit-ID, traceparent and their spellings) has the value ID,\n"
      "in all sources, and shows them in the order of time. A PATH is a file, or - for\n"
      "standard input, which is also read when no PATH is given.");
  app.add_option("arguments", flags.arguments, "ID and paths");
  app.add_option("-e,--id", flags.ids, "Another ID to find; repeatable")
      ->allow_extra_args(false)
      ->type_name("ID")
      ->group(kFind);
  app.add_flag("--prefix", flags.prefix,
               "ID is the beginning (6 characters at least) of one identifier; when it is that of "
               "several, they are listed")
      ->group(kFind);
  add_key_option(app, flags,
                 "Look for the ID under this key instead of the usual ones; case, - and _ do not "
                 "matter; repeatable");
  add_filter_options(app, flags);
  add_timeline_options(app, flags);
  add_reading_options(app, flags);
  app.footer(
      "Exit status: 0 when records were found, 1 when none were, 2 when something could\n"
      "not be read or written (with -q, a find is 0 even then).\n\n"
      "Examples:\n"
      "  ktrace grep 4bf92f3577b34da6a3ce929d0e0e4736 *.log\n"
      "  kubectl logs -n kube-system kube-apiserver-cp1 | ktrace grep ID\n"
      "  ktrace grep ID -o chrome *.log > trace.json");
}

void add_list(CLI::App& program, Flags& flags) {
  CLI::App& app = *program.add_subcommand(
      "list",
      "ktrace list [OPTION]... [PATH]...\n\n"
      "A table of all traces: every identifier under the usual keys (traceID, reqID,\n"
      "audit-ID, traceparent and their spellings) with its records, errors, worst\n"
      "severity, start, duration, largest gap between two records, and components.\n"
      "Filters restrict the records that count: 'ktrace grep ID' with the same filters\n"
      "shows those of a row.");
  app.add_option("paths", flags.arguments, "Paths");
  add_key_option(app, flags,
                 "List the identifiers under this key instead of the usual ones; case, - and _ do "
                 "not matter; repeatable");
  app.add_flag("--errors", flags.only_errors, "Only traces with an error")->group(kFind);
  app.add_option("--slowest", flags.slowest, "Only the N traces that took longest, longest first")
      ->type_name("N")
      ->check(CLI::Range(1U, 1'000'000'000U))
      ->group(kFind);
  add_filter_options(app, flags);
  add_showing_options(app, flags, output::list_formats());
  app.add_flag("-c,--count", flags.count, "Print only how many traces there are")->group(kShow);
  app.add_option("--sort", flags.sort,
                 "start (default, earliest first), duration, records, errors or gap (greatest "
                 "first)")
      ->type_name("BY")
      ->check(CLI::IsMember(kSorts))
      ->group(kShow);
  add_reading_options(app, flags);
  app.footer(
      "Exit status: 0 when there are traces, 1 when there are none, 2 when something\n"
      "could not be read or written.\n\n"
      "Examples:\n"
      "  ktrace list --errors *.log\n"
      "  ktrace list --key traceID --slowest 10 *.log\n"
      "  ktrace list --match 'Error syncing' --errors *.log");
}

void add_merge(CLI::App& program, Flags& flags) {
  CLI::App& app = *program.add_subcommand(
      "merge",
      "ktrace merge [OPTION]... [PATH]...\n\n"
      "All records of all sources as one timeline, in memory that does not grow with\n"
      "them. What states no time stands behind the record before it. A pipe is kept in a\n"
      "temporary file (TMPDIR) when it is long.");
  app.add_option("paths", flags.arguments, "Paths");
  add_filter_options(app, flags);
  add_timeline_options(app, flags);
  add_reading_options(app, flags);
  app.footer(
      "Exit status: 0 when there are records, 1 when there are none, 2 when something\n"
      "could not be read or written.\n\n"
      "Examples:\n"
      "  ktrace merge *.log | less\n"
      "  ktrace merge --severity warning --since 16:50 --until 16:52 *.log\n"
      "  ktrace merge -o raw kubelet.log.1 kubelet.log > kubelet-in-order.log");
}

void add_completion(CLI::App& program, Flags& flags) {
  CLI::App& app = *program.add_subcommand(
      "completion",
      "ktrace completion bash|zsh|fish\n\n"
      "Prints a completion script for a shell. Load it with, for instance:\n"
      "  source <(ktrace completion bash)");
  app.add_option("shell", flags.shell, "bash, zsh or fish")->required();
}

std::unique_ptr<CLI::App> make_program(Flags& flags) {
  auto program = std::make_unique<CLI::App>(
      "ktrace COMMAND [OPTION]... [PATH]...\n\n"
      "Puts the logs of a Kubernetes cluster back together: reads the logs of\n"
      "kube-apiserver, kube-controller-manager, kube-scheduler and kubelet, and merges\n"
      "the records of one trace into one timeline.",
      "ktrace");
  program->formatter(std::make_shared<HelpFormatter>());
  program->set_help_flag("-h,--help", "Show this help")->group(kOther);
  program->set_version_flag("-V,--version", "ktrace " KTRACE_VERSION, "Show the version")
      ->group(kOther);
  program->require_subcommand(1);
  program->footer("'ktrace COMMAND --help' tells more; so does 'man ktrace'.");
  add_grep(*program, flags);
  add_list(*program, flags);
  add_merge(*program, flags);
  add_completion(*program, flags);
  for (CLI::App* command : program->get_subcommands([](CLI::App*) { return true; })) {
    command->set_help_flag("-h,--help", "Show this help")->group(kOther);
  }
  return program;
}

// With -e all arguments are paths, as with grep; otherwise the first is the ID.
void take_ids(const Flags& flags, Query& query) {
  query.ids = flags.ids;
  if (query.ids.empty()) {
    if (query.paths.empty()) refuse("grep needs an ID to look for");
    query.ids.push_back(query.paths.front());
    query.paths.erase(query.paths.begin());
  }
  for (const std::string& id : query.ids) {
    if (id.empty()) refuse("an ID must not be empty");
    if (flags.prefix && id.size() < kShortestPrefix) {
      refuse(fmt::format("--prefix: '{}' is shorter than {} characters", id, kShortestPrefix));
    }
  }
}

void take_arguments(const std::string& command, const Flags& flags, const Surroundings& around,
                    Query& query) {
  query.paths = flags.arguments;
  if (command == "grep") {
    query.command = Command::grep;
    take_ids(flags, query);
  } else {
    query.command = command == "list" ? Command::list : Command::merge;
  }
  if (!query.paths.empty()) return;
  if (around.input_is_terminal) refuse("no input: name files, or pipe a log in");
  query.paths.push_back("-");
}

Query make_query(const std::string& command, const Flags& flags, const Surroundings& around) {
  Query query;
  take_arguments(command, flags, around, query);
  query.prefix = flags.prefix;
  query.keys = flags.keys;
  for (const std::string& text : flags.names) query.names.push_back(parse_naming(text));
  for (const std::string& text : flags.years) {
    const auto [pattern, year] = split_rule(text);
    query.years.push_back({pattern, parse_year(year)});
  }
  for (const std::string& text : flags.zones) {
    const auto [pattern, zone] = split_rule(text);
    query.zones.push_back({pattern, value_of("--input-tz", Zone::parse(zone))});
  }
  query.display_zone = value_of("--tz", Zone::parse(flags.display_zone));
  const auto bound = [&](const char* flag, const std::string& text) -> std::optional<TimeBound> {
    if (text.empty()) return std::nullopt;
    return value_of(flag, TimeBound::parse(text, query.display_zone, around.now));
  };
  query.since = bound("--since", flags.since);
  query.until = bound("--until", flags.until);
  if (!flags.severity.empty()) {
    query.severity = parse_severity(flags.severity);
    if (!query.severity) {
      refuse(
          fmt::format("--severity: '{}' is none of info, warning, error, fatal", flags.severity));
    }
  }
  query.components = flags.components;
  query.nodes = flags.nodes;
  query.match = flags.match;
  query.output = flags.output;
  query.order = flags.order == "begin" ? Order::begin : Order::end;
  const auto sort = std::find(kSorts.begin(), kSorts.end(), flags.sort);
  query.sort = static_cast<TraceSort>(sort - kSorts.begin());
  query.slowest = flags.slowest;
  query.only_errors = flags.only_errors;
  query.count = flags.count;
  query.quiet = flags.quiet;
  query.threads = flags.threads;
  return query;
}

// How many letters must change to make `a` of `b`.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row.back();
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// "; did you mean --since?" for a word that is nearly one of `names`.
std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  const std::string typed = word.substr(0, word.find('='));
  const auto nearest = std::min_element(
      names.begin(), names.end(),
      [&](const auto& a, const auto& b) { return distance(typed, a) < distance(typed, b); });
  const std::size_t near = typed.size() >= 4 ? std::max<std::size_t>(2, typed.size() / 3) : 0;
  if (nearest == names.end() || distance(typed, *nearest) > near) return "";
  return "; did you mean " + *nearest + "?";
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

bool wants_color(const Flags& flags, const Surroundings& around) {
  if (flags.color != "auto") return flags.color == "always";
  return around.output_is_terminal && !around.no_color;
}

}  // namespace

Invocation parse(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Flags flags;
  const auto program = make_program(flags);
  Invocation invocation;
  try {
    // CLI11 takes its arguments from the back.
    program->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    if (!flags.shell.empty()) {
      invocation.text = completion_script(*program, flags.shell);
      if (invocation.text.empty()) refuse("completion: give bash, zsh or fish");
      return invocation;
    }
    const std::string command = program->get_subcommands().front()->get_name();
    invocation.query = make_query(command, flags, surroundings);
    invocation.color = wants_color(flags, surroundings);
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
