// `list`: scan, date, group by trace, sum up, sort, write. Each pass ends before the next begins.
//
// What is kept of a record is an Observation of 16 bytes, of a trace its place in the order and, if
// it has several records, what they sum up to; rows with their strings are made when they are
// written, on all threads. Where traces have so many records that this is much more than the traces
// themselves take, records are sorted outside of memory, and nothing is kept of them but the sums.

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "commands.h"
#include "list_scan.h"
#include "look_alikes.h"
#include "parallel.h"
#include "parallel_sort.h"
#include "room.h"
#include "seen_store.h"
#include "trace_sums.h"

namespace ktrace::engine {
namespace {

// Traces that are summed up or written at a time, by one thread.
constexpr std::size_t kTracesPerTask = 4096;

// What is held of a written list is this many tasks a thread.
constexpr std::size_t kTasksAhead = 8;

// One trace and its place in the list.
struct Listed {
  std::int64_t rank = 0;  // the higher comes first
  Time start{};           // then the earlier
  std::uint32_t trace = 0;
  std::uint32_t sum = 0;  // where it is in Sums::list, if it was kept
};

class List final : output::TraceRows {
 public:
  List(Session& session, const Filter& filter)
      : session_(session), query_(session.query()), filter_(filter), keys_(session.keys()) {}

  Outcome run() {
    const output::ListFormat* format = output::find_list_format(query_.output);
    if (format == nullptr) {
      return session_.fail("list cannot be written as '" + query_.output + "'");
    }

    search();
    resolve_streams();

    if (const Status status = group(); !status.ok()) return session_.fail(status.message());

    choose();

    const bool any = listed_.size() > 0;
    if (query_.quiet) return any ? Outcome::found : session_.outcome(false);
    output::Sink sink(session_.output());
    if (query_.count) {
      fmt::format_to(std::back_inserter(sink.buffer()), "{}\n", listed_.size());
    } else {
      write(*format, sink);
    }

    return session_.finish(sink, any);
  }

 private:
  // Out: observations by part, with the numbers of their workers.
  void search() {
    for (input::Source* source : session_.sources()) {
      calendars_.push_back(nullptr);
      if (!source->seekable()) continue;
      calendars_.back() =
          std::make_unique<trace::Calendar>(session_.calendar(*source, witness_file(*source)));
      session_.report_undecided(*source, *calendars_.back());
    }
    indexes_.resize(session_.sources().size());
    parts_ = make_parts(session_.sources(), filter_, query_.block_size,
                        [&](std::uint32_t index, Parts& parts) { return known(index, parts); });
    const auto meter = session_.watch(parts_, "reading");
    seen_.resize(parts_.size());
    workers_ = std::vector<ListWorker>(thread_count(query_.threads));
    ListSearch search{query_, keys_, filter_, calendars_};
    search.store = &store_;
    for_each_task(
        workers_, parts_.size(),
        [&](ListWorker& worker, std::size_t task) {
          seen_[task].worker = static_cast<std::uint32_t>(&worker - workers_.data());
          scan_for_list(search, worker, *parts_[task], seen_[task]);
        },
        [&](std::size_t task) { return follows(parts_, task); });
    session_.report_parts(parts_);
  }

  // Makes a part of what the index of a source knows. Gives where that ends. An index does not know
  // the text of records, nor their nodes.
  std::uint64_t known(std::uint32_t index, Parts& parts) {
    input::Source& source = *session_.sources()[index];
    const bool enough =
        !filter_.has_pattern() && (query_.nodes.empty() || !source.origin().node.empty());
    if (enough) indexes_[index] = session_.index_of(source);
    if (!indexes_[index]) return 0;
    parts.push_back(std::make_unique<Part>());
    parts.back()->source = &source;
    parts.back()->index = index;
    parts.back()->end = indexes_[index]->end;
    parts.back()->known = &indexes_[index]->reader;
    return indexes_[index]->end;
  }

