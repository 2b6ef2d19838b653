// The hot path. A block of a quarter of a megabyte fits the second-level cache: it is read there,
// searched there for the literal, and left. Bounds are looked for only around a hit, and only the
// record inside them is parsed. What a wanted value would look like in the bytes is known as a rule
// (Wanted::verbatim); otherwise every record is parsed. That is decided once a run.

#include "scan.h"

#include <algorithm>
#include <cstring>

#include "parallel.h"

namespace ktrace::engine {
namespace {

// A part is this many blocks: 4 MiB as a rule. Reading to the end of a part's last record and
// looking for the first costs a few kilobytes per part.
constexpr std::uint64_t kBlocksPerPart = 16;

// What a thread keeps from part to part.
struct Worker {
  std::vector<char> buffer;
  std::vector<std::size_t> hits;
  format::Slices slices;
  Record record, before;
};

class PartScan {
 public:
  PartScan(const Search& search, const trace::LiteralSearch* literal, Worker& worker, Part& part)
      : search_(search),
        literal_(literal),
        worker_(worker),
        part_(part),
        reader_(*part.source, part.begin, part.end, search.query.block_size, worker.buffer) {}

  void run() {
    StreamWitness witness;
    const bool stream = !part_.source->seekable();
    while (!search_.stop.load(std::memory_order_relaxed) && reader_.next(block_)) {
      if (stream) witness.see(block_);
      scan_block();
      if (search_.count_lines) count_lines_to(block_.bytes.size());
    }
    part_.evidence = witness.evidence();
    part_.status = reader_.status();
    part_.long_records = reader_.long_records();
    part_.first_long_record = reader_.first_long_record();
  }

 private:
  void scan_block() {
    counted_ = known_until_ = 0;
    known_stamp_.reset();
    std::size_t end = 0;
    if (literal_ == nullptr) {
      while (end < block_.bytes.size()) end = look_at(format::group_from(block_.bytes, end));
      return;
    }
    worker_.hits.clear();
    literal_->find_all(block_.bytes, worker_.hits);
    for (const std::size_t hit : worker_.hits) {
      if (hit >= end) end = look_at(format::group_at(block_.bytes, hit));
    }
  }

  // Keeps the records of the group that are wanted. Gives its end.
  std::size_t look_at(format::Extent group) {
    format::records(group.of(block_.bytes), worker_.slices);
    for (std::size_t i = 0; i < worker_.slices.list.size(); ++i) {
      Record& record = worker_.record;
      format::parse(worker_.slices.list[i], record);
      const Identifier identifier = search_.wanted.match(record);
      if (identifier.value.empty() || !search_.filter.wants(record)) continue;
      keep(group, i, identifier);
      if (search_.stop_at_first) search_.stop = true;
    }
    return group.end;
  }

  void keep(format::Extent group, std::size_t index, const Identifier& identifier) {
    const Record& record = worker_.record;
    const format::Slice& slice = worker_.slices.list[index];
    Found found;
    found.offset = block_.offset + group.begin + slice.offset;
    found.stamp = record.has_time() ? record.stamp : stamp_before(group, index);
    found.duration = record.duration.value_or(Duration::zero());
    if (search_.count_lines) {
      count_lines_to(group.begin + slice.offset);
      found.line = part_.newlines + 1;
    }
    if (search_.keep_text) {
      found.slice = {keep_padded(slice.raw), keep_padded(slice.context), slice.payload, 0};
      found.id = part_.text.keep(identifier.value);
    }
    part_.found.push_back(found);
  }

  // It will be parsed again for the writer, and parsers read beyond the end.
  std::string_view keep_padded(std::string_view raw) {
    if (raw.empty()) return {};
    char* place = part_.text.allocate(raw.size() + format::kPadding);
    std::memcpy(place, raw.data(), raw.size());
    std::memset(place + raw.size(), 0, format::kPadding);
    return {place, raw.size()};
  }

  void count_lines_to(std::size_t end) {
    const std::string_view between = block_.bytes.substr(counted_, end - counted_);
    part_.newlines += static_cast<std::uint64_t>(std::count(between.begin(), between.end(), '\n'));
    counted_ = end;
  }

  // The stamp of the record before the group's slice at `index`.
  Stamp stamp_before(format::Extent group, std::size_t index) {
    const std::span<const format::Slice> slices(worker_.slices.list);
    const auto stamp = last_stamp(slices.first(index), worker_.before);
    return stamp ? *stamp : stamp_before(group.begin);
  }

  // The stamp of the record before `position`, where a group begins. What is known from the call
  // before is not searched again, so that a run of records without stamps costs no more than its
  // length.
  Stamp stamp_before(std::size_t position) {
    const std::string_view between = block_.bytes.substr(known_until_, position - known_until_);
    if (const auto stamp = last_stamp(between)) {
      known_stamp_ = stamp;
    } else if (!known_stamp_) {
      known_stamp_ = reader_.stamp_before();
    }
    known_until_ = position;
    return *known_stamp_;
  }

  const Search& search_;
  const trace::LiteralSearch* literal_;
  Worker& worker_;
  Part& part_;
  BlockReader reader_;
  Block block_;
  std::size_t counted_ = 0;      // newlines of the block are counted up to here
  std::size_t known_until_ = 0;  // the last stamp before this position is known_stamp_
  std::optional<Stamp> known_stamp_;
};

}  // namespace

std::vector<std::unique_ptr<Part>> make_parts(const std::vector<input::Source*>& sources,
                                              const Filter& filter, std::size_t block_size) {
  std::vector<std::unique_ptr<Part>> parts;
  const std::uint64_t step = block_size * kBlocksPerPart;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    input::Source* source = sources[i];
    if (!filter.wants(source->origin())) continue;
    const std::uint64_t size = source->seekable() ? source->size() : 1;
    for (std::uint64_t begin = 0; begin < size; begin += step) {
      auto part = std::make_unique<Part>();
      part->source = source;
      part->index = i;
      part->begin = begin;
      // The last part goes to the end, wherever that is by then.
      part->end = size - begin > step ? begin + step : BlockReader::kToTheEnd;
      parts.push_back(std::move(part));
    }
  }
  std::stable_partition(parts.begin(), parts.end(),
                        [](const auto& part) { return !part->source->seekable(); });
  return parts;
}

bool follows(const std::vector<std::unique_ptr<Part>>& parts, std::size_t index) {
  if (index == 0) return false;
  const std::uint32_t group = parts[index]->source->group();
  return group != 0 && group == parts[index - 1]->source->group();
}

void scan(const Search& search, std::vector<std::unique_ptr<Part>>& parts, unsigned threads) {
  std::unique_ptr<trace::LiteralSearch> literal;
  if (search.wanted.verbatim()) {
    literal = std::make_unique<trace::LiteralSearch>(search.wanted.ids(), search.wanted.any_case());
  }
  std::vector<Worker> workers(threads);
  for_each_task(
      workers, parts.size(),
      [&](Worker& worker, std::size_t task) {
        PartScan(search, literal.get(), worker, *parts[task]).run();
      },
      [&](std::size_t task) { return follows(parts, task); });
}

}  // namespace ktrace::engine
