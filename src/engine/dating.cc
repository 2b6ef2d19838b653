// Where the evidence for a year is looked for: stamps at the head, at the tail and between (a
// bisection that stops where neighbours lie within two months); lines with a year near the samples:
// the header of a klog file, utiltrace dates, JSON records amid klog text.

#include "dating.h"

#include <algorithm>
#include <string>

#include "ktrace/format.h"

namespace ktrace::engine {
namespace {

constexpr std::size_t kWindow = 64 << 10;
constexpr std::uint64_t kStreamStep = 1 << 20;

// The first stamp of a file is looked for so far.
constexpr std::uint64_t kLongestHead = 16 << 20;

// Two samples this close cannot hide a whole year between them.
constexpr Duration kClose = std::chrono::hours(24 * 60);
constexpr int kBisections = 12;

// Looks at the records of `bytes`, which stand at `offset`, from `from` on, where a group begins.
class Window {
 public:
  Window(std::string_view bytes, std::uint64_t offset, std::size_t from = 0)
      : walk_(bytes, from), offset_(offset) {}

  // Moves to the next record and parses it. False at the end.
  bool next() {
    if (!walk_.next()) return false;
    format::parse(walk_.slice(), record_);
    return true;
  }

  const Record& record() const { return record_; }
  std::uint64_t position() const { return offset_ + walk_.offset(); }
  bool yearless() const { return record_.stamp.kind == Stamp::Kind::yearless; }

 private:
  format::Walk walk_;
  std::uint64_t offset_;
  Record record_;
};

// How many records of one place are asked when they were received.
constexpr std::size_t kReceptions = 8;

// Whether the record's envelope tells when it was received.
bool note_reception(const Window& window, Evidence& evidence) {
  const Record& record = window.record();
  if (record.received.kind != Stamp::Kind::absolute || !window.yearless()) return false;
  evidence.receptions.push_back({window.position(), record.stamp, record.received.time});
  return true;
}

void find_dates(std::string_view bytes, std::uint64_t offset, Evidence& evidence) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    if (const auto time = format::dated_evidence(bytes.substr(at, end - at))) {
      evidence.dated.emplace_back(offset + at, *time);
      return;
    }
    at = end + 1;
  }
}

// A record tells the year itself. Windows of a file are not looked at in the order of offsets.
void see_absolute(std::uint64_t offset, Time time, Evidence& evidence) {
  if (!evidence.first || offset < evidence.first->first) evidence.first = {offset, time};
  if (evidence.dated.empty()) evidence.dated.emplace_back(offset, time);
}

// All evidence of one window: its first sample (its last, too, when `last`) and its first date.
void see_window(std::string_view bytes, std::uint64_t offset, bool last, Evidence& evidence) {
  Window window(bytes, offset);
  std::optional<std::pair<std::uint64_t, Stamp>> first_seen, last_seen;
  std::size_t asked = 0;
  while (window.next()) {
    const Stamp& stamp = window.record().stamp;
    if (stamp.kind == Stamp::Kind::absolute) {
      see_absolute(window.position(), stamp.time, evidence);
    } else if (stamp.kind == Stamp::Kind::yearless) {
      last_seen = {window.position(), stamp};
      if (!first_seen) first_seen = last_seen;
      const bool ask = asked < kReceptions && note_reception(window, evidence);
      if (ask) ++asked;
      if (!last && !ask) break;
    }
  }
  if (first_seen) evidence.samples.push_back(*first_seen);
  if (last && last_seen && last_seen != first_seen) evidence.samples.push_back(*last_seen);
  find_dates(bytes, offset, evidence);
}

class FileWitness {
 public:
  explicit FileWitness(input::Source& source) : source_(source), size_(source.size()) {}