  // In: observations of streams (and of files in whose samples there is no klog text) without time.
  // Out: all have one, and those that the filter does not want have gone.
  void resolve_streams() {
    dates_.resize(parts_.size());
    timeless_.resize(parts_.size());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      SeenPart& part = seen_[i];
      if (part.undated.empty() && !part.first_undated) continue;
      Evidence evidence =
          parts_[i]->source->seekable() ? witness_file(*parts_[i]->source) : parts_[i]->evidence;
      const SeenPart::Undated& first =
          part.first_undated ? *part.first_undated : part.undated.front();
      if (evidence.samples.empty()) evidence.samples.emplace_back(first.offset, first.stamp);
      dates_[i].emplace(session_.calendar(*parts_[i]->source, evidence));
      if (!calendars_[parts_[i]->index]) {
        session_.report_undecided(*parts_[i]->source, *dates_[i]);
      }
      timeless_[i] = dates_[i]->empty() && !evidence.first;
      resolve(i, part);
    }
  }

  // Dates what was seen in a part, or in a piece of it.
  void resolve(std::size_t part, SeenPart& seen) const {
    if (seen.undated.empty()) return;
    trace::CalendarCursor cursor(*dates_[part]);
    for (const SeenPart::Undated& undated : seen.undated) {
      const bool none = timeless_[part] && undated.stamp.kind == Stamp::Kind::none;
      seen.seen[undated.observation].time =
          none ? kNoTime : cursor.resolve(undated.offset, undated.stamp);
    }
    seen.undated = {};
    std::erase_if(seen.seen, [&](const Observation& one) {
      return !filter_.wants(one.time == kNoTime ? Time() : one.time);
    });
  }

  // Traces get the numbers of the first worker's table, which takes in those of all others.
  Status group() {
    numbers_.resize(workers_.size());
    for (std::size_t w = 0; w < workers_.size(); ++w) {
      if (w > 0) join(w, numbers_[w].traces);
      take_in(workers_[w].spellings, numbers_[w].spellings);
      for (const std::string& name : workers_[w].components.names()) {
        numbers_[w].components.push_back(components_.number_of(name));
      }
    }
    if (!store_.status().ok()) return store_.status();
    if (outside()) return sum_up_outside();
    group_inside();
    return {};
  }

  // Gives what was seen by a worker the numbers that all have.
  void renumber(std::uint32_t worker, std::vector<Observation>& list) const {
    const Numbers& numbers = numbers_[worker];
    for (Observation& seen : list) {
      if (worker > 0) seen.trace = numbers.traces[seen.trace];
      seen.key = numbers.spellings[seen.key];
      seen.component = numbers.components[seen.component];
    }
  }

  // Out: `grouped_` holds all observations, those of one trace side by side, in the order of
  // sources and offsets; `bounds_` where each trace begins.
  void group_inside() {
    std::vector<char> threads(workers_.size());
    for_each_task(threads, seen_.size(),
                  [&](char&, std::size_t part) { renumber(seen_[part].worker, seen_[part].seen); });
    // While they are counted, and then placed, the bound behind a trace is two places behind it,
    // and then one.
    bounds_ = Room<std::uint64_t>(ids().size() + 2, true);
    for_each_seen([&](const Observation& seen) { ++bounds_[seen.trace + 2]; });
    std::partial_sum(bounds_.begin(), bounds_.end(), bounds_.begin());
    grouped_ = Room<Observation>(bounds_[ids().size() + 1]);
    for_each_seen([&](const Observation& seen) { grouped_[bounds_[seen.trace + 1]++] = seen; });
    for (SeenPart& part : seen_) part.seen = {};
  }

