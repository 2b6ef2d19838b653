// The hot path. A block of a quarter of a megabyte fits the second-level cache: it is read there,
// searched there, and left. Bounds are looked for only around a hit, and only the records inside
// them are parsed.

#include "hit_walk.h"

#include <algorithm>
#include <cstring>
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

HitWalk::HitWalk(const BlockSearch& search, std::size_t block_size, bool count_lines,
                 const std::atomic<bool>& stop, HitWorker& worker, Part& part, format::Depth depth)
    : search_(search),
      counts_lines_(count_lines),
      depth_(depth),
      stop_(stop),
      worker_(worker),
      part_(part),
      reader_(*part.source, part.begin, part.end, block_size, worker.buffer) {
  worker_.hits.clear();
  worker_.slices.clear();
  if (!search_ || part_.begin == 0) return;
  hidden_.emplace(format::hiding_marks(bytes_at(*part_.source, 0, format::kBeginning)));
}

bool HitWalk::next() {
  if (index_ + 1 < worker_.slices.list.size()) {
    ++index_;
  } else if (!next_group()) {
    finish();
    return false;
  }
  Record& record = worker_.record;
  format::parse(slice(), record, depth_);
  record.origin = &part_.source->origin();
  record.source = part_.index;
  record.offset = block_.offset + group_.begin + slice().offset;
  return true;
}

bool HitWalk::next_group() {
  while (true) {
    if (!search_ && group_.end < block_.bytes.size()) {
      group_ = format::group_from(block_.bytes, group_.end);
      break;
    }
    while (hit_ < worker_.hits.size() && worker_.hits[hit_] < group_.end) ++hit_;
    if (hit_ < worker_.hits.size()) {
      group_ = format::group_at(block_.bytes, worker_.hits[hit_]);
      break;
    }
    if (!next_block()) return false;
  }
  format::records(group_.of(block_.bytes), worker_.slices);
  index_ = 0;
  return true;
}

bool HitWalk::next_block() {
  if (counts_lines_) count_lines_to(block_.bytes.size());
  worker_.hits.clear();
  block_ = {};
  group_ = {};
  hit_ = counted_ = 0;
  if (stop_.load(std::memory_order_relaxed) || !reader_.next(block_)) return false;
  if (part_.meter != nullptr) part_.meter->add(block_.bytes.size());
  if (!part_.source->seekable()) witness_.see(block_);
  if (!search_) return true;
  if (!hidden_) hidden_.emplace(format::hiding_marks(block_.bytes));
  if (literal_ != nullptr) {
    hidden_->find(*literal_, block_.bytes, worker_.hits);
  } else {
    search_(block_.bytes, worker_.hits);
    hidden_->add(block_.bytes, worker_.hits);
  }
  return true;
}

void HitWalk::finish() {
  part_.evidence = witness_.evidence();
  part_.status = reader_.status();
  part_.long_records = reader_.long_records();
  part_.first_long_record = reader_.first_long_record();
}

Found HitWalk::keep(bool text) {
  const Record& record = worker_.record;
  Found found;
  found.offset = record.offset;
  found.stamp = stamp();
  found.duration = record.duration.value_or(Duration::zero());
  if (counts_lines_) {
    count_lines_to(group_.begin + slice().offset);
    found.line = part_.newlines + 1;
  }
  if (text) {
    found.slice = {keep_padded(slice().raw), keep_padded(slice().context), slice().payload, 0};
  }
  return found;
}

// It will be parsed again for the writer, and parsers read beyond the end: what is kept next may
// stand there.
std::string_view HitWalk::keep_padded(std::string_view raw) {
  if (raw.empty()) return {};
  char* place = part_.text.allocate(raw.size() + format::kPadding);
  std::memcpy(place, raw.data(), raw.size());
  std::memset(place + raw.size(), 0, format::kPadding);
  part_.text.shrink(format::kPadding);
  return {place, raw.size()};
}

void HitWalk::count_lines_to(std::size_t end) {
  const std::string_view between = block_.bytes.substr(counted_, end - counted_);
  part_.newlines += newlines(between);
  counted_ = end;
}

Stamp HitWalk::stamp() {
  if (worker_.record.has_time()) return worker_.record.stamp;
  const std::span<const format::Slice> slices(worker_.slices.list);
  const auto stamp = last_stamp(slices.first(index_), worker_.before);
  return stamp ? *stamp : reader_.stamp_before(group_.begin);
}

}  // namespace ktrace::engine
