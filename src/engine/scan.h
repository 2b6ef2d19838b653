// The first half of `grep`: all sources are searched, in parts, and what is wanted is kept.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "block_reader.h"
#include "dating.h"
#include "filter.h"
#include "ktrace/arena.h"
#include "ktrace/format.h"
#include "ktrace/identifiers.h"
#include "ktrace/index.h"
#include "ktrace/input.h"
#include "ktrace/literal_search.h"
#include "ktrace/query.h"
#include "line_count.h"
#include "progress.h"

namespace ktrace::engine {

/// One record that is wanted, as it stands in its source.
struct Found {
  std::uint64_t offset = 0;
  std::uint64_t line = 0;  ///< 1-based; 0 when lines are not counted
  Stamp stamp;             ///< its own, or that of the record before it
  Duration duration{};     ///< what it tells; 0 when nothing
  format::Slice slice;     ///< kept in Part::text, with padding; empty when only counted
  std::string_view id;     ///< the identifier that was matched; kept in Part::text
};

/// A part of a source and what was found in it.
struct Part {
  input::Source* source = nullptr;
  std::uint32_t index = 0;  ///< of the source on the command line
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool chosen = false;  ///< something that is wanted stands in it, as far as is known

  std::vector<Found> found;                   ///< in the order of offsets
  std::uint64_t count = 0;                    ///< of the records that are wanted
  Arena text;                                 ///< what `found` points into
  std::uint64_t newlines = 0;                 ///< in the whole part, when lines are counted
  std::optional<std::uint64_t> lines_before;  ///< when it is known without reading what is before
  LineSteps lines;                            ///< when a list's lines are counted

  trace::IndexReader* known = nullptr;  ///< what a list reads instead of the bytes
  Status index_status;                  ///< why it had to read the bytes after all
  Evidence evidence;                    ///< of a stream
  Meter* meter = nullptr;               ///< is told what has been read
  std::uint64_t long_records = 0;
  std::uint64_t first_long_record = 0;
  Status status;
};

using Parts = std::vector<std::unique_ptr<Part>>;

/// Notes in `part` what its reader has to report, when all has been read: where reading failed, and
/// records that were too long for it.
void note_reading(const BlockReader& reader, Part& part);

/// What all parts are searched for. Thread-safe, but for `stop`, which is atomic.
struct Search {
  const Query& query;
  const trace::Wanted& wanted;
  const Filter& filter;
  bool count_lines = false;
  bool keep_text = true;
  bool stop_at_first = false;
  bool count_only = false;  ///< Part::count is enough
  mutable std::atomic<bool> stop{false};
};

/// May append parts of a source of its own, and tells from where on the source is to be divided.
using Head = std::function<std::uint64_t(std::uint32_t index, Parts& parts)>;

/// Divides sources into parts: seekable ones into pieces of a size that keeps all threads busy to
/// the end, streams into one each. Streams come first, because they cannot be hurried.
Parts make_parts(const std::vector<input::Source*>& sources, const Filter& filter,
                 std::size_t block_size, const Head& head = {});

/// Appends the parts of one source from `begin` on.
void add_parts(input::Source& source, std::uint32_t index, std::uint64_t begin,
               std::size_t block_size, Parts& parts);

/// Whether the part at `index` must be read right after the one before it, by the same thread:
/// both are of one group of sources.
bool follows(const Parts& parts, std::size_t index);

/// Searches all parts on up to `threads` threads.
void scan(const Search& search, Parts& parts, unsigned threads);

}  // namespace ktrace::engine
