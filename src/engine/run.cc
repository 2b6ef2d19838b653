// Runs a query: what all commands need first, then the one that is asked for.

#include "commands.h"
#include "ktrace/engine.h"
#include "live.h"

namespace ktrace::engine {

Outcome run(const Query& query, const Surroundings& surroundings) {
  Session session(query, surroundings);
  const Filter filter(query);
  if (!filter.status().ok()) return session.fail(filter.status().message());
  session.open();
  const auto wants = [&](const Origin& origin) { return filter.wants(origin); };
  switch (query.command) {
    case Command::grep:
      session.expect_live(wants);
      return run_grep(session, filter);
    case Command::list:
      return run_list(session, filter);
    case Command::merge:
      session.expect_live(wants);
      if (query.follow) return run_follow(session, filter, nullptr);
      return run_merge(session, filter);
    case Command::check:
      return run_check(session, filter);
    case Command::story:
      return run_story(session, filter);
    case Command::index:
      return run_index(session, filter);
  }
  return session.fail("unknown command");
}

}  // namespace ktrace::engine
