// Records of sources that tell no time at all: they stand behind all others, which is said.

#pragma once

#include <cstdint>
#include <set>

#include "ktrace/calendar.h"
#include "ktrace/time.h"

namespace ktrace::engine {

class Session;

/// Sees the records of one timeline. For one thread.
class Timeless {
 public:
  /// Where a record stands in a timeline: at `time`, or behind everything when neither it (`stamp`)
  /// nor any other of its source tells a time.
  static Time place(const trace::Calendar& calendar, const Stamp& stamp, Time time) {
    return stamp.kind == Stamp::Kind::none && calendar.timeless() ? kBehindAll : time;
  }

  void see(std::uint32_t source, Time place) {
    if (place != kBehindAll) {
      any_other_ = true;
    } else if (sources_.empty() || *sources_.rbegin() != source) {
      sources_.insert(source);
    }
  }

  /// Warns when records stand last because they have no time.
  void report(Session& session) const;

 private:
  static constexpr Time kBehindAll = Time::max();

  std::set<std::uint32_t> sources_;
  bool any_other_ = false;
};

}  // namespace ktrace::engine
