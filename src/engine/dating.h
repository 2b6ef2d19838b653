// Evidence for the years of a source, gathered where it stands, put into a calendar.

#pragma once

#include <cstdint>
#include <optional>
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
};

/// Gathers evidence from a stream while its blocks pass by, in order.
class StreamWitness {
 public:
  void see(const Block& block);
  const Evidence& evidence() const { return evidence_; }

 private:
  Evidence evidence_;
  std::uint64_t next_sample_ = 0;
};

/// Gathers evidence from a seekable source: from its head, its tail, and as many places between as
/// it takes to see each New Year. What cannot be read is no evidence.
Evidence witness_file(input::Source& source);

/// The calendar of `source`, by what the query and then the evidence say.
trace::Calendar make_calendar(const Query& query, const input::Source& source,
                              const Evidence& evidence, Time now);

}  // namespace ktrace::engine
