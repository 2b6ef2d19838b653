// One thread reads all sources in turn and never waits for one of them.
//
// A record that is complete goes into the window: a heap, earliest on top. It leaves it when no
// other source can be expected to bring an earlier one: when all have come further than the window
// is long, or when it has been there for as long as the window. Sources that have more to read at
// once (logs as they are when following begins) are read in the order of their times, and are
// waited for. So they are merged as files are, and what is written later comes in the order of time
// if it is not later than the window. What comes later is written at once, and counted.
//
// A record may grow until the next begins. When nothing has come for a fifth of a second it is
// taken as it is.

#include "live.h"

#include <algorithm>
#include <span>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "block_reader.h"
#include "hit_walk.h"
#include "ktrace/format.h"
#include "line_count.h"
#include "patient.h"
#include "scan.h"

namespace ktrace::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kMayGrow = std::chrono::milliseconds(200);
// How often sources are looked at; so that it takes no more than 1 % of a processor.
constexpr Duration kStep = std::chrono::milliseconds(10);
constexpr Duration kStepOfMany = std::chrono::milliseconds(50);
constexpr std::size_t kMany = 50;

// How often folders are looked at; so that it takes no more than 5 % of a processor.
constexpr Clock::duration kLook = std::chrono::milliseconds(500);
constexpr int kLookShare = 20;

// How far apart the records of several sources may come, and those of one.
constexpr Duration kWindow = std::chrono::milliseconds(500);
constexpr Duration kWindowOfOne = std::chrono::milliseconds(50);

// Each source keeps a buffer of its own while it is followed, and there may be hundreds.
constexpr std::size_t kBlock = 32 << 10;

// The window holds no more bytes than this, whatever its length.
constexpr std::size_t kMostPending = 32 << 20;

// Stamps at least this many bytes apart are remembered to count New Years.
constexpr std::uint64_t kSampleStep = 1 << 20;

// A record that waits for its turn.
struct Pending {
  Time key{}, time{};
  std::uint32_t source = 0;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
  Clock::time_point came;
  std::string raw, context;  // and padding, if not empty
  const format::Payload* payload = nullptr;

  std::size_t bytes() const { return sizeof(*this) + raw.size() + context.size(); }

  format::Slice slice() const {
    const auto text = [](const std::string& padded) {
      std::string_view view(padded);
      view.remove_suffix(std::min(view.size(), format::kPadding));
      return view;
    };
    return {text(raw), text(context), payload, 0};
  }

  static bool behind(const Pending& a, const Pending& b) {
    return std::tie(a.key, a.source, a.offset) > std::tie(b.key, b.source, b.offset);
  }
};

// A source, and how far it was read.
struct Feed {
  Feed(input::Source& from, std::uint32_t place, LiveStart begin, std::size_t block_size)
      : source(from),
        index(place),
        start(std::move(begin)),
        stamp(start.stamp),
        reader(from, 0, BlockReader::kToTheEnd, block_size, buffer) {
    reader.never_wait();
  }

  input::Source& source;
  std::uint32_t index;
  LiveStart start;  // lines: up to where records were taken
  Stamp stamp;      // the last
  Time latest = Time::min();
  StreamWitness witness;  // until there is a calendar
  std::optional<trace::Calendar> calendar;
  std::uint64_t sampled = 0;
  std::vector<char> buffer;
  BlockReader reader;
  std::size_t held_back = 0;
  Clock::time_point heard = Clock::now();
  bool behind = false;  // it has more to read at once
  bool ended = false;
};

class Live {
 public:
  Live(Session& session, const Filter& filter, const trace::Wanted* wanted,
       const output::Format& format, output::Writer* writer, output::Sink& sink)
      : session_(session),
        query_(session.query()),
        filter_(filter),
        wanted_(wanted),
        counts_lines_(format.counts_lines),
        only_stamps_(wanted == nullptr && !filter.looks_inside() && query_.order == Order::end),
        writer_(writer),
        sink_(sink) {
    if (wanted_ != nullptr && wanted_->verbatim()) {
      literal_.emplace(wanted_->ids(), wanted_->any_case());
    }
    add_feeds();
  }

