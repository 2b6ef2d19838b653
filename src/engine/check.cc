// `check`: look at all parts, put them together in order, compare the sources, write.
//
// A part is looked at as if nothing stood before it. When it turns out that it has a record from
// before the latest of the parts before it, it is looked at again, which is rare; so what is said
// of late records and gaps does not depend on where parts end. Parts are put together as soon as
// all before them are: what is held in memory grows with the number of sources alone.

#include <algorithm>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "check_scan.h"
#include "commands.h"
#include "ktrace/skew.h"
#include "parallel.h"

namespace ktrace::engine {
namespace {

// Lines that a program prints before its logger is set up are no finding, a foreign file is.
constexpr std::uint64_t kUnparsedPerLine = 100;

// Lateness below this is what concurrent writers and buffers do.
constexpr Duration kLate = std::chrono::seconds(1);

// How many gaps are shown even when they are not unusual.
constexpr std::size_t kShownGaps = 3;

std::string_view words_for(trace::Calendar::Evidence evidence) {
  using Evidence = trace::Calendar::Evidence;
  switch (evidence) {
    case Evidence::flag:
      return "--year";
    case Evidence::envelope:
      return "the envelope's time";
    case Evidence::dated_line:
      return "a dated line";
    case Evidence::modified:
      return "modification time";
    case Evidence::today:
      return "today";
    case Evidence::none:
      break;
  }
  return "nothing";
}

// A source and all that is known of it.
struct Checked {
  const input::Source* source = nullptr;
  Facts facts;
  std::size_t next = 0;  // of its parts, which stand side by side: the first that is not in `facts`
  std::unique_ptr<trace::Calendar> calendar;  // of a seekable source

  const Origin& origin() const { return source->origin(); }
  bool in_control_plane() const { return is_control_plane(origin().component); }
};

class Check {
 public:
  Check(Session& session, const Filter& filter)
      : session_(session), query_(session.query()), filter_(filter), keys_(session.keys()) {}

  Outcome run() {
    const output::CheckFormat* format = output::find_check_format(query_.output);
    if (format == nullptr) {
      return session_.fail("check cannot be written as '" + query_.output + "'");
    }
    look();
    sum_up();
    output::Sink sink(session_.output());
    if (query_.count) {
      sink.buffer() += fmt::format("{}\n", total_.findings.size());
    } else if (!query_.quiet) {
      write(*format, sink);
    }
    const bool well = total_.records > 0 && !(query_.strict && !total_.findings.empty());
    if (query_.quiet && !query_.strict && well) return Outcome::found;
    return session_.finish(sink, well);
  }

  std::map<std::string, Duration> measure_skew() {
    look();
    const std::vector<trace::AnchorSample> samples = take_samples();
    const auto total = trace::total_skew(trace::estimate_skew(samples), checked_.size());
    std::map<std::string, Duration> ahead;
    for (std::size_t i = 0; i < total.size(); ++i) {
      if (total[i] != Duration::zero()) ahead[checked_[i].origin().name] = total[i];
    }
    return ahead;
  }

 private:
  // ---- The sources, one by one ----

  // Out: the facts of all sources.
  void look() {
    const std::vector<input::Source*>& sources = session_.sources();
    Calendars calendars =
        session_.calendars(sources, [&](std::size_t i) { return witness(*sources[i]); });
    for (std::size_t i = 0; i < sources.size(); ++i) {
      Checked& checked = checked_.emplace_back();
      checked.source = sources[i];
      checked.calendar = std::move(calendars[i]);
    }
    parts_ = make_parts(session_.sources(), filter_, query_.block_size);
    facts_.resize(parts_.size());
    for (std::size_t i = parts_.size(); i-- > 0;) checked_[parts_[i]->index].next = i;
    std::vector<CheckWorker> workers(thread_count(query_.threads));
    for_each_task(
        workers, parts_.size(),
        [&](CheckWorker& worker, std::size_t task) {
          auto facts = std::make_unique<Facts>(look_at(worker, task, nullptr));
          take(worker, task, std::move(facts));
        },
        [&](std::size_t task) { return follows(parts_, task); });
    session_.report_parts(parts_);
  }

  Facts look_at(CheckWorker& worker, std::size_t task, const Facts* before) {
    Part& part = *parts_[task];
    return check_part(search_, worker, part, checked_[part.index].calendar.get(), before);
  }

