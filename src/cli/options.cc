// Every flag is defined once, here: CLI11 parses by it, help and completion walk it, and a test
// compares the manual with it.

#include "options.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "ktrace/output.h"

namespace ktrace::cli {
namespace {

constexpr std::size_t kShortestPrefix = 6;

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

// When something is shown that suits terminals.
const std::vector<std::string> kWhen{"auto", "always", "never"};

Duration parse_length(const char* flag, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) refuse(fmt::format("{}: '{}' is no duration", flag, text));
  return *duration;
}

PerPath<int> parse_year(const std::string& text) {
  const auto [pattern, digits] = split_rule(text);
  int year = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), year);
  if (error != std::errc() || end != digits.data() + digits.size() || year < 1970 || year > 2260) {
    refuse(fmt::format("--year: '{}' is not a year from 1970 to 2260", digits));
  }
  return {pattern, year};
}

PerPath<Zone> parse_zone(const std::string& text) {
  const auto [pattern, zone] = split_rule(text);
  return {pattern, value_of("--input-tz", Zone::parse(zone))};
}

Duration parse_window(const std::string& text) {
  const auto window = parse_duration(text);
  if (!window || *window < Duration::zero() || *window > std::chrono::hours(1)) {
    refuse(fmt::format("--reorder-window: '{}' is not a duration from 0s to 1h", text));
  }
  return *window;
}

input::Naming parse_naming(const std::string& text) {
  const auto [pattern, names] = split_rule(text);
  const std::size_t at = names.find('@');
  input::Naming naming{pattern, names.substr(0, at), ""};
  if (at != names.npos) naming.node = names.substr(at + 1);
  if (naming.component.empty()) refuse(fmt::format("--as: '{}' names no component", text));
  return naming;
}

Severity parse_least_severity(const std::string& text) {
  const auto severity = parse_severity(text);
  if (!severity) {
    refuse(fmt::format("--severity: '{}' is none of info, warning, error, fatal", text));
  }
  return *severity;
}

// One group of one command's options, being added.
class Group {
 public:
  Group(CLI::App& app, const char* name) : app_(app), name_(name) {}

  void flag(const char* names, bool& value, const std::string& description) {
    app_.add_flag(names, value, description)->group(name_);
  }

  // An option that takes one value, each time that it is given.
  template <typename T>
  CLI::Option* value(const char* names, const char* type, T& value,
                     const std::string& description) {
    return dress(app_.add_option(names, value, description), type);
  }

  // An option of whose value `parse` makes a T.
  template <typename T, typename Parse>
  void read(const char* names, const char* type, T& value, Parse parse,
            const std::string& description) {
    const auto take = [&value, parse](const std::string& text) { value = parse(text); };
    dress(app_.add_option_function<std::string>(names, take, description), type);
  }

  // The same, of each of its values.
  template <typename T, typename Parse>
  void read_all(const char* names, const char* type, std::vector<T>& all, Parse parse,
                const std::string& description) {
    const auto take = [&all, parse](const std::vector<std::string>& texts) {
      std::transform(texts.begin(), texts.end(), std::back_inserter(all), parse);
    };
    dress(app_.add_option_function<std::vector<std::string>>(names, take, description), type);
  }

  // An option whose value is one of the names of T, which are given in its order.
  template <typename T>
  void choice(const char* names, const char* type, T& value, std::vector<std::string> words,
              const std::string& description) {
    const auto take = [&value, words](const std::string& text) {
      value = static_cast<T>(std::find(words.begin(), words.end(), text) - words.begin());
    };
    dress(app_.add_option_function<std::string>(names, take, description), type)
        ->check(CLI::IsMember(std::move(words)));
  }

 private:
  CLI::Option* dress(CLI::Option* option, const char* type) const {
    return option->allow_extra_args(false)->type_name(type)->group(name_);
  }

  CLI::App& app_;
  const char* name_;
};

void add_key(CLI::App& app, Flags& flags, const std::string& what) {
  Group(app, kFind)
      .value("--key", "NAME", flags.query.keys,
             what +
                 " under this key instead of the usual ones; case, - and _ do not matter; "
                 "repeatable")
      ->delimiter(',');
}

