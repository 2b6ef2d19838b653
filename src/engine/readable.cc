#include "readable.h"

#include <algorithm>

#include "parallel.h"

namespace ktrace::engine {

void Readable::open(Session& session, const Filter* filter) {
  const auto wanted = [&](const input::Source& source) {
    return filter == nullptr || filter->wants(source.origin());
  };
  sources_ = session.sources();
  std::vector<std::size_t> streams;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (!sources_[i]->seekable() && wanted(*sources_[i])) streams.push_back(i);
  }
  spool(session, streams);
  calendars_ = session.calendars(sources_, [&](std::size_t i) {
    const bool used = sources_[i]->seekable() && wanted(*sources_[i]);
    return used ? witness_file(*sources_[i]) : Evidence();
  });
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    session.report_undecided(*sources_[i], *calendars_[i]);
  }
}

// Each thread has a spool of its own.
void Readable::spool(Session& session, const std::vector<std::size_t>& streams) {
  const std::size_t most = std::max<std::size_t>(streams.size(), 1);
  const std::size_t threads = std::min<std::size_t>(thread_count(session.query().threads), most);
  for (std::size_t i = 0; i < threads; ++i) {
    spools_.push_back(std::make_unique<input::Spool>(kInMemory / threads));
  }
  spooled_.resize(streams.size());
  std::vector<Status> failures(streams.size());
  for_each_task(
      spools_, streams.size(),
      [&](std::unique_ptr<input::Spool>& spool, std::size_t task) {
        spooled_[task] = input::spooled(*sources_[streams[task]], *spool, failures[task]);
      },
      [&](std::size_t task) {
        const auto group = [&](std::size_t one) { return sources_[streams[one]]->group(); };
        return task > 0 && group(task) != 0 && group(task) == group(task - 1);
      });
  for (std::size_t i = 0; i < streams.size(); ++i) {
    input::Source*& source = sources_[streams[i]];
    source = spooled_[i].get();
    if (failures[i].ok()) continue;
    session.report({Diagnostic::Level::error, source->origin().name, 0, failures[i].message()});
  }
}

}  // namespace ktrace::engine