  // Appends to the part's source what can be: all parts up to one that is still to be looked at.
  void take(CheckWorker& worker, std::size_t task, std::unique_ptr<Facts> facts) {
    const std::lock_guard<std::mutex> lock(taking_);
    facts_[task] = std::move(facts);
    const std::uint32_t index = parts_[task]->index;
    Checked& whole = checked_[index];
    while (whole.next < parts_.size() && parts_[whole.next]->index == index &&
           facts_[whole.next] != nullptr) {
      const std::unique_ptr<Facts> next = std::exchange(facts_[whole.next], nullptr);
      if (!whole.facts.rhythm.fits(next->rhythm)) {
        *next = look_at(worker, whole.next, &whole.facts);
      }
      whole.facts.append(*next);
      ++whole.next;
    }
  }

  output::CheckRow row_of(const Checked& checked) const {
    const Facts& facts = checked.facts;
    output::CheckRow row;
    row.source = checked.origin().name;
    row.components = names_of(facts.components, checked.origin().component);
    row.nodes = names_of(facts.nodes, checked.origin().node);
    row.envelopes = facts.envelopes.sorted();
    row.payloads = facts.payloads.sorted();
    row.lines = facts.lines();
    row.records = facts.records;
    row.unparsed = facts.unparsed;
    if (query_.verbose) {
      for (const Unparsed& sample : facts.samples)
        row.samples.push_back({sample.line, sample.text});
    }
    row.identifiers = facts.identifiers.sorted();
    if (facts.rhythm.any()) add_times(checked, row);
    return row;
  }

  // A source without records is still called something.
  static std::vector<output::Counted> names_of(const Tally& tally, std::string_view of_source) {
    auto names = tally.sorted();
    if (names.empty() && !of_source.empty()) names.emplace_back(of_source, 0);
    return names;
  }

  void add_times(const Checked& checked, output::CheckRow& row) const {
    const Rhythm& rhythm = checked.facts.rhythm;
    row.start = rhythm.start();
    row.end = rhythm.latest();
    row.late = rhythm.late();
    row.lateness = rhythm.lateness();
    row.usual_gap = rhythm.usual_gap();
    row.in_order = rhythm.in_order();
    for (const Gap& gap : rhythm.gaps()) {
      if (!row.in_order) break;
      const bool unusual = rhythm.unusual(gap);
      if (!unusual && row.gaps.size() >= kShownGaps) break;
      row.gaps.push_back({gap.start, gap.length, unusual});
    }
    const auto& dating = checked.facts.dating;
    if (!dating) return;
    row.year = to_civil(rhythm.start(), dating->zone).year;
    row.year_from = words_for(dating->evidence);
    row.zone = dating->zone.name();
    row.zone_from = states_zone(checked.origin()) ? "--input-tz"
                    : dating->zone_from_envelopes ? "the envelope's time"
                                                  : "default";
  }

  bool states_zone(const Origin& origin) const {
    return std::any_of(query_.zones.begin(), query_.zones.end(), [&](const auto& rule) {
      return input::path_matches(rule.pattern, origin.name);
    });
  }

  // ---- All of them ----

  void sum_up() {
    total_.sources = checked_.size();
    for (const Checked& checked : checked_) {
      total_.records += checked.facts.records;
      const Rhythm& rhythm = checked.facts.rhythm;
      if (!rhythm.any()) continue;
      total_.start = total_.start ? std::min(*total_.start, rhythm.start()) : rhythm.start();
      total_.end = total_.end ? std::max(*total_.end, rhythm.latest()) : rhythm.latest();
    }
    find_components();
    find_early_ends();
    compare_clocks();
    for (const Checked& checked : checked_) find_in(checked);
  }

  void find(std::string_view kind, std::string_view source, std::string message) {
    total_.findings.push_back({kind, source, std::move(message)});
  }

  // One source is what somebody asks about, several are a cluster.
  void find_components() {
    for (std::size_t i = 0; i < kControlPlane.size(); ++i) {
      const std::string_view component = kControlPlane[i];
      const bool there = std::any_of(checked_.begin(), checked_.end(), [&](const Checked& checked) {
        return checked.facts.control_plane[i];
      });
      (there ? total_.components : total_.missing).push_back(component);
      if (there || checked_.size() < 2) continue;
      find("missing", component, "no records of it");
    }
    if (checked_.size() < 2) total_.missing.clear();
  }

