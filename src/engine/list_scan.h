// The first half of `list`: every identifier of every record is seen.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "block_reader.h"
#include "filter.h"
#include "ktrace/arena.h"
#include "ktrace/calendar.h"
#include "ktrace/format.h"
#include "ktrace/id_table.h"
#include "ktrace/key_search.h"
#include "ktrace/record.h"
#include "name_table.h"
#include "scan.h"

namespace ktrace::engine {

/// One record that carries one trace's identifier, in 16 bytes, since there are millions.
struct Observation {
  Time time{};
  std::uint32_t trace = 0;      ///< a number of the worker's table
  std::uint16_t component = 0;  ///< a number of the worker's components
  std::uint8_t key = 0;         ///< a number of the worker's spellings
  Severity severity = Severity::unspecified;
};

/// A piece of what was seen in a part, where a SeenStore has it.
struct SeenPiece {
  std::uint64_t position = 0;
  std::uint64_t seen = 0, undated = 0;  ///< how many
};

/// What was seen in one part of a source.
struct SeenPart {
  std::vector<Observation> seen;  ///< in the order of offsets
  std::uint32_t worker = 0;       ///< whose numbers they have

  /// The stamps of observations whose time is not known yet: the year of a stream shows at its end.
  struct Undated {
    std::size_t observation;
    std::uint64_t offset;
    Stamp stamp;
  };
  std::vector<Undated> undated;

  /// What was put away, before all that is held.
  std::vector<SeenPiece> pieces;
  std::optional<Undated> first_undated;  ///< of the pieces
  std::uint64_t counted = 0;             ///< bytes that the store knows to be held
};

/// What an Observation has room for.
inline constexpr std::size_t kMostSpellings = 256;

/// What a thread keeps from part to part.
struct ListWorker {
  std::vector<char> buffer;
  std::vector<std::uint32_t> separators;
  Arena copies;  ///< of pieces of a shared block
  std::vector<std::size_t> hidden, hits;
  format::Slices slices;
  Record record;
  std::vector<Identifier> identifiers;
  /// Traces of one record that has many, and its observations of them.
  std::unordered_map<std::uint32_t, std::size_t> many;
  trace::IdTable ids;
  bool respelt = false;                   ///< an identifier is not spelt alike in one record
  std::vector<trace::ReadId> unnumbered;  ///< identifiers that certainly stand in the block,
  std::vector<std::size_t> places;        ///< their observations
  std::vector<std::uint32_t> numbers;     ///< and numbers
  std::size_t usual = 0;                  ///< how many observations the part before gave
  std::vector<std::string> spellings;  ///< of keys; at most kMostSpellings, all further ones count
                                       ///< as the last
  NameTable components;
};

class SeenStore;

/// What all parts are searched for. Thread-safe.
struct ListSearch {
  const Query& query;
  const trace::KeySet& keys;
  const Filter& filter;
  const Calendars& calendars;  ///< null: undated
  /// Lines are counted, components are what the records tell, and a spelling is that of all keys
  /// under which the identifier stands in the record: see trace::kKeyEnd. What is unnumbered at a
  /// block's end has trace::kNoNumber for its trace.
  bool for_index = false;
  SeenStore* store = nullptr;  ///< takes what is too much to be held
  const trace::KeySearch search{keys};
  const std::unique_ptr<trace::LiteralSearch> literal = filter.literal_search();
};

/// Is shown each block of a part, and what reads it, once the block has been searched.
using BlockLook = std::function<void(const Block& block, BlockReader& reader)>;

/// Searches one part. `look` may be empty.
void scan_for_list(const ListSearch& search, ListWorker& worker, Part& part, SeenPart& seen,
                   const BlockLook& look = {});

}  // namespace ktrace::engine
