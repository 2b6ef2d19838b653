// A block is searched for identifiers, words and links one after the other while it is in the
// cache. What links stand around is found with the words; where words are not wanted, it is
// searched for.
//
// An index tells of identifiers in two ways: what stands under a key is an occurrence; the words
// are names and all other identifiers. In most logs nearly all identifiers stand under keys, and to
// tell of them twice would double their cost. Where these stand, the list has found already, but
// for what only parsing tells.

#include "index_scan.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "block_reader.h"

namespace ktrace::engine {
namespace {

// A set of places of words, at most half full.
class PlaceSet {
 public:
  explicit PlaceSet(std::size_t most) : slots_(std::bit_ceil(2 * most + 2)) {}

  void insert(trace::WordPlace place) { slots_[slot_of(place)] = place; }
  bool contains(trace::WordPlace place) const { return slots_[slot_of(place)] == place; }

 private:
  // Where the place is or, if it is not there, would be. No word of an identifier is 0.
  std::size_t slot_of(trace::WordPlace place) const {
    std::size_t slot = place % slots_.size();
    while (slots_[slot] != 0 && slots_[slot] != place) slot = (slot + 1) % slots_.size();
    return slot;
  }

  std::vector<trace::WordPlace> slots_;
};

// The places of the identifiers that stand under keys, of those that were parsed.
PlaceSet places_under_keys(const IndexPart& part, const std::vector<std::uint32_t>& parsed) {
  PlaceSet places(parsed.size());
  std::string id;
  for (const std::uint32_t number : parsed) {
    const SeenPart::Undated& undated = part.seen.undated[number];
    part.ids.copy(part.seen.seen[undated.observation].trace, id);
    const std::uint32_t word = id.size() < 64 ? trace::hash_of_id(id).value_or(0) : 0;
    if (word != 0) places.insert(trace::word_place(word, undated.offset));
  }
  return places;
}

// Appends `places` in the order of their steps, which are few.
void sort_by_step(const std::vector<trace::WordPlace>& places,
                  std::vector<trace::WordPlace>& sorted) {
  if (places.empty()) return;
  const auto by_step = [](trace::WordPlace a, trace::WordPlace b) {
    return a >> trace::kWordBits < b >> trace::kWordBits;
  };
  if (std::is_sorted(places.begin(), places.end(), by_step)) {
    sorted.assign(places.begin(), places.end());
    return;
  }
  const auto [least, most] = std::minmax_element(places.begin(), places.end());
  const std::uint64_t first = *least >> trace::kWordBits;
  std::vector<std::size_t> begins((*most >> trace::kWordBits) - first + 2);
  const auto step = [first](trace::WordPlace place) { return (place >> trace::kWordBits) - first; };
  for (const trace::WordPlace place : places) ++begins[step(place) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  sorted.resize(places.size());
  for (const trace::WordPlace place : places) sorted[begins[step(place)]++] = place;
}

}  // namespace

void IndexPart::clear() {
  IndexPart cleared;
  seen.seen.clear();
  seen.undated.clear();
  numbers.clear();
  words.clear();
  cleared.seen.seen = std::move(seen.seen);
  cleared.seen.undated = std::move(seen.undated);
  cleared.numbers = std::move(numbers);
  cleared.words = std::move(words);
  *this = std::move(cleared);
}

IndexScan::IndexScan(const ListSearch& search, input::Source& source,
                     const std::atomic<bool>& keeps_words, const std::atomic<bool>& keeps_links)
    : search_(search),
      links_(link_literals(), {}, search.query.block_size),
      hidden_(hidden_places(source)),
      keeps_words_(keeps_words),
      keeps_links_(keeps_links) {}

void IndexScan::read(IndexWorker& worker, Part& part, IndexPart& into) const {
  GroupWalk walk(worker.links.hits, part, format::Depth::links);
  LinkTaker taker(worker.links, into.links);
  trace::WordReader words(worker.ids, worker.names, trace::link_literals());
  std::vector<std::size_t> hidden;
  std::vector<std::size_t>& hits = worker.links.hits.hits;
  worker.ids.clear();
  worker.names.clear();
  worker.parsed.clear();
  const bool keeps_words = keeps_words_, keeps_links = keeps_links_;
  std::size_t seen_before = 0;
  scan_for_list(
      search_, worker.list, part, into.seen, [&](const Block& block, BlockReader& reader) {
        take_ids(worker.list, into);
        hidden.clear();
        hidden_.add(block.bytes, hidden);
        hits.assign(hidden.begin(), hidden.end());
        if (keeps_words) {
          read_words(worker, words, block, into.seen, seen_before);
          seen_before = into.seen.undated.size();
          for (const std::size_t at : hidden) {
            worker.names.push_back(trace::word_place(trace::kHiddenWord, block.offset + at));
          }
        }
        if (!keeps_links) return;
        if (keeps_words) {
          std::sort(hits.begin(), hits.end());
        } else {
          links_.find(block.bytes, hits);
        }
        walk.enter(block, false);
        while (walk.next()) taker.take(walk.record(), walk.stamp(reader));
      });
  // With tables of its own a part needs no other's, and small tables are fast.
  into.respelt = std::exchange(worker.list.respelt, false) || worker.list.ids.respelt();
  into.ids = std::exchange(worker.list.ids, {});
  into.spellings = std::exchange(worker.list.spellings, {});
  into.components = std::exchange(worker.list.components, {});
  if (keeps_words) take_words(worker, into);
}

// A table would tell which are the same, for which the writer has a better way.
void IndexScan::take_ids(ListWorker& list, IndexPart& into) {
  for (std::size_t i = 0; i < list.unnumbered.size(); ++i) {
    const trace::ReadId& id = list.unnumbered[i];
    if (id.form != 0) {
      into.numbers.push_back({id.high, id.low, id.form});
    } else {
      into.seen.seen[list.places[i]].trace = list.ids.number_of(id.text);
    }
  }
}

// Of what was seen in the block, the places of nearly all identifiers are known.
void IndexScan::read_words(IndexWorker& worker, trace::WordReader& words, const Block& block,
                           const SeenPart& seen, std::size_t seen_before) {
  const ListWorker& list = worker.list;
  auto certain = list.places.begin();
  for (std::size_t i = seen_before; i < seen.undated.size(); ++i) {
    if (certain != list.places.end() && *certain == i) {
      ++certain;
    } else {
      worker.parsed.push_back(static_cast<std::uint32_t>(i));
    }
  }
  worker.told.clear();
  for (const trace::ReadId& id : list.unnumbered) {
    if (id.form == 0) continue;
    worker.told.push_back(static_cast<std::size_t>(id.text.data() - block.bytes.data()));
  }
  words.read(block.bytes, block.offset, worker.told, worker.links.hits.hits);
}

void IndexScan::take_words(IndexWorker& worker, IndexPart& into) const {
  if (!worker.parsed.empty()) {
    const PlaceSet known = places_under_keys(into, worker.parsed);
    std::erase_if(worker.ids, [&known](trace::WordPlace place) { return known.contains(place); });
  }
  worker.names.insert(worker.names.end(), worker.ids.begin(), worker.ids.end());
  sort_by_step(worker.names, into.words);
}

}  // namespace ktrace::engine
