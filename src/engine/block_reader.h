// Bytes to blocks: the records of one part of a source, in blocks that hold whole groups.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ktrace/format.h"
#include "ktrace/input.h"
#include "ktrace/record.h"
#include "ktrace/status.h"

namespace ktrace::engine {

/// A record longer than this is read in pieces, so that memory stays bounded whatever is read.
inline constexpr std::size_t kLongestRecord = 8 << 20;

struct Block {
  std::string_view bytes;    ///< whole groups; format::kPadding readable bytes behind them
  std::uint64_t offset = 0;  ///< of its first byte in the source
  bool shared = false;       ///< the bytes may change, or become zeros, while they are looked at
};

/// A part of a source is the groups that begin within [begin, end). The parts of a source tile it:
/// each of its bytes is in exactly one block of one part, whatever the block size. The source must
/// be seekable when `begin` is not 0. For one thread.
class BlockReader {
 public:
  static constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

  /// Works in `buffer`, whose memory can serve one reader after the other.
  BlockReader(input::Source& source, std::uint64_t begin, std::uint64_t end, std::size_t block_size,
              std::vector<char>& buffer);

  /// The next block, valid until the next call. False at the end of the part. Where reading failed
  /// is an end, too: then status() says why.
  bool next(Block& block);

  /// Shows `see` the blocks that come next where they lie, without reading them; each begins with a
  /// line that is known at a glance (format::starts_surely()). Then next() goes on behind them.
  /// Gives how many bytes were shown: 0 when they are not to be had in this way, when they were
  /// lost on the way, or when `see` gave false. Then what was seen tells nothing, and next() gives
  /// it.
  std::size_t look(const std::function<bool(const Block& block)>& see);

  const Status& status() const { return status_; }

  /// From now on next() does not wait for a source that has nothing at present, but gives false.
  void never_wait() { waits_ = false; }

  /// Whether the part goes on, although next() gave false.
  bool goes_on() const { return !done_; }

  /// After next() gave false without an end: how many bytes are held back, because they may be the
  /// beginning of a record.
  std::size_t held_back() const { return filled_ - cut_; }

  /// Gives the records that are held back and complete; with `may_grow` all whole lines, so that
  /// the last of them ends a record now. False when there are none.
  bool take_rest(Block& block, bool may_grow);

  /// How many records were longer than kLongestRecord, and where the first begins.
  std::uint64_t long_records() const { return long_records_; }
  std::uint64_t first_long_record() const { return first_long_record_; }

  /// The stamp of the last record before the current block that has one. Reads backwards in the
  /// source when the block is the part's first.
  Stamp stamp_before();

  /// The stamp of the last record before `position` of the current block, where a group begins,
  /// that has one. What is known from the call before is not searched again, so that a run of
  /// records without stamps costs no more than its length, unless positions go back.
  Stamp stamp_before(std::size_t position);

 private:
  std::string_view view() const { return {buffer_.data(), filled_}; }
  bool reached_end() const { return base_ + filled_ >= end_; }
  void fill();
  void read_some(std::size_t want);
  bool align();
  void go_to(std::uint64_t offset);
  void look_back();
  std::size_t decided_lines() const;
  void drop(std::size_t count);
  std::size_t find_cut();
  std::size_t cut_at_part_end();
  std::size_t cut_long_record();

  input::Source& source_;
  input::Place place_;
  std::uint64_t begin_, end_;
  std::size_t block_size_;
  std::vector<char>& buffer_;
  std::uint64_t base_;           // offset of buffer_[0] in the source
  std::size_t filled_ = 0;       // bytes of the source in the buffer
  std::size_t cut_ = 0;          // end of the block that was given out last
  std::size_t scanned_ = 0;      // no group begins in (0, scanned_]
  std::size_t end_scanned_ = 0;  // nor between the part's end and this
  bool aligned_;                 // buffer_[0] begins a group, or a piece of a long record
  bool waits_ = true;
  bool eof_ = false;   // the source ends at filled_
  bool done_ = false;  // the part ends at cut_
  bool in_long_record_ = false;
  std::uint64_t long_records_ = 0;
  std::uint64_t first_long_record_ = 0;
  std::size_t known_until_ = 0;  // the last stamp of the block before this is known_stamp_
  std::optional<Stamp> known_stamp_;
  Stamp stamp_before_;  // kept for streams, which cannot be read backwards
  Status status_;
};

/// The stamp of the last of `slices` that has one. `scratch` is used to read them.
std::optional<Stamp> last_stamp(std::span<const format::Slice> slices, Record& scratch);

/// Where the group begins that holds the byte at `offset` of a seekable source: the last start of
/// one that is not behind it, or 0. `place`: where the reader stands.
std::uint64_t group_begin(input::Source& source, std::uint64_t offset, input::Place& place);

/// The stamp of the last record in `block` that has one.
std::optional<Stamp> last_stamp(std::string_view block);

}  // namespace ktrace::engine
