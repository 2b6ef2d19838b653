// The records of a block, one after the other.
//
// Most lines start a record that is known at a glance, and so do the lines behind them: such a
// record is its line, and what the glance found is kept for who asks.

#include "framing.h"
#include "ktrace/format.h"

namespace ktrace::format {

bool Walk::next() {
  if (++at_ < slices_.list.size()) return true;
  if (group_.end >= block_.size()) return false;
  const Payload* payload = next_;
  seen_ = ahead_;
  find_end(payload != nullptr && payload->starts_glancing != nullptr);
  const std::string_view group = group_.of(block_);
  at_ = 0;
  if (seen_ && group.size() >= kPadding) {
    slices_.list.assign(1, {group, {}, payload, 0});
    return true;
  }
  seen_.reset();
  // What starts the group is known, unless it was judged by more than the group.
  if (payload == nullptr || group.size() < kPadding) payload = bare_start(group, 0);
  slices_.clear();
  append_all(group, payload, slices_);
  return true;
}

// Moves to the next group, and looks at what starts behind it: with a glance when the record before
// is of a format that allows one, as the next one is then as a rule.
void Walk::find_end(bool glances) {
  const std::size_t begin = group_.end, line = line_end(block_, begin);
  next_ = nullptr;
  ahead_.reset();
  if (glances && line + kPadding <= block_.size()) {
    next_ = recognise_surely(block_.data() + line, ahead_);
  }
  group_ = {begin, next_ != nullptr ? line : next_start(block_, begin, line, next_)};
}

}  // namespace ktrace::format