  Evidence gather() {
    see(0, size_ <= kWindow);
    if (size_ > kWindow) {
      see_first_stamp();
      const std::size_t head = evidence_.samples.size();
      see(size_ - kWindow, true);
      if (head > 0 && evidence_.samples.size() > head) bisect(0, head, kBisections);
    }
    std::sort(evidence_.samples.begin(), evidence_.samples.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return std::move(evidence_);
  }

 private:
  // What stands before the first stamp has its time, wherever that is.
  void see_first_stamp() {
    const std::uint64_t end = std::min(size_, kLongestHead);
    for (std::uint64_t at = kWindow; at < end && !any_stamp(); at += kWindow) see(at, false);
  }

  bool any_stamp() const { return !evidence_.samples.empty() || evidence_.first; }

  void see(std::uint64_t offset, bool last) {
    const std::uint64_t from = offset == 0 ? 0 : offset - 1;
    buffer_.assign(kWindow + 1 + format::kPadding, '\0');
    const auto count = source_.read(from, buffer_.data(), kWindow + 1);
    if (!count) return;
    const std::string_view bytes(buffer_.data(), *count);
    const std::size_t first = offset == 0 ? 0 : format::next_start(bytes, 1);
    see_window(bytes.substr(first), from + first, last, evidence_);
  }

  // Samples are told apart by their place in the vector, where they are not in order yet.
  void bisect(std::size_t low, std::size_t high, int depth) {
    const auto [begin, before] = evidence_.samples[low];
    const auto [end, after] = evidence_.samples[high];
    if (depth == 0 || end - begin < 2 * kWindow || close(before, after)) return;
    const std::size_t middle = evidence_.samples.size();
    see(begin + (end - begin) / 2, false);
    if (evidence_.samples.size() == middle) return;
    bisect(low, middle, depth - 1);
    bisect(middle, high, depth - 1);
  }

  // In the same order within one year, and near.
  static bool close(const Stamp& a, const Stamp& b) {
    const auto place = [](const Stamp& stamp) {
      return std::chrono::hours(24 * (31 * stamp.month + stamp.day)) + stamp.time_of_day;
    };
    return place(a) <= place(b) && place(b) - place(a) < kClose;
  }

  input::Source& source_;
  std::uint64_t size_;
  std::string buffer_;
  Evidence evidence_;
};

template <typename T>
const T* for_path(const std::vector<PerPath<T>>& rules, const std::string& path) {
  const T* value = nullptr;
  for (const PerPath<T>& rule : rules) {
    if (input::path_matches(rule.pattern, path)) value = &rule.value;
  }
  return value;
}

}  // namespace

void StreamWitness::see(const Block& block) {
  if (block.offset < kWindow) {
    find_dates(block.bytes.substr(0, kWindow - block.offset), block.offset, evidence_);
  }
  while (next_sample_ < block.offset + block.bytes.size()) {
    const std::size_t from = next_sample_ > block.offset ? next_sample_ - block.offset : 0;
    Window window(block.bytes, block.offset, from == 0 ? 0 : format::next_start(block.bytes, from));
    bool found = false;
    while (!found && window.next()) {
      const Stamp& stamp = window.record().stamp;
      if (stamp.kind == Stamp::Kind::absolute) {
        see_absolute(window.position(), stamp.time, evidence_);
      }
      found = stamp.kind != Stamp::Kind::none;
    }
    if (!found) return;
    (void)note_reception(window, evidence_);
    if (window.yearless()) evidence_.samples.emplace_back(window.position(), window.record().stamp);
    next_sample_ = (window.position() / kStreamStep + 1) * kStreamStep;
  }
}

Evidence witness_file(input::Source& source) { return FileWitness(source).gather(); }

trace::Calendar make_calendar(const Query& query, const input::Source& source,
                              const Evidence& evidence, Time now) {
  using Kind = trace::Calendar::Evidence;
  const std::string& path = source.origin().name;
  const Zone* zone = for_path(query.zones, path);
  trace::Calendar calendar(zone == nullptr ? Zone() : *zone);
  for (const auto& [offset, stamp] : evidence.samples) calendar.add_sample(offset, stamp);
  if (evidence.first) calendar.set_beginning(evidence.first->first, evidence.first->second);
  if (const int* year = for_path(query.years, path)) calendar.set_first_year(*year);
  for (const Reception& reception : evidence.receptions) {
    calendar.add_reception(reception.offset, reception.stamp, reception.time);
  }
  calendar.set_envelopes(zone != nullptr);
  for (const auto& [offset, time] : evidence.dated) calendar.set_dated(offset, time);
  if (const auto modified = source.modified()) calendar.set_latest(*modified, Kind::modified);
  calendar.set_latest(now, Kind::today);
  return calendar;
}

}  // namespace ktrace::engine
