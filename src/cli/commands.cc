// The table of commands, and the program made of it.

#include "commands.h"

#include <algorithm>

#include <fmt/format.h>

#include "help.h"

namespace ktrace::cli {
namespace {

// The command that tells of the options of all.
constexpr const char* kCompletion = "completion";

// What help.h wants: the synopsis, a blank line, the summary, what the command does.
std::string description_of(const CommandRow& row) {
  std::string text;
  for (const char* synopsis : row.synopses) {
    text += fmt::format("{}ktrace {} {}\n", text.empty() ? "" : "       ", row.name, synopsis);
  }
  text += fmt::format("\n{}.\n{}", row.summary, row.about);
  return text;
}

std::string footer_of(const CommandRow& row) {
  std::string text;
  if (row.found != nullptr) {
    text = fmt::format(
        "Exit status: 0 when there are {}, 1 when there are none,\n"
        "2 when something could not be read or written (with -q, a find is 0 even then).\n\n",
        row.found);
  }
  text += "Examples:";
  for (const char* example : row.examples) {
    text += fmt::format("\n  {}", example);
  }
  return text;
}

void add_command(CLI::App& program, Flags& flags, const CommandRow& row, bool may_be_used) {
  CLI::App& app = *program.add_subcommand(row.name, description_of(row));
  if (!may_be_used) return;
  app.add_option("arguments", flags.arguments, "What to look for, and paths");
  for (const OptionGroup add : row.options) add(app, flags);
  app.set_help_flag("-h,--help", "Show this help")->group(kOther);
  app.footer(footer_of(row));
}

}  // namespace

const std::vector<CommandRow>& commands() {
  static const std::vector<CommandRow> kCommands{
      {.name = "grep",
       .command = Command::grep,
       .subjects = {"an ID to look for"},
       .synopses = {"[OPTION]... ID [PATH]...", "[OPTION]... -e ID [-e ID]... [PATH]..."},
       .summary = "The timeline of one trace",
       .about = "Finds the records in which an identifier key (traceID, reqID, audit-ID, "
                "traceparent and their spellings) has the value ID, in all sources, and shows "
                "them in the order of time. A PATH is a file, a directory, an archive, or - for "
                "standard input, which is also read when no PATH is given.",
       .options = {add_ids, add_key_to_find, add_filters, add_timeline_show, add_reading,
                   add_clocks, add_following, add_index_use},
       .found = "records",
       .examples = {"ktrace grep 4bf92f3577b34da6a3ce929d0e0e4736 *.log",
                    "kubectl logs -f -n kube-system kube-apiserver-cp1 | ktrace grep ID",
                    "ktrace grep ID -o chrome *.log > trace.json"}},
      {.name = "list",
       .command = Command::list,
       .subjects = {},
       .synopses = {"[OPTION]... [PATH]..."},
       .summary = "A table of all traces",
       .about = "A row is an identifier under the usual keys (traceID, reqID, audit-ID, "
                "traceparent and their spellings) with its records, errors, worst severity, "
                "start, duration, largest gap between two records, and components. Filters "
                "restrict the records that count: 'ktrace grep ID' with the same filters shows "
                "those of a row.",
       .options = {add_key_to_list, add_trace_choice, add_filters, add_list_show, add_reading,
                   add_clocks, add_index_use},
       .found = "traces",
       .examples = {"ktrace list --errors *.log", "ktrace list --key traceID --slowest 10 *.log",
                    "ktrace list --match 'Error syncing' --errors *.log"}},
      {.name = "merge",
       .command = Command::merge,
       .subjects = {},
       .synopses = {"[OPTION]... [PATH]..."},
       .summary = "All records of all sources as one timeline",
       .about = "Needs memory that does not grow with them. What states no time stands behind "
                "the record before it. Of what can be read only once, a pipe or a compressed "
                "file, all beyond 32 MiB is kept, compressed, in a temporary file (TMPDIR).",
       .options = {add_filters, add_timeline_show, add_reading, add_clocks, add_following,
                   add_index_use},
       .found = "records",
       .examples = {"ktrace merge *.log | less",
                    "ktrace merge --severity warning --since 16:50 --until 16:52 *.log",
                    "ktrace merge -f --severity warning /var/log/pods",
                    "ktrace merge -o raw kubelet.log.1 kubelet.log > kubelet-in-order.log"}},
      {.name = "check",
       .command = Command::check,
       .subjects = {},
       .synopses = {"[OPTION]... [PATH]..."},
       .summary = "What is known of each source, and what may be wrong",
       .about = "Tells of each source the payload format, component, node, first and last time, "
                "what year and zone were inferred from, records, lines that could not be parsed, "
                "records out of order, identifiers and the longest gaps; and of all sources "
                "together which components of the control plane are missing, which logs end early, "
                "and how far clocks are apart.",
       .options = {add_key_to_count, add_check_show, add_reading, add_index_use},
       .found = "records",
       .examples = {"ktrace check artifacts/", "ktrace check --strict -q artifacts/ || echo look",
                    "ktrace check -o json *.log | jq .findings"}},
      {.name = "story",
       .command = Command::story,
       .subjects = {"a START: an identifier or KIND/NAME"},
       .synopses = {"[OPTION]... START [PATH]..."},
       .summary = "What happened because of one change",
       .about = "Also where no line carries a trace ID. START is a request (its audit ID), a trace "
                "ID, the UID of an object, the beginning of one of these (6 characters at least), "
                "or an object: KIND/NAME or KIND/NAMESPACE/NAME. The story of a request is what it "
                "changed and what was made because of that, up to the next change; that of an "
                "object is its life and the life of all it owns. Links are read from audit logs, "
                "Events, object dumps, spans and log lines; every record says which of them "
                "brought it in.",
       .options = {add_story_reach, add_filters, add_timeline_show, add_story_show, add_reading,
                   add_clocks, add_index_use},
       .found = "records",
       .examples = {"ktrace story deployment/nginx audit.log *.log",
                    "ktrace story 14d01e58-51e3-4eac-8ffa-04a313409ab0 artifacts/",
                    "ktrace story pod/default/nginx-85f7d4dd78-gz5zr --why audit.log *.log"},
       .begin_order = true},
      {.name = "diff",
       .command = Command::diff,
       .subjects = {"two STARTs of stories", "another START"},
       .synopses = {"[OPTION]... A B [PATH]...", "[OPTION]... A@PATH B@PATH"},
       .summary = "What went otherwise in one story than in another",
       .about = "Compares a good run with a flaky one: what happened in one and not in the other, "
                "and where time was lost, with names, IDs and numbers made equal. A and B are each "
                "the START of a story (see 'ktrace story --help'), found in all PATHs, or, written "
                "as START@PATH (PATH is all that stands behind the first @), in that file, "
                "directory or archive alone.\n\n"
                "- is only in A, + only in B, ! lost time in one of them, ~ came more than twice "
                "as often. Times count from the beginning of each story.",
       .options = {add_story_reach, add_filters, add_diff_show, add_reading, add_index_use},
       .found = "differences",
       .examples = {"ktrace diff deployment/nginx deployment/nginx2 audit.log *.log",
                    "ktrace diff deployment/web@good.tar.gz deployment/web@flaky.tar.gz",
                    "ktrace diff 14d01e58 955d0351 --severity warning artifacts/"},
       .begin_order = true,
       .own_paths = true},
      {.name = "index",
       .command = Command::index,
       .subjects = {},
       .synopses = {"[OPTION]... [PATH]..."},
       .summary = "Make or refresh the indexes of logs",
       .about =
           "With its index, grep and list answer without reading a log, and story reads it "
           "only once. A log that only grew since is read from where its index ends; the "
           "index of one that changed otherwise is not used. An index made with --key serves "
           "grep and list with the same keys or some of them. Only files have indexes, compressed "
           "ones when they can be unpacked in pieces; rotated ones that are read as one log have "
           "one together.",
       .options = {add_key_to_index, add_index_place, add_work},
       .found = "indexes",
       .examples = {"ktrace index /var/log/pods", "ktrace index *.log && ktrace grep ID *.log"}},
      {.name = kCompletion,
       .command = {},
       .subjects = {"a shell: bash, zsh or fish"},
       .synopses = {"bash|zsh|fish"},
       .summary = "Completion for a shell",
       .about = "Prints a script that the shell reads.",
       .options = {},
       .found = nullptr,
       .examples = {"source <(ktrace completion bash)"}},
  };
  return kCommands;
}

std::unique_ptr<CLI::App> make_program(Flags& flags, const std::vector<std::string>* arguments) {
  auto program = std::make_unique<CLI::App>(
      "ktrace COMMAND [OPTION]... [PATH]...\n\n"
      "Puts the logs of a Kubernetes cluster back together.\n"
      "Reads the logs of kube-apiserver, kube-controller-manager, kube-scheduler and kubelet, and "
      "merges the records of one trace into one timeline.",
      "ktrace");
  program->formatter(std::make_shared<HelpFormatter>());
  program->set_help_flag("-h,--help", "Show this help")->group(kOther);
  program->set_version_flag("-V,--version", "ktrace " KTRACE_VERSION, "Show the version")
      ->group(kOther);
  program->require_subcommand(1);
  program->footer("'ktrace COMMAND --help' tells more; so does 'man ktrace'.");
  const auto named = [arguments](const char* command) {
    return arguments == nullptr ||
           std::find(arguments->begin(), arguments->end(), command) != arguments->end();
  };
  const bool all = named(kCompletion);
  for (const CommandRow& row : commands())
    add_command(*program, flags, row, all || named(row.name));
  return program;
}

const CommandRow& chosen_command(const CLI::App& program) {
  const std::string& name = program.get_subcommands().front()->get_name();
  return *std::find_if(commands().begin(), commands().end(),
                       [&](const CommandRow& row) { return name == row.name; });
}

}  // namespace ktrace::cli
