// Reads a source once for all that its index keeps: identifiers as `list` sees them, the words of
// the source, and its links as `story` sees them.

#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "hit_walk.h"
#include "ktrace/id_table.h"
#include "ktrace/word_places.h"
#include "list_scan.h"
#include "story_links.h"

namespace ktrace::engine {

/// What was read of one part. The numbers in `seen` are those of the tables beside it; `numbers`
/// are, one after the other, the identifiers that have none, with their forms: see trace::ReadId.
struct IndexPart {
  struct Number {
    std::uint64_t high = 0, low = 0;
    std::uint8_t form = 0;
  };

  SeenPart seen;
  trace::IdTable ids;
  std::vector<Number> numbers;
  bool respelt = false;  ///< a record spells an identifier in several ways
  std::vector<std::string> spellings;
  NameTable components;
  std::vector<trace::WordPlace> words;  ///< in the order of their steps
  LinkPart links;

  /// Forgets all of it, but not where the most of it was.
  void clear();
};

/// What a thread keeps from part to part.
struct IndexWorker {
  ListWorker list;
  LinkWorker links;
  std::vector<trace::WordPlace> ids, names;  ///< of a part
  std::vector<std::size_t> told;             ///< where identifiers of a block stand under keys
  std::vector<std::uint32_t> parsed;         ///< observations of a part that only parsing told
};

/// Thread-safe once built.
class IndexScan {
 public:
  /// `keeps_words`, `keeps_links`: whether these are wanted, which may end at any time.
  IndexScan(const ListSearch& search, input::Source& source, const std::atomic<bool>& keeps_words,
            const std::atomic<bool>& keeps_links);

  void read(IndexWorker& worker, Part& part, IndexPart& into) const;

 private:
  static void read_words(IndexWorker& worker, trace::WordReader& words, const Block& block,
                         const SeenPart& seen, std::size_t seen_before);
  static void take_ids(ListWorker& list, IndexPart& into);
  void take_words(IndexWorker& worker, IndexPart& into) const;

  const ListSearch& search_;
  const LinkScan links_;
  const HiddenPlaces hidden_;
  const std::atomic<bool>& keeps_words_;
  const std::atomic<bool>& keeps_links_;
};

}  // namespace ktrace::engine
