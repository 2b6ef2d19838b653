// `merge`: all records of all sources as one timeline, in memory that does not grow with them.
//
// The first pass, on all threads, reads every source in blocks and remembers of each block only the
// times of its earliest and its latest record. The second pass goes forward in time: a block is
// read again when the timeline reaches its earliest record, its records are put in order, and it is
// let go after its latest. In logs that are nearly in order only a block or two of each source are
// held at a time; how many depends on the disorder alone. Streams, which cannot be read twice, are
// spooled.

#include <algorithm>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "commands.h"
#include "line_count.h"
#include "live.h"
#include "merge_blocks.h"
#include "merge_feed.h"
#include "merge_survey.h"
#include "parallel.h"
#include "readable.h"
#include "timeless.h"

namespace ktrace::engine {
namespace {

// With many sources, blocks are smaller: one of each may be open. Not smaller than this part of the
// usual size, though.
constexpr std::size_t kSmallestPart = 16;

Place place_of(const OpenBlock& block) {
  const Entry& entry = block.entry();
  return {entry.key, block.facts->source, entry.slice.offset};
}

// The order of a heap with the earliest on top.
bool behind(const OpenBlock* a, const OpenBlock* b) { return place_of(*a) > place_of(*b); }

class Merge {
 public:
  Merge(Session& session, const Filter& filter)
      : session_(session), query_(session.query()), filter_(filter) {}

  Outcome run() {
    format_ = output::find_format(query_.output);
    if (format_ == nullptr) return session_.fail("unknown output format '" + query_.output + "'");
    writes_ = !query_.count && !query_.quiet;
    counts_lines_ = format_->counts_lines && writes_;
    as_is_ = writes_ && format_->raw_only && !filter_.looks_inside() && !filter_.has_times();
    readable_.open(session_, &filter_);
    survey();
    BlockStore store(query_, readable_, counts_lines_);
    if (const Status status = store.straighten(blocks_); !status.ok()) {
      session_.report({Diagnostic::Level::error, "", 0, "sorting: " + status.message()});
    }
    std::sort(blocks_.begin(), blocks_.end(),
              [](const BlockFacts& a, const BlockFacts& b) { return a.place() < b.place(); });
    output::Sink sink(session_.output());
    BlockFeed feed(store, blocks_, thread_count(query_.threads));
    std::uint64_t total = 0;
    for (const BlockFacts& block : blocks_) total += block.size;
    // What is written to a terminal is progress enough.
    if (!session_.style().terminal) writing_ = session_.meter("writing", total);
    const std::uint64_t shown = walk(feed, sink);
    writing_.reset();
    if (writes_) timeless_.report(session_);
    if (query_.quiet) return shown > 0 ? Outcome::found : session_.outcome(false);
    if (query_.count) sink.buffer() += fmt::format("{}\n", shown);
    return session_.finish(sink, shown > 0);
  }

 private:
  std::size_t block_size() const {
    std::size_t used = 0;
    for (const input::Source* source : readable_.sources())
      used += filter_.wants(source->origin()) ? 1 : 0;
    const std::uint64_t fitting =
        most_open(query_.block_size) / (2 * std::max<std::size_t>(used, 1));
    const std::size_t least = std::max<std::size_t>(query_.block_size / kSmallestPart, 1);
    return std::clamp<std::size_t>(fitting, least, query_.block_size);
  }

  // Out: the facts of all blocks, in the order of sources and offsets.
  void survey() {
    Parts parts = make_parts(readable_.sources(), filter_, block_size());
    const auto meter = session_.watch(parts, "reading");
    std::vector<std::vector<BlockFacts>> facts(parts.size());
    std::vector<SurveyWorker> workers(thread_count(query_.threads));
    for_each_task(workers, parts.size(), [&](SurveyWorker& worker, std::size_t task) {
      Part& part = *parts[task];
      facts[task] = survey_part(part, block_size(), query_, readable_.calendar(part.index),
                                counts_lines_, worker);
    });
    session_.report_parts(parts);
    std::uint64_t line = 1;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i == 0 || parts[i]->index != parts[i - 1]->index) line = 1;
      for (BlockFacts& block : facts[i]) {
        block.line += line;
        blocks_.push_back(block);
      }
      line += parts[i]->newlines;
    }
  }

