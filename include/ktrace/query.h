// The query: what the command line asks for, in plain values. It opens and knows nothing else.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ktrace/input.h"
#include "ktrace/record.h"
#include "ktrace/time.h"

namespace ktrace {

/// Something said for all sources (empty pattern) or for those whose path matches a glob.
template <typename T>
struct PerPath {
  std::string pattern;
  T value;
};

/// How the records of a timeline are ordered.
enum class Order : std::uint8_t {
  end,    ///< by their stamps
  begin,  ///< by stamp less duration: cause before effect
};

enum class Command : std::uint8_t { grep, list, merge, check, story, diff, index };

/// What the table of traces is sorted by.
enum class TraceSort : std::uint8_t { start, duration, records, errors, gap };

struct Query {
  Command command = Command::grep;

  // What to look for.
  std::vector<std::string> ids;
  bool prefix = false;            ///< ids are beginnings of identifiers
  std::vector<std::string> keys;  ///< identifier keys; empty: the default ones

  // Where to look.
  std::vector<std::string> paths;
  std::vector<std::string> own_paths;  ///< of each of `ids`, instead of `paths`; empty: none
  std::vector<input::Naming> names;

  // How to read times.
  std::vector<PerPath<int>> years;
  std::vector<PerPath<Zone>> zones;
  bool fix_skew = false;  ///< move the times of sources whose clocks are off

  // Which of the found records to show.
  std::optional<TimeBound> since;
  std::optional<TimeBound> until;
  std::optional<Severity> severity;  ///< that and above
  std::vector<std::string> components;
  std::vector<std::string> nodes;
  std::string match;  ///< an RE2 pattern on the payload; empty: all

  // Which traces to list, and in which order.
  TraceSort sort = TraceSort::start;
  std::size_t slowest = 0;   ///< only that many, those of longest duration first; 0: all
  bool only_errors = false;  ///< only traces with an error

  // How far the story that begins at the first of `ids` goes.
  std::string space;               ///< the namespace of an object; empty: any
  unsigned hops = 12;              ///< links from the start
  std::optional<Duration> within;  ///< after the start

  // How two stories are compared.
  Duration slower = std::chrono::milliseconds(100);  ///< so much time lost is a difference
  bool all = false;                                  ///< what is the same is shown, too

  // How to show them.
  bool summary = false;         ///< of a story: what it comes to, not its records
  bool why = false;             ///< all links that lead to a record, not only the last
  std::string output = "text";  ///< a name of output::formats()
  Order order = Order::end;
  Zone display_zone;
  bool count = false;    ///< only how many
  bool quiet = false;    ///< only whether there are any
  bool verbose = false;  ///< with samples of lines that could not be parsed
  bool strict = false;   ///< findings count as nothing found

  // Whether to go on with what is written later, and for how long a record waits for earlier ones
  // of other sources; empty: as long as it takes as a rule.
  bool follow = false;
  std::optional<Duration> reorder_window;

  // How to work.
  std::string index_directory;         ///< where indexes are kept; empty: none are used
  unsigned threads = 0;                ///< 0: as many as the machine has
  std::size_t block_size = 256 << 10;  ///< bytes read at a time
};

}  // namespace ktrace
