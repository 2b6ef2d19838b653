// `story`: what happened because of one change. Three passes, each ends before the next begins:
//
//   read    every source is searched for what tells links (a few literals); the records that are
//           hit tell their links, and these make the graph
//   walk    from the start over the graph: the objects, requests and traces of the story
//   gather  every source is searched for the names and identifiers of these; of what is hit, the
//           records that belong are kept, put in order and written
//
// Memory grows with the links and the story, not with the logs. Sources are read twice; streams are
// spooled for that. An index knows the links, and where names and identifiers stand: then little is
// read at all.

#include "ktrace/story.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "commands.h"
#include "hit_walk.h"
#include "ktrace/skew.h"
#include "ktrace/word_search.h"
#include "parallel.h"
#include "readable.h"
#include "room.h"
#include "story.h"
#include "story_indexes.h"
#include "story_links.h"
#include "story_summary.h"
#include "timeless.h"

namespace ktrace::engine {
namespace {

// A record of the story.
struct Told {
  Found found;
  Time time{}, key{};
  std::uint32_t source = 0;
  trace::Story::Reason reason;

  friend bool operator<(const Told& a, const Told& b) {
    return std::tie(a.key, a.source, a.found.offset) < std::tie(b.key, b.source, b.found.offset);
  }
};

// From here on it matters to a story.
constexpr Duration kWrongClock = std::chrono::seconds(1);

// What records of one part tell of the clock that stamped them.
struct ClockWitness {
  void take(const Record& record, const trace::Story::Reason& reason) {
    if (reason) {
      keys.clear();
      trace::collect_anchors(record, keys);
      for (const std::uint64_t key : keys) anchors.add({key, record.time});
    } else if (reason.early > Duration::zero() && record.time != Time()) {
      ++early;
      earliest = std::max(earliest, reason.early);
    }
  }

  void add(const ClockWitness& other) {
    anchors.add(other.anchors);
    early += other.early;
    earliest = std::max(earliest, other.earliest);
  }

  trace::AnchorSample anchors;
  std::uint64_t early = 0;
  Duration earliest{};
  std::vector<std::uint64_t> keys;
};

bool stands_before(const trace::Link& a, const trace::Link& b) {
  return std::tie(a.evidence.source, a.evidence.offset) <
         std::tie(b.evidence.source, b.evidence.offset);
}

// Drops the positions in lines that are judged by identifiers. Each line is looked at once.
void drop_in_judged_lines(std::string_view block, std::vector<std::size_t>& positions) {
  std::size_t line_end = 0;
  bool judged = false;
  std::erase_if(positions, [&](std::size_t at) {
    if (at >= line_end) {
      const std::size_t before = at == 0 ? block.npos : block.rfind('\n', at - 1);
      judged = trace::judged_by_ids(block.substr(before == block.npos ? 0 : before + 1));
      line_end = std::min(block.find('\n', at), block.size());
    }
    return judged;
  });
}

class StoryRun {
 public:
  StoryRun(Session& session, const Filter& filter)
      : session_(session), query_(session.query()), filter_(filter) {}

  Outcome run() {
    const output::Format* format = output::find_format(query_.output);
    if (format == nullptr) return session_.fail("unknown output format '" + query_.output + "'");
    open();
    read(query_.ids);
    const auto start = trace::find_start(graph_, query_.ids.front(), query_.space);
    if (!start) return unknown_start(start.message());
    const trace::Story story(graph_, *start, limits(*start));
    std::vector<Told> told = gather(story, *format, !query_.count && !query_.quiet);
    const bool any = !told.empty();
    if (query_.quiet) return any ? Outcome::found : session_.outcome(false);
    output::Sink sink(session_.output());
    if (query_.summary) {
      std::sort(told.begin(), told.end());
      summarize(story, told, sink);
    } else if (query_.count) {
      sink.buffer() += fmt::format("{}\n", told.size());
    } else {
      std::sort(told.begin(), told.end());
      write(story, told, *format, sink);
    }
    report_undecided();
    return session_.finish(sink, any);
  }

  // Several stories, one after the other, in the order in which their records began.
  bool tell(const std::vector<std::string>& starts, StoryListener& listener) {
    open();
    read(starts);
    const output::Format& format = output::formats().front();
    Record record;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const auto start = trace::find_start(graph_, starts[i], query_.space);
      if (!start) {
        session_.report({Diagnostic::Level::error, "", 0, start.message()});
        return false;
      }
      const trace::Story story(graph_, *start, limits(*start));
      std::vector<Told> told = gather(story, format, true);
      std::sort(told.begin(), told.end());
      listener.begin(i, graph_, story);
      for (const Told& one : told) {
        take(one, record);
        listener.record(record, one.reason);
      }
    }
    report_undecided();
    return true;
  }

