#include "story_links.h"

#include <algorithm>

#include <fmt/format.h>

namespace ktrace::engine {

// The kubelet tells names, UIDs and containers of its pods over and over: once a part will do.
void LinkTaker::take(Record& record, const Stamp& stamp) {
  links_.clear();
  worker_.links.read(record, stamp, into_.text, links_);
  const bool log = !record.raw.starts_with('{');
  for (const trace::StoredLink& stored : links_) {
    const trace::Link& link = stored.link;
    const auto words = [&] {
      return fmt::format("{}\n{}\n{}\n{}", link.kind, link.from.id, link.to.name, link.to.id);
    };
    if (!log || !link.from || told_.insert(words()).second) into_.links.push_back(stored);
  }
}

void LinkScan::find(std::string_view block, std::vector<std::size_t>& hits) const {
  literals_.find_all(block, hits);
  ids_.find_ids(block, hits);
  std::sort(hits.begin(), hits.end());
}

void LinkScan::read(LinkWorker& worker, Part& part, LinkPart& into) const {
  const BlockSearch search = [this](std::string_view block, std::vector<std::size_t>& hits) {
    find(block, hits);
  };
  HitWalk walk(search, block_size_, false, stop_, worker.hits, part, format::Depth::links);
  LinkTaker taker(worker, into);
  while (walk.next()) taker.take(walk.record(), walk.stamp());
}

std::vector<std::string> link_literals() {
  std::vector<std::string> literals;
  for (const trace::WordLiteral& one : trace::link_literals()) literals.emplace_back(one.text);
  return literals;
}

}  // namespace ktrace::engine
