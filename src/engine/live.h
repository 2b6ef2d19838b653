// Timelines that are written while they happen.

#pragma once

#include "filter.h"
#include "ktrace/identifiers.h"
#include "ktrace/output.h"
#include "session.h"

namespace ktrace::engine {

/// grep (of what is `wanted`) or merge (null) with --follow, until all sources end or the user has
/// enough.
Outcome run_follow(Session& session, const Filter& filter, const trace::Wanted* wanted);

/// Goes on after the first part of pipes that turned out to be live (Session::paused()) was
/// written. Gives how many records were added.
std::uint64_t go_on(Session& session, const Filter& filter, const trace::Wanted* wanted,
                    const output::Format& format, output::Writer& writer, output::Sink& sink);

}  // namespace ktrace::engine
