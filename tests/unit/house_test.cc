// The plan of the house: who may include whom. CMake keeps a room from seeing its siblings'
// folders; this test keeps it from their public headers, and third-party types from all public
// ones.

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = KTRACE_ROOT;

std::vector<std::string> includes_of(const fs::path& path) {
  std::vector<std::string> includes;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("#include ")) continue;
    includes.push_back(line.substr(10, line.find_last_of("\">") - 10));
  }
  return includes;
}

std::vector<fs::path> sources_below(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  return paths;
}

// Which public headers each room may use, besides the record and its small neighbours.
const std::map<std::string, std::set<std::string>> kAllowed{
    {"record", {}},
    {"input", {"input.h", "arrivals.h", "spool.h"}},
    {"format", {"format.h"}},
    {"trace",
     {"identifiers.h", "literal_search.h", "key_search.h", "id_table.h", "calendar.h", "index.h",
      "anchors.h", "skew.h", "links.h", "link_graph.h", "story.h", "story_diff.h", "stored_links.h",
      "word_places.h", "word_search.h", "quotes.h"}},
    {"output", {"output.h"}},
    {"engine", {"engine.h",         "query.h",      "input.h",       "format.h",   "identifiers.h",
                "literal_search.h", "key_search.h", "id_table.h",    "calendar.h", "index.h",
                "output.h",         "anchors.h",    "skew.h",        "links.h",    "link_graph.h",
                "story.h",          "story_diff.h", "word_search.h", "arrivals.h", "spool.h",
                "stored_links.h",   "quotes.h",     "word_places.h"}},
    {"cli", {"cli.h", "format.h", "query.h", "output.h", "input.h"}}};

const std::set<std::string> kNeighbours{"record.h", "arena.h",  "memory.h",
                                        "time.h",   "status.h", "vectors.h"};

TEST(House, RoomsIncludeOnlyWhatThePlanAllows) {
  for (const auto& [room, allowed] : kAllowed) {
    const auto paths = sources_below(kRoot / "src" / room);
    ASSERT_FALSE(paths.empty()) << room;
    for (const fs::path& path : paths) {
      for (const std::string& include : includes_of(path)) {
        if (!include.starts_with("ktrace/")) continue;
        const std::string header = include.substr(7);
        EXPECT_TRUE(kNeighbours.contains(header) || allowed.contains(header))
            << path << " includes " << include;
      }
    }
  }
}

TEST(House, EveryRoomStandsInThePlan) {
  for (const auto& entry : fs::directory_iterator(kRoot / "src")) {
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(kAllowed.contains(entry.path().filename())) << entry;
  }
}

TEST(House, PublicHeadersShowNoThirdPartyTypes) {
  for (const fs::path& path : sources_below(kRoot / "include")) {
    for (const std::string& include : includes_of(path)) {
      const bool own = include.starts_with("ktrace/");
      const bool standard = include.find_first_of("./") == std::string::npos;
      EXPECT_TRUE(own || standard) << path << " includes " << include;
    }
  }
}

TEST(House, OnlyTheEngineHasThreads) {
  for (const auto& [room, allowed] : kAllowed) {
    if (room == "engine") continue;
    for (const fs::path& path : sources_below(kRoot / "src" / room)) {
      EXPECT_THAT(includes_of(path), testing::Not(testing::Contains(testing::AnyOf(
                                         "thread", "mutex", "condition_variable", "atomic"))))
          << path;
    }
  }
}

}  // namespace
