// Sources that can be read more than once, and when their records were written.

#pragma once

#include <memory>
#include <vector>

#include "ktrace/spool.h"
#include "session.h"

namespace ktrace::engine {

/// For one thread while it is opened; then thread-safe.
class Readable {
 public:
  /// Spools the streams among the session's sources that a filter may want, and dates all of them.
  void open(Session& session, const Filter* filter = nullptr);

  /// In the order of the session's.
  const std::vector<input::Source*>& sources() const { return sources_; }

  const trace::Calendar& calendar(std::size_t source) const { return *calendars_[source]; }

  /// Where streams are kept; there is room for more.
  input::Spool& spool() { return *spools_.front(); }

 private:
  static constexpr std::size_t kInMemory = 32 << 20;  // of all streams together

  void spool(Session& session, const std::vector<std::size_t>& streams);

  std::vector<std::unique_ptr<input::Spool>> spools_;
  std::vector<input::Source*> sources_;
  std::vector<std::unique_ptr<input::Source>> spooled_;
  Calendars calendars_;
};

}  // namespace ktrace::engine
