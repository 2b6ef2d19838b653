// `list`: scan, date, group by trace, sum up, sort, write. Each pass ends before the next begins.
//
// What is kept of a record is an Observation of 16 bytes; rows with their strings are made only for
// what is shown.

#include <algorithm>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "commands.h"
#include "list_scan.h"
#include "parallel.h"

namespace ktrace::engine {
namespace {

constexpr std::size_t kMostSources = 1 << 16;

// One trace, its records summed up.
struct Summary {
  std::uint32_t trace = 0;
  std::uint32_t errors = 0;
  std::uint64_t first = 0;  // of its observations in the grouped order
  std::uint64_t records = 0;
  Time start{}, end{}, gap_start{};
  Duration gap{};
  std::uint8_t key = 0;
  Severity severity = Severity::unspecified;

  Duration duration() const { return distance(start, end); }
};

class List {
 public:
  List(Session& session, const Filter& filter)
      : session_(session), query_(session.query()), filter_(filter), keys_(session.keys()) {}

  Outcome run() {
    const output::ListFormat* format = output::find_list_format(query_.output);
    if (format == nullptr) {
      return session_.fail("list cannot be written as '" + query_.output + "'");
    }
    if (session_.sources().size() > kMostSources) {
      return session_.fail(fmt::format("more than {} sources", kMostSources));
    }
    search();
    resolve_streams();
    group();
    sum_up();
    choose();
    const bool any = !summaries_.empty();
    if (query_.quiet) return any ? Outcome::found : session_.outcome(false);
    output::Sink sink(session_.output());
    if (query_.count) {
      fmt::format_to(std::back_inserter(sink.buffer()), "{}\n", summaries_.size());
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
    }
    indexes_.resize(session_.sources().size());
    parts_ = make_parts(session_.sources(), filter_, query_.block_size,
                        [&](std::uint32_t index, Parts& parts) { return known(index, parts); });
    const auto meter = session_.watch(parts_, "reading");
    seen_.resize(parts_.size());
    workers_ = std::vector<ListWorker>(thread_count(query_.threads));
    const ListSearch search{query_, keys_, filter_, calendars_};
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
  // the text of records.
  std::uint64_t known(std::uint32_t index, Parts& parts) {
    input::Source& source = *session_.sources()[index];
    if (!filter_.has_pattern()) indexes_[index] = session_.index_of(source);
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
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      SeenPart& part = seen_[i];
      if (part.undated.empty()) continue;
      Evidence evidence =
          parts_[i]->source->seekable() ? witness_file(*parts_[i]->source) : parts_[i]->evidence;
      const SeenPart::Undated& first = part.undated.front();
      if (evidence.samples.empty()) evidence.samples.emplace_back(first.offset, first.stamp);
      const trace::Calendar calendar = session_.calendar(*parts_[i]->source, evidence);
      trace::CalendarCursor cursor(calendar);
      for (const SeenPart::Undated& undated : part.undated) {
        part.seen[undated.observation].time = cursor.resolve(undated.offset, undated.stamp);
      }
      part.undated = {};
      std::erase_if(part.seen, [&](const Observation& seen) { return !filter_.wants(seen.time); });
    }
  }

  // Out: `grouped_` holds all observations, those of one trace side by side, in the order of
  // sources and offsets; `bounds_` where each trace begins. Traces have the numbers of the first
  // worker's table, which takes in those of all others.
  void group() {
    std::vector<std::vector<std::uint32_t>> numbers(workers_.size());
    std::vector<std::vector<std::uint8_t>> spellings(workers_.size());
    for (std::size_t w = 0; w < workers_.size(); ++w) {
      take_in(workers_[w], numbers[w], spellings[w]);
    }
    bounds_.assign(ids().size() + 1, 0);
    for (SeenPart& part : seen_) {
      for (Observation& seen : part.seen) {
        seen.trace = numbers[part.worker][seen.trace];
        seen.key = spellings[part.worker][seen.key];
        ++bounds_[seen.trace + 1];
      }
    }
    std::partial_sum(bounds_.begin(), bounds_.end(), bounds_.begin());
    std::vector<std::uint64_t> next(bounds_.begin(), bounds_.end() - 1);
    grouped_.resize(bounds_.back());
    for (SeenPart* part : in_source_order()) {
      for (const Observation& seen : part->seen) grouped_[next[seen.trace]++] = seen;
      part->seen = {};
    }
  }

  trace::IdTable& ids() { return workers_.front().ids; }

  void take_in(const ListWorker& worker, std::vector<std::uint32_t>& numbers,
               std::vector<std::uint8_t>& spellings) {
    numbers.resize(worker.ids.size());
    for (std::uint32_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = &worker.ids == &ids() ? i : ids().number_of(worker.ids.id(i));
    }
    for (const std::string& spelling : worker.spellings) {
      const auto known = std::find(spellings_.begin(), spellings_.end(), spelling);
      const auto place = std::min<std::ptrdiff_t>(known - spellings_.begin(), 255);
      if (known == spellings_.end() && spellings_.size() < 256) spellings_.push_back(spelling);
      spellings.push_back(static_cast<std::uint8_t>(place));
    }
  }