  // Of several sources of one component on one node only the last to end is looked at: the others
  // are older pieces of its log. Components are those of records: a journal holds several.
  void find_early_ends() {
    struct Last {
      const Checked* source;
      const Rhythm* rhythm;
    };
    std::map<std::pair<std::string_view, std::string_view>, Last> last;
    Time end = Time::min();
    for (const Checked& checked : checked_) {
      for (const auto& [name, rhythm] : checked.facts.by_component) {
        if (!rhythm.any()) continue;
        const auto [one, added] = last.try_emplace(name, Last{&checked, &rhythm});
        if (!added && rhythm.latest() > one->second.rhythm->latest())
          one->second = {&checked, &rhythm};
        end = std::max(end, rhythm.latest());
      }
    }
    for (const Checked& checked : checked_) {
      const bool several = checked.facts.by_component.size() > 1;
      for (const auto& [name, rhythm] : checked.facts.by_component) {
        const auto one = last.find(name);
        if (one == last.end() || one->second.rhythm != &rhythm || !rhythm.ends_early(end)) continue;
        find("ends-early", checked.origin().name,
             fmt::format("{}ends {} before the last of the others",
                         several ? name.first + " " : std::string(),
                         format_duration(end - rhythm.latest())));
      }
    }
  }

  std::vector<trace::AnchorSample> take_samples() {
    std::vector<trace::AnchorSample> samples;
    for (Checked& checked : checked_) samples.push_back(std::move(checked.facts.anchors));
    return samples;
  }

  void compare_clocks() {
    for (const trace::Skew& skew : trace::estimate_skew(take_samples())) {
      const std::string_view source = checked_[skew.source].origin().name;
      const std::string_view reference = checked_[skew.reference].origin().name;
      total_.skew.push_back({source, reference, trace::match_name(skew.match), skew.anchors,
                             skew.ahead, skew.spread, skew.significant()});
      if (!skew.significant()) continue;
      const bool ahead = skew.ahead > Duration::zero();
      find("skew", source,
           fmt::format("{} {} {} ({} shared moments){}",
                       format_duration(std::chrono::abs(skew.ahead)), ahead ? "ahead of" : "behind",
                       reference, skew.anchors,
                       skew.looks_like_zone() ? "; a time zone? (--input-tz)" : ""));
    }
  }

  void find_in(const Checked& checked) {
    const Facts& facts = checked.facts;
    const std::string_view source = checked.origin().name;
    if (facts.unparsed * kUnparsedPerLine >= facts.lines() && facts.unparsed > 0 &&
        (facts.rhythm.any() || checked.in_control_plane())) {
      find("unparsed", source,
           fmt::format("{} of {} lines not parsed", facts.unparsed, facts.lines()));
    }
    if (facts.rhythm.in_order() && facts.rhythm.lateness() >= kLate) {
      find("late", source,
           fmt::format("{} out of order by up to {}", facts.rhythm.late(),
                       format_duration(facts.rhythm.lateness())));
    }
    if (facts.dating) {
      for (const SetBack& set_back : facts.dating->undecided) {
        find("set-back", source, undecided_words(set_back, facts.dating->zone));
      }
    }
    for (const Gap& gap : facts.rhythm.gaps()) {
      if (!facts.rhythm.unusual(gap)) continue;
      find("gap", source,
           fmt::format("no record for {} from {}", format_duration(gap.length),
                       format_rfc3339(gap.start, 3)));
    }
  }

  void write(const output::CheckFormat& format, output::Sink& sink) {
    const auto writer = format.make(session_.style());
    for (const Checked& checked : checked_) {
      writer->source(row_of(checked), sink.buffer());
      if (!sink.settle()) return;
    }
    writer->total(total_, sink.buffer());
  }

  Session& session_;
  const Query& query_;
  const Filter& filter_;
  const trace::KeySet keys_;
  const CheckSearch search_{query_, keys_, [this](input::Source& source, const Evidence& evidence) {
                              return session_.calendar(source, evidence);
                            }};
  std::vector<Checked> checked_;  // by source
  std::vector<std::unique_ptr<Part>> parts_;
  std::mutex taking_;
  std::vector<std::unique_ptr<Facts>> facts_;  // by part, until they are taken
  output::CheckTotal total_;
};

}  // namespace

Outcome run_check(Session& session, const Filter& filter) { return Check(session, filter).run(); }

std::map<std::string, Duration> measure_skew(Session& session, const Filter& filter) {
  return Check(session, filter).measure_skew();
}

}  // namespace ktrace::engine