 private:
  // Compressed files with an index need not be kept to be read twice.
  void open() {
    for (input::Source* source : session_.sources()) {
      if (!source->seekable()) (void)session_.index_of(*source);
    }
    readable_.open(session_);
  }

  // A request's effects fade out; an object's life does not.
  trace::StoryLimits limits(const trace::StoryStart& start) const {
    trace::StoryLimits limits;
    limits.hops = query_.hops;
    limits.within = query_.within;
    const bool object = start.object != trace::LinkGraph::kNone;
    if (!limits.within && !object) limits.within = std::chrono::hours(1);
    return limits;
  }

  Outcome unknown_start(const std::string& words) {
    const bool ambiguous = words.find('\n') != words.npos;
    session_.report({ambiguous ? Diagnostic::Level::error : Diagnostic::Level::note, "", 0, words});
    return session_.outcome(false);
  }

  void report_undecided() {
    if (graph_.undecided() == 0) return;
    session_.report({Diagnostic::Level::note, "", 0,
                     fmt::format("{} name{} could mean objects of several kinds or namespaces; "
                                 "links that tell no more are not followed",
                                 graph_.undecided(), graph_.undecided() == 1 ? "" : "s")});
  }

  // Out: the graph of all links that the sources tell.
  void read(const std::vector<std::string>& starts) {
    // Lines of the requests that are asked for tell about them when there is no audit log.
    std::vector<std::string> asked;
    std::copy_if(starts.begin(), starts.end(), std::back_inserter(asked),
                 [](const std::string& start) { return start.find('/') == start.npos; });
    const WordQuery words(asked, {});
    const Query everything_query;
    const Filter everything(everything_query);
    indexes_.read(words);
    Parts parts =
        make_parts(readable_.sources(), everything, query_.block_size,
                   [&](std::uint32_t source, Parts&) { return indexes_.links_until(source); });
    read_parts(parts, link_literals(), asked);
    Parts known;
    for (std::uint32_t i = 0; i < readable_.sources().size(); ++i) move_parts(i, known);
    const std::size_t before = read_.size();
    read_parts(known, {}, asked);
    drop_known(before);
    settle();
    report_cut();
  }

  // What an audit event or a span told that is cut short is missing in any story.
  void report_cut() {
    struct Cut {
      std::uint64_t count = 0, first = 0;
    };
    std::map<std::pair<std::uint32_t, bool>, Cut> all;  // by source, and whether it is a span
    for (const trace::Link& link : graph_.links()) {
      if (link.from) continue;
      const bool span = link.kind == trace::link_kind("trace");
      ++all.try_emplace({link.evidence.source, span}, Cut{0, link.evidence.offset})
            .first->second.count;
    }
    for (const auto& [what, cut] : all) {
      const auto& [source, span] = what;
      session_.report(
          {Diagnostic::Level::warning, session_.sources()[source]->origin().name, 0,
           fmt::format("{} {}{} cut short, the first at byte {}: what {} told is missing here",
                       cut.count, span ? "span" : "audit event", cut.count == 1 ? " is" : "s are",
                       cut.first, cut.count == 1 ? "it" : "they")});
    }
  }

  // Appends to `parts` those of a source that its index has found.
  void move_parts(std::uint32_t source, Parts& parts) {
    Parts& found = indexes_.parts(source);
    std::move(found.begin(), found.end(), std::back_inserter(parts));
    found.clear();
  }

  void read_parts(Parts& parts, std::vector<std::string> literals,
                  const std::vector<std::string>& ids) {
    if (parts.empty()) return;
    const std::size_t first = read_.size();
    read_.resize(first + parts.size());
    const LinkScan scan(std::move(literals), ids, query_.block_size);
    std::vector<LinkWorker> workers(thread_count(query_.threads));
    for_each_task(workers, parts.size(), [&](LinkWorker& worker, std::size_t task) {
      scan.read(worker, *parts[task], read_[first + task]);
    });
    session_.report_parts(parts);
  }

