// What every command does around its own work: open sources, tell what went wrong, write, and turn
// all that into an outcome.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "dating.h"
#include "indexed.h"
#include "ktrace/arrivals.h"
#include "ktrace/engine.h"
#include "ktrace/format.h"
#include "ktrace/identifiers.h"
#include "ktrace/input.h"
#include "ktrace/output.h"
#include "patient.h"
#include "scan.h"

namespace ktrace::engine {

/// What cannot be decided of the time that the clocks of `zone` showed twice.
std::string undecided_words(const SetBack& set_back, const Zone& zone);

/// One run of one command. For one thread.
class Session {
 public:
  Session(const Query& query, const Surroundings& around)
      : query_(query), around_(around), indexes_(query.index_directory, keys()) {}

  const Query& query() const { return query_; }
  const std::vector<input::Source*>& sources() const { return sources_; }

  /// Opens the query's paths; what cannot be opened is reported.
  void open();

  /// Whether logs may come to be while others are followed; opens those that have, behind the
  /// sources before them.
  bool expects_arrivals() const { return arrivals_ && arrivals_->possible(); }
  void open_arrivals();

  /// When all sources that `wants` are pipes and the records are to be shown, they may turn out to
  /// be live: then reading ends before they do.
  void expect_live(const std::function<bool(const Origin&)>& wants);

  /// Whether it did.
  bool paused() const;

  /// Where the source at `index` is to be read on.
  LiveStart live_start(std::size_t index);

  /// Whether the user wants an end.
  bool interrupted() const { return around_.interrupted && around_.interrupted(); }

  /// An error ends the run with Outcome::error, whatever else is done.
  void report(const Diagnostic& diagnostic);

  /// Reports `message` as an error about no file.
  Outcome fail(const std::string& message);

  /// Reports what went wrong or was odd in the parts.
  void report_parts(const Parts& parts);

  /// Writes out what `sink` holds.
  Outcome finish(output::Sink& sink, bool found);

  /// By what was found and what was reported.
  Outcome outcome(bool found) const;

  /// Watches a phase of that many bytes, 0 when it is not known, until the meter is gone.
  std::unique_ptr<Meter> meter(std::string_view phase, std::uint64_t total) const;

  /// Watches how `parts`, which outlive the meter, are read.
  std::unique_ptr<Meter> watch(Parts& parts, std::string_view phase) const;

  const Surroundings& surroundings() const { return around_; }
  int output() const { return around_.output; }
  output::Style style() const;
  trace::KeySet keys() const;

  const IndexStore& indexes() const { return indexes_; }

  /// The index of a source that can be believed, if there is one. One that cannot be read is
  /// reported.
  std::optional<KnownIndex> index_of(input::Source& source);

  /// Calls work(place) for the places of `count` sources, on threads when they are many enough to
  /// pay for them. What a source has to say, it must say afterwards.
  void for_each_source(std::size_t count, const std::function<void(std::size_t place)>& work) const;

  /// The calendar of a source with that evidence. Thread-safe for different sources.
  trace::Calendar calendar(input::Source& source, const Evidence& evidence) const;

  /// The calendars of `sources`: null for those of which evidence_of(its place in `sources`),
  /// called on any thread, gives none.
  Calendars calendars(
      const std::vector<input::Source*>& sources,
      const std::function<std::optional<Evidence>(std::size_t place)>& evidence_of) const;

  /// Reports what times of a source could mean two moments.
  void report_undecided(const input::Source& source, const trace::Calendar& calendar);

  /// The clocks of the sources of these names are that far ahead: their times are moved back.
  void set_ahead(std::map<std::string, Duration> ahead) { ahead_ = std::move(ahead); }

  /// The origin of `record`, which has that of its source, completed by what it tells itself.
  /// Lives as long as the session.
  const Origin* origin_of(const Record& record);

  /// Makes `record` again of what was kept of it; its line and time are the caller's to set.
  void restore(const format::Slice& slice, std::uint32_t source, std::uint64_t offset,
               Record& record);

  /// The origins of the sources whose place in `shown` is true.
  std::vector<const Origin*> origins(const std::vector<bool>& shown) const;

 private:
  void take(std::vector<std::unique_ptr<input::Source>> sources);

  const Query& query_;
  const Surroundings& around_;
  std::optional<input::Arrivals> arrivals_;  // when it follows
  std::vector<std::unique_ptr<input::Source>> owned_;
  std::vector<std::unique_ptr<Patient>> patients_;  // none, or one a source
  std::vector<input::Source*> sources_;
  const IndexStore indexes_;
  std::map<std::tuple<const Origin*, std::string, std::string>, Origin> completed_;
  const Origin* last_ = nullptr;     // that was asked for,
  const Origin* last_of_ = nullptr;  // and that of its source
  std::map<std::string, Duration> ahead_;
  bool failed_ = false;
};

}  // namespace ktrace::engine