  // Out: `sums_` has all traces, by number.
  Status sum_up_outside() {
    SeenSorter sorter;
    SeenPart read;
    const auto add = [&](std::size_t part, SeenPart& seen) {
      resolve(part, seen);
      renumber(seen_[part].worker, seen.seen);
      for (const Observation& one : seen.seen) sorter.add(one);
    };
    for (const std::size_t part : in_source_order()) {
      for (const SeenPiece& piece : seen_[part].pieces) {
        if (Status status = store_.read(piece, read); !status.ok()) return status;
        add(part, read);
      }
      add(part, seen_[part]);
      seen_[part] = {};
    }
    sums_.resize(pieces_of(ids().size()));
    std::uint32_t begun = 0;  // traces
    return sorter.each([&](const Observation& seen) {
      for (; begun <= seen.trace; ++begun) sums_[begun / kTracesPerTask].begin();
      sums_[seen.trace / kTracesPerTask].add(seen, components_.names());
    });
  }

  // The table of the first worker takes in that of another.
  void join(std::size_t worker, std::vector<std::uint32_t>& numbers) {
    const trace::IdTable other = std::exchange(workers_[worker].ids, {});
    numbers.resize(other.size());
    for_each_piece(numbers.size(), [&](std::size_t, std::size_t begin, std::size_t end) {
      ids().find(other, begin, end, numbers);
    });
    ids().take_in(other, worker + 1 == workers_.size(), numbers);
  }

  // Calls see(observation) for all, in the order of sources and offsets. Every thread looks at all,
  // and sees those of a range of traces: what is kept of these is its own.
  template <typename See>
  void for_each_seen(const See& see) {
    const std::vector<std::size_t> parts = in_source_order();
    std::vector<char> threads(workers_.size());
    for_each_task(threads, threads.size(), [&](char&, std::size_t range) {
      const std::size_t begin = ids().size() * range / threads.size();
      const std::size_t count = ids().size() * (range + 1) / threads.size() - begin;
      for (const std::size_t part : parts) {
        for (const Observation& seen : seen_[part].seen) {
          if (seen.trace - begin < count) see(seen);
        }
      }
    });
  }

  trace::IdTable& ids() { return workers_.front().ids; }
  const trace::IdTable& ids() const { return workers_.front().ids; }

  void take_in(const std::vector<std::string>& from, std::vector<std::uint8_t>& spellings) {
    for (const std::string& spelling : from) {
      const auto known = std::find(spellings_.begin(), spellings_.end(), spelling);
      const auto place = std::min<std::ptrdiff_t>(known - spellings_.begin(), 255);
      if (known == spellings_.end() && spellings_.size() < 256) spellings_.push_back(spelling);
      spellings.push_back(static_cast<std::uint8_t>(place));
    }
  }

  // Streams were searched first, wherever they stand on the command line.
  std::vector<std::size_t> in_source_order() const {
    std::vector<std::size_t> order(parts_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return parts_[a]->index < parts_[b]->index;
    });
    return order;
  }