  // Goes through all blocks in the order of time. Gives how many records passed the filters.
  std::uint64_t walk(BlockFeed& feed, output::Sink& sink) {
    const auto writer = format_->make(session_.style());
    if (writes_) writer->begin(session_.origins(wanted_sources()), sink.buffer());
    std::uint64_t shown = 0;
    while (feed.next() != nullptr || !open_.empty()) {
      // All blocks that may hold the next record are open.
      while (feed.next() != nullptr &&
             (open_.empty() || feed.next()->place() < place_of(*open_.front()))) {
        open(feed);
      }
      if (open_.empty()) continue;
      std::pop_heap(open_.begin(), open_.end(), behind);
      OpenBlock* const block = open_.back();
      const Bounds bounds = bounds_behind(feed);
      // Records are taken from this block until another one's come before them.
      do {
        const Time key = block->entry().key;
        if (take(*block, bounds)) {
          ++shown;
          timeless_.see(block->facts->source, key);
          if (query_.quiet) return shown;
          if (writes_) writer->record(record_, sink.buffer());
          if (writes_ && !sink.settle()) return shown;
        }
      } while (bounds.allow(*block));
      if (block->next < block->entries.size()) {
        std::push_heap(open_.begin(), open_.end(), behind);
      } else {
        open_.pop_back();
        feed.give_back(block);
      }
    }
    if (session_.paused()) shown += go_on(session_, filter_, nullptr, *format_, *writer, sink);
    if (writes_) writer->end(sink.buffer());
    return shown;
  }

  // Until where records may be taken from one block. They change only with the other blocks.
  struct Bounds {
    std::optional<Place> pending;  // what the blocks that are not open begin with
    std::optional<Place> open;     // the next record of those that are

    bool allow(const OpenBlock& block) const {
      if (block.next == block.entries.size()) return false;
      const Place place = place_of(block);
      return (!pending || place < *pending) && (!open || place < *open);
    }
  };

  // For the block at the end of open_, behind the heap of the others.
  Bounds bounds_behind(const BlockFeed& feed) const {
    Bounds bounds;
    if (feed.next() != nullptr) bounds.pending = feed.next()->place();
    if (open_.size() > 1) bounds.open = place_of(*open_.front());
    return bounds;
  }

  std::vector<bool> wanted_sources() const {
    std::vector<bool> wanted;
    for (const input::Source* source : readable_.sources())
      wanted.push_back(filter_.wants(source->origin()));
    return wanted;
  }

  void open(BlockFeed& feed) {
    OpenBlock* const block = feed.take();
    if (writing_) writing_->add(block->facts->size);
    if (!block->status.ok()) {
      const std::string& path = readable_.sources()[block->facts->source]->origin().name;
      session_.report({Diagnostic::Level::error, path, 0, block->status.message()});
      return feed.give_back(block);
    }
    open_.push_back(block);
    std::push_heap(open_.begin(), open_.end(), behind);
  }

  // Makes record_ of the block's next entry and moves on. False when it is filtered out.
  bool take(OpenBlock& block, const Bounds& bounds) {
    const Entry& entry = block.entry();
    ++block.next;
    if (as_is_) {
      record_.raw = run_from(entry.slice.raw, block, bounds);
      return true;
    }
    if (!filter_.wants(entry.time)) return false;
    format::parse(entry.slice, record_);
    record_.origin = &readable_.sources()[block.facts->source]->origin();
    if (!filter_.wants(record_)) return false;
    record_.origin = session_.origin_of(record_);
    record_.source = block.facts->source;
    record_.offset = entry.slice.offset;
    record_.line = counts_lines_ ? entry.line : 0;
    record_.time = entry.time;
    return true;
  }

  // Lines that stand one behind the other in their block are written as one piece of bytes.
  static std::string_view run_from(std::string_view raw, OpenBlock& block, const Bounds& bounds) {
    while (raw.ends_with('\n') && bounds.allow(block) &&
           block.entry().slice.raw.data() == raw.data() + raw.size()) {
      raw = {raw.data(), raw.size() + block.entry().slice.raw.size()};
      ++block.next;
    }
    return raw;
  }

  Session& session_;
  const Query& query_;
  const Filter& filter_;
  const output::Format* format_ = nullptr;
  bool writes_ = false;
  bool counts_lines_ = false;
  bool as_is_ = false;  // the bytes are all that matters
  Readable readable_;
  std::vector<BlockFacts> blocks_;
  std::vector<OpenBlock*> open_;  // a heap, the earliest next record on top
  std::unique_ptr<Meter> writing_;
  Timeless timeless_;
  Record record_;
};

}  // namespace

Outcome run_merge(Session& session, const Filter& filter) { return Merge(session, filter).run(); }

}  // namespace ktrace::engine
