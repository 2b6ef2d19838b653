// `merge`: all records of all sources as one timeline, in memory that does not grow with them.
//
// The first pass, on all threads, reads every source in blocks and remembers of each block only the
// times of its earliest and its latest record. The second pass goes forward in time: a block is
// read again when the timeline reaches its earliest record, its records are put in order, and it is
// let go after its latest. In logs that are nearly in order only a block or two of each source are
// held at a time; how many depends on the disorder alone. Streams, which cannot be read twice, are
// spooled.

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>

#include <fmt/format.h>

#include "commands.h"
#include "ktrace/format.h"
#include "live.h"
#include "parallel.h"
#include "readable.h"

namespace ktrace::engine {
namespace {


// What is known of a block between the passes.
struct BlockFacts {
  Time earliest{}, latest{};
  Stamp before;  // of the last record before it that has one
  std::uint32_t source = 0;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;  // of its first record, when lines are counted
  std::uint32_t size = 0;
};

// Reads the times of the records of one block, one after the other.
class BlockWalk {
 public:
  BlockWalk(std::string_view bytes, std::uint64_t offset, const Stamp& before, Order order,
            trace::CalendarCursor& cursor, Record& record)
      : walk_(bytes),
        offset_(offset),
        stamp_(before),
        order_(order),
        cursor_(cursor),
        record_(record) {}

  bool next() {
    if (!walk_.next()) return false;
    const format::Slice& slice = walk_.slice();
    Duration before{};
    Stamp stamp;
    if (order_ == Order::begin) {
      format::parse(slice, record_);
      stamp = record_.stamp;
      before = record_.duration.value_or(Duration::zero());
    } else {
      stamp = format::glance(slice, false, record_).stamp;
    }
    if (stamp.kind != Stamp::Kind::none) stamp_ = stamp;
    time_ = cursor_.resolve(offset_ + walk_.offset(), stamp_);
    key_ = earlier(time_, before);
    return true;
  }

  const format::Walk& walk() const { return walk_; }
  Time time() const { return time_; }
  Time key() const { return key_; }  // what it is ordered by
  const Stamp& stamp() const { return stamp_; }

 private:
  format::Walk walk_;
  std::uint64_t offset_;
  Stamp stamp_;
  Order order_;
  trace::CalendarCursor& cursor_;
  Record& record_;
  Time time_{}, key_{};
};

// A record of an open block.
struct Entry {
  Time key{}, time{};
  format::Slice slice;  // its offset is that in the block
  std::uint64_t line = 0;
};

// A block that the timeline is passing through.
struct OpenBlock {
  const BlockFacts* facts = nullptr;
  std::string bytes;  // and padding
  Arena text;         // what slices point into that are not in `bytes`
  std::vector<Entry> entries;
  std::size_t next = 0;

  const Entry& entry() const { return entries[next]; }

  // The next record of `a` comes behind that of `b`: the order of a heap with the earliest on top.
  static bool behind(const OpenBlock* a, const OpenBlock* b) {
    const auto place = [](const OpenBlock& block) {
      const Entry& entry = block.entry();
      return std::tuple(entry.key, block.facts->source, block.facts->offset + entry.slice.offset);
    };
    return place(*a) > place(*b);
  }
};

struct MergeWorker {
  std::vector<char> buffer;
  Record record;
};

class Merge {
 public:
  Merge(Session& session, const Filter& filter)
      : session_(session), query_(session.query()), filter_(filter) {}

  Outcome run() {
    format_ = output::find_format(query_.output);
    if (format_ == nullptr) return session_.fail("unknown output format '" + query_.output + "'");
    counts_lines_ = format_->counts_lines && !query_.count && !query_.quiet;
    readable_.open(session_, &filter_);
    survey();
    output::Sink sink(session_.output());
    const std::uint64_t shown = walk(sink);
    if (query_.quiet) return shown > 0 ? Outcome::found : session_.outcome(false);
    if (query_.count) fmt::format_to(std::back_inserter(sink.buffer()), "{}\n", shown);
    return session_.finish(sink, shown > 0);
  }