  // Streams were searched first, wherever they stand on the command line.
  std::vector<SeenPart*> in_source_order() {
    std::vector<std::size_t> order(parts_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return parts_[a]->index < parts_[b]->index;
    });
    std::vector<SeenPart*> parts;
    for (const std::size_t i : order) parts.push_back(&seen_[i]);
    return parts;
  }

  void sum_up() {
    constexpr std::size_t kTracesPerTask = 4096;
    summaries_.resize(ids().size());
    const std::size_t tasks = (summaries_.size() + kTracesPerTask - 1) / kTracesPerTask;
    for_each_task(workers_, tasks, [&](ListWorker&, std::size_t task) {
      const std::size_t end = std::min((task + 1) * kTracesPerTask, summaries_.size());
      for (std::size_t i = task * kTracesPerTask; i < end; ++i) {
        summaries_[i] = sum_up(static_cast<std::uint32_t>(i));
      }
    });
  }

  Summary sum_up(std::uint32_t trace) {
    const std::span<Observation> seen(grouped_.data() + bounds_[trace],
                                      bounds_[trace + 1] - bounds_[trace]);
    Summary sum;
    sum.trace = trace;
    sum.first = bounds_[trace];
    sum.records = seen.size();
    if (seen.empty()) return sum;
    const auto earlier_one = [](const Observation& a, const Observation& b) {
      return a.time < b.time;
    };
    if (!std::is_sorted(seen.begin(), seen.end(), earlier_one)) {
      std::stable_sort(seen.begin(), seen.end(), earlier_one);
    }
    sum.start = seen.front().time;
    sum.end = seen.back().time;
    sum.key = seen.front().key;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      sum.severity = std::max(sum.severity, seen[i].severity);
      sum.errors += seen[i].severity >= Severity::error ? 1 : 0;
      const Duration gap = i == 0 ? Duration::zero() : distance(seen[i - 1].time, seen[i].time);
      if (gap <= sum.gap) continue;
      sum.gap = gap;
      sum.gap_start = seen[i - 1].time;
    }
    return sum;
  }

  // Drops what is not asked for and sorts the rest.
  void choose() {
    std::erase_if(summaries_, [&](const Summary& sum) {
      return sum.records == 0 || (query_.only_errors && sum.errors == 0);
    });
    sort_by(query_.slowest > 0 ? TraceSort::duration : query_.sort);
    if (query_.slowest > 0 && summaries_.size() > query_.slowest) summaries_.resize(query_.slowest);
    if (query_.slowest > 0 && query_.sort != TraceSort::start) sort_by(query_.sort);
  }

  void sort_by(TraceSort sort) {
    const auto rank = [sort](const Summary& sum) -> std::int64_t {
      switch (sort) {
        case TraceSort::duration:
          return sum.duration().count();
        case TraceSort::records:
          return static_cast<std::int64_t>(sum.records);
        case TraceSort::errors:
          return sum.errors;
        case TraceSort::gap:
          return sum.gap.count();
        case TraceSort::start:
          break;
      }
      return 0;
    };
    std::sort(summaries_.begin(), summaries_.end(), [&](const Summary& a, const Summary& b) {
      if (rank(a) != rank(b)) return rank(a) > rank(b);
      if (a.start != b.start) return a.start < b.start;
      return ids().id(a.trace) < ids().id(b.trace);
    });
  }

  output::TraceRow row_of(const Summary& sum) {
    output::TraceRow row;
    row.id = ids().id(sum.trace);
    row.key = spellings_[sum.key];
    row.records = sum.records;
    row.errors = sum.errors;
    row.start = sum.start;
    row.end = sum.end;
    row.severity = sum.severity;
    row.largest_gap = sum.gap;
    row.gap_start = sum.gap_start;
    for (std::uint64_t i = sum.first; i < sum.first + sum.records; ++i) {
      const std::string_view component = session_.sources()[grouped_[i].source]->origin().component;
      if (component.empty()) continue;
      if (std::find(row.components.begin(), row.components.end(), component) ==
          row.components.end()) {
        row.components.push_back(component);
      }
    }
    return row;
  }

  void write(const output::ListFormat& format, output::Sink& sink) {
    std::vector<output::TraceRow> rows;
    rows.reserve(summaries_.size());
    for (const Summary& sum : summaries_) rows.push_back(row_of(sum));
    const auto writer = format.make(session_.style());
    writer->begin(rows, sink.buffer());
    for (const output::TraceRow& row : rows) {
      writer->row(row, sink.buffer());
      if (!sink.settle()) return;
    }
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
  std::vector<ListWorker> workers_;
  std::vector<std::string> spellings_;
  std::vector<std::uint64_t> bounds_;
  std::vector<Observation> grouped_;
  std::vector<Summary> summaries_;
};

}  // namespace

Outcome run_list(Session& session, const Filter& filter) { return List(session, filter).run(); }

}  // namespace ktrace::engine
