// Cuts what is read at record starts.
//
// The buffer always begins where a group begins. It is filled by one block size, cut at the last
// record start in it, and what lies behind the cut moves to the front before the next fill: a few
// hundred bytes as a rule. Only a record that is longer than the buffer makes it grow, and one that
// is longer than kLongestRecord is cut within, at a place that depends on its bytes alone, so that
// any block size gives the same pieces.

#include "block_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ktrace/format.h"
#include "line_count.h"

namespace ktrace::engine {
namespace {

// A line cannot be judged before so many bytes from its beginning on have been read.
constexpr std::size_t kUndecided = format::kPadding;

// How much is read beyond a part's end to find where its last record ends, at first.
constexpr std::size_t kTail = 4096;

// How far back one look for an earlier record goes.
constexpr std::uint64_t kLookBack = 1 << 20;

// So much holds format::kLinesBack lines as a rule.
constexpr std::size_t kFewLines = 32 << 10;

// So much is looked at where it lies, at a time, and no less.
constexpr std::uint64_t kMostShown = 4 << 20;
constexpr std::uint64_t kLeastShown = 64 << 10;

std::size_t less(std::size_t size, std::size_t by) { return size - std::min(size, by); }

}  // namespace

std::optional<Stamp> last_stamp(std::span<const format::Slice> slices, Record& record) {
  for (std::size_t i = slices.size(); i-- > 0;) {
    format::parse(slices[i], record);
    if (record.has_time()) return record.stamp;
  }
  return std::nullopt;
}

std::optional<Stamp> last_stamp(std::string_view block) {
  Record record;
  format::Slices slices;
  while (!block.empty()) {
    const std::size_t begin = format::last_start(block, 0);
    format::records(block.substr(begin), slices);
    if (const auto stamp = last_stamp(slices.list, record)) return stamp;
    block = block.substr(0, begin);
  }
  return std::nullopt;
}

BlockReader::BlockReader(input::Source& source, std::uint64_t begin, std::uint64_t end,
                         std::size_t block_size, std::vector<char>& buffer)
    : source_(source),
      begin_(begin),
      end_(end),
      block_size_(std::max<std::size_t>(block_size, 1)),
      buffer_(buffer),
      base_(begin == 0 ? 0 : begin - 1),
      aligned_(begin == 0) {}

bool BlockReader::next(Block& block) {
  if (done_) return false;
  if (!source_.seekable() && cut_ > 0) {
    if (const auto stamp = last_stamp(view().substr(0, cut_))) stamp_before_ = *stamp;
  }
  drop(cut_);
  if (!aligned_ && !align()) return false;
  while (true) {
    cut_ = find_cut();
    if (cut_ > 0) {
      block = {view().substr(0, cut_), base_};
      return true;
    }
    if (done_) return false;
    if (!waits_ && !source_.await(Duration::zero())) return false;
    fill();
  }
}

std::size_t BlockReader::look(const std::function<bool(const Block& block)>& see) {
  if (done_ || in_long_record_ || !source_.seekable()) return 0;
  const std::uint64_t begin = base_ + cut_;
  const std::uint64_t end = std::min<std::uint64_t>(end_, less(source_.size(), format::kPadding));
  const std::uint64_t size = std::min(end - std::min(begin, end), kMostShown);
  if (size < kLeastShown) return 0;
  std::size_t shown = 0;
  bool good = true;
  const auto show = [&](std::string_view bytes) {
    bytes.remove_suffix(format::kPadding);
    good = format::starts_surely(bytes.data());
    while (good) {
      const std::string_view most = bytes.substr(shown, block_size_);
      const std::size_t cut = format::last_sure_start(most, most.size());
      if (cut == 0) break;
      good = see({most.substr(0, cut), begin + shown, true});
      shown += cut;
    }
  };
  if (!source_.look(begin, size + format::kPadding, show) || !good || shown == 0) return 0;
  go_to(begin + shown);
  return shown;
}

// Goes on where a group begins.
void BlockReader::go_to(std::uint64_t offset) {
  drop(filled_);
  base_ = offset;
  eof_ = false;
  done_ = base_ >= end_;
}

bool BlockReader::take_rest(Block& block, bool may_grow) {
  drop(cut_);
  const std::size_t lines = view().rfind('\n') + 1;
  if (lines == 0) return false;
  cut_ = lines;
  if (!may_grow) {
    const std::size_t last = format::last_start(view().substr(0, lines), 0);
    const bool complete = lines == filled_ && format::is_complete(view(), last);
    if (!complete) cut_ = last;
  }
  block = {view().substr(0, cut_), base_};
  return cut_ > 0;
}

// Reads some more. At the end of the source, good or bad, eof_ is set.
void BlockReader::fill() {
  // Where a part's first group begins shows early, as a rule.
  std::uint64_t want = aligned_ ? block_size_ : std::min(block_size_, kFewLines + filled_);
  if (!reached_end()) {
    want = std::min(want, end_ - base_ - filled_);
  } else {
    want = std::min(want, std::max<std::uint64_t>(kTail, base_ + filled_ - end_));
  }
  const std::size_t needed = filled_ + want + format::kPadding;
  if (buffer_.size() < needed) {
    // Doubling keeps the growth for a long record linear; twice the longest is never needed.
    const std::size_t doubled = std::min(2 * buffer_.size(), kLongestRecord + block_size_);
    buffer_.resize(std::max(needed, doubled));
  }
  read_some(want);
  // Nothing may seem to start in bytes that were not read yet.
  std::memset(buffer_.data() + filled_, 0, format::kPadding);
}

// Reads up to `want` bytes behind what is in the buffer.
void BlockReader::read_some(std::size_t want) {
  const auto count = source_.read_on(base_ + filled_, buffer_.data() + filled_, want, place_);
  // What was read before a failure is given out as if the source ended there.
  if (!count) status_ = count.status();
  filled_ += count ? *count : 0;
  eof_ = !count || *count == 0;
}

// Moves buffer_[0] to the part's first group. False when there is none.
bool BlockReader::align() {
  std::uint64_t searched = begin_;  // no group begins between begin_ and this
  fill();
  for (bool looked_back = false;; fill()) {
    std::size_t start = format::next_start(view(), searched - base_);
    if (!looked_back && format::wrapped_at(view(), start)) {
      // What is before the part decides, too.
      looked_back = true;
      searched = begin_;
      look_back();
      start = format::next_start(view(), searched - base_);
    }
    if (start < filled_) {
      drop(start);
      aligned_ = true;
      done_ = base_ >= end_;
      return !done_;
    }
    // A line that begins before the part does not matter, nor does one that is too long to be kept.
    const bool matters = format::last_line(view()) > 0 && filled_ <= kLongestRecord;
    const std::size_t decided = matters ? decided_lines() : less(filled_, kUndecided);
    if (eof_ || base_ + decided >= end_) break;
    searched = std::max(searched, base_ + decided);
    drop(less(decided, looked_back ? format::kBytesBack + 1 : 1));
  }
  done_ = true;
  return false;
}

// Puts the lines before the part in front of what is in the buffer, all those that can matter: they
// are in the first few kilobytes as a rule.
void BlockReader::look_back() {
  for (const std::size_t reach : {kFewLines, format::kBytesBack + 1}) {
    const std::uint64_t from = less(begin_, reach);
    const std::size_t more = base_ - from;
    buffer_.resize(std::max(buffer_.size(), more + filled_ + format::kPadding));
    std::memmove(buffer_.data() + more, buffer_.data(), filled_ + format::kPadding);
    const std::size_t behind = std::exchange(filled_, 0);
    const bool ends = std::exchange(eof_, false);
    base_ = from;
    while (filled_ < more && !eof_) read_some(more - filled_);
    if (filled_ < more) return;  // the source has shrunk
    filled_ += behind;
    eof_ = ends;
    if (newlines(view().substr(0, more)) > format::kLinesBack) return;
  }
}

// Lines that begin before this can be judged: their ends have been read, and kUndecided bytes.
std::size_t BlockReader::decided_lines() const {
  return std::min(format::last_line(view()), less(filled_, kUndecided));
}

void BlockReader::drop(std::size_t count) {
  scanned_ = end_scanned_ = cut_ = known_until_ = 0;
  known_stamp_.reset();
  if (count == 0) return;
  base_ += count;
  filled_ -= count;
  std::memmove(buffer_.data(), buffer_.data() + count, filled_);
  std::memset(buffer_.data() + filled_, 0, format::kPadding);
}

// Where the next block ends; 0 when more must be read to know.
std::size_t BlockReader::find_cut() {
  if (filled_ > kLongestRecord + (eof_ ? 0 : kUndecided)) {
    if (const std::size_t cut = cut_long_record()) return cut;
  }
  if (reached_end()) return cut_at_part_end();
  if (eof_) {
    done_ = true;
    return filled_;
  }
  const std::size_t start = format::last_start(view(), scanned_);
  if (start > scanned_) {
    in_long_record_ = false;
    return start;
  }
  scanned_ = less(decided_lines(), 1);
  return 0;
}

std::size_t BlockReader::cut_at_part_end() {
  // A long record may have led beyond the part's end already.
  const std::size_t part = end_ > base_ ? end_ - base_ : 0;
  const std::size_t start =
      format::next_start(view(), std::max({part, end_scanned_, std::size_t{1}}));
  if (start < filled_ || eof_) {
    done_ = true;
    return start;
  }
  const bool first_look = end_scanned_ == 0;
  end_scanned_ = decided_lines();
  // What follows may be long: the groups before the last one need not wait for it. That is looked
  // at once, or the time to read a long record would grow with the square of its length.
  return first_look ? format::last_start(view(), 0) : 0;
}

// Cuts the record at the buffer's front when it is too long: behind a line, a word or a pair, so
// that no identifier is torn; 0 when it is not too long.
std::size_t BlockReader::cut_long_record() {
  const std::string_view longest = view().substr(0, kLongestRecord);
  const std::string_view decided = view().substr(0, kLongestRecord + 1 + kUndecided);
  if (format::next_start(decided, 1) <= kLongestRecord) return 0;
  if (!in_long_record_ && long_records_++ == 0) first_long_record_ = base_;
  in_long_record_ = true;
  const std::string_view half = longest.substr(kLongestRecord / 2);
  for (const char separator : {'\n', ' ', ','}) {
    // Much faster than rfind(), which counts when all of a source is one line.
    const void* place = ::memrchr(half.data(), separator, half.size());
    if (place == nullptr) continue;
    return static_cast<std::size_t>(static_cast<const char*>(place) - longest.data()) + 1;
  }
  return kLongestRecord;
}

namespace {

// The stamp of the last record before `end` that has one, if a line shortly before starts a record
// surely: then nothing that stands before that line matters.
std::optional<Stamp> stamp_near(input::Source& source, std::uint64_t end, input::Place& place) {
  const std::size_t size = std::min<std::uint64_t>(end, kFewLines);
  std::string window = bytes_at(source, end - size, size, place);
  if (window.size() < size) return std::nullopt;
  window.resize(size + format::kPadding);
  const std::string_view bytes = std::string_view(window).substr(0, size);
  const std::size_t line = format::last_sure_start(bytes, size);
  // The window may begin within a line.
  return line > 0 ? last_stamp(bytes.substr(line)) : std::nullopt;
}

}  // namespace

Stamp BlockReader::stamp_before() {
  if (!source_.seekable()) return stamp_before_;
  if (const auto stamp = stamp_near(source_, base_, place_)) return *stamp;
  std::vector<char> window;
  for (std::uint64_t high = base_; high > 0;) {
    const std::uint64_t low = high - std::min(high, kLookBack);
    const std::uint64_t from = low == 0 ? 0 : low - 1;
    // A record that begins before `high` may end behind it.
    const std::size_t size = std::min(high + kLookBack, base_) - from;
    window.assign(size + format::kPadding, '\0');
    const auto count = source_.read_on(from, window.data(), size, place_);
    if (!count) return {};
    const std::string_view bytes(window.data(), *count);
    const std::size_t first = low == 0 ? 0 : format::next_start(bytes, 1);
    if (const auto stamp = last_stamp(bytes.substr(first))) return *stamp;
    high = low;
  }
  return {};
}

Stamp BlockReader::stamp_before(std::size_t position) {
  if (position < known_until_) {
    known_until_ = 0;
    known_stamp_.reset();
  }
  if (const auto stamp = last_stamp(view().substr(known_until_, position - known_until_))) {
    known_stamp_ = stamp;
  } else if (!known_stamp_) {
    known_stamp_ = stamp_before();
  }
  known_until_ = position;
  return *known_stamp_;
}

// A wrapped line may seem to begin a group when the pieces before it are not seen, which decide.
// The window grows backwards until it holds a start; within a record that is longer than kLookBack
// it moves, so that memory stays bounded.
std::uint64_t group_begin(input::Source& source, std::uint64_t offset, input::Place& place) {
  std::uint64_t high = offset;
  for (std::uint64_t back = kTail;;) {
    const std::uint64_t low = high - std::min(high, back);
    // A line is judged by its first kPadding bytes; where the source ends before, by zeros.
    const std::size_t size = high - low + format::kPadding;
    std::string window = bytes_at(source, low, size, place);
    window.resize(size);
    std::size_t start = format::last_start(window, 0);
    while (low + start > offset) {
      start = format::last_start(std::string_view(window).substr(0, start), 0);
    }
    if (low == 0) return start;
    if (start == 0 && high - low >= kLookBack) {
      high = low;
      continue;
    }
    const bool sees_all =
        start > format::kBytesBack ||
        newlines(std::string_view(window).substr(0, start)) > format::kLinesBack ||
        !format::wrapped_at(window, start);
    if (start > 0 && sees_all) return low + start;
    back *= 4;
  }
}

}  // namespace ktrace::engine
