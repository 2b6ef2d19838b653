// The hot path. A block of a quarter of a megabyte fits the second-level cache: it is read there,
// searched there, and left. Bounds are looked for only around a hit, and only the records inside
// them are parsed.

#include "hit_walk.h"

#include <algorithm>
#include <iterator>

namespace ktrace::engine {

HiddenPlaces::HiddenPlaces(std::span<const std::string_view> marks) {
  if (!marks.empty()) marks_.emplace(std::vector<std::string>(marks.begin(), marks.end()), false);
}

void HiddenPlaces::add(std::string_view block, std::vector<std::size_t>& hits) const {
  if (!marks_) return;
  std::vector<std::size_t> marks;
  marks_->find_all(block, marks);
  add(block, marks, hits);
}

void HiddenPlaces::add(std::string_view block, const std::vector<std::size_t>& marks,
                       std::vector<std::size_t>& hits) const {
  const auto known = static_cast<std::ptrdiff_t>(hits.size());
  std::copy_if(marks.begin(), marks.end(), std::back_inserter(hits),
               [block](std::size_t mark) { return format::hides(block, mark); });
  std::inplace_merge(hits.begin(), hits.begin() + known, hits.end());
}

void HiddenPlaces::find(const trace::LiteralSearch& wanted, std::string_view block,
                        std::vector<std::size_t>& hits) const {
  if (!marks_) return wanted.find_all(block, hits);
  std::vector<std::size_t> marks;
  wanted.find_both(block, *marks_, hits, marks);
  add(block, marks, hits);
}

HiddenPlaces hidden_places(input::Source& source) {
  return HiddenPlaces(format::hiding_marks(bytes_at(source, 0, format::kBeginning)));
}

GroupWalk::GroupWalk(HitWorker& worker, const Part& part, format::Depth depth)
    : worker_(worker), part_(part), depth_(depth) {
  worker_.slices.clear();
}

void GroupWalk::enter(const Block& block, bool all) {
  block_ = block;
  all_ = all;
  group_ = {};
  hit_ = 0;
}

bool GroupWalk::next() {
  if (index_ + 1 < worker_.slices.list.size()) {
    ++index_;
  } else if (!next_group()) {
    return false;
  }
  Record& record = worker_.record;
  format::parse(slice(), record, depth_);
  record.origin = &part_.source->origin();
  record.source = part_.index;
  record.offset = block_.offset + position();
  return true;
}

bool GroupWalk::next_group() {
  while (hit_ < worker_.hits.size() && worker_.hits[hit_] < group_.end) ++hit_;
  if (all_ && group_.end < block_.bytes.size()) {
    group_ = format::group_from(block_.bytes, group_.end);
  } else if (hit_ < worker_.hits.size()) {
    group_ = format::group_at(block_.bytes, worker_.hits[hit_]);
  } else {
    return false;
  }
  format::records(group_.of(block_.bytes), worker_.slices);
  index_ = 0;
  return true;
}

Stamp GroupWalk::stamp(BlockReader& reader) {
  if (worker_.record.has_time()) return worker_.record.stamp;
  const std::span<const format::Slice> slices(worker_.slices.list);
  const auto stamp = last_stamp(slices.first(index_), worker_.before);
  return stamp ? *stamp : reader.stamp_before(group_.begin);
}

HitWalk::HitWalk(const BlockSearch& search, std::size_t block_size, bool count_lines,
                 const std::atomic<bool>& stop, HitWorker& worker, Part& part, format::Depth depth)
    : search_(search),
      counts_lines_(count_lines),
      stop_(stop),
      worker_(worker),
      part_(part),
      walk_(worker, part, depth),
      reader_(*part.source, part.begin, part.end, block_size, worker.buffer) {
  worker_.hits.clear();
  if (!search_ || part_.begin == 0) return;
  hidden_.emplace(hidden_places(*part_.source));
}

bool HitWalk::next() {
  while (!walk_.next()) {
    if (next_block()) continue;
    finish();
    return false;
  }
  return true;
}

bool HitWalk::next_block() {
  if (counts_lines_) count_lines_to(walk_.block().bytes.size());
  worker_.hits.clear();
  walk_.enter({}, false);
  counted_ = 0;
  Block block;
  if (stop_.load(std::memory_order_relaxed) || !reader_.next(block)) return false;
  walk_.enter(block, !search_);
  if (part_.meter != nullptr) part_.meter->add(block.bytes.size());
  if (!part_.source->seekable()) witness_.see(block);
  if (!search_) return true;
  if (!hidden_) hidden_.emplace(format::hiding_marks(block.bytes));
  if (literal_ != nullptr) {
    hidden_->find(*literal_, block.bytes, worker_.hits);
  } else {
    search_(block.bytes, worker_.hits);
    hidden_->add(block.bytes, worker_.hits);
  }
  return true;
}

void HitWalk::finish() {
  part_.evidence = witness_.evidence();
  note_reading(reader_, part_);
}

Found HitWalk::keep(bool text) {
  const Record& record = worker_.record;
  Found found;
  found.offset = record.offset;
  found.stamp = stamp();
  found.duration = record.duration.value_or(Duration::zero());
  if (counts_lines_) {
    count_lines_to(walk_.position());
    found.line = part_.newlines + 1;
  }
  if (text) {
    const format::Slice& slice = walk_.slice();
    found.slice = {keep_padded(slice.raw), keep_padded(slice.context), slice.payload, 0};
  }
  return found;
}

// It will be parsed again for the writer, and parsers read beyond the end: what is kept next may
// stand there.
std::string_view HitWalk::keep_padded(std::string_view raw) {
  if (raw.empty()) return {};
  const std::string_view kept = format::padded(raw, part_.text);
  part_.text.shrink(format::kPadding);
  return kept;
}

void HitWalk::count_lines_to(std::size_t end) {
  const std::string_view between = walk_.block().bytes.substr(counted_, end - counted_);
  part_.newlines += newlines(between);
  counted_ = end;
}

}  // namespace ktrace::engine
