#include "readable.h"

namespace ktrace::engine {

void Readable::open(Session& session, const Filter* filter) {
  const auto wanted = [&](const input::Source& source) {
    return filter == nullptr || filter->wants(source.origin());
  };
  for (input::Source* source : session.sources()) {
    if (source->seekable() || !wanted(*source)) {
      sources_.push_back(source);
      continue;
    }
    Status failure;
    spooled_.push_back(input::spooled(*source, spool_, failure));
    sources_.push_back(spooled_.back().get());
    if (!failure.ok()) {
      session.report({Diagnostic::Level::error, source->origin().name, 0, failure.message()});
    }
  }
  for (input::Source* source : sources_) {
    const bool used = source->seekable() && wanted(*source);
    calendars_.push_back(session.calendar(*source, used ? witness_file(*source) : Evidence()));
  }
}

}  // namespace ktrace::engine
