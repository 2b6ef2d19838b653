// What a wanted value would look like in the bytes is known as a rule (Wanted::verbatim), and then
// only records around these bytes are parsed; otherwise every record is. That is decided once a
// run.

#include "scan.h"

#include <algorithm>

#include "hit_walk.h"
#include "parallel.h"
#include "read_ahead.h"

namespace ktrace::engine {
namespace {

// A part is this many blocks: 4 MiB as a rule. Reading to the end of a part's last record and
// looking for the first costs a few kilobytes per part.
constexpr std::uint64_t kBlocksPerPart = 16;

// Keeps the records of one part that are wanted.
void scan_part(const Search& search, const trace::LiteralSearch& literal,
               const BlockSearch& block_search, HitWorker& worker, Part& part) {
  HitWalk walk(block_search, search.query.block_size, search.count_lines, search.stop, worker,
               part);
  if (!part.source->seekable()) walk.state_zone(stated_zone(search.query, *part.source));
  if (search.wanted.verbatim()) walk.search_literal(&literal);
  while (walk.next()) {
    const Identifier identifier = search.wanted.match(walk.record());
    if (identifier.value.empty() || !search.filter.wants(walk.record())) continue;
    ++part.count;
    if (search.count_only) continue;
    Found found = walk.keep(search.keep_text);
    if (search.keep_text) found.id = part.text.keep(identifier.value);
    part.found.push_back(found);
    if (search.stop_at_first) search.stop = true;
  }
}

// What is worth a thread of its own: a file that is unpacked.
bool can_be_read_ahead(const input::Source& source) {
  return !source.seekable() && !source.live() && source.group() == 0;
}

}  // namespace

void note_reading(const BlockReader& reader, Part& part) {
  part.status = reader.status();
  part.long_records = reader.long_records();
  part.first_long_record = reader.first_long_record();
}

void add_parts(input::Source& source, std::uint32_t index, std::uint64_t begin,
               std::size_t block_size, Parts& parts) {
  const std::uint64_t step = block_size * kBlocksPerPart;
  const std::uint64_t size = source.seekable() ? source.size() : 1;
  while (begin < size) {
    auto part = std::make_unique<Part>();
    part->source = &source;
    part->index = index;
    part->begin = begin;
    // The last part goes to the end, wherever that is by then.
    begin = size - begin > step ? source.division(begin + step) : size;
    part->end = begin < size ? begin : BlockReader::kToTheEnd;
    parts.push_back(std::move(part));
  }
}

Parts make_parts(const std::vector<input::Source*>& sources, const Filter& filter,
                 std::size_t block_size, const Head& head) {
  Parts parts;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    if (!filter.wants(sources[i]->origin())) continue;
    add_parts(*sources[i], i, head ? head(i, parts) : 0, block_size, parts);
  }
  std::stable_partition(parts.begin(), parts.end(),
                        [](const auto& part) { return !part->source->seekable(); });
  return parts;
}

bool follows(const Parts& parts, std::size_t index) {
  if (index == 0) return false;
  const std::uint32_t group = parts[index]->source->group();
  return group != 0 && group == parts[index - 1]->source->group();
}

void scan(const Search& search, Parts& parts, unsigned threads) {
  const trace::LiteralSearch literal(search.wanted.ids(), search.wanted.any_case());
  BlockSearch block_search;
  if (search.wanted.verbatim()) {
    block_search = [&](std::string_view block, std::vector<std::size_t>& hits) {
      literal.find_all(block, hits);
    };
  }
  std::vector<HitWorker> workers(threads);
  std::vector<bool> behind(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) behind[i] = follows(parts, i);
  const bool idle = parts.size() < threads;
  for_each_task(
      workers, parts.size(),
      [&](HitWorker& worker, std::size_t task) {
        Part& part = *parts[task];
        if (idle && can_be_read_ahead(*part.source)) {
          input::Source* const source = part.source;
          ReadAhead ahead(*source);
          part.source = &ahead;
          scan_part(search, literal, block_search, worker, part);
          part.source = source;
        } else {
          scan_part(search, literal, block_search, worker, part);
        }
      },
      [&](std::size_t task) { return behind[task]; });
}

}  // namespace ktrace::engine
