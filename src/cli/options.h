// The options that commands share, in groups: a command's row names the groups that it has.

#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "ktrace/cli.h"
#include "ktrace/query.h"

namespace ktrace::cli {

/// The groups under which help lists options.
constexpr const char* kFind = "What to find";
constexpr const char* kRead = "How to read";
constexpr const char* kFilter = "Which records to show";
constexpr const char* kShow = "How to show them";
constexpr const char* kOther = "Other";

/// What CLI11 writes to. Most options go straight into the query; the others need something that
/// is known only after all of them.
struct Flags {
  Query query;
  std::vector<std::string> arguments;
  std::string since, until;  // read in the zone of --tz
  std::string color = "auto", progress = "auto";
  bool no_index = false;
};

/// A group of options, added to a command.
using OptionGroup = void (*)(CLI::App& app, Flags& flags);

void add_ids(CLI::App& app, Flags& flags);            ///< -e, --prefix
void add_key_to_find(CLI::App& app, Flags& flags);    ///< --key, for one ID
void add_key_to_list(CLI::App& app, Flags& flags);    ///< --key, for all IDs
void add_key_to_index(CLI::App& app, Flags& flags);   ///< --key, for IDs to be known
void add_key_to_count(CLI::App& app, Flags& flags);   ///< --key, for numbers of IDs
void add_trace_choice(CLI::App& app, Flags& flags);   ///< --errors, --slowest
void add_filters(CLI::App& app, Flags& flags);        ///< --since and its like
void add_timeline_show(CLI::App& app, Flags& flags);  ///< -o and its like, for records
void add_list_show(CLI::App& app, Flags& flags);      ///< -o and its like, for traces
void add_check_show(CLI::App& app, Flags& flags);     ///< -o and its like, for sources
void add_story_reach(CLI::App& app, Flags& flags);    ///< -n, --hops, --within
void add_story_show(CLI::App& app, Flags& flags);     ///< --summary, --why
void add_diff_show(CLI::App& app, Flags& flags);      ///< -o and its like, for comparisons
void add_reading(CLI::App& app, Flags& flags);        ///< --year and its like
void add_clocks(CLI::App& app, Flags& flags);         ///< --fix-skew
void add_following(CLI::App& app, Flags& flags);      ///< -f, --reorder-window
void add_work(CLI::App& app, Flags& flags);           ///< -j, --progress
void add_index_place(CLI::App& app, Flags& flags);    ///< --index-dir
void add_index_use(CLI::App& app, Flags& flags);      ///< --index-dir, --no-index

/// A mistake on the command line, in words: throws what CLI11 throws.
[[noreturn]] void refuse(const std::string& message);

/// What the options left to do when all are read. Throws as refuse does.
void finish(Flags& flags, const Surroundings& around);

}  // namespace ktrace::cli
