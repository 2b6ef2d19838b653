#include "story_indexes.h"

#include <string>

#include "block_reader.h"
#include "filter.h"
#include "ktrace/stored_links.h"
#include "parallel.h"
#include "parts_around.h"

namespace ktrace::engine {

// Threads only work; what they have to say is reported in the order of the sources.
template <typename Work>
void StoryIndexes::for_each(const Work& work) {
  for_each_task(thread_count(session_.query().threads), known_.size(),
                [&](std::size_t place) { work(static_cast<std::uint32_t>(place), known_[place]); });
  for (Known& known : known_) {
    for (const Diagnostic& word : known.words) session_.report(word);
    known.words.clear();
  }
}

void StoryIndexes::read(const WordQuery& asked) {
  known_ = std::vector<Known>(readable_.sources().size());
  for_each([&](std::uint32_t place, Known& known) {
    known.index = session_.indexes().find(*readable_.sources()[place], known.words);
    if (!known.index) return;
    read_links(place, known);
    if (known.links_until > 0 && !asked.empty()) find_asked(asked, place, known);
  });
}

void StoryIndexes::read_links(std::uint32_t place, Known& known) const {
  const auto stored = known.index->reader.links();
  if (stored && stored->empty()) return;
  auto& links = known.links;
  const bool good =
      stored && trace::decode_links(*stored, place, readable_.calendar(place), known.text, links);
  if (!good) {
    links.clear();
    const Status damage = stored ? Status::error("the index is damaged") : stored.status();
    known.words.push_back(damaged_index(*readable_.sources()[place], damage));
    return;
  }
  known.links_until = known.index->end;
  while (!links.empty() && links.back().evidence.offset >= known.links_until) links.pop_back();
}

void StoryIndexes::find_asked(const WordQuery& asked, std::uint32_t place, Known& known) const {
  input::Source& source = *readable_.sources()[place];
  const auto steps = asked.steps(known.index->reader);
  if (!steps) known.words.push_back(damaged_index(source, steps.status()));
  if (steps && *steps) {
    PartsAround around(source, place, known.parts);
    add_steps(**steps, known.links_until, around);
    return;
  }
  add_parts(source, place, 0, session_.query().block_size, known.parts);
  while (!known.parts.empty() && known.parts.back()->begin >= known.links_until) {
    known.parts.pop_back();
  }
  if (!known.parts.empty()) known.parts.back()->end = known.links_until;
}

void StoryIndexes::find(const WordQuery& words, const Filter& filter, bool counts_lines) {
  for_each([&](std::uint32_t place, Known& known) {
    known.parts.clear();
    known.found = false;
    if (!known.index || !filter.wants(readable_.sources()[place]->origin())) return;
    find_parts(words, counts_lines, place, known);
  });
}

void StoryIndexes::find_parts(const WordQuery& words, bool counts_lines, std::uint32_t place,
                              Known& known) const {
  input::Source& source = *readable_.sources()[place];
  const auto steps = words.steps(known.index->reader);
  if (!steps) known.words.push_back(damaged_index(source, steps.status()));
  if (!steps || !*steps) return;
  known.found = true;
  PartsAround around(source, place, known.parts);
  add_steps(**steps, known.index->end, around);
  around.add_behind(*known.index, session_.query().block_size, counts_lines);
}

}  // namespace ktrace::engine
