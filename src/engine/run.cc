// Runs a query: what all commands need first, then the one that is asked for.

#include <algorithm>
#include <map>
#include <string>
#include <sys/stat.h>
#include <utility>

#include <fmt/format.h>

#include "commands.h"
#include "ktrace/engine.h"
#include "live.h"

namespace ktrace::engine {
namespace {

bool can_be_read_twice(const std::string& path) {
  struct stat facts {};
  if (path == "-") return false;
  return ::stat(path.c_str(), &facts) != 0 || S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode);
}

// Measures how far the clocks of all sources are ahead, before the command opens them again.
// Whatever goes wrong here is reported by the command itself.
std::map<std::string, Duration> measure_skew(const Query& query, Surroundings around) {
  Query all;
  all.command = Command::check;
  all.paths = query.paths;
  all.names = query.names;
  all.years = query.years;
  all.zones = query.zones;
  all.threads = query.threads;
  all.block_size = query.block_size;
  around.report = nullptr;
  Session session(all, around);
  session.open();
  return measure_skew(session, Filter(all));
}

void fix_skew(const Query& query, const Surroundings& around, Session& session) {
  auto ahead = measure_skew(query, around);
  for (const auto& [name, by] : ahead) {
    session.report(
        {Diagnostic::Level::note, name, 0,
         fmt::format("its clock is {} {}: times are moved", format_duration(std::chrono::abs(by)),
                     by > Duration::zero() ? "ahead" : "behind")});
  }
  session.set_ahead(std::move(ahead));
}

}  // namespace

Outcome run(const Query& query, const Surroundings& surroundings) {
  Session session(query, surroundings);
  const Filter filter(query);
  if (!filter.status().ok()) return session.fail(filter.status().message());
  if (query.fix_skew) {
    if (!std::all_of(query.paths.begin(), query.paths.end(), can_be_read_twice)) {
      return session.fail("--fix-skew reads everything twice, which a pipe does not allow");
    }
    fix_skew(query, surroundings, session);
  }
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
    case Command::diff:
      return run_diff(session, filter);
    case Command::index:
      return run_index(session, filter);
  }
  return session.fail("unknown command");
}

}  // namespace ktrace::engine
