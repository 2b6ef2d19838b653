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
#include "trace_groups.h"
#include "trace_ids.h"
#include "trace_sums.h"

namespace ktrace::engine {
namespace {

// Rows that are written at a time, by one thread: their text stays in the caches.
constexpr std::size_t kRowsPerTask = 1024;

// What is held of a written list is this many tasks a thread: few, so that also of a short list
// most is written while the rest is made.
constexpr std::size_t kTasksAhead = 4;

// Records of a trace that are added to its sum at a time, when they come one by one.
constexpr std::size_t kAddedAtOnce = 1024;

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
      sink.buffer() += fmt::format("{}\n", listed_.size());
    } else {
      write(*format, sink);
    }
    return session_.finish(sink, any);
  }

 private:
  // Out: observations by part, with the numbers of their workers.
  void search() {
    const std::vector<input::Source*>& sources = session_.sources();
    calendars_ = session_.calendars(sources, [&](std::size_t i) { return witness(*sources[i]); });
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (calendars_[i] != nullptr) session_.report_undecided(*sources[i], *calendars_[i]);
    }
    indexes_.resize(sources.size());
    parts_ = make_parts(sources, filter_, query_.block_size,
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
    give_back(seen.undated);
    std::erase_if(seen.seen, [&](const Observation& one) {
      return !filter_.wants(one.time == kNoTime ? Time() : one.time);
    });
  }

  Status group() {
    number_traces();
    for (std::size_t w = 0; w < workers_.size(); ++w) {
      take_in(workers_[w].spellings, numbers_[w].spellings);
      for (const std::string& name : workers_[w].components.names()) {
        numbers_[w].components.push_back(components_.number_of(name));
      }
    }
    if (!store_.status().ok()) return store_.status();
    if (outside()) return sum_up_outside();
    std::vector<SeenPart*> parts;
    for (const std::size_t part : in_source_order()) parts.push_back(&seen_[part]);
    groups_ = group_by_trace(parts, numbers_, ids_.size());
    return {};
  }

  void number_traces() {
    std::vector<trace::IdTable> tables;
    for (ListWorker& worker : workers_) tables.push_back(std::move(worker.ids));
    ids_ = TraceIds(std::move(tables), workers_.size());
    numbers_.resize(workers_.size());
    for (std::size_t w = 0; w < workers_.size(); ++w) numbers_[w].traces = ids_.take_numbers(w);
  }

  // Out: `sums_` has all traces, by number.
  Status sum_up_outside() {
    SeenSorter sorter;
    SeenPart read;
    const auto add = [&](std::size_t part, SeenPart& seen) {
      resolve(part, seen);
      const Numbers& numbers = numbers_[seen_[part].worker];
      for (const Observation& one : seen.seen) sorter.add(numbers.of_all(one));
    };
    for (const std::size_t part : in_source_order()) {
      for (const SeenPiece& piece : seen_[part].pieces) {
        if (Status status = store_.read(piece, read); !status.ok()) return status;
        add(part, read);
      }
      add(part, seen_[part]);
      seen_[part] = {};
    }
    sums_.resize(pieces_of(ids_.size(), kTracesPerTask));
    Adder adder(components_.names());
    std::uint32_t begun = 0;        // traces
    std::vector<Observation> some;  // of the last of them
    const auto add_some = [&] {
      if (!some.empty()) adder.add(some, sums_[some.front().trace / kTracesPerTask]);
      some.clear();
    };
    Status status = sorter.each([&](const Observation& seen) {
      if (some.size() == kAddedAtOnce || seen.trace >= begun) add_some();
      for (; begun <= seen.trace; ++begun) sums_[begun / kTracesPerTask].begin();
      some.push_back(seen);
    });
    add_some();
    return status;
  }

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
    if (outside()) {
      list_sums();
    } else {
      list_groups();
    }
    sort_by_start();
    sort_by(query_.slowest > 0 ? TraceSort::duration : query_.sort);
    if (query_.slowest == 0) return;
    listed_.cut(query_.slowest);
    if (query_.sort == TraceSort::start) return;
    sort_by_start();
    sort_by(query_.sort);
  }

  void list_groups() {
    listed_ = std::move(groups_.listed);
    sums_.resize(groups_.groups.size());
    each_piece(listed_.size(), [&](std::size_t piece, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end && query_.only_errors; ++i) {
        if (listed_[i].severity < Severity::error) listed_[i] = {};
      }
      Adder adder(components_.names());
      Sums& sums = sums_[piece];
      sums.list.reserve(groups_.groups[piece].size());
      for (const TraceGroups::Group& group : groups_.groups[piece]) {
        sums.begin();
        adder.add({groups_.grouped.begin() + group.begin, group.end - group.begin}, sums);
        listed_[group.trace] = listed(group.trace, sums, sums.list.size() - 1);
      }
    });
    groups_ = TraceGroups();
  }

  void list_sums() {
    listed_ = Room<Listed>(ids_.size());
    each_piece(listed_.size(), [&](std::size_t piece, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        listed_[i] = listed(static_cast<std::uint32_t>(i), sums_[piece], i - begin);
      }
    });
  }

  Listed listed(std::uint32_t trace, const Sums& sums, std::size_t place) const {
    const bool wanted = place < sums.list.size() && sums.list[place].records > 0 &&
                        (!query_.only_errors || sums.list[place].errors > 0);
    return wanted ? Listed::of(sums.list[place].start, trace, place) : Listed();
  }

  // Whether records were sorted outside of memory.
  bool outside() const { return !store_.empty(); }

  const Sums& sums_of(const Listed& one) const { return sums_[one.trace / kTracesPerTask]; }

  Summary sum_of(const Listed& one) const {
    if (one.is_sum()) return sums_of(one).list[one.component];
    return Summary::of(one.only());
  }

  void sort_by_start() {
    const auto before = [this](const Listed& a, const Listed& b) {
      if (a.start != b.start) return a.start < b.start;
      return a.trace != b.trace && ids_.is_before(a.trace, b.trace);
    };
    const auto none = [](const Listed& one) { return one.trace == Listed::kNone; };
    sort_on_all(listed_, workers_.size(), none, before);
  }

  // In: the list in the order of starts.
  void sort_by(TraceSort sort) {
    if (sort == TraceSort::start) return;
    struct Ranked {
      std::int64_t rank;
      std::size_t place;
    };
    Room<Ranked> order(size());
    each_piece(size(), [&](std::size_t, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) order[i] = {rank(sum_of(listed_[i]), sort), i};
    });
    sort_on_all(order, workers_.size(), [](const Ranked& a, const Ranked& b) {
      return a.rank != b.rank ? a.rank > b.rank : a.place < b.place;
    });
    Room<Listed> sorted(size());
    each_piece(size(), [&](std::size_t, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) sorted[i] = listed_[order[i].place];
    });
    listed_ = std::move(sorted);
  }

  template <typename Work>
  void each_piece(std::size_t count, const Work& work) const {
    for_each_piece(workers_.size(), count, kTracesPerTask, work);
  }

  std::size_t size() const override { return listed_.size(); }

  std::size_t pieces() const override { return pieces_of(size(), kTracesPerTask); }

  // Most rows ask for no more room than one shortly before.
  void survey(const See& see) const override {
    each_piece(size(), [&](std::size_t piece, std::size_t begin, std::size_t end) {
      output::TraceRow row;
      LookAlikes before;
      const Listed *first = nullptr, *last = nullptr;
      const auto show = [&](const Listed& one, std::size_t digits) {
        if (digits == 0) {
          ids_.copy(one.trace, row.id);
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
        const std::size_t digits = ids_.number_length(one.trace);
        if (digits == 0 || one.is_sum() || before.add(one.only(), digits)) show(one, digits);
      }
      for (const Listed* one : {first, last}) {
        if (one != nullptr) show(*one, ids_.number_length(one->trace));
      }
    });
  }

  void make(std::size_t index, output::TraceRow& row) const override {
    ids_.copy(listed_[index].trace, row.id);
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
    if (!one.is_sum()) {
      const std::string& name = components_.names()[one.component];
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
    const std::size_t all = pieces_of(size(), kRowsPerTask);
    for (std::size_t done = 0; going && done < all; done += texts.size()) {
      const std::size_t tasks = std::min(texts.size(), all - done);
      for_each_task(workers_, tasks + 1, [&](ListWorker&, std::size_t task) {
        if (task == 0) {
          going = write_out(before, sink);
        } else {
          const std::size_t begin = (done + task - 1) * kRowsPerTask;
          writer->rows(*this, begin, std::min(begin + kRowsPerTask, size()), texts[task - 1]);
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
  Calendars calendars_;                             // by source
  std::vector<std::optional<KnownIndex>> indexes_;  // by source
  Parts parts_;
  std::vector<SeenPart> seen_;  // by part
  SeenStore store_;
  std::vector<std::optional<trace::Calendar>> dates_;  // by part, of what was not dated at once
  std::vector<bool> timeless_;  // by part, whether nothing there tells a time
  std::vector<ListWorker> workers_;

  std::vector<Numbers> numbers_;  // by worker
  std::vector<std::string> spellings_;
  NameTable components_;
  TraceIds ids_;
  TraceGroups groups_;
  std::vector<Sums> sums_;  // by task
  Room<Listed> listed_;
};

}  // namespace

Outcome run_list(Session& session, const Filter& filter) { return List(session, filter).run(); }

}  // namespace ktrace::engine