// What every command that shows something has; `formats` are its output formats, `what` it shows.
template <typename Formats>
void add_show(CLI::App& app, Flags& flags, const Formats& formats, const char* what) {
  std::vector<std::string> names;
  std::string description;
  for (const auto& format : formats) {
    names.emplace_back(format.name);
    description += fmt::format("{} {} ({})", names.size() == 1 ? "Output format:" : ",",
                               format.name, format.description);
  }
  Group group(app, kShow);
  group.value("-o,--output", "FORMAT", flags.query.output, description + "; text is the default")
      ->check(CLI::IsMember(names));
  group.read(
      "--tz", "ZONE", flags.query.display_zone,
      [](const std::string& text) { return value_of("--tz", Zone::parse(text)); },
      "Time zone of displayed times; UTC by default");
  group
      .value("--color", "WHEN", flags.color,
             "auto (default), always or never; NO_COLOR is honoured")
      ->check(CLI::IsMember(kWhen));
  group.flag("-q,--quiet", flags.query.quiet, "Print nothing; the exit status tells");
  group.flag("-c,--count", flags.query.count,
             fmt::format("Print only how many {} there are", what));
}

std::optional<TimeBound> read_bound(const char* flag, const std::string& text, const Zone& zone,
                                    Time now) {
  if (text.empty()) return std::nullopt;
  return value_of(flag, TimeBound::parse(text, zone, now));
}

}  // namespace

void refuse(const std::string& message) { throw CLI::ValidationError(message); }

void add_ids(CLI::App& app, Flags& flags) {
  Group group(app, kFind);
  group.value("-e,--id", "ID", flags.query.ids, "Another ID to find; repeatable");
  group.flag("--prefix", flags.query.prefix,
             "ID is the beginning (6 characters at least) of one identifier; when it is that of "
             "several, they are listed");
}

void add_key_to_find(CLI::App& app, Flags& flags) { add_key(app, flags, "Look for the ID"); }

void add_key_to_list(CLI::App& app, Flags& flags) { add_key(app, flags, "List the identifiers"); }

void add_key_to_index(CLI::App& app, Flags& flags) { add_key(app, flags, "Index the identifiers"); }

void add_key_to_count(CLI::App& app, Flags& flags) { add_key(app, flags, "Count identifiers"); }

