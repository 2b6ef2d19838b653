// What a log line names.

#pragma once

#include <string_view>
#include <vector>

#include "ktrace/link_graph.h"

namespace ktrace::trace {

/// An object that a record names, and how it does: "uid", "name", "container".
struct Mention {
  std::uint32_t object = LinkGraph::kNone;
  std::string_view how;
};

/// Appends the objects of `graph` that the text and the attributes of `record` name at that time,
/// each once.
void find_mentions(const LinkGraph& graph, const Record& record, Time at,
                   std::vector<Mention>& found);

}  // namespace ktrace::trace
