// What a story comes to: its records counted up by the objects that they are about.

#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ktrace/output.h"
#include "ktrace/story.h"
#include "readable.h"

namespace ktrace::engine {

/// From the first to the last record of the logs of a component.
struct LogSpan {
  Time first = Time::max(), last = Time::min();

  void add(const LogSpan& other) {
    first = std::min(first, other.first);
    last = std::max(last, other.last);
  }
};

/// When each component was heard of, in whatever record: "kubelet/node1".
std::map<std::string, LogSpan> log_spans(const Readable& readable, std::size_t block_size);

/// Takes the records of a story in their order, and makes a summary of them. For one thread.
class StorySummarizer {
 public:
  /// Both must outlive it.
  StorySummarizer(const trace::LinkGraph& graph, const trace::Story& story)
      : graph_(graph), story_(story) {}

  /// The next record, and why it belongs.
  void take(const Record& record, const trace::Story::Reason& reason);

  /// `logs`: as log_spans() gives them.
  output::StorySummary finish(const std::map<std::string, LogSpan>& logs);

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
  void add_unseen(const std::map<std::string, LogSpan>& logs);

  const trace::LinkGraph& graph_;
  const trace::Story& story_;
  output::StorySummary summary_;
  std::map<std::uint32_t, Told> told_;
  std::map<std::string, output::StoryTrouble> trouble_;
};

}  // namespace ktrace::engine
