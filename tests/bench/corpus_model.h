// What happens in the benchmark's cluster: an endless, reproducible sequence of logging calls in
// order of time.
//
// One day, 2024-06-10T06:00Z and on, holds as many changes (each with a trace ID of its own) as the
// size asks for, at 30,000 traces a GiB; between them goes what a cluster does anyway. Changes and
// background start scripts of the catalogue; each script's steps wait in a queue until they are
// due. A call's contents follow from the seed alone, not from the format: text and JSON of one seed
// hold the same records with the same instants, each as many of them as fit its size.

#pragma once

#include <cstdint>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "corpus_catalogue.h"
#include "corpus_random.h"
#include "ktrace/time.h"

namespace ktrace::bench {

/// One key and value of a logging call, its value filled in.
struct Field {
  std::string_view key;
  Kind kind = Kind::string;
  Place place = Place::call;
  std::string value;
};

/// One logging call, before any format. Reused from one call to the next: once its strings have
/// grown, drawing a call allocates nothing.
class LogCall {
 public:
  const Statement* statement = nullptr;
  Time time{};
  std::uint32_t trace = 0;  ///< number of the trace whose ID it carries, from 1; 0: none
  std::string message;
  std::string error;

  /// In the order in which text prints them.
  std::span<const Field> fields() const { return {fields_.data(), count_}; }

  /// Empties the call, for a new one of `next`.
  void begin(const Statement& next) {
    statement = &next;
    message.clear();
    error.clear();
    count_ = 0;
  }

  /// Adds a field and returns its value, empty, to append to; valid until the next add().
  std::string& add(std::string_view key, Kind kind, Place place) {
    if (count_ == fields_.size()) fields_.emplace_back();
    Field& field = fields_[count_++];
    field.key = key;
    field.kind = kind;
    field.place = place;
    field.value.clear();
    return field.value;
  }

 private:
  std::vector<Field> fields_;
  std::size_t count_ = 0;
};

class Cluster {
 public:
  /// `size`: bytes of text that one day shall have, about.
  Cluster(std::uint64_t seed, std::uint64_t size);

  /// Draws the next call.
  void next(LogCall& call);

  /// The ID of a trace: 32 hex digits.
  std::string trace_id(std::uint32_t trace) const;

 private:
  struct Event {
    std::int64_t due;  // µs since the corpus begins
    std::uint64_t order;
    std::uint64_t record;   // of what differs from record to record
    std::uint64_t subject;  // of what a change's records have in common: names, UIDs
    std::uint64_t script;   // of what one run of a script has in common: audit IDs
    std::uint32_t trace;
    std::uint16_t pod;
    std::uint16_t request;  // number of the API request within its script
    const Step* step;
    bool operator<(const Event& other) const {  // for a queue whose top is the earliest
      return due != other.due ? due > other.due : order > other.order;
    }
  };

  void start_change();
  void start_background();
  void schedule(const Script& script, Event event);
  void fill(const Event& event, LogCall& call) const;
  void add_trace(std::string_view key, Place place, LogCall& call) const;
  void add_trace_to_message(std::string_view key, LogCall& call) const;

  std::vector<Change> changes_;
  std::vector<Background> background_;
  std::vector<std::uint16_t> change_wheel_;
  std::vector<std::uint16_t> background_wheel_;
  std::uint64_t seed_;
  Time start_;
  Zone utc_;
  Random random_;
  std::uint32_t pace_;  // mean µs from one change to the next
  std::int64_t next_change_ = 0;
  std::int64_t next_background_ = 0;
  std::uint32_t traces_ = 0;
  std::uint64_t events_ = 0;
  std::priority_queue<Event> queue_;
};

}  // namespace ktrace::bench
