// A part is the groups that begin in it, wherever they end. Each begins where a group does, so that
// the lines before it are those before its first record, and ends where the next one begins when
// there is no gap between them.

#include "parts_around.h"

#include <algorithm>

#include "block_reader.h"
#include "line_count.h"

namespace ktrace::engine {
namespace {

// Records that are nearer to each other than this are read in one go.
constexpr std::uint64_t kNear = 64 << 10;

// A part that is so long does not grow: threads share parts.
constexpr std::uint64_t kLongEnough = 4 << 20;

}  // namespace

void PartsAround::add(std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t known = last_ == nullptr ? 0 : last_->end;
  if (last_ != nullptr && end <= known) return;
  const bool near = last_ != nullptr && (begin <= known || begin - known < kNear);
  if (near && known - last_->begin < kLongEnough) {
    last_->end = end;
    return;
  }
  const std::uint64_t from = group_begin(source_, near ? known : begin, place_);
  if (last_ != nullptr && from <= last_->begin) {
    last_->end = end;
    return;
  }
  if (last_ != nullptr) last_->end = std::min(known, from);
  append(from, end);
}

void PartsAround::add_behind(const KnownIndex& known, std::size_t block_size, bool counts_lines) {
  const std::size_t behind = parts_.size();
  add_parts(source_, index_, known.end, block_size, parts_);
  LineCount lines(source_, known.reader.facts().lines);
  for (std::size_t i = first_; counts_lines && i < parts_.size() && i <= behind; ++i) {
    parts_[i]->lines_before = lines.before(parts_[i]->begin);
  }
}

void PartsAround::append(std::uint64_t begin, std::uint64_t end) {
  parts_.push_back(std::make_unique<Part>());
  last_ = parts_.back().get();
  last_->source = &source_;
  last_->index = index_;
  last_->begin = begin;
  last_->end = end;
  last_->chosen = true;
}

}  // namespace ktrace::engine