  // Out: what is asked for, in its order.
  void choose() {
    const TraceSort sort = query_.slowest > 0 ? TraceSort::duration : query_.sort;
    listed_ = Room<Listed>(ids().size());
    if (!outside()) sums_.resize(pieces_of(listed_.size()));
    for_each_piece(listed_.size(), [&](std::size_t piece, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        listed_[i] = listed(static_cast<std::uint32_t>(i), sort, sums_[piece]);
      }
    });
    const auto* const end = std::remove_if(
        listed_.begin(), listed_.end(), [](const Listed& one) { return one.trace == kNotListed; });
    listed_.cut(static_cast<std::size_t>(end - listed_.begin()));
    sort_listed();
    if (query_.slowest == 0) return;
    listed_.cut(query_.slowest);
    if (query_.sort == TraceSort::start) return;
    for (Listed& one : listed_) one.rank = rank(sum_of(one), query_.sort);
    sort_listed();
  }

  static constexpr std::uint32_t kNotListed = UINT32_MAX;
  static constexpr Listed kNone{0, {}, kNotListed, 0};

  Listed listed(std::uint32_t trace, TraceSort sort, Sums& sums) {
    if (outside()) return listed(trace, sort, sums.list, trace % kTracesPerTask);
    const std::span<const Observation> seen = in_order_of_time(trace);
    if (seen.empty()) return kNone;
    const std::size_t place = sums.list.size();
    sums.begin();
    for (const Observation& one : seen) sums.add(one, components_.names());
    const Listed made = listed(trace, sort, sums.list, place);
    if (seen.size() == 1) sums.take_back();
    return made;
  }

  Listed listed(std::uint32_t trace, TraceSort sort, const std::vector<Summary>& sums,
                std::size_t place) const {
    const bool wanted = place < sums.size() && sums[place].records > 0 &&
                        (!query_.only_errors || sums[place].errors > 0);
    if (!wanted) return kNone;
    return {rank(sums[place], sort), sums[place].start, trace, static_cast<std::uint32_t>(place)};
  }

  std::span<const Observation> in_order_of_time(std::uint32_t trace) {
    const std::span<Observation> seen(grouped_.begin() + bounds_[trace],
                                      bounds_[trace + 1] - bounds_[trace]);
    const auto earlier_one = [](const Observation& a, const Observation& b) {
      return a.time < b.time;
    };
    if (!std::is_sorted(seen.begin(), seen.end(), earlier_one)) {
      std::stable_sort(seen.begin(), seen.end(), earlier_one);
    }
    return seen;
  }

  // Whether records were sorted outside of memory.
  bool outside() const { return !store_.empty(); }

  // The only record of a trace of which no sum was kept; null when one was.
  const Observation* only_one(const Listed& one) const {
    const bool several = outside() || bounds_[one.trace + 1] - bounds_[one.trace] > 1;
    return several ? nullptr : &grouped_[bounds_[one.trace]];
  }

  const Sums& sums_of(const Listed& one) const { return sums_[one.trace / kTracesPerTask]; }

  Summary sum_of(const Listed& one) const {
    const Observation* const only = only_one(one);
    if (only == nullptr) return sums_of(one).list[one.sum];
    Summary sum;
    sum.add(*only);
    return sum;
  }

  void sort_listed() {
    const auto before = [this](const Listed& a, const Listed& b) {
      if (a.rank != b.rank) return a.rank > b.rank;
      if (a.start != b.start) return a.start < b.start;
      return a.trace != b.trace && ids().id(a.trace) < ids().id(b.trace);
    };
    sort_on_all(listed_, workers_.size(), before);
  }

  static std::size_t pieces_of(std::size_t count) {
    return (count + kTracesPerTask - 1) / kTracesPerTask;
  }

  // Calls work(piece, begin, end) for pieces of all `count`, on all threads.
  template <typename Work>
  void for_each_piece(std::size_t count, const Work& work) const {
    std::vector<char> threads(workers_.size());
    for_each_task(threads, pieces_of(count), [&](char&, std::size_t piece) {
      const std::size_t begin = piece * kTracesPerTask;
      work(piece, begin, std::min(begin + kTracesPerTask, count));
    });
  }

  std::size_t size() const override { return listed_.size(); }

  std::size_t pieces() const override { return pieces_of(size()); }

  // Most rows ask for no more room than one shortly before.
  void survey(const See& see) const override {
    for_each_piece(size(), [&](std::size_t piece, std::size_t begin, std::size_t end) {
      output::TraceRow row;
      LookAlikes before;
      const Listed *first = nullptr, *last = nullptr;
      const auto show = [&](const Listed& one, std::size_t digits) {
        if (digits == 0) {
          ids().copy(one.trace, row.id);
        } else {
          row.id.assign(digits, '0');
        }
        fill(one, row);
        see(piece, row);
      };
      for (std::size_t i = begin; i < end; ++i) {
        const Listed& one = listed_[i];
        if (one.start != kNoTime) {
          if (first == nullptr || one.start < first->start) first = &one;
          if (last == nullptr || one.start > last->start) last = &one;
        }
        const std::size_t digits = ids().number_length(one.trace);
        const Observation* const only = only_one(one);
        if (digits == 0 || only == nullptr || before.add(*only, digits)) show(one, digits);
      }
      for (const Listed* one : {first, last}) {
        if (one != nullptr) show(*one, ids().number_length(one->trace));
      }
    });
  }

  void make(std::size_t index, output::TraceRow& row) const override {
    ids().copy(listed_[index].trace, row.id);
    fill(listed_[index], row);
  }

  // Sets all fields but the identifier.
  void fill(const Listed& one, output::TraceRow& row) const {
    const Summary sum = sum_of(one);
    row.key = spellings_[sum.key];
    row.records = sum.records;
    row.errors = sum.errors;
    row.timed = sum.start != kNoTime;
    row.start = sum.start;
    row.end = sum.end;
    row.severity = sum.severity;
    row.largest_gap = sum.gap;
    row.gap_start = sum.gap_start;
    row.components.clear();
    if (const Observation* const only = only_one(one)) {
      const std::string& name = components_.names()[only->component];
      if (!name.empty()) row.components.push_back(name);
      return;
    }
    const std::uint16_t* const numbers = sums_of(one).components.data() + sum.components;
    for (std::size_t i = 0; i < sum.component_count; ++i) {
      row.components.push_back(components_.names()[numbers[i]]);
    }
  }

  // Leaves the texts empty. False when nothing more can be written.
  static bool write_out(std::vector<std::string>& texts, output::Sink& sink) {
    for (std::string& text : texts) {
      if (!sink.flush()) return false;
      sink.buffer().swap(text);
    }
    return sink.flush();
  }

  void write(const output::ListFormat& format, output::Sink& sink) {
    const auto writer = format.make(session_.style());
    writer->begin(*this, sink.buffer());
    // While rows become text, the text of those before is written.
    std::vector<std::string> texts(kTasksAhead * workers_.size()), before(texts.size());
    bool going = true;
    for (std::size_t done = 0; going && done < pieces(); done += texts.size()) {
      const std::size_t tasks = std::min(texts.size(), pieces() - done);
      for_each_task(workers_, tasks + 1, [&](ListWorker&, std::size_t task) {
        if (task == 0) {
          going = write_out(before, sink);
        } else {
          const std::size_t begin = (done + task - 1) * kTracesPerTask;
          writer->rows(*this, begin, std::min(begin + kTracesPerTask, size()), texts[task - 1]);
        }
      });
      texts.swap(before);
    }
    if (!going || !write_out(before, sink)) return;
    writer->end(sink.buffer());
  }

  Session& session_;
  const Query& query_;
  const Filter& filter_;
  const trace::KeySet keys_;
  std::vector<std::unique_ptr<trace::Calendar>> calendars_;  // by source
  std::vector<std::optional<KnownIndex>> indexes_;           // by source
  Parts parts_;
  std::vector<SeenPart> seen_;  // by part
  SeenStore store_;
  std::vector<std::optional<trace::Calendar>> dates_;  // by part, of what was not dated at once
  std::vector<bool> timeless_;  // by part, whether nothing there tells a time
  std::vector<ListWorker> workers_;

  // What the numbers of a worker are among those of all.
  struct Numbers {
    std::vector<std::uint32_t> traces;
    std::vector<std::uint8_t> spellings;
    std::vector<std::uint16_t> components;
  };
  std::vector<Numbers> numbers_;  // by worker
  std::vector<std::string> spellings_;
  NameTable components_;
  Room<std::uint64_t> bounds_;
  Room<Observation> grouped_;
  std::vector<Sums> sums_;  // by task
  Room<Listed> listed_;
};

}  // namespace

Outcome run_list(Session& session, const Filter& filter) { return List(session, filter).run(); }

}  // namespace ktrace::engine
