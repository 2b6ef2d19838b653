// The commands, one file each.

#pragma once

#include <map>
#include <string>

#include "filter.h"
#include "session.h"

namespace ktrace::engine {

/// The timeline of the records that carry a wanted identifier.
Outcome run_grep(Session& session, const Filter& filter);

/// A table of all traces.
Outcome run_list(Session& session, const Filter& filter);

/// All records of all sources as one timeline.
Outcome run_merge(Session& session, const Filter& filter);

/// What is known of each source, and what may be wrong with all of them.
Outcome run_check(Session& session, const Filter& filter);

/// The records of what happened because of one change.
Outcome run_story(Session& session, const Filter& filter);

/// Two stories side by side.
Outcome run_diff(Session& session, const Filter& filter);

/// Makes and refreshes indexes.
Outcome run_index(Session& session, const Filter& filter);

/// How far the clocks of sources are ahead, by their names, as run_check would tell: only what is
/// significant. Reads all sources to their ends.
std::map<std::string, Duration> measure_skew(Session& session, const Filter& filter);

}  // namespace ktrace::engine