  // Drops from the parts read last, beginning with `first`, what an index knew already.
  void drop_known(std::size_t first) {
    for (std::size_t i = first; i < read_.size(); ++i) {
      std::erase_if(read_[i].links, [&](const trace::StoredLink& stored) {
        const auto& known = indexes_.links(stored.link.evidence.source);
        return std::binary_search(known.begin(), known.end(), stored.link, stands_before);
      });
    }
  }

  // In: all links. Out: the graph of them, in the order of sources and offsets, whatever the order
  // in which they were read.
  void settle() {
    std::vector<trace::Link> links;
    for (std::uint32_t i = 0; i < readable_.sources().size(); ++i) {
      std::vector<trace::Link> known = std::exchange(indexes_.links(i), {});
      if (links.empty()) {
        links = std::move(known);
      } else {
        links.insert(links.end(), known.begin(), known.end());
      }
    }
    const auto behind = static_cast<std::ptrdiff_t>(links.size());
    date_read(links);
    const auto read = links.begin() + behind;
    if (!std::is_sorted(read, links.end(), stands_before)) {
      std::stable_sort(read, links.end(), stands_before);
    }
    const bool apart =
        read == links.begin() || read == links.end() || !stands_before(*read, read[-1]);
    if (!apart) std::inplace_merge(links.begin(), read, links.end(), stands_before);
    graph_.add(std::move(links));
    graph_.settle();
  }

  // Appends what was read to `links`.
  void date_read(std::vector<trace::Link>& links) {
    std::size_t count = links.size();
    for (const LinkPart& part : read_) count += part.links.size();
    links.reserve(count);
    for (LinkPart& part : read_) {
      std::optional<trace::CalendarCursor> cursor;
      for (const trace::StoredLink& stored : part.links) {
        if (!cursor) cursor.emplace(readable_.calendar(stored.link.evidence.source));
        links.push_back(stored.dated(*cursor));
      }
      give_back(part.links);
    }
  }

  // Out: the records that belong, in the order of their parts. Their texts are in parts_.
  std::vector<Told> gather(const trace::Story& story, const output::Format& format, bool shows) {
    std::vector<std::string> ids = story.ids(), names = story.names();
    const trace::WordSearch words(ids, names);
    const BlockSearch search = [&](std::string_view block, std::vector<std::size_t>& hits) {
      words.find_names(block, hits);
      drop_in_judged_lines(block, hits);
      words.find_ids(block, hits);
      std::sort(hits.begin(), hits.end());
    };
    const bool count_lines = shows && format.counts_lines;
    indexes_.find(WordQuery(std::move(ids), std::move(names)), filter_, count_lines);
    parts_ = make_parts(readable_.sources(), filter_, query_.block_size,
                        [&](std::uint32_t source, Parts& parts) {
                          move_parts(source, parts);
                          return indexes_.found(source) ? BlockReader::kToTheEnd : 0;
                        });
    std::vector<std::vector<Told>> told(parts_.size());
    std::vector<ClockWitness> clocks(parts_.size());
    std::vector<HitWorker> workers(thread_count(query_.threads));
    for_each_task(workers, parts_.size(), [&](HitWorker& worker, std::size_t task) {
      HitWalk walk(search, query_.block_size, count_lines, stop_, worker, *parts_[task]);
      trace::CalendarCursor cursor(readable_.calendar(parts_[task]->index));
      while (walk.next()) {
        Record& record = walk.record();
        record.time = cursor.resolve(record.offset, walk.stamp());
        if (!filter_.wants(record.time) || !filter_.wants(record)) continue;
        const trace::Story::Reason reason = story.match(record);
        clocks[task].take(record, reason);
        if (!reason) continue;
        const Time begin = query_.order == Order::begin ? record.begin() : record.time;
        const Time key = Timeless::place(cursor.calendar(), walk.stamp(), begin);
        told[task].push_back({walk.keep(shows), record.time, key, parts_[task]->index, reason});
      }
    });
    report_clocks(clocks);
    return join(told);
  }

