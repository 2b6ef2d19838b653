// Runs `grep`: open, scan, date, order, write. Each pass ends before the next begins; what one
// hands to the next is said at its head.

#include <algorithm>
#include <map>
#include <sys/resource.h>

#include <fmt/format.h>

#include "dating.h"
#include "filter.h"
#include "ktrace/engine.h"
#include "ktrace/format.h"
#include "ktrace/output.h"
#include "parallel.h"
#include "scan.h"

namespace ktrace::engine {
namespace {

using Sources = std::vector<std::unique_ptr<input::Source>>;
using Parts = std::vector<std::unique_ptr<Part>>;

// A found record with its place in the timeline.
struct Placed {
  Time time{};
  Time key{};  // what it is ordered by
  std::uint32_t source = 0;
  std::uint64_t line = 0;
  const Found* found = nullptr;

  friend bool operator<(const Placed& a, const Placed& b) {
    return std::tie(a.key, a.source, a.found->offset) < std::tie(b.key, b.source, b.found->offset);
  }
};

class Grep {
 public:
  Grep(const Query& query, const Surroundings& around) : query_(query), around_(around) {}

  Outcome run() {
    const output::Format* format = output::find_format(query_.output);
    const Filter filter(query_);
    if (format == nullptr) return fail("unknown output format '" + query_.output + "'");
    if (!filter.status().ok()) return fail(filter.status().message());

    raise_descriptor_limit();
    open();
    const trace::Wanted wanted(
        query_.ids, query_.prefix,
        query_.keys.empty() ? trace::KeySet::defaults() : trace::KeySet(query_.keys));
    const bool shows = !query_.count && !query_.quiet;
    Search search{query_, wanted, filter};
    search.count_lines = shows && format->counts_lines;
    search.keep_text = shows || query_.prefix;
    search.stop_at_first = query_.quiet && !filter.has_times() && !query_.prefix;
    Parts parts = make_parts(sources_, filter, query_.block_size);
    scan(search, parts, thread_count(query_.threads));
    report_parts(parts);

    if (query_.prefix && ambiguous(wanted, parts)) return Outcome::error;
    std::vector<Placed> timeline = place(parts, filter);
    if (query_.quiet) return timeline.empty() ? outcome(false) : Outcome::found;
    output::Sink sink(around_.output);
    if (query_.count) {
      fmt::format_to(std::back_inserter(sink.buffer()), "{}\n", timeline.size());
    } else {
      std::sort(timeline.begin(), timeline.end());
      write(timeline, wanted, *format, sink);
    }
    if (!sink.flush() && !sink.closed()) return fail("cannot write: " + sink.status().message());
    return outcome(!timeline.empty());
  }

 private:
  Outcome fail(const std::string& message) {
    report({Diagnostic::Level::error, "", 0, message});
    return Outcome::error;
  }

  Outcome outcome(bool found) const {
    if (failed_) return Outcome::error;
    return found ? Outcome::found : Outcome::nothing;
  }

  void report(const Diagnostic& diagnostic) {
    if (diagnostic.level == Diagnostic::Level::error) failed_ = true;
    if (around_.report) around_.report(diagnostic);
  }

  // All sources stay open during a run: one descriptor each.
  static void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }

  void open() {
    input::Opened opened = input::open(query_.paths, query_.names);
    for (const Diagnostic& diagnostic : opened.diagnostics) report(diagnostic);
    sources_ = std::move(opened.sources);
  }

  void report_parts(const Parts& parts) {
    for (const auto& part : parts) {
      const std::string& path = part->source->origin().name;
      if (!part->status.ok()) report({Diagnostic::Level::error, path, 0, part->status.message()});
      if (part->long_records == 0) continue;
      report({Diagnostic::Level::warning, path, 0,
              fmt::format("{} longer than {} MiB, read in pieces (the first at byte {})",
                          part->long_records == 1 ? "a record is" : "records are",
                          kLongestRecord >> 20, part->first_long_record)});
    }
  }

