// `grep`: scan, date, order, write. Each pass ends before the next begins; what one hands to the
// next is said at its head.

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "commands.h"
#include "live.h"
#include "parallel.h"
#include "parts_around.h"
#include "quick_look.h"
#include "timeless.h"

namespace ktrace::engine {
namespace {

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

// What the index of a source tells.
struct Known {
  Parts parts;                    // all that are to be read
  std::uint64_t end = 0;          // where these end; 0 without an index
  std::vector<Diagnostic> words;  // that are to be reported
};

class Grep {
 public:
  Grep(Session& session, const Filter& filter)
      : session_(session),
        query_(session.query()),
        filter_(filter),
        wanted_(query_.ids, query_.prefix, session.keys()) {}

  Outcome run() {
    if (query_.follow) return run_follow(session_, filter_, &wanted_);
    const output::Format* format = output::find_format(query_.output);
    if (format == nullptr) return session_.fail("unknown output format '" + query_.output + "'");
    const Parts parts = search(*format);
    session_.report_parts(parts);
    if (query_.prefix && ambiguous(parts)) return Outcome::error;
    if (counts_only()) return tell_count(parts);
    std::vector<Placed> timeline = place(parts);
    bool any = !timeline.empty();
    if (query_.quiet) return any ? Outcome::found : session_.outcome(false);
    output::Sink sink(session_.output());
    if (query_.count) {
      sink.buffer() += fmt::format("{}\n", timeline.size());
    } else {
      std::sort(timeline.begin(), timeline.end());
      any = write(timeline, *format, sink) || any;
    }
    return session_.finish(sink, any);
  }

 private:
  // Whether no record need be kept to say how many there are.
  bool counts_only() const {
    return query_.count && !query_.quiet && !filter_.has_times() && !query_.prefix;
  }

  Outcome tell_count(const Parts& parts) {
    std::uint64_t count = 0;
    for (const auto& part : parts) count += part->count;
    output::Sink sink(session_.output());
    sink.buffer() += fmt::format("{}\n", count);
    return session_.finish(sink, count > 0);
  }

  // Out: all that is wanted, by what the records themselves tell, in the order of their parts.
  Parts search(const output::Format& format) {
    const bool shows = !query_.count && !query_.quiet;
    Search search{query_, wanted_, filter_};
    search.count_lines = shows && format.counts_lines;
    search.keep_text = shows || query_.prefix;
    search.count_only = counts_only();
    search.stop_at_first = query_.quiet && !filter_.has_times() && !query_.prefix;
    std::vector<Known> known = ask_indexes(search.count_lines);
    Parts parts =
        make_parts(session_.sources(), filter_, query_.block_size,
                   [&](std::uint32_t index, Parts& made) { return take(known[index], made); });
    const unsigned threads = thread_count(query_.threads);
    // Lines can only be counted by reading them, and a first hit is found soon, as a rule.
    if (wanted_.verbatim() && !search.count_lines && !search.stop_at_first) {
      const trace::LiteralSearch literal(wanted_.ids(), wanted_.any_case());
      leave_out_quiet(literal, query_.block_size, parts, threads);
    }
    const auto meter = session_.watch(parts, "reading");
    scan(search, parts, threads);
    return parts;
  }

  // By source.
  std::vector<Known> ask_indexes(bool count_lines) const {
    const std::vector<input::Source*>& sources = session_.sources();
    std::vector<Known> known(sources.size());
    session_.for_each_source(sources.size(), [&](std::size_t i) {
      if (!filter_.wants(sources[i]->origin())) return;
      known[i] = ask_index(static_cast<std::uint32_t>(i), count_lines);
    });
    return known;
  }

  // Makes parts of a source that has an index. Thread-safe for different sources.
  Known ask_index(std::uint32_t place, bool count_lines) const {
    Known known;
    input::Source& source = *session_.sources()[place];
    auto index = session_.indexes().find(source, known.words);
    if (!index) return known;
    std::vector<std::uint64_t> offsets;
    for (const std::string& id : wanted_.ids()) {
      const auto found = index->reader.find({id, query_.prefix});
      if (!found) {
        known.words.push_back(damaged_index(source, found.status()));
        return known;
      }
      offsets.insert(offsets.end(), found->begin(), found->end());
    }
    std::sort(offsets.begin(), offsets.end());
    offsets.erase(std::lower_bound(offsets.begin(), offsets.end(), index->end), offsets.end());
    PartsAround around(source, place, known.parts);
    for (const std::uint64_t offset : offsets) around.add(offset, offset + 1);
    around.add_behind(*index, query_.block_size, count_lines);
    known.end = BlockReader::kToTheEnd;
    return known;
  }