  // A wrong clock makes a story wrong: its lines miss the time in which they would belong.
  void report_clocks(const std::vector<ClockWitness>& clocks) {
    std::vector<ClockWitness> witnesses(session_.sources().size());
    for (std::size_t i = 0; i < clocks.size(); ++i) witnesses[parts_[i]->index].add(clocks[i]);
    std::vector<trace::AnchorSample> samples;
    for (std::size_t i = 0; i < witnesses.size(); ++i) {
      samples.push_back(witnesses[i].anchors);
      if (witnesses[i].early == 0) continue;
      warn_of_clock(i, fmt::format("{} records name objects up to {} before these were made: "
                                   "its clock is behind, and they may be missing here",
                                   witnesses[i].early, format_duration(witnesses[i].earliest)));
    }
    for (const trace::Skew& skew : trace::estimate_skew(samples)) {
      const bool ahead = skew.ahead > Duration::zero();
      const Duration by = ahead ? skew.ahead : -skew.ahead;
      if (by < kWrongClock || !skew.significant() || witnesses[skew.source].early > 0) continue;
      warn_of_clock(
          skew.source,
          fmt::format("its clock is {} {} that of {}: records may be missing here, or out of place",
                      format_duration(by), ahead ? "ahead of" : "behind",
                      session_.sources()[skew.reference]->origin().name));
    }
  }

  void warn_of_clock(std::size_t source, const std::string& words) {
    session_.report(
        {Diagnostic::Level::warning, session_.sources()[source]->origin().name, 0, words});
  }

  // Lines are counted in each part; here from the beginning of the source.
  std::vector<Told> join(std::vector<std::vector<Told>>& told) const {
    std::size_t count = 0;
    for (const std::vector<Told>& part : told) count += part.size();
    std::vector<Told> all;
    all.reserve(count);
    std::uint64_t lines = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (i > 0 && parts_[i]->index != parts_[i - 1]->index) lines = 0;
      lines = parts_[i]->lines_before.value_or(lines);
      for (Told& one : told[i]) {
        if (one.found.line != 0) one.found.line += lines;
        all.push_back(one);
      }
      told[i] = {};
      lines += parts_[i]->newlines;
    }
    return all;
  }

  void write(const trace::Story& story, const std::vector<Told>& told, const output::Format& format,
             output::Sink& sink) {
    std::vector<bool> shown(session_.sources().size());
    for (const Told& one : told) shown[one.source] = true;
    const auto writer = format.make(session_.style());
    writer->begin(session_.origins(shown), sink.buffer());
    Record record;
    std::vector<Via> via;
    Timeless timeless;
    for (const Told& one : told) {
      take(one, record);
      timeless.see(one.source, one.key);
      explain(story, one.reason, via);
      record.via = via;
      writer->record(record, sink.buffer());
      if (!sink.settle()) return;
    }
    writer->end(sink.buffer());
    timeless.report(session_);
  }

  void summarize(const trace::Story& story, const std::vector<Told>& told, output::Sink& sink) {
    StorySummarizer summarizer(graph_, story);
    Record record;
    for (const Told& one : told) {
      take(one, record);
      summarizer.take(record, one.reason);
    }
    output::write_summary(summarizer.finish(log_spans(readable_, query_.block_size)), query_.output,
                          session_.style(), sink.buffer());
  }

  // Makes a record of what was kept of it.
  void take(const Told& one, Record& record) const {
    session_.restore(one.found.slice, one.source, one.found.offset, record);
    record.line = one.found.line;
    record.time = one.time;
  }

  // The way from the start to the record.
  void explain(const trace::Story& story, const trace::Story::Reason& reason,
               std::vector<Via>& via) const {
    via.clear();
    via.push_back({std::string(reason.how), "", "", trace::describe(reason.thing), "", 0});
    for (std::uint32_t at = reason.step; at != trace::Story::kNone; at = story.steps()[at].before) {
      const trace::Story::Step& step = story.steps()[at];
      const trace::Thing from = story.thing(step.from), to = story.thing(step.to);
      Via link{std::string(step.kind),
               std::string(trace::relation(step.kind, from, to)),
               trace::describe(from),
               trace::describe(to),
               "",
               0};
      if (step.told) {
        link.source = session_.sources()[step.evidence.source]->origin().name;
        link.offset = step.evidence.offset;
      }
      via.push_back(std::move(link));
    }
    std::reverse(via.begin(), via.end());
  }

  Session& session_;
  const Query& query_;
  const Filter& filter_;
  Readable readable_;
  StoryIndexes indexes_{session_, readable_};
  std::vector<LinkPart> read_;
  trace::LinkGraph graph_;
  Parts parts_;
  const std::atomic<bool> stop_{false};
};

}  // namespace

Outcome run_story(Session& session, const Filter& filter) {
  return StoryRun(session, filter).run();
}

bool tell_stories(Session& session, const Filter& filter, const std::vector<std::string>& starts,
                  StoryListener& listener) {
  return StoryRun(session, filter).tell(starts, listener);
}

}  // namespace ktrace::engine
