// Runs a query: what all commands need first, then the one that is asked for.

#include "commands.h"
#include "ktrace/engine.h"

namespace ktrace::engine {

Outcome run(const Query& query, const Surroundings& surroundings) {
  Session session(query, surroundings);
  const Filter filter(query);
  if (!filter.status().ok()) return session.fail(filter.status().message());
  session.open();
  switch (query.command) {
    case Command::grep:
      return run_grep(session, filter);
    case Command::list:
      return run_list(session, filter);
    case Command::merge:
      return run_merge(session, filter);
  }
  return session.fail("unknown command");
}

}  // namespace ktrace::engine
