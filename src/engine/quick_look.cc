// To search memory where it lies costs two thirds of copying it out of the kernel first, and what
// an identifier is looked for in has nothing of it as a rule. So the bytes are looked at in place
// (Source::look), a window at a time, and only the steps with a hit are read, by pread, and parsed:
// all that is told to the user comes from bytes that no longer change.
//
// Where hits are many, the look is a detour, and is given up. Where a value may stand in pieces in
// some lines (HiddenPlaces), those are hits, too; a line that is not all in the window could be
// one.

#include "quick_look.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "block_reader.h"
#include "hit_walk.h"
#include "ktrace/format.h"
#include "parallel.h"
#include "parts_around.h"

namespace ktrace::engine {
namespace {

constexpr std::size_t kStepsPerBlock = 4;

// So much is shown at a time.
constexpr std::size_t kBlocksPerWindow = 8;

// And so much before and behind it, for the lines at its ends.
constexpr std::size_t kContext = 4096;

// The look is given up when more than one of so many steps is hit, after so many were seen.
constexpr std::uint64_t kManyHits = 4;
constexpr std::uint64_t kEnoughSeen = 256;

using Extents = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
using Hits = std::vector<std::size_t>;

class QuickLook {
 public:
  QuickLook(const trace::LiteralSearch& literal, std::size_t block_size)
      : literal_(literal),
        step_(std::max<std::size_t>(block_size / kStepsPerBlock, 1)),
        window_(block_size * kBlocksPerWindow) {}

  // The extents of `part` that are to be read.
  Extents look(const Part& part, const HiddenPlaces& hidden, Hits& hits) {
    Extents wanted;
    for (std::uint64_t at = part.begin; at < part.end; at += window_) {
      const std::uint64_t end = std::min(part.end, at + window_);
      const std::uint64_t from = at - std::min<std::uint64_t>(at, kContext);
      const std::size_t behind = std::max(kContext, literal_.longest()) + format::kPadding;
      const std::size_t known = wanted.size();
      const bool seen =
          !is_given_up() && part.source->look(from, end - from + behind, [&](auto bytes) {
            bytes.remove_suffix(format::kPadding);  // the search reads beyond the end
            hits.clear();
            hidden.find(literal_, bytes, hits);
            if (!hidden.empty()) add_cut_lines(bytes, from > 0, hits);
            take(hits, from, at, end, wanted);
          });
      if (seen) continue;
      wanted.resize(known);
      wanted.emplace_back(at, end);
    }
    return wanted;
  }

 private:
  bool is_given_up() const {
    const std::uint64_t seen = seen_.load(std::memory_order_relaxed);
    return seen >= kEnoughSeen && hit_.load(std::memory_order_relaxed) * kManyHits > seen;
  }

  // Makes hits in all steps that a line reaches of which the end, or the beginning if it can be
  // before, is not in `bytes`.
  void add_cut_lines(std::string_view bytes, bool begins_before, Hits& hits) const {
    const auto add = [&](std::size_t begin, std::size_t end) {
      for (std::size_t at = begin; at < end; at += step_) hits.push_back(at);
      hits.push_back(end);
    };
    if (begins_before) add(0, std::min(bytes.find('\n'), bytes.size()));
    add(bytes.rfind('\n') + 1, bytes.size());
    std::sort(hits.begin(), hits.end());
  }

  // The steps of [begin, end) in which there are `hits`, which ascend and count from `from`.
  void take(const Hits& hits, std::uint64_t from, std::uint64_t begin, std::uint64_t end,
            Extents& wanted) {
    const std::size_t before = wanted.size();
    for (const std::size_t hit : hits) {
      const std::uint64_t at = from + hit;
      if (at < begin || at >= end) continue;
      const std::uint64_t step = begin + (at - begin) / step_ * step_;
      if (wanted.size() > before && wanted.back().first == step) continue;
      wanted.emplace_back(step, std::min(step + step_, end));
    }
    seen_ += (end - begin + step_ - 1) / step_;
    hit_ += wanted.size() - before;
  }

  const trace::LiteralSearch& literal_;
  const std::size_t step_, window_;
  std::atomic<std::uint64_t> seen_{0}, hit_{0};
};

// The last part of a source goes to an end that is not known yet.
bool is_worth_it(const Part& part, std::size_t block_size) {
  return !part.chosen && part.source->seekable() && part.end != BlockReader::kToTheEnd &&
         part.end - part.begin >= block_size * kBlocksPerWindow;
}

// By their index, the sources that have parts to be looked at.
using LookedAt = std::map<std::uint32_t, HiddenPlaces>;

LookedAt sources_to_look_at(const Parts& parts, std::size_t block_size) {
  LookedAt sources;
  for (const auto& part : parts) {
    if (!is_worth_it(*part, block_size) || sources.contains(part->index)) continue;
    sources.try_emplace(part->index, hidden_places(*part->source));
  }
  return sources;
}

// The parts again, those of `sources` with what is wanted of them only.
Parts parts_around(Parts parts, const LookedAt& sources, const std::vector<Extents>& wanted) {
  Parts made;
  std::map<std::uint32_t, PartsAround> around;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Part& part = *parts[i];
    if (!sources.contains(part.index)) {
      made.push_back(std::move(parts[i]));
      continue;
    }
    const auto place = around.try_emplace(part.index, *part.source, part.index, made).first;
    for (const auto& [begin, end] : wanted[i]) place->second.add(begin, end);
  }
  return made;
}

}  // namespace

void leave_out_quiet(const trace::LiteralSearch& literal, std::size_t block_size, Parts& parts,
                     unsigned threads) {
  const LookedAt sources = sources_to_look_at(parts, block_size);
  if (sources.empty()) return;
  QuickLook look(literal, block_size);
  std::vector<Extents> wanted(parts.size());
  std::vector<Hits> workers(threads);
  for_each_task(workers, parts.size(), [&](Hits& hits, std::size_t task) {
    const Part& part = *parts[task];
    if (is_worth_it(part, block_size) && sources.contains(part.index)) {
      wanted[task] = look.look(part, sources.at(part.index), hits);
    } else {
      wanted[task].emplace_back(part.begin, part.end);
    }
  });
  parts = parts_around(std::move(parts), sources, wanted);
}

}  // namespace ktrace::engine
