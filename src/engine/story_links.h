// Reads the links that the records of sources tell from their bytes.

#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "hit_walk.h"
#include "ktrace/arena.h"
#include "ktrace/literal_search.h"
#include "ktrace/stored_links.h"
#include "ktrace/word_search.h"
#include "scan.h"

namespace ktrace::engine {

/// What was read of one part: its links, in the order of their offsets, and what they view.
struct LinkPart {
  std::vector<trace::StoredLink> links;
  Arena text;
};

/// What a thread keeps from part to part.
struct LinkWorker {
  HitWorker hits;
  trace::StoredLinkReader links;
};

/// Takes the links of the records of one part, but for those that it was told before.
class LinkTaker {
 public:
  LinkTaker(LinkWorker& worker, LinkPart& into) : worker_(worker), into_(into) {}

  /// `stamp`: that of the record, which is changed, or of the record before it.
  void take(Record& record, const Stamp& stamp);

 private:
  LinkWorker& worker_;
  LinkPart& into_;
  std::unordered_set<std::string> told_;
  std::vector<trace::StoredLink> links_;  // of one record
};

/// Reads the links of all records around certain literals and identifiers. Thread-safe once built.
class LinkScan {
 public:
  LinkScan(std::vector<std::string> literals, const std::vector<std::string>& ids,
           std::size_t block_size)
      : literals_(std::move(literals), false), ids_(ids, {}), block_size_(block_size) {}

  void read(LinkWorker& worker, Part& part, LinkPart& into) const;

  /// Appends the positions in a block around which links may stand, in ascending order.
  void find(std::string_view block, std::vector<std::size_t>& hits) const;

 private:
  const trace::LiteralSearch literals_;
  const trace::WordSearch ids_;
  const std::size_t block_size_;
  const std::atomic<bool> stop_{false};
};

/// The literals around which links stand, whatever the story: those that an index knows.
std::vector<std::string> link_literals();

}  // namespace ktrace::engine
