// The records of a part that a search hits, one after the other: the way in which grep and story
// read.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "block_reader.h"
#include "ktrace/literal_search.h"
#include "scan.h"

namespace ktrace::engine {

/// Appends the positions in a block around which records are to be looked at, in ascending order.
/// The block has 64 readable bytes beyond its end.
using BlockSearch = std::function<void(std::string_view block, std::vector<std::size_t>& hits)>;

/// Where records may hide what a BlockSearch looks for. Thread-safe once built.
class HiddenPlaces {
 public:
  /// `marks`: as format::hiding_marks() gives them.
  explicit HiddenPlaces(std::span<const std::string_view> marks);

  /// Whether there are none.
  bool empty() const { return !marks_; }

  /// Adds these places to `hits`, which stay in ascending order.
  void add(std::string_view block, std::vector<std::size_t>& hits) const;

  /// Adds what `wanted` finds, and these places.
  void find(const trace::LiteralSearch& wanted, std::string_view block,
            std::vector<std::size_t>& hits) const;

 private:
  void add(std::string_view block, const std::vector<std::size_t>& marks,
           std::vector<std::size_t>& hits) const;

  std::optional<trace::LiteralSearch> marks_;
};

/// Those of a source, by how it begins; the source must be seekable.
HiddenPlaces hidden_places(input::Source& source);

/// What a thread keeps from part to part.
struct HitWorker {
  std::vector<char> buffer;
  std::vector<std::size_t> hits;
  format::Slices slices;
  Record record, before;
};

/// The records of a block in groups that are hit, one after the other. For one thread.
class GroupWalk {
 public:
  /// `depth`: how much of the records is wanted.
  GroupWalk(HitWorker& worker, const Part& part, format::Depth depth);

  /// Begins a block of the part; it is hit at worker.hits, or everywhere when `all`.
  void enter(const Block& block, bool all);

  /// As HitWalk::next(). False at the end of the block.
  bool next();

  Record& record() { return worker_.record; }

  /// Its own stamp, or that of the record before it. `reader`: what gave the block.
  Stamp stamp(BlockReader& reader);

  const Block& block() const { return block_; }
  const format::Slice& slice() const { return worker_.slices.list[index_]; }

  /// Where the record begins in the block.
  std::size_t position() const { return group_.begin + slice().offset; }

 private:
  bool next_group();

  HitWorker& worker_;
  const Part& part_;
  format::Depth depth_;
  Block block_;
  bool all_ = false;
  format::Extent group_;
  std::size_t index_ = 0;  // of the record among the group's slices
  std::size_t hit_ = 0;    // the next of worker_.hits
};

/// For one thread.
class HitWalk {
 public:
  /// `search`: empty when every record is to be looked at. `count_lines`: for keep(). `stop`: ends
  /// the walk at the next block. `depth`: how much of the records is wanted.
  HitWalk(const BlockSearch& search, std::size_t block_size, bool count_lines,
          const std::atomic<bool>& stop, HitWorker& worker, Part& part,
          format::Depth depth = format::Depth::whole);

  /// Before the first next(): the zone that is stated for the source; null when none is.
  void state_zone(const Zone* zone) { witness_ = StreamWitness(zone); }

  /// Before the first next(): the search is one for literals only, those of `literal`.
  void search_literal(const trace::LiteralSearch* literal) { literal_ = literal; }

  /// Moves to the next record of a group in which there is a hit, and parses it. At the end of
  /// the part returns false, after it has noted in the part what there is to tell of it.
  bool next();

  /// Valid until the next call of next(). The engine's fields are not filled in, but for origin,
  /// source and offset.
  Record& record() { return walk_.record(); }

  /// Its own stamp, or that of the record before it.
  Stamp stamp() { return walk_.stamp(reader_); }

  /// The record as it is to be kept; with its text, in Part::text, if that is wanted.
  Found keep(bool text);

 private:
  bool next_block();
  void finish();
  std::string_view keep_padded(std::string_view raw);
  void count_lines_to(std::size_t end);

  const BlockSearch& search_;
  bool counts_lines_;
  const std::atomic<bool>& stop_;
  HitWorker& worker_;
  Part& part_;
  GroupWalk walk_;
  BlockReader reader_;
  StreamWitness witness_;
  std::optional<HiddenPlaces> hidden_;
  const trace::LiteralSearch* literal_ = nullptr;
  std::size_t counted_ = 0;  // newlines of the block are counted up to here
};

}  // namespace ktrace::engine
