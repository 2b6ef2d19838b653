// A block that is read again gets the times that it had when it was surveyed.
//
// Sorting outside of memory: where the blocks of one source overlap so much that more than its
// share of memory would be open at some moment, the source is cut into runs; each run is sorted in
// memory and written to the spool as blocks that follow each other in time, so that of each run one
// block at a time is open. The entries of such a block stand before its bytes, so that it need not
// be parsed again.

#include "merge_blocks.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <queue>
#include <type_traits>

#include "line_count.h"
#include "timeless.h"

namespace ktrace::engine {
namespace {

constexpr std::uint64_t kOpenBlocks = 256;
constexpr std::uint64_t kBlocksPerRun = 128;

// What stands in the spool of one record. The program that writes it reads it.
struct SpooledEntry {
  Time key{}, time{};
  const format::Payload* payload = nullptr;
  std::uint64_t offset = 0, line = 0;
  std::uint32_t raw_size = 0, context_size = 0;
};
static_assert(std::is_trivially_copyable_v<SpooledEntry>);

bool earlier_key(const Entry& a, const Entry& b) { return a.key < b.key; }

// Sorts entries of which most are in order, and those that are not are a few places late.
void put_in_order(std::vector<Entry>& entries) {
  constexpr std::ptrdiff_t kMostMoves = 8;  // an entry, on the average
  std::ptrdiff_t moves = kMostMoves * static_cast<std::ptrdiff_t>(entries.size());
  const auto begin = entries.begin();
  for (auto late = std::is_sorted_until(begin, entries.end(), earlier_key); late != entries.end();
       ++late) {
    if (!earlier_key(*late, *std::prev(late))) continue;
    const auto place = std::upper_bound(begin, late, *late, earlier_key);
    moves -= late - place;
    if (moves < 0) return std::stable_sort(begin, entries.end(), earlier_key);
    std::rotate(place, late, std::next(late));
  }
}

// `text` in the memory of the block, with padding.
std::string_view kept(std::string_view text, OpenBlock& block) {
  if (text.empty() || block.bytes.holds(text.data())) return text;
  char* const place = block.text.allocate(text.size() + format::kPadding);
  text.copy(place, text.size());
  std::fill_n(place + text.size(), format::kPadding, '\0');
  return {place, text.size()};
}

// The record that `walk` is at, to be held as long as the block is.
format::Slice kept(const format::Walk& walk, OpenBlock& block) {
  format::Slice slice = walk.slice();
  if (walk.seen()) return slice;  // lies in the block
  slice.raw = kept(slice.raw, block);
  slice.context = kept(slice.context, block);
  return slice;
}

// How many bytes of these blocks of one source are open when the most are. A block is closed before
// one behind it opens that begins at the time of its end.
std::uint64_t peak(std::vector<BlockFacts> blocks) {
  std::sort(blocks.begin(), blocks.end(),
            [](const BlockFacts& a, const BlockFacts& b) { return a.place() < b.place(); });
  const auto ends_later = [](const BlockFacts* a, const BlockFacts* b) {
    return std::tie(a->latest, a->first) > std::tie(b->latest, b->first);
  };
  std::priority_queue<const BlockFacts*, std::vector<const BlockFacts*>, decltype(ends_later)> open(
      ends_later);
  std::uint64_t now = 0, most = 0;
  for (const BlockFacts& block : blocks) {
    while (!open.empty() && std::tie(open.top()->latest, open.top()->first) <
                                std::tie(block.earliest, block.first)) {
      now -= open.top()->size;
      open.pop();
    }
    open.push(&block);
    now += block.size;
    most = std::max(most, now);
  }
  return most;
}

}  // namespace

std::uint64_t most_open(std::size_t block_size) { return kOpenBlocks * block_size; }

bool BlockWalk::next() {
  if (!walk_.next()) return false;
  const format::Slice& slice = walk_.slice();
  Duration before{};
  Stamp stamp;
  if (order_ == Order::begin) {
    format::parse(slice, scratch_);
    stamp = scratch_.stamp;
    before = scratch_.duration.value_or(Duration::zero());
  } else {
    stamp = walk_.seen() ? walk_.seen()->stamp : format::glance(slice, false, scratch_).stamp;
  }
  if (stamp.kind != Stamp::Kind::none) stamp_ = stamp;
  time_ = cursor_.resolve(offset_ + walk_.offset(), stamp_);
  key_ = Timeless::place(cursor_.calendar(), stamp_, earlier(time_, before));
  return true;
}

char* BlockBytes::reserve(std::size_t size) {
  if (capacity_ < size + format::kPadding) {
    capacity_ = size + format::kPadding;
    bytes_.reset(new char[capacity_]);
  }
  std::fill_n(bytes_.get() + size, format::kPadding, '\0');
  return bytes_.get();
}

bool BlockBytes::holds(const char* at) const {
  return std::less_equal<>()(data(), at) && std::less<>()(at, data() + capacity_);
}

void BlockStore::load(const BlockFacts& facts, OpenBlock& block, Record& scratch) const {
  block.facts = &facts;
  block.entries.clear();
  block.text.clear();
  block.next = 0;
  block.status = facts.spooled_records > 0 ? read_spooled(facts, block) : read(facts, block);
  if (!block.status.ok() || facts.spooled_records > 0) return;
  const std::string_view bytes(block.bytes.data(), facts.size);
  trace::CalendarCursor cursor(readable_.calendar(facts.source));
  BlockWalk walk(bytes, facts.offset, facts.before, query_.order, cursor, scratch);
  std::uint64_t line = facts.line;
  std::size_t counted = 0;
  while (walk.next()) {
    const std::size_t begin = walk.walk().offset();
    if (counts_lines_) line += newlines(bytes.substr(counted, begin - counted));
    counted = begin;
    Entry entry{walk.key(), walk.time(), kept(walk.walk(), block), line};
    entry.slice.offset = facts.offset + begin;
    block.entries.push_back(entry);
  }
  put_in_order(block.entries);
}

Status BlockStore::read(const BlockFacts& facts, OpenBlock& block) const {
  char* const bytes = block.bytes.reserve(facts.size);
  for (std::size_t done = 0; done < facts.size;) {
    const auto count = readable_.sources()[facts.source]->read(facts.offset + done, bytes + done,
                                                               facts.size - done);
    if (!count) return count.status();
    if (*count == 0) return Status::error("became shorter while it was read");
    done += *count;
  }
  return {};
}

Status BlockStore::read_spooled(const BlockFacts& facts, OpenBlock& block) const {
  char* const bytes = block.bytes.reserve(facts.size);
  const auto count = readable_.spool().read(facts.offset, bytes, facts.size);
  if (!count) return count.status();
  if (*count < facts.size) return Status::error("a temporary file became shorter");
  const char* text = bytes + facts.spooled_records * sizeof(SpooledEntry);
  for (std::uint32_t i = 0; i < facts.spooled_records; ++i) {
    SpooledEntry entry;
    std::memcpy(&entry, bytes + i * sizeof entry, sizeof entry);
    const format::Slice slice{{text, entry.raw_size},
                              {text + entry.raw_size, entry.context_size},
                              entry.payload,
                              entry.offset};
    block.entries.push_back({entry.key, entry.time, slice, entry.line});
    text += entry.raw_size + entry.context_size;
  }
  return {};
}

Status BlockStore::straighten(std::vector<BlockFacts>& blocks) {
  std::vector<std::vector<BlockFacts>> by_source(readable_.sources().size());
  for (const BlockFacts& block : blocks) by_source[block.source].push_back(block);
  const auto used = static_cast<std::uint64_t>(std::count_if(
      by_source.begin(), by_source.end(), [](const auto& own) { return !own.empty(); }));
  const std::uint64_t share = std::max<std::uint64_t>(
      most_open(query_.block_size) / std::max<std::uint64_t>(used, 1), 4 * query_.block_size);
  blocks.clear();
  Status failure;
  for (std::vector<BlockFacts>& own : by_source) {
    std::vector<BlockFacts> sorted;
    if (failure.ok() && peak(own) > share) {
      failure = sort_source(own, sorted);
      if (failure.ok()) own = std::move(sorted);
    }
    blocks.insert(blocks.end(), own.begin(), own.end());
  }
  return failure;
}

Status BlockStore::sort_source(const std::vector<BlockFacts>& blocks,
                               std::vector<BlockFacts>& sorted) {
  const std::uint64_t longest = kBlocksPerRun * query_.block_size;
  const BlockFacts* const end = blocks.data() + blocks.size();
  for (const BlockFacts* begin = blocks.data(); begin != end;) {
    std::uint64_t size = begin->size;
    const BlockFacts* run_end = begin + 1;
    while (run_end != end && size + run_end->size <= longest) size += (run_end++)->size;
    if (Status status = sort_run(begin, run_end, sorted); !status.ok()) return status;
    begin = run_end;
  }
  return {};
}

Status BlockStore::sort_run(const BlockFacts* begin, const BlockFacts* end,
                            std::vector<BlockFacts>& sorted) {
  std::vector<OpenBlock> open(static_cast<std::size_t>(end - begin));
  std::vector<const Entry*> entries;
  Record scratch;
  for (OpenBlock& block : open) {
    load(*begin++, block, scratch);
    if (!block.status.ok()) return block.status;
    for (const Entry& entry : block.entries) entries.push_back(&entry);
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry* a, const Entry* b) { return a->key < b->key; });
  std::vector<const Entry*> piece;
  std::size_t size = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    piece.push_back(entries[i]);
    size += entries[i]->slice.raw.size() + entries[i]->slice.context.size();
    if (size < query_.block_size && i + 1 < entries.size()) continue;
    BlockFacts facts;
    facts.source = open.front().facts->source;
    if (Status status = append(piece, facts); !status.ok()) return status;
    sorted.push_back(facts);
    piece.clear();
    size = 0;
  }
  return {};
}

// Puts entries into the spool as one block.
Status BlockStore::append(const std::vector<const Entry*>& entries, BlockFacts& facts) {
  std::string bytes(entries.size() * sizeof(SpooledEntry), '\0');
  char* place = bytes.data();
  std::string text;
  for (const Entry* entry : entries) {
    const auto& [raw, context, payload, offset] = entry->slice;
    const SpooledEntry spooled{entry->key,
                               entry->time,
                               payload,
                               offset,
                               entry->line,
                               static_cast<std::uint32_t>(raw.size()),
                               static_cast<std::uint32_t>(context.size())};
    std::memcpy(place, &spooled, sizeof spooled);
    place += sizeof spooled;
    text.append(raw).append(context);
  }
  bytes += text;
  facts.earliest = entries.front()->key;
  facts.latest = entries.back()->key;
  facts.first = entries.front()->slice.offset;
  facts.offset = readable_.spool().size();
  facts.size = static_cast<std::uint32_t>(bytes.size());
  facts.spooled_records = static_cast<std::uint32_t>(entries.size());
  return readable_.spool().append(bytes);
}

}  // namespace ktrace::engine
