// The blocks of a merge: what is known of each, how one is read and put in order, and what is done
// when too many would have to be held.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <vector>

#include "ktrace/arena.h"
#include "ktrace/calendar.h"
#include "ktrace/format.h"
#include "ktrace/input.h"
#include "ktrace/query.h"
#include "readable.h"

namespace ktrace::engine {

/// Where a record is in the timeline: time, source, offset in it.
using Place = std::tuple<Time, std::uint32_t, std::uint64_t>;

/// What is known of a block that is not held.
struct BlockFacts {
  Time earliest{}, latest{};
  std::uint64_t first = 0;  ///< in the source; none of its records of the time `earliest` is before
  Stamp before;             ///< of the last record before it that has one
  std::uint32_t source = 0;
  std::uint64_t offset = 0;  ///< in the source, or in the spool
  std::uint64_t line = 0;    ///< of its first record, when lines are counted
  std::uint32_t size = 0;
  std::uint32_t spooled_records = 0;  ///< not 0: it stands in the spool, with so many records

  /// None of its records is before this.
  Place place() const { return {earliest, source, first}; }
};

/// Reads the times of the records of one block, one after the other.
class BlockWalk {
 public:
  BlockWalk(std::string_view bytes, std::uint64_t offset, const Stamp& before, Order order,
            trace::CalendarCursor& cursor, Record& scratch)
      : walk_(bytes),
        offset_(offset),
        stamp_(before),
        order_(order),
        cursor_(cursor),
        scratch_(scratch) {}

  bool next();

  const format::Walk& walk() const { return walk_; }
  Time time() const { return time_; }
  Time key() const { return key_; }  ///< what it is ordered by
  const Stamp& stamp() const { return stamp_; }

 private:
  format::Walk walk_;
  std::uint64_t offset_;
  Stamp stamp_;
  Order order_;
  trace::CalendarCursor& cursor_;
  Record& scratch_;
  Time time_{}, key_{};
};

/// A record of an open block.
struct Entry {
  Time key{}, time{};
  format::Slice slice;  ///< its offset is that in the source
  std::uint64_t line = 0;
};

/// The bytes of one block after the other, and format::kPadding bytes behind them. Growing does not
/// clear, which would take as long as reading does.
class BlockBytes {
 public:
  char* reserve(std::size_t size);
  const char* data() const { return bytes_.get(); }
  bool holds(const char* at) const;

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
};

/// A block that the timeline is passing through.
struct OpenBlock {
  const BlockFacts* facts = nullptr;
  BlockBytes bytes;
  Arena text;                  ///< what slices point into that are not in `bytes`
  std::vector<Entry> entries;  ///< in the order of their keys
  std::size_t next = 0;
  Status status;  ///< why it could not be read

  const Entry& entry() const { return entries[next]; }
};

/// Reads blocks. Thread-safe but for straighten().
class BlockStore {
 public:
  /// `query` and `readable` outlive the store.
  BlockStore(const Query& query, Readable& readable, bool counts_lines)
      : query_(query), readable_(readable), counts_lines_(counts_lines) {}

  /// Reads a block and puts its records in order.
  void load(const BlockFacts& facts, OpenBlock& block, Record& scratch) const;

  /// Sorts outside of memory what is so much out of order that too many of `blocks` would have to
  /// be open at once. In and out: those of one source side by side, in the order of offsets as long
  /// as they are not sorted. An error leaves the rest as it was.
  Status straighten(std::vector<BlockFacts>& blocks);

 private:
  Status read(const BlockFacts& facts, OpenBlock& block) const;
  Status read_spooled(const BlockFacts& facts, OpenBlock& block) const;
  Status sort_source(const std::vector<BlockFacts>& blocks, std::vector<BlockFacts>& sorted);
  Status sort_run(const BlockFacts* begin, const BlockFacts* end, std::vector<BlockFacts>& sorted);
  Status append(const std::vector<const Entry*>& entries, BlockFacts& facts);

  const Query& query_;
  Readable& readable_;
  bool counts_lines_;
};

/// How many bytes of blocks of `block_size` a merge holds; more are sorted outside of memory.
std::uint64_t most_open(std::size_t block_size);

}  // namespace ktrace::engine