  std::uint64_t run() {
    bool interrupted = false;
    while (!interrupted && !done() && (session_.expects_arrivals() || !all_ended())) {
      look_for_arrivals();
      const bool busy = read_some();
      release(false);
      if (!busy) rest();
      interrupted = session_.interrupted();
    }
    if (interrupted) take_rests();
    release(true);
    report();
    if (interrupted) report_counts();
    return shown_;
  }

 private:
  bool done() const { return sink_.failed() || sink_.abandoned() || (query_.quiet && shown_ > 0); }

  bool all_ended() const {
    return std::all_of(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed->ended; });
  }

  // Makes feeds of the sources that have none yet.
  void add_feeds() {
    const auto& sources = session_.sources();
    for (; known_ < sources.size(); ++known_) {
      if (!filter_.wants(sources[known_]->origin())) continue;
      feeds_.push_back(std::make_unique<Feed>(*sources[known_], known_, session_.live_start(known_),
                                              std::min(query_.block_size, kBlock)));
    }
    window_ = query_.reorder_window.value_or(feeds_.size() == 1 ? kWindowOfOne : kWindow);
  }

  // Large trees take long to look at, and so are looked at less often.
  void look_for_arrivals() {
    const auto now = Clock::now();
    if (!session_.expects_arrivals() || now < next_look_) return;
    session_.open_arrivals();
    add_feeds();
    next_look_ = Clock::now() + std::max(kLook, kLookShare * (Clock::now() - now));
  }

  // Reads on in the source that is least far of those that have more. False when none has.
  bool read_some() {
    Feed* least = nullptr;
    for (const auto& feed : feeds_) {
      feed->behind = !feed->ended && feed->source.await(Duration::zero());
      if (feed->behind && (least == nullptr || feed->latest < least->latest)) least = feed.get();
    }
    for (const auto& feed : feeds_) {
      if (!feed->ended && (feed.get() == least || !feed->behind)) advance(*feed);
      for (const Diagnostic& news : feed->source.news()) session_.report(news);
    }
    return least != nullptr;
  }

  void advance(Feed& feed) {
    Block block;
    if (feed.reader.next(block)) {
      feed.heard = Clock::now();
      take(feed, block);
    } else if (!feed.reader.goes_on()) {
      feed.ended = true;
    } else {
      const auto now = Clock::now();
      if (std::exchange(feed.held_back, feed.reader.held_back()) != feed.reader.held_back()) {
        feed.heard = now;
      }
      if (feed.reader.take_rest(block, now - feed.heard >= kMayGrow)) take(feed, block);
    }
  }

  // No record grows any more.
  void take_rests() {
    Block block;
    for (const auto& feed : feeds_) {
      if (!feed->ended && feed->reader.take_rest(block, true)) take(*feed, block);
    }
  }

  // Puts what is wanted of a block's records into the window.
  void take(Feed& feed, const Block& block) {
    if (!feed.calendar) feed.witness.see(block);
    std::size_t end = 0, counted = 0;
    const auto look_at = [&](const format::Extent& group) {
      format::records(group.of(block.bytes), slices_);
      for (std::size_t i = 0; i < slices_.list.size(); ++i) {
        const std::size_t begin = group.begin + slices_.list[i].offset;
        feed.start.lines += newlines(block.bytes.substr(counted, begin - counted));
        counted = begin;
        look_at_record(feed, block, group, i);
      }
      end = group.end;
    };
    if (literal_) {
      hits_.clear();
      literal_->find_all(block.bytes, hits_);
      hidden_.add(block.bytes, hits_);
      for (const std::size_t hit : hits_) {
        if (hit >= end) look_at(format::group_at(block.bytes, hit));
      }
    } else {
      while (end < block.bytes.size()) look_at(format::group_from(block.bytes, end));
    }
    feed.start.lines += newlines(block.bytes.substr(counted));
    if (const auto stamp = last_stamp(block.bytes)) {
      feed.stamp = *stamp;
      const std::uint64_t offset = feed.start.offset + block.offset + block.bytes.size() - 1;
      feed.latest = std::max(feed.latest, resolve(feed, offset, *stamp));
    }
  }

  void look_at_record(Feed& feed, const Block& block, const format::Extent& group,
                      std::size_t index) {
    const format::Slice& slice = slices_.list[index];
    if (only_stamps_) {
      record_.stamp = format::glance(slice, false, record_).stamp;
    } else {
      format::parse(slice, record_);
      record_.origin = &feed.source.origin();
      if (wanted_ != nullptr && wanted_->match(record_).value.empty()) return;
      if (!filter_.wants(record_)) return;
    }
    if (record_.has_time()) {
      feed.stamp = record_.stamp;
    } else if (const auto stamp = stamp_before(block, group, index)) {
      feed.stamp = *stamp;
    }
    Pending pending;
    pending.offset = feed.start.offset + block.offset + group.begin + slice.offset;
    pending.time = resolve(feed, pending.offset, feed.stamp);
    if (!filter_.wants(pending.time)) return;
    record_.time = pending.time;
    pending.key = query_.order == Order::begin ? record_.begin() : record_.time;
    pending.source = feed.index;
    pending.line = counts_lines_ ? feed.start.lines + 1 : 0;
    pending.came = feed.heard;
    pending.raw = padded(slice.raw);
    pending.context = padded(slice.context);
    pending.payload = slice.payload;
    pending_bytes_ += pending.bytes();
    window_heap_.push_back(std::move(pending));
    std::push_heap(window_heap_.begin(), window_heap_.end(), Pending::behind);
  }

  // The stamp of the last record of the block that has one and stands before the group's at
  // `index`.
  std::optional<Stamp> stamp_before(const Block& block, const format::Extent& group,
                                    std::size_t index) {
    const std::span<const format::Slice> slices(slices_.list);
    const auto stamp = last_stamp(slices.first(index), before_);
    return stamp ? stamp : last_stamp(block.bytes.substr(0, group.begin));
  }

  static std::string padded(std::string_view text) {
    std::string copy;
    if (text.empty()) return copy;
    copy.reserve(text.size() + format::kPadding);
    return copy.append(text).append(format::kPadding, '\0');
  }

  Time resolve(Feed& feed, std::uint64_t offset, const Stamp& stamp) {
    const bool yearless = stamp.kind == Stamp::Kind::yearless;
    if (!feed.calendar) {
      Evidence evidence = feed.start.evidence;
      const Evidence& seen = feed.witness.evidence();
      if (evidence.samples.empty()) evidence = seen;
      if (evidence.samples.empty() && yearless) evidence.samples.emplace_back(offset, stamp);
      if (!evidence.samples.empty()) feed.sampled = evidence.samples.back().first;
      feed.calendar = session_.calendar(feed.source, evidence);
    }
    if (yearless && offset >= feed.sampled + kSampleStep) {
      feed.calendar->add_sample(offset, stamp);
      feed.sampled = offset;
    }
    return feed.calendar->resolve(offset, stamp);
  }

  // Writes the records that need not wait any more, or all.
  void release(bool all) {
    while (!window_heap_.empty() && !done() && (all || may_go(window_heap_.front()))) {
      std::pop_heap(window_heap_.begin(), window_heap_.end(), Pending::behind);
      const Pending pending = std::move(window_heap_.back());
      window_heap_.pop_back();
      pending_bytes_ -= pending.bytes();
      write(pending);
    }
  }

  bool may_go(const Pending& pending) const {
    if (pending_bytes_ > kMostPending) return true;
    bool all_beyond = true;
    for (const auto& feed : feeds_) {
      if (feed->ended) continue;
      const bool beyond = earlier(feed->latest, window_) >= pending.key;
      if (feed->behind && !beyond) return false;
      all_beyond = all_beyond && beyond;
    }
    return all_beyond || Clock::now() - pending.came >= window_;
  }

  void write(const Pending& pending) {
    ++shown_;
    if (pending.key < written_) ++late_;
    written_ = std::max(written_, pending.key);
    if (writer_ == nullptr) return;
    session_.restore(pending.slice(), pending.source, pending.offset, record_);
    record_.line = pending.line;
    record_.time = pending.time;
    if (wanted_ != nullptr) record_.trace = wanted_->match(record_);
    writer_->record(record_, sink_.buffer());
    sink_.settle();
  }

  // Nothing can be read: what was found is shown, and the machine left alone for a moment.
  void rest() {
    sink_.flush();
    if (feeds_.size() == 1) {
      feeds_.front()->source.await(kStep);
    } else {
      std::this_thread::sleep_for(feeds_.size() < kMany ? kStep : kStepOfMany);
    }
  }

  void report() {
    std::vector<std::unique_ptr<Part>> parts;
    for (const auto& feed : feeds_) {
      auto part = std::make_unique<Part>();
      part->source = &feed->source;
      note_reading(feed->reader, *part);
      parts.push_back(std::move(part));
    }
    session_.report_parts(parts);
  }

  void report_counts() {
    std::uint64_t lines = 0;
    for (const auto& feed : feeds_) lines += feed->start.lines;
    std::string text =
        fmt::format("{} record{} of {} line{} from {} source{}", shown_, shown_ == 1 ? "" : "s",
                    lines, lines == 1 ? "" : "s", feeds_.size(), feeds_.size() == 1 ? "" : "s");
    if (late_ > 0) text += fmt::format("; {} came too late to be put in order", late_);
    session_.report({Diagnostic::Level::note, "", 0, text});
  }

  Session& session_;
  const Query& query_;
  const Filter& filter_;
  const trace::Wanted* wanted_;
  std::optional<trace::LiteralSearch> literal_;
  const HiddenPlaces hidden_{format::hiding_marks()};
  bool counts_lines_;
  bool only_stamps_;  // nothing else is needed to put a record into the window
  output::Writer* writer_;
  output::Sink& sink_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::uint32_t known_ = 0;  // sources before this have feeds, if they are wanted
  Clock::time_point next_look_{};
  Duration window_{};
  std::vector<Pending> window_heap_;
  std::size_t pending_bytes_ = 0;
  std::vector<std::size_t> hits_;
  format::Slices slices_;
  Record record_, before_;
  Time written_ = Time::min();
  std::uint64_t shown_ = 0;
  std::uint64_t late_ = 0;
};

}  // namespace

Outcome run_follow(Session& session, const Filter& filter, const trace::Wanted* wanted) {
  const Query& query = session.query();
  const output::Format* format = output::find_format(query.output);
  if (format == nullptr) return session.fail("unknown output format '" + query.output + "'");
  output::Sink sink(session.output());
  const auto writer = query.count || query.quiet ? nullptr : format->make(session.style());
  std::vector<bool> shown;
  for (const input::Source* source : session.sources())
    shown.push_back(filter.wants(source->origin()));
  if (writer != nullptr) writer->begin(session.origins(shown), sink.buffer());
  const std::uint64_t found = Live(session, filter, wanted, *format, writer.get(), sink).run();
  if (writer != nullptr) writer->end(sink.buffer());
  if (query.count) sink.buffer() += fmt::format("{}\n", found);
  if (query.quiet && found > 0) return Outcome::found;
  return session.finish(sink, found > 0);
}

std::uint64_t go_on(Session& session, const Filter& filter, const trace::Wanted* wanted,
                    const output::Format& format, output::Writer& writer, output::Sink& sink) {
  sink.flush();
  return Live(session, filter, wanted, format, &writer, sink).run();
}

}  // namespace ktrace::engine
