// A part is the groups that begin in it, wherever they end: what follows a part without a gap
// begins where that ends, and only behind a gap is the group to be looked for that reaches into
// what is added.

#include "parts_around.h"

#include <algorithm>

#include "block_reader.h"

namespace ktrace::engine {
namespace {

// Records that are nearer to each other than this are read in one go.
constexpr std::uint64_t kNear = 64 << 10;

// A part that is so long does not grow: threads share parts.
constexpr std::uint64_t kLongEnough = 4 << 20;

}  // namespace

void PartsAround::add(std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t known = last_ == nullptr ? 0 : last_->end;
  if (end <= known) return;
  if (last_ != nullptr && known - last_->begin < kLongEnough &&
      (begin <= known || begin - known < kNear)) {
    last_->end = end;
  } else {
    append(begin <= known ? known : std::max(known, group_begin(source_, begin, place_)), end);
  }
}

void PartsAround::append(std::uint64_t begin, std::uint64_t end) {
  parts_.push_back(std::make_unique<Part>());
  last_ = parts_.back().get();
  last_->source = &source_;
  last_->index = index_;
  last_->begin = begin;
  last_->end = end;
}

}  // namespace ktrace::engine
