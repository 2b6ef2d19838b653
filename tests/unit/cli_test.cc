// Flags to a query; and the manual names what the program knows.

#include "ktrace/cli.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ktrace/format.h"

namespace ktrace::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Invocation run(const std::vector<std::string>& arguments, const Surroundings& around = {}) {
  return parse(arguments, around);
}

Query query(const std::vector<std::string>& arguments) {
  Invocation invocation = run(arguments);
  EXPECT_TRUE(invocation.query) << invocation.complaint;
  return invocation.query.value_or(Query());
}

TEST(Grep, TakesTheIdFirstAndThenPaths) {
  const Query q = query({"grep", "111", "a.log", "-"});
  EXPECT_THAT(q.ids, ElementsAre("111"));
  EXPECT_THAT(q.paths, ElementsAre("a.log", "-"));
}

TEST(Grep, TakesOnlyPathsWhenIdsAreGivenAsOptions) {
  const Query q = query({"grep", "-e", "111", "a.log", "-e", "222"});
  EXPECT_THAT(q.ids, ElementsAre("111", "222"));
  EXPECT_THAT(q.paths, ElementsAre("a.log"));
}

TEST(Grep, ReadsStandardInputWithoutPathsUnlessItIsATerminal) {
  EXPECT_THAT(query({"grep", "111"}).paths, ElementsAre("-"));
  Surroundings terminal;
  terminal.input_is_terminal = true;
  EXPECT_THAT(run({"grep", "111"}, terminal).complaint, HasSubstr("no input"));
}

TEST(Grep, OptionsThatTakeAValueTakeOne) {
  const Query q = query({"grep", "--key", "a,b", "--component", "kubelet", "111", "x.log"});
  EXPECT_THAT(q.keys, ElementsAre("a", "b"));
  EXPECT_THAT(q.components, ElementsAre("kubelet"));
  EXPECT_THAT(q.ids, ElementsAre("111"));
}

TEST(Grep, MayFollow) {
  const Query q = query({"grep", "111", "-f", "--reorder-window", "1.5s", "a.log"});
  EXPECT_TRUE(q.follow);
  EXPECT_EQ(q.reorder_window, std::chrono::milliseconds(1500));
  EXPECT_FALSE(query({"merge", "a.log"}).follow);
  EXPECT_EQ(query({"merge", "a.log"}).reorder_window, std::nullopt);
}

TEST(Grep, RefusesAWindowThatIsNoneAndAPrefixToFollow) {
  EXPECT_THAT(run({"merge", "--reorder-window", "soon", "a.log"}).complaint,
              HasSubstr("'soon' is not a duration from 0s to 1h"));
  EXPECT_THAT(run({"merge", "--reorder-window", "-1s", "a.log"}).complaint,
              HasSubstr("'-1s' is not a duration"));
  EXPECT_THAT(run({"grep", "-f", "--prefix", "4bf92f", "a.log"}).complaint,
              HasSubstr("--follow and --prefix"));
}

TEST(Grep, ReadsRulesForPaths) {
  const Query q = query({"grep", "111", "--year", "2020", "--year", "*.old=2019", "--input-tz",
                         "kubelet*=Europe/Berlin", "--as", "x.log=kubelet@n1"});
  ASSERT_EQ(q.years.size(), 2u);
  EXPECT_EQ(q.years[0].pattern, "");
  EXPECT_EQ(q.years[1].pattern, "*.old");
  EXPECT_EQ(q.years[1].value, 2019);
  EXPECT_EQ(q.zones[0].value.name(), "Europe/Berlin");
  EXPECT_EQ(q.names[0].component, "kubelet");
  EXPECT_EQ(q.names[0].node, "n1");
}

TEST(Grep, ReadsTimesThatBeginWithAMinus) {
  Surroundings around;
  around.now = *parse_rfc3339("2026-11-22T18:00:00Z");
  const auto invocation = run({"grep", "111", "--since", "-10m"}, around);
  ASSERT_TRUE(invocation.query) << invocation.complaint;
  EXPECT_EQ(invocation.query->since->time, around.now - std::chrono::minutes(10));
}

