// Evidence for the years of a source, gathered where it stands, put into a calendar.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "block_reader.h"
#include "ktrace/calendar.h"
#include "ktrace/input.h"
#include "ktrace/query.h"

namespace ktrace::engine {

/// A record that says when it was received.
struct Reception {
  std::uint64_t offset;
  Stamp stamp;
  Time time;
};

/// What a source says about its years.
struct Evidence {
  std::vector<std::pair<std::uint64_t, Stamp>> samples;  ///< year-less stamps, by offset
  std::vector<std::pair<std::uint64_t, Time>> dated;     ///< lines that tell a year, by offset
  std::vector<Reception> receptions;                     ///< year-less stamps in dated envelopes
  std::optional<std::pair<std::uint64_t, Time>> first;   ///< the first absolute stamp
  trace::ClockReadings readings;                         ///< of a stream, of days of set-backs

  /// Grows with what is seen.
  std::size_t size() const {
    return samples.size() + dated.size() + receptions.size() + readings.list().size();
  }
};

/// The zone that the query states for `source`; null when it states none.
const Zone* stated_zone(const Query& query, const input::Source& source);

/// Gathers evidence from a stream while its blocks pass by, in order.
class StreamWitness {
 public:
  StreamWitness() = default;

  /// `zone`: the one that is stated for the stream. Where its clocks were ever set back, all
  /// records are looked at. Null: none is.
  explicit StreamWitness(const Zone* zone);

  void see(const Block& block);
  const Evidence& evidence() const { return evidence_; }

 private:
  void sample(const Block& block);
  void see_receptions(const Block& block);
  void see_clock(const Block& block);

  Evidence evidence_;
  std::uint64_t next_sample_ = 0;
  Time watched_until_ = Time::min();
  std::set<std::pair<unsigned, unsigned>> days_;  // month and day, on which clocks are set back
};

/// Gathers evidence from a seekable source: from its head, its tail, and as many places between as
/// it takes to see each New Year. What cannot be read is no evidence.
Evidence witness_file(input::Source& source);

/// The same of any source; none when it is not seekable.
std::optional<Evidence> witness(input::Source& source);

/// Settles what stamps of `source` mean that may stand for two moments, by its evidence or, when it
/// is seekable, by what stands there.
void settle_set_backs(input::Source& source, const Evidence& evidence, trace::Calendar& calendar);

/// Of sources, in their order.
using Calendars = std::vector<std::unique_ptr<trace::Calendar>>;

/// The calendar of `source`, by what the query and then the evidence say.
trace::Calendar make_calendar(const Query& query, const input::Source& source,
                              const Evidence& evidence, Time now);

}  // namespace ktrace::engine