void add_trace_choice(CLI::App& app, Flags& flags) {
  Group group(app, kFind);
  group.flag("--errors", flags.query.only_errors, "Only traces with an error");
  group
      .value("--slowest", "N", flags.query.slowest,
             "Only the N traces that took longest, longest first")
      ->check(CLI::Range(1U, 1'000'000'000U));
}

void add_filters(CLI::App& app, Flags& flags) {
  Group group(app, kFilter);
  group.value("--since", "TIME", flags.since,
              "Only records from then on: RFC 3339, '2026-11-22 15:04' (in --tz), -10m (before "
              "now), or 15:04:05, which holds on every day");
  group.value("--until", "TIME", flags.until, "Only records up to then; as --since");
  group.read("--severity", "S", flags.query.severity, parse_least_severity,
             "Only records of that severity and above: info, warning, error or fatal");
  group
      .value("--component", "C", flags.query.components,
             "Only records of that component; repeatable")
      ->delimiter(',');
  group.value("--node", "N", flags.query.nodes, "Only records of that node; repeatable")
      ->delimiter(',');
  group.value("--match", "RE2", flags.query.match,
              "Only records whose text matches this RE2 expression");
}

void add_timeline_show(CLI::App& app, Flags& flags) {
  add_show(app, flags, output::formats(), "records");
  Group(app, kShow)
      .choice(
          "--order", "end|begin", flags.query.order, {"end", "begin"},
          "end: by their stamps (default, but for story); begin: a record that tells its duration "
          "stands where it began, so that cause comes before effect");
}

void add_list_show(CLI::App& app, Flags& flags) {
  add_show(app, flags, output::list_formats(), "traces");
  Group(app, kShow)
      .choice("--sort", "BY", flags.query.sort, {"start", "duration", "records", "errors", "gap"},
              "start (default, earliest first), duration, records, errors or gap (greatest first)");
}

void add_check_show(CLI::App& app, Flags& flags) {
  add_show(app, flags, output::check_formats(), "findings");
  Group group(app, kShow);
  group.flag("-v,--verbose", flags.query.verbose,
             "Show the first lines that could not be parsed, too");
  group.flag("--strict", flags.query.strict, "Exit with status 1 when there are findings");
}

void add_story_reach(CLI::App& app, Flags& flags) {
  Group group(app, kFind);
  group.value("-n,--namespace", "NS", flags.query.space, "Namespace of the object; any by default");
  group
      .value("--hops", "N", flags.query.hops,
             "Follow at most N links from the start; 12 by default")
      ->check(CLI::Range(0U, 1000U));
  group.read(
      "--within", "DURATION", flags.query.within,
      [](const std::string& text) { return parse_length("--within", text); },
      "Only what happened within that time after the start (90s, 10m); for a request an hour by "
      "default, for an object any time");
}

void add_story_show(CLI::App& app, Flags& flags) {
  Group(app, kShow)
      .flag("--summary", flags.query.summary,
            "Not the records but what they come to: objects and their times, waits, errors, what "
            "was never seen (text or json)");
  Group(app, kShow)
      .flag("--why", flags.query.why,
            "In text, show all links that lead to a record, not only the last");
}

void add_diff_show(CLI::App& app, Flags& flags) {
  add_show(app, flags, output::diff_formats(), "differences");
  Group group(app, kShow);
  group.flag("--all", flags.query.all, "Show steps that are the same, too");
  group.read(
      "--slower", "DURATION", flags.query.slower,
      [](const std::string& text) { return parse_length("--slower", text); },
      "How much time a step has to lose, or to take longer, to count as a difference; 100ms by "
      "default");
}

void add_reading(CLI::App& app, Flags& flags) {
  Group group(app, kRead);
  group.read_all("--year", "[GLOB=]YYYY", flags.query.years, parse_year,
                 "Year of a source's first record, since klog prints none; later New Years count "
                 "on. Otherwise it is inferred");
  group.read_all("--input-tz", "[GLOB=]ZONE", flags.query.zones, parse_zone,
                 "Time zone of klog's stamps, such as Europe/Berlin or +02:00; UTC by default");
  group.read_all("--as", "[GLOB=]COMPONENT[@NODE]", flags.query.names, parse_naming,
                 "Component (and node) of the sources that match GLOB, instead of what their names "
                 "tell");
  add_work(app, flags);
}

void add_work(CLI::App& app, Flags& flags) {
  Group(app, kOther)
      .value("--progress", "WHEN", flags.progress,
             "Show how far reading has come: auto (default, on a terminal), always or never")
      ->check(CLI::IsMember(kWhen));
  Group(app, kRead)
      .value("-j,--threads", "N", flags.query.threads,
             "Threads to use; as many as there are processors by default")
      ->check(CLI::Range(1U, 1024U));
}

void add_clocks(CLI::App& app, Flags& flags) {
  Group(app, kRead)
      .flag("--fix-skew", flags.query.fix_skew,
            "Move the times of sources whose clocks are off, by what 'ktrace check' estimates");
}

void add_following(CLI::App& app, Flags& flags) {
  Group group(app, kRead);
  group.flag("-f,--follow", flags.query.follow,
             "Go on with what is written to the files later, also when they are rotated, until "
             "Ctrl-C");
  group.read("--reorder-window", "DUR", flags.query.reorder_window, parse_window,
             "How long a record of a live source waits for earlier ones of the others, such as 2s; "
             "500ms by default");
}

void add_index_place(CLI::App& app, Flags& flags) {
  Group(app, kRead)
      .value("--index-dir", "DIR", flags.query.index_directory,
             "Where indexes are kept instead of $XDG_CACHE_HOME/ktrace (~/.cache/ktrace)");
}

void add_index_use(CLI::App& app, Flags& flags) {
  add_index_place(app, flags);
  Group(app, kRead)
      .flag("--no-index", flags.no_index, "Read the logs even where an index could answer");
}

void finish(Flags& flags, const Surroundings& around) {
  Query& query = flags.query;
  query.since = read_bound("--since", flags.since, query.display_zone, around.now);
  query.until = read_bound("--until", flags.until, query.display_zone, around.now);
  if (query.follow && query.prefix) {
    refuse("--follow and --prefix: what a prefix stands for is known only at the end");
  }
  if (query.index_directory.empty()) query.index_directory = around.cache_directory;
  if (flags.no_index) query.index_directory.clear();
  if (query.summary && query.output != "text" && query.output != "json") {
    refuse("--summary goes with -o text or json");
  }
  for (const std::string& id : query.ids) {
    if (id.empty()) refuse("an ID must not be empty");
    const bool beginning =
        query.prefix || ((query.command == Command::story || query.command == Command::diff) &&
                         id.find('/') == id.npos);
    if (beginning && id.size() < kShortestPrefix) {
      refuse(fmt::format("{}'{}' is shorter than {} characters", query.prefix ? "--prefix: " : "",
                         id, kShortestPrefix));
    }
  }
}

}  // namespace ktrace::cli
