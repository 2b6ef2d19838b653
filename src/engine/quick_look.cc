// To search memory where it lies costs two thirds of copying it out of the kernel first, and what
// an identifier is looked for in has nothing of it as a rule. So the bytes are looked at in place
// (Source::look), a step at a time, and only the steps with a hit are read, by pread, and parsed:
// all that is told to the user comes from bytes that no longer change.
//
// Where hits are many, the look is a detour, and is given up. Sources in whose records a value may
// stand in pieces are read whole.

#include "quick_look.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <utility>

#include "block_reader.h"
#include "ktrace/format.h"
#include "line_count.h"
#include "parallel.h"
#include "parts_around.h"

namespace ktrace::engine {
namespace {

constexpr std::size_t kStepsPerBlock = 4;

// So much is shown at a time.
constexpr std::size_t kBlocksPerWindow = 8;

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
  Extents look(const Part& part, Hits& hits) {
    Extents wanted;
    for (std::uint64_t at = part.begin; at < part.end; at += window_) {
      const std::uint64_t end = std::min(part.end, at + window_);
      const std::size_t known = wanted.size();
      const bool seen =
          !is_given_up() && part.source->look(at, end - at + behind(),
                                              [&](auto bytes) { search(bytes, at, hits, wanted); });
      if (seen) continue;
      wanted.resize(known);
      wanted.emplace_back(at, end);
    }
    return wanted;
  }

 private:
  // A literal may begin in one step and end in the next, and the search reads beyond the end.
  std::size_t behind() const { return literal_.longest() + format::kPadding; }

  bool is_given_up() const {
    const std::uint64_t seen = seen_.load(std::memory_order_relaxed);
    return seen >= kEnoughSeen && hit_.load(std::memory_order_relaxed) * kManyHits > seen;
  }

  void search(std::string_view bytes, std::uint64_t offset, Hits& hits, Extents& wanted) {
    const std::size_t before = wanted.size();
    const std::size_t size = bytes.size() - behind();
    for (std::size_t at = 0; at < size; at += step_) {
      const std::size_t step = std::min(step_, size - at);
      hits.clear();
      literal_.find_all(bytes.substr(at, step + literal_.longest() - 1), hits);
      if (!hits.empty()) wanted.emplace_back(offset + at, offset + at + step);
    }
    seen_ += (size + step_ - 1) / step_;
    hit_ += wanted.size() - before;
  }

  const trace::LiteralSearch& literal_;
  const std::size_t step_, window_;
  std::atomic<std::uint64_t> seen_{0}, hit_{0};
};

// What PartsAround makes of an index is shorter, and the last part of a source goes to an end that
// is not known yet.
bool is_long_enough(const Part& part, std::size_t block_size) {
  return part.source->seekable() && part.end != BlockReader::kToTheEnd &&
         part.end - part.begin >= block_size * kBlocksPerWindow;
}

// Whether values stand in the records of the source as they are.
bool is_plain(input::Source& source) {
  return format::hiding_marks(bytes_at(source, 0, format::kBeginning)).empty();
}

// The sources, by their index, that have parts to be looked at.
std::set<std::uint32_t> sources_to_look_at(const Parts& parts, std::size_t block_size) {
  std::set<std::uint32_t> sources;
  for (const auto& part : parts) {
    if (!is_long_enough(*part, block_size) || sources.contains(part->index)) continue;
    if (is_plain(*part->source)) sources.insert(part->index);
  }
  return sources;
}

// The parts again, those of `sources` with what is wanted of them only.
Parts parts_around(Parts parts, const std::set<std::uint32_t>& sources,
                   const std::vector<Extents>& wanted) {
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
  const std::set<std::uint32_t> sources = sources_to_look_at(parts, block_size);
  if (sources.empty()) return;
  QuickLook look(literal, block_size);
  std::vector<Extents> wanted(parts.size());
  std::vector<Hits> workers(threads);
  for_each_task(workers, parts.size(), [&](Hits& hits, std::size_t task) {
    const Part& part = *parts[task];
    if (is_long_enough(part, block_size) && sources.contains(part.index)) {
      wanted[task] = look.look(part, hits);
    } else {
      wanted[task].emplace_back(part.begin, part.end);
    }
  });
  parts = parts_around(std::move(parts), sources, wanted);
}

}  // namespace ktrace::engine