TEST(Mistakes, AreUsageErrorsThatNameTheMistake) {
  const std::pair<std::vector<std::string>, const char*> kCases[] = {
      {{}, "no command\nktrace: try 'ktrace --help'"},
      {{"grep"}, "grep needs an ID"},
      {{"grpe", "111"}, "unknown command 'grpe'; did you mean grep?"},
      {{"--nope"}, "unknown option '--nope'"},
      {{"grep", "111", "--sinse", "1"}, "unknown option --sinse; did you mean --since?"},
      {{"grep", "111", "--since", "soon"}, "--since: cannot read the time 'soon'"},
      {{"grep", "111", "--tz", "Mars/Base"}, "--tz: unknown time zone 'Mars/Base'"},
      {{"grep", "111", "--year", "20"}, "--year: '20' is not a year"},
      {{"grep", "111", "--severity", "loud"}, "--severity: 'loud'"},
      {{"grep", "111", "-o", "pdf"}, "pdf"},
      {{"grep", "11111", "--prefix"}, "--prefix: '11111' is shorter than 6"},
      {{"grep", ""}, "must not be empty"},
      {{"completion", "tcsh"}, "bash, zsh or fish"},
  };
  for (const auto& [arguments, words] : kCases) {
    const Invocation invocation = run(arguments);
    EXPECT_FALSE(invocation.query);
    EXPECT_EQ(invocation.status, 2);
    EXPECT_THAT(invocation.complaint, HasSubstr(words));
    EXPECT_EQ(invocation.text, "");
  }
}

std::set<std::string> commands() {
  std::set<std::string> names;
  for (const OptionInfo& option : options()) names.insert(option.command);
  names.erase("");
  return names;
}

TEST(Help, FitsEightyColumns) {
  std::vector<std::vector<std::string>> all{{"--help"}};
  for (const std::string& command : commands()) all.push_back({command, "--help"});
  for (const std::vector<std::string>& arguments : all) {
    const Invocation invocation = run(arguments);
    EXPECT_EQ(invocation.status, 0);
    std::istringstream lines(invocation.text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(Help, NamesAllThatIsRead) {
  const std::string help = run({"--help"}).text;
  for (const format::Payload& payload : format::payloads()) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(payload.name) + ' ')) << payload.name;
  }
  for (const format::Envelope& envelope : format::envelopes()) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(envelope.name) + ' ')) << envelope.name;
  }
}

TEST(Help, SumsEachCommandUpInTheWordsOfItsOwnHelp) {
  std::istringstream program(run({"--help"}).text.substr(run({"--help"}).text.find("Commands:")));
  std::string line;
  std::getline(program, line);
  for (std::size_t found = 0; found < commands().size(); ++found) {
    std::string name, summary;
    ASSERT_TRUE(program >> name >> std::ws && std::getline(program, summary));
    EXPECT_THAT(commands(), testing::Contains(name));
    EXPECT_THAT(run({name, "--help"}).text, HasSubstr("\n\n" + summary + ".")) << name;
  }
}

TEST(Color, IsForTerminalsUnlessToldOtherwise) {
  Surroundings terminal;
  terminal.output_is_terminal = true;
  EXPECT_TRUE(run({"grep", "1"}, terminal).color);
  EXPECT_FALSE(run({"grep", "1"}).color);
  EXPECT_TRUE(run({"grep", "1", "--color", "always"}).color);
  terminal.no_color = true;
  EXPECT_FALSE(run({"grep", "1"}, terminal).color);
}

TEST(Completion, KnowsEveryCommandAndFlag) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = run({"completion", shell}).text;
    for (const OptionInfo& option : options()) {
      if (option.command.empty()) continue;
      EXPECT_THAT(script, HasSubstr(option.command));
      const std::string name = option.name.substr(option.name.find_first_not_of('-'));
      EXPECT_THAT(script, HasSubstr(name)) << shell;
    }
  }
}

// A line of troff without font changes and escapes.
std::string without_markup(const std::string& line) {
  std::string plain;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      plain.push_back(line[i]);
    } else if (i + 2 < line.size() && line[i + 1] == 'f') {
      i += 2;
    }
  }
  return plain;
}

// The flags at the head of each tagged paragraph: "\fB\-e\fR, \fB\-\-id\fR \fIID\fR".
std::set<std::string> flags_of_manual(const std::string& path) {
  std::ifstream file(path);
  std::set<std::string> flags;
  bool tag = false;
  for (std::string line; std::getline(file, line);) {
    if (tag) {
      const std::string plain = without_markup(line);
      std::istringstream words(plain);
      for (std::string word; words >> word;) {
        if (word.starts_with("-")) flags.insert(word.substr(0, word.find_first_of(",=")));
      }
    }
    tag = line == ".TP";
  }
  return flags;
}

TEST(Manual, NamesTheSameCommandsAndOptionsAsTheProgram) {
  std::set<std::string> known;
  for (const OptionInfo& option : options()) known.insert(option.name);
  EXPECT_EQ(flags_of_manual(KTRACE_MANUAL), known);

  std::ifstream file(KTRACE_MANUAL);
  const std::string manual((std::istreambuf_iterator<char>(file)), {});
  for (const std::string& command : commands()) {
    EXPECT_THAT(manual, HasSubstr("\n\\fBktrace " + command + "\\fR ")) << "synopsis";
    EXPECT_THAT(manual, HasSubstr("\n.SS " + command + "\n")) << "section";
  }
}

}  // namespace
}  // namespace ktrace::cli