  // Whether a prefix stands for more than one identifier; then the user is told which.
  bool ambiguous(const trace::Wanted& wanted, const Parts& parts) {
    bool any = false;
    for (const std::string& prefix : wanted.ids()) {
      std::map<std::string, std::size_t> candidates;
      for (const auto& part : parts) {
        for (const Found& found : part->found) {
          if (!trace::identifier_begins(found.id, prefix)) continue;
          ++candidates[trace::canonical_identifier(found.id)];
        }
      }
      if (candidates.size() < 2) continue;
      any = true;
      report({Diagnostic::Level::error, "", 0, candidate_list(prefix, candidates)});
    }
    return any;
  }

  static std::string candidate_list(const std::string& prefix,
                                    const std::map<std::string, std::size_t>& candidates) {
    constexpr std::size_t kShown = 20;
    std::string text =
        fmt::format("'{}' is the beginning of {} identifiers:", prefix, candidates.size());
    std::size_t shown = 0;
    for (const auto& [id, records] : candidates) {
      if (++shown > kShown) break;
      fmt::format_to(std::back_inserter(text), "\n  {}  {} record{}", id, records,
                     records == 1 ? "" : "s");
    }
    if (candidates.size() > kShown) text += "\n  …";
    return text;
  }

  // In: the parts as scanned, in any order of sources. Out: every record that passes the filters
  // with its resolved time, unordered.
  std::vector<Placed> place(const Parts& parts, const Filter& filter) {
    std::vector<Placed> timeline;
    std::uint64_t lines = 0;
    std::optional<trace::Calendar> calendar;
    const Part* before = nullptr;
    for (const auto& part : parts) {
      if (before == nullptr || before->index != part->index) {
        calendar.reset();
        lines = 0;
      }
      before = part.get();
      for (const Found& found : part->found) {
        if (!calendar) calendar = date(*part, found);
        const Time time = calendar->resolve(found.offset, found.stamp);
        if (!filter.wants(time)) continue;
        const Time key = query_.order == Order::begin ? earlier(time, found.duration) : time;
        timeline.push_back(
            {time, key, part->index, found.line == 0 ? 0 : lines + found.line, &found});
      }
      lines += part->newlines;
    }
    return timeline;
  }

  trace::Calendar date(const Part& part, const Found& first) {
    Evidence evidence = part.source->seekable() ? witness_file(*part.source) : part.evidence;
    if (evidence.samples.empty() && first.stamp.kind == Stamp::Kind::yearless) {
      evidence.samples.emplace_back(first.offset, first.stamp);
    }
    return make_calendar(query_, *part.source, evidence, around_.now);
  }

  void write(const std::vector<Placed>& timeline, const trace::Wanted& wanted,
             const output::Format& format, output::Sink& sink) {
    output::Style style;
    style.zone = query_.display_zone;
    style.color = around_.color;
    style.terminal = around_.terminal;
    style.columns = around_.columns;
    style.begin_order = query_.order == Order::begin;
    const auto writer = format.make(style);
    writer->begin(shown_origins(timeline), sink.buffer());
    Record record;
    for (const Placed& placed : timeline) {
      record.clear();
      format::parse(placed.found->raw, record);
      record.origin = &sources_[placed.source]->origin();
      record.source = placed.source;
      record.offset = placed.found->offset;
      record.line = placed.line;
      record.time = placed.time;
      record.trace = wanted.match(record);
      writer->record(record, sink.buffer());
      if (!sink.settle()) return;
    }
    writer->end(sink.buffer());
  }

  std::vector<const Origin*> shown_origins(const std::vector<Placed>& timeline) const {
    std::vector<bool> shown(sources_.size());
    for (const Placed& placed : timeline) shown[placed.source] = true;
    std::vector<const Origin*> origins;
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (shown[i]) origins.push_back(&sources_[i]->origin());
    }
    return origins;
  }

  const Query& query_;
  const Surroundings& around_;
  Sources sources_;
  bool failed_ = false;
};

}  // namespace

Outcome run(const Query& query, const Surroundings& surroundings) {
  return Grep(query, surroundings).run();
}

}  // namespace ktrace::engine