 private:
  // Out: the facts of all blocks, in the order of their earliest records.
  void survey() {
    Parts parts = make_parts(readable_.sources(), filter_, query_.block_size);
    std::vector<std::vector<BlockFacts>> facts(parts.size());
    std::vector<MergeWorker> workers(thread_count(query_.threads));
    for_each_task(workers, parts.size(), [&](MergeWorker& worker, std::size_t task) {
      survey_part(worker, *parts[task], facts[task]);
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
    std::sort(blocks_.begin(), blocks_.end(), [](const BlockFacts& a, const BlockFacts& b) {
      return std::tie(a.earliest, a.source, a.offset) < std::tie(b.earliest, b.source, b.offset);
    });
  }

  void survey_part(MergeWorker& worker, Part& part, std::vector<BlockFacts>& facts) const {
    BlockReader reader(*part.source, part.begin, part.end, query_.block_size, worker.buffer);
    trace::CalendarCursor cursor(readable_.calendar(part.index));
    std::optional<Stamp> before;
    Block block;
    while (reader.next(block)) {
      if (!before) before = reader.stamp_before();
      BlockFacts fact;
      fact.source = part.index;
      fact.offset = block.offset;
      fact.size = static_cast<std::uint32_t>(block.bytes.size());
      fact.line = part.newlines;
      fact.before = *before;
      BlockWalk walk(block.bytes, block.offset, *before, query_.order, cursor, worker.record);
      for (bool first = true; walk.next(); first = false) {
        fact.earliest = first ? walk.key() : std::min(fact.earliest, walk.key());
        fact.latest = first ? walk.key() : std::max(fact.latest, walk.key());
      }
      before = walk.stamp();
      if (counts_lines_) part.newlines += newlines(block.bytes);
      facts.push_back(fact);
    }
    part.status = reader.status();
    part.long_records = reader.long_records();
    part.first_long_record = reader.first_long_record();
  }

  // Goes through all blocks in the order of time. Gives how many records passed the filters.
  std::uint64_t walk(output::Sink& sink) {
    const auto writer = format_->make(session_.style());
    const bool writes = !query_.count && !query_.quiet;
    if (writes) writer->begin(session_.origins(wanted_sources()), sink.buffer());
    std::uint64_t shown = 0;
    std::size_t pending = 0;
    while (pending < blocks_.size() || !open_.empty()) {
      // All blocks that may hold the next record are open.
      while (pending < blocks_.size() &&
             (open_.empty() || blocks_[pending].earliest <= open_.front()->entry().key)) {
        open(blocks_[pending++]);
      }
      if (open_.empty()) continue;
      std::pop_heap(open_.begin(), open_.end(), OpenBlock::behind);
      OpenBlock* block = open_.back();
      // Records are taken from this block until another one's come before them.
      do {
        if (take(*block)) {
          ++shown;
          if (query_.quiet) return shown;
          if (writes) writer->record(record_, sink.buffer());
          if (writes && !sink.settle()) return shown;
        }
        ++block->next;
      } while (block->next < block->entries.size() && is_next(*block, pending));
      if (block->next < block->entries.size()) {
        std::push_heap(open_.begin(), open_.end(), OpenBlock::behind);
      } else {
        open_.pop_back();
        idle_.push_back(block);
      }
    }
    if (session_.paused()) shown += go_on(session_, filter_, nullptr, *format_, *writer, sink);
    if (writes) writer->end(sink.buffer());
    return shown;
  }

  // Whether no open or pending block has a record before the next one of `block`, which is at the
  // end of open_, behind the heap of the others.
  bool is_next(const OpenBlock& block, std::size_t pending) const {
    if (pending < blocks_.size() && blocks_[pending].earliest <= block.entry().key) return false;
    return open_.size() == 1 || OpenBlock::behind(open_.front(), &block);
  }

  std::vector<bool> wanted_sources() const {
    std::vector<bool> wanted;
    for (const input::Source* source : readable_.sources())
      wanted.push_back(filter_.wants(source->origin()));
    return wanted;
  }

  // Reads a block again and puts its records in order.
  void open(const BlockFacts& facts) {
    OpenBlock& block = fresh_block();
    block.facts = &facts;
    block.bytes.assign(facts.size + format::kPadding, '\0');
    if (!read(facts, block)) {
      idle_.push_back(&block);
      return;
    }
    const std::string_view bytes(block.bytes.data(), facts.size);
    trace::CalendarCursor cursor(readable_.calendar(facts.source));
    BlockWalk walk(bytes, facts.offset, facts.before, query_.order, cursor, scratch_);
    std::uint64_t line = facts.line;
    std::size_t counted = 0;
    while (walk.next()) {
      const std::size_t begin = walk.walk().offset();
      if (counts_lines_) line += newlines(bytes.substr(counted, begin - counted));
      counted = begin;
      block.entries.push_back({walk.key(), walk.time(), kept(walk.walk(), block), line});
    }
    const auto before = [](const Entry& a, const Entry& b) { return a.key < b.key; };
    if (!std::is_sorted(block.entries.begin(), block.entries.end(), before)) {
      std::stable_sort(block.entries.begin(), block.entries.end(), before);
    }
    open_.push_back(&block);
    std::push_heap(open_.begin(), open_.end(), OpenBlock::behind);
  }

  // The record that `walk` is at, to be held as long as the block is.
  static format::Slice kept(const format::Walk& walk, OpenBlock& block) {
    format::Slice slice = walk.slice();
    slice.raw = kept(slice.raw, block);
    slice.context = kept(slice.context, block);
    slice.offset = walk.offset();
    return slice;
  }

  // `text` in the memory of the block, with padding.
  static std::string_view kept(std::string_view text, OpenBlock& block) {
    const char* const begin = block.bytes.data();
    const bool inside = std::less_equal<>()(begin, text.data()) &&
                        std::less<>()(text.data(), begin + block.bytes.size());
    if (inside || text.empty()) return text;
    char* const place = block.text.allocate(text.size() + format::kPadding);
    text.copy(place, text.size());
    std::fill_n(place + text.size(), format::kPadding, '\0');
    return {place, text.size()};
  }

  // A block to use again, with the memory it has, or a new one.
  OpenBlock& fresh_block() {
    if (idle_.empty()) {
      store_.push_back(std::make_unique<OpenBlock>());
      return *store_.back();
    }
    OpenBlock& block = *idle_.back();
    idle_.pop_back();
    block.entries.clear();
    block.text.clear();
    block.next = 0;
    return block;
  }

  bool read(const BlockFacts& facts, OpenBlock& block) {
    input::Source& source = *readable_.sources()[facts.source];
    std::size_t done = 0;
    while (done < facts.size) {
      const auto count =
          source.read(facts.offset + done, block.bytes.data() + done, facts.size - done);
      if (count && *count > 0) {
        done += *count;
        continue;
      }
      const std::string words = count ? "became shorter while it was read" : count.message();
      session_.report({Diagnostic::Level::error, source.origin().name, 0, words});
      return false;
    }
    return true;
  }

  // Makes record_ of the block's next entry. False when it is filtered out.
  bool take(const OpenBlock& block) {
    const Entry& entry = block.entry();
    if (!filter_.wants(entry.time)) return false;
    if (format_->raw_only && !filter_.looks_inside()) {
      record_.raw = entry.slice.raw;
      return true;
    }
    format::parse(entry.slice, record_);
    if (!filter_.wants(record_)) return false;
    record_.origin = &readable_.sources()[block.facts->source]->origin();
    record_.source = block.facts->source;
    record_.offset = block.facts->offset + entry.slice.offset;
    record_.line = counts_lines_ ? entry.line : 0;
    record_.time = entry.time;
    return true;
  }

  Session& session_;
  const Query& query_;
  const Filter& filter_;
  const output::Format* format_ = nullptr;
  bool counts_lines_ = false;
  Readable readable_;
  std::vector<BlockFacts> blocks_;
  std::vector<OpenBlock*> open_;  // a heap, the earliest next record on top
  std::vector<OpenBlock*> idle_;
  std::vector<std::unique_ptr<OpenBlock>> store_;
  Record record_, scratch_;
};

}  // namespace

Outcome run_merge(Session& session, const Filter& filter) { return Merge(session, filter).run(); }

}  // namespace ktrace::engine
