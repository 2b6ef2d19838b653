// The links that the records of sources tell: read from the bytes, or from an index that has them.

#pragma once

#include <atomic>
#include <string>
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

/// Reads the links of all records around certain literals and identifiers. Thread-safe once built.
class LinkScan {
 public:
  LinkScan(std::vector<std::string> literals, const std::vector<std::string>& ids,
           std::size_t block_size)
      : literals_(std::move(literals), false), ids_(ids, {}), block_size_(block_size) {}

  void read(LinkWorker& worker, Part& part, LinkPart& into) const;

 private:
  const trace::LiteralSearch literals_;
  const trace::WordSearch ids_;
  const std::size_t block_size_;
  const std::atomic<bool> stop_{false};
};

/// The literals around which links stand, whatever the story: those that an index knows.
std::vector<std::string> link_literals();

/// Takes what an index knows of the links before `end` into `into`. False when it is damaged; then
/// `into` is empty.
bool take_links(std::string_view stored, std::uint32_t source, std::uint64_t end, LinkPart& into);

}  // namespace ktrace::engine
