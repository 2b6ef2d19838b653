// What a story comes to: its records counted up by the objects that they are about.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ktrace/output.h"
#include "ktrace/story.h"

namespace ktrace::engine {

/// Takes the records of a story in their order, and makes a summary of them. For one thread.
class StorySummarizer {
 public:
  /// Both must outlive it.
  StorySummarizer(const trace::LinkGraph& graph, const trace::Story& story)
      : graph_(graph), story_(story) {}

  /// The next record, and why it belongs.
  void take(const Record& record, const trace::Story::Reason& reason);

  /// `last_times`: when each component that was read was heard of last, in whatever record.
  output::StorySummary finish(const std::map<std::string, Time>& last_times);

 private:
  // What was told of one object.
  struct Told {
    output::StoryNode node;
    Time last{};
    std::string last_words;
  };

  void count_trouble(const Record& record, const std::string& words);
  void add_nodes();
  void add_node(std::uint32_t object, std::size_t depth,
                const std::map<std::uint32_t, std::vector<std::uint32_t>>& owned);
  void add_unseen(const std::map<std::string, Time>& last_times);

  const trace::LinkGraph& graph_;
  const trace::Story& story_;
  output::StorySummary summary_;
  std::map<std::uint32_t, Told> told_;
  std::map<std::string, output::StoryTrouble> trouble_;
};

}  // namespace ktrace::engine