  // Moves what an index tells to `parts`, and gives where that ends.
  std::uint64_t take(Known& known, Parts& parts) {
    for (const Diagnostic& word : known.words) session_.report(word);
    std::move(known.parts.begin(), known.parts.end(), std::back_inserter(parts));
    return known.end;
  }

  // Whether a prefix stands for more than one identifier; then the user is told which.
  bool ambiguous(const Parts& parts) {
    bool any = false;
    for (const std::string& prefix : wanted_.ids()) {
      std::map<std::string, std::size_t> candidates;
      for (const auto& part : parts) {
        for (const Found& found : part->found) {
          if (!trace::identifier_begins(found.id, prefix)) continue;
          ++candidates[trace::canonical_identifier(found.id)];
        }
      }
      if (candidates.size() < 2) continue;
      any = true;
      session_.report({Diagnostic::Level::error, "", 0, candidate_list(prefix, candidates)});
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
      text += fmt::format("\n  {}  {} record{}", id, records, records == 1 ? "" : "s");
    }
    if (candidates.size() > kShown) text += "\n  …";
    return text;
  }

  // In: the parts as scanned, those of one source side by side. Out: every record that passes the
  // filters, with its resolved time, unordered.
  std::vector<Placed> place(const Parts& parts) {
    std::vector<Placed> timeline;
    const Calendars calendars = date(parts);
    std::uint64_t lines = 0;
    const trace::Calendar* calendar = nullptr;
    const Part* before = nullptr;
    for (const auto& part : parts) {
      if (before == nullptr || before->index != part->index) {
        calendar = nullptr;
        lines = 0;
      }
      lines = part->lines_before.value_or(lines);
      before = part.get();
      for (const Found& found : part->found) {
        if (calendar == nullptr) {
          calendar = calendars[part->index].get();
          session_.report_undecided(*part->source, *calendar);
        }
        const Time time = calendar->resolve(found.offset, found.stamp);
        if (!filter_.wants(time)) continue;
        const Time begin = query_.order == Order::begin ? earlier(time, found.duration) : time;
        const Time key = Timeless::place(*calendar, found.stamp, begin);
        const std::uint64_t line = found.line == 0 ? 0 : lines + found.line;
        timeline.push_back({time, key, part->index, line, &found});
      }
      lines += part->newlines;
    }
    return timeline;
  }

  // By source, of those in which something was found.
  Calendars date(const Parts& parts) {
    std::vector<const Part*> first_hit(session_.sources().size());
    for (const auto& part : parts) {
      const Part*& first = first_hit[part->index];
      if (first == nullptr && !part->found.empty()) first = part.get();
    }
    return session_.calendars(session_.sources(), [&](std::size_t i) {
      return first_hit[i] == nullptr ? std::nullopt : std::optional(evidence_of(*first_hit[i]));
    });
  }

  static Evidence evidence_of(const Part& part) {
    const Found& first = part.found.front();
    Evidence evidence = part.source->seekable() ? witness_file(*part.source) : part.evidence;
    if (evidence.samples.empty() && first.stamp.kind == Stamp::Kind::yearless) {
      evidence.samples.emplace_back(first.offset, first.stamp);
    }
    return evidence;
  }

  // Gives whether live pipes brought more.
  bool write(const std::vector<Placed>& timeline, const output::Format& format,
             output::Sink& sink) {
    const bool live = session_.paused();
    std::vector<bool> shown(session_.sources().size(), live);
    for (const Placed& placed : timeline) shown[placed.source] = true;
    const auto writer = format.make(session_.style());
    writer->begin(session_.origins(shown), sink.buffer());
    Record record;
    Timeless timeless;
    for (const Placed& placed : timeline) {
      session_.restore(placed.found->slice, placed.source, placed.found->offset, record);
      record.line = placed.line;
      record.time = placed.time;
      record.trace = wanted_.match(record);
      timeless.see(placed.source, placed.key);
      writer->record(record, sink.buffer());
      if (!sink.settle()) return false;
    }
    timeless.report(session_);
    const bool more = live && go_on(session_, filter_, &wanted_, format, *writer, sink) > 0;
    writer->end(sink.buffer());
    return more;
  }

  Session& session_;
  const Query& query_;
  const Filter& filter_;
  const trace::Wanted wanted_;
};

}  // namespace

Outcome run_grep(Session& session, const Filter& filter) { return Grep(session, filter).run(); }

}  // namespace ktrace::engine
