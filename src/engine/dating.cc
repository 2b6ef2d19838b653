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

  // Moves to the next record, and finds its stamp and when it was received. False at the end.
  bool next() {
    if (!walk_.next()) return false;
    const format::Slice& slice = walk_.slice();
    // What starts bare has no envelope.
    if (slice.payload == nullptr) {
      format::parse(slice, record_);
    } else {
      record_.received = {};
      record_.stamp = format::glance(slice, false, record_).stamp;
    }
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

// Places that are looked at to find where the clocks were set, in one file.
constexpr int kMostJumps = 16;

// How far around a set-back of clocks the records are read.
constexpr Duration kAroundSetBack = std::chrono::minutes(30);

// So long after clocks were set in a stream its records are looked at.
constexpr Duration kWatched = std::chrono::hours(3);

// How many records of one place are asked when they were received.
constexpr std::size_t kReceptions = 8;

// Whether the record's envelope tells when it was received.
bool note_reception(const Window& window, Evidence& evidence) {
  const Record& record = window.record();
  if (record.received.kind != Stamp::Kind::absolute || !window.yearless()) return false;
  evidence.receptions.push_back({window.position(), record.stamp, record.received.time});
  return true;
}

// Whether the clock seems to have been set between two records.
bool jumps(const Reception& a, const Reception& b) {
  const Duration by = trace::clock_ahead(a.stamp, a.time) - trace::clock_ahead(b.stamp, b.time);
  return std::chrono::abs(by) >= trace::kClockJump;
}

// The first record of `window` that tells when it was received.
std::optional<Reception> first_reception(Window window) {
  Evidence seen;
  for (std::size_t i = 0; i < kReceptions && window.next(); ++i) {
    if (note_reception(window, seen)) return seen.receptions.front();
  }
  return std::nullopt;
}

// Of all records of `window` those between which the clock seems to have been set.
void note_jumps(Window window, Evidence& evidence) {
  std::optional<Reception> before;
  Evidence seen;
  while (window.next()) {
    seen.receptions.clear();
    if (!note_reception(window, seen)) continue;
    const Reception& here = seen.receptions.front();
    if (before && jumps(*before, here)) {
      evidence.receptions.push_back(*before);
      evidence.receptions.push_back(here);
    }
    before = here;
  }
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

// Reads the clock at all records of `block` whose stamps are wanted.
template <typename Wants>
void see_clock_of(const Block& block, trace::ClockReadings& readings, const Wants& wants) {
  format::Walk walk(block.bytes);
  Record record;
  while (walk.next()) {
    const format::Slice& slice = walk.slice();
    record.received = {};
    record.stamp = format::glance(slice, false, record).stamp;
    if (record.stamp.kind != Stamp::Kind::yearless || !wants(record.stamp)) continue;
    // What starts bare has no envelope.
    if (slice.payload == nullptr) format::parse(slice, record);
    const bool received = record.received.kind == Stamp::Kind::absolute;
    readings.see(block.offset + walk.offset(), record.stamp,
                 received ? std::optional(record.received.time) : std::nullopt);
  }
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
    find_jumps();
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
    if (const auto [bytes, at] = read(offset, kWindow); !bytes.empty()) {
      see_window(bytes, at, last, evidence_);
    }
  }

  // The groups that begin in `size` bytes from `offset` on, and where the first of them does. Valid
  // until the next call.
  std::pair<std::string_view, std::uint64_t> read(std::uint64_t offset, std::size_t size) {
    const std::uint64_t from = offset == 0 ? 0 : offset - 1;
    buffer_.assign(size + 1 + format::kPadding, '\0');
    const auto count = source_.read_on(from, buffer_.data(), size + 1, place_);
    if (!count) return {};
    const std::string_view bytes(buffer_.data(), *count);
    const std::size_t first = offset == 0 ? 0 : format::next_start(bytes, 1);
    return {bytes.substr(first), from + first};
  }

  // Where the clocks seem to have been set between two places, the records are found between which
  // they were.
  void find_jumps() {
    auto& seen = evidence_.receptions;
    std::sort(seen.begin(), seen.end(),
              [](const Reception& a, const Reception& b) { return a.offset < b.offset; });
    const std::vector<Reception> known = seen;
    int left = kMostJumps;
    for (std::size_t i = 1; i < known.size() && left > 0; ++i) {
      if (!jumps(known[i - 1], known[i])) continue;
      find_jump(known[i - 1], known[i]);
      --left;
    }
  }

  void find_jump(Reception low, Reception high) {
    while (high.offset - low.offset > 2 * kWindow) {
      const auto [bytes, at] = read(low.offset + (high.offset - low.offset) / 2, kWindow);
      const auto middle = bytes.empty() ? std::nullopt : first_reception(Window(bytes, at));
      if (!middle || middle->offset >= high.offset) break;
      (jumps(low, *middle) ? high : low) = *middle;
    }
    if (const auto [bytes, at] = read(low.offset, 4 * kWindow); !bytes.empty()) {
      note_jumps(Window(bytes, at), evidence_);
    }
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
  input::Place place_;
  std::uint64_t size_;
  std::string buffer_;
  Evidence evidence_;
};

// Where, in steps of a window, the records of `source` come to `time`.
std::uint64_t find_time(input::Source& source, const trace::Calendar& calendar, Time time) {
  std::vector<char> buffer;
  std::uint64_t low = 0, high = source.size();
  while (high - low > kWindow) {
    const std::uint64_t middle = low + (high - low) / 2;
    BlockReader reader(source, middle, high, kWindow, buffer);
    Block block;
    std::optional<Time> there;
    while (!there && reader.next(block)) {
      Window window(block.bytes, block.offset);
      while (!there && window.next()) {
        if (!window.record().has_time()) continue;
        there = calendar.resolve(window.position(), window.record().stamp);
      }
    }
    (there && *there < time ? low : high) = middle;
  }
  return low;
}

// All readings of the part of `source` in which it came from `begin` to `end`.
trace::ClockReadings read_clock(input::Source& source, const trace::Calendar& calendar, Time begin,
                                Time end) {
  trace::ClockReadings readings;
  std::vector<char> buffer;
  const std::uint64_t from = find_time(source, calendar, begin);
  const std::uint64_t to = find_time(source, calendar, end) + kWindow;
  BlockReader reader(source, from, to, 4 * kWindow, buffer);
  Block block;
  while (reader.next(block)) see_clock_of(block, readings, [](const Stamp&) { return true; });
  return readings;
}

template <typename T>
const T* for_path(const std::vector<PerPath<T>>& rules, const std::string& path) {
  const T* value = nullptr;
  for (const PerPath<T>& rule : rules) {
    if (input::path_matches(rule.pattern, path)) value = &rule.value;
  }
  return value;
}

}  // namespace

StreamWitness::StreamWitness(const Zone* zone) {
  if (zone == nullptr) return;
  const auto note_day = [&](Time time) {
    const CivilTime day = to_civil(time, *zone);
    days_.emplace(day.month, day.day);
  };
  for (const SetBack& set_back : zone->set_backs(*parse_rfc3339("1990-01-01T00:00:00Z"),
                                                 *parse_rfc3339("2060-01-01T00:00:00Z"))) {
    note_day(set_back.at - Duration(1));
    note_day(set_back.at + set_back.by);
  }
}

void StreamWitness::see(const Block& block) {
  sample(block);
  if (!evidence_.receptions.empty()) see_receptions(block);
  if (!days_.empty()) see_clock(block);
}

void StreamWitness::sample(const Block& block) {
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

// Two looks tell whether the clocks were set within the block, or since the one before.
void StreamWitness::see_receptions(const Block& block) {
  const auto first = first_reception(Window(block.bytes, block.offset));
  const auto last =
      first_reception(Window(block.bytes, block.offset, format::last_start(block.bytes, 0)));
  if (!first || !last) return;
  const bool between = jumps(evidence_.receptions.back(), *first);
  const bool within = jumps(*first, *last);
  if (between) evidence_.receptions.push_back(*first);
  if (within) note_jumps(Window(block.bytes, block.offset), evidence_);
  if (between || within) watched_until_ = last->time + kWatched;
  if (first->time < watched_until_ && days_.empty()) see_clock(block);
}

void StreamWitness::see_clock(const Block& block) {
  see_clock_of(block, evidence_.readings, [this](const Stamp& stamp) {
    return days_.empty() || days_.contains({stamp.month, stamp.day});
  });
}

Evidence witness_file(input::Source& source) { return FileWitness(source).gather(); }

std::optional<Evidence> witness(input::Source& source) {
  return source.seekable() ? std::optional(witness_file(source)) : std::nullopt;
}

void settle_set_backs(input::Source& source, const Evidence& evidence, trace::Calendar& calendar) {
  if (source.seekable()) {
    for (const SetBack& set_back : calendar.set_backs()) {
      const Time begin = set_back.at - set_back.by - kAroundSetBack;
      const Time end = set_back.at + set_back.by + kAroundSetBack;
      calendar.settle(set_back, read_clock(source, calendar, begin, end).list());
    }
    return;
  }
  const auto& readings = evidence.readings.list();
  if (readings.empty()) return;
  const auto time_of = [&](const trace::ClockReading& reading) {
    return calendar.resolve(reading.offset, reading.stamp);
  };
  for (const SetBack& set_back :
       calendar.zone().set_backs(time_of(readings.front()), time_of(readings.back()) + kWatched)) {
    calendar.settle(set_back, readings);
  }
}

const Zone* stated_zone(const Query& query, const input::Source& source) {
  return for_path(query.zones, source.origin().name);
}

trace::Calendar make_calendar(const Query& query, const input::Source& source,
                              const Evidence& evidence, Time now) {
  using Kind = trace::Calendar::Evidence;
  const std::string& path = source.origin().name;
  const Zone* zone = stated_zone(query, source);
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
