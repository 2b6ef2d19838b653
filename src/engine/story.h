// Stories, for what does more with them than write them.

#pragma once

#include <string>
#include <vector>

#include "filter.h"
#include "ktrace/story.h"
#include "session.h"

namespace ktrace::engine {

/// Receives stories, record by record.
class StoryListener {
 public:
  virtual ~StoryListener() = default;

  /// The story of the start at `index` begins. Both last until the next call of it.
  virtual void begin(std::size_t index, const trace::LinkGraph& graph,
                     const trace::Story& story) = 0;

  /// The next record, and why it belongs; valid during the call.
  virtual void record(const Record& record, const trace::Story::Reason& reason) = 0;
};

/// Reads the session's sources once for all `starts`, and tells the story of each, in the query's
/// order. False when one of them is none; that is reported.
bool tell_stories(Session& session, const Filter& filter, const std::vector<std::string>& starts,
                  StoryListener& listener);

}  // namespace ktrace::engine
