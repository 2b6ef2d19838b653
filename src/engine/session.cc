#include "session.h"

#include <algorithm>
#include <set>
#include <sys/resource.h>
#include <utility>

#include <fmt/format.h>

#include "parallel.h"

namespace ktrace::engine {
namespace {

// To ask an index or to date a source takes some 50 to 100 microseconds, as does to start a thread.
constexpr std::size_t kSourcesPerThread = 8;

// All sources stay open during a run: one descriptor each.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::string undecided_words(const SetBack& set_back, const Zone& zone) {
  return fmt::format(
      "the clocks of {} were set back at {}: of the {} told twice all is taken for the first",
      zone.name(), format_rfc3339(set_back.at, 0), format_duration(set_back.by));
}

void Session::open() {
  raise_descriptor_limit();
  input::Opened opened = input::open(query_.paths, query_.names, query_.follow);
  for (const Diagnostic& diagnostic : opened.diagnostics) report(diagnostic);
  if (query_.follow) arrivals_.emplace(query_.paths, query_.names, std::move(opened.met));
  take(std::move(opened.sources));
}

void Session::open_arrivals() {
  input::Opened opened = arrivals_->look();
  for (const Diagnostic& diagnostic : opened.diagnostics) report(diagnostic);
  take(std::move(opened.sources));
}

void Session::take(std::vector<std::unique_ptr<input::Source>> sources) {
  for (auto& source : sources) {
    sources_.push_back(source.get());
    owned_.push_back(std::move(source));
  }
}

void Session::expect_live(const std::function<bool(const Origin&)>& wants) {
  const bool shows = !query_.count && !query_.quiet && !query_.prefix;
  const bool live = std::all_of(sources_.begin(), sources_.end(), [&](const input::Source* source) {
    return source->live() || !wants(source->origin());
  });
  if (!shows || !live || query_.follow) return;
  for (input::Source*& source : sources_) {
    patients_.push_back(std::make_unique<Patient>(*source, query_, around_.now));
    source = patients_.back().get();
  }
}

bool Session::paused() const {
  return std::any_of(patients_.begin(), patients_.end(),
                     [](const auto& patient) { return patient->paused(); });
}

LiveStart Session::live_start(std::size_t index) {
  return patients_.empty() ? LiveStart() : patients_[index]->go_on();
}

void Session::report(const Diagnostic& diagnostic) {
  if (diagnostic.level == Diagnostic::Level::error) failed_ = true;
  if (around_.report) around_.report(diagnostic);
}

Outcome Session::fail(const std::string& message) {
  report({Diagnostic::Level::error, "", 0, message});
  return Outcome::error;
}

// A source has many parts, which fail alike: each thing is told once.
void Session::report_parts(const Parts& parts) {
  struct LongRecords {
    const Part* first = nullptr;  // that has any
    std::uint64_t count = 0;
  };
  std::set<std::pair<std::uint32_t, std::string>> told;
  std::map<std::uint32_t, LongRecords> long_records;  // by source
  for (const auto& part : parts) {
    const Status& status = part->status;
    if (!status.ok() && told.emplace(part->index, status.message()).second) {
      report({Diagnostic::Level::error, part->source->origin().name, 0, status.message()});
    }
    if (!part->index_status.ok()) report(damaged_index(*part->source, part->index_status));
    if (part->long_records == 0) continue;
    LongRecords& seen = long_records[part->index];
    if (seen.first == nullptr) seen.first = part.get();
    seen.count += part->long_records;
  }
  for (const auto& [index, seen] : long_records) {
    report({Diagnostic::Level::warning, seen.first->source->origin().name, 0,
            fmt::format("{} longer than {} MiB, read in pieces (the first at byte {})",
                        seen.count == 1 ? "a record is" : "records are", kLongestRecord >> 20,
                        seen.first->first_long_record)});
  }
}

std::optional<KnownIndex> Session::index_of(input::Source& source) {
  std::vector<Diagnostic> words;
  auto known = indexes_.find(source, words);
  for (const Diagnostic& word : words) report(word);
  return known;
}

std::unique_ptr<Meter> Session::meter(std::string_view phase, std::uint64_t total) const {
  return std::make_unique<Meter>(around_.progress, phase, total);
}

std::unique_ptr<Meter> Session::watch(Parts& parts, std::string_view phase) const {
  std::uint64_t total = 0;
  bool known = true;
  for (const auto& part : parts) {
    known = known && part->source->seekable();
    if (known && part->known == nullptr)
      total += std::min(part->end, part->source->size()) - part->begin;
  }
  auto watching = meter(phase, known ? total : 0);
  for (const auto& part : parts) part->meter = watching.get();
  return watching;
}

Outcome Session::finish(output::Sink& sink, bool found) {
  if (!sink.flush() && !sink.closed()) return fail("cannot write: " + sink.status().message());
  return outcome(found);
}

Outcome Session::outcome(bool found) const {
  if (failed_) return Outcome::error;
  return found ? Outcome::found : Outcome::nothing;
}

output::Style Session::style() const {
  output::Style style;
  style.zone = query_.display_zone;
  style.color = around_.color;
  style.terminal = around_.terminal;
  style.columns = around_.columns;
  style.begin_order = query_.order == Order::begin;
  style.why = query_.why;
  return style;
}

void Session::report_undecided(const input::Source& source, const trace::Calendar& calendar) {
  for (const SetBack& set_back : calendar.undecided()) {
    report({Diagnostic::Level::warning, source.origin().name, 0,
            undecided_words(set_back, calendar.zone())});
  }
}

trace::Calendar Session::calendar(input::Source& source, const Evidence& evidence) const {
  trace::Calendar calendar = make_calendar(query_, source, evidence, around_.now);
  settle_set_backs(source, evidence, calendar);
  const auto ahead = ahead_.find(source.origin().name);
  if (ahead != ahead_.end()) calendar.set_ahead(ahead->second);
  return calendar;
}

void Session::for_each_source(std::size_t count,
                              const std::function<void(std::size_t place)>& work) const {
  const std::size_t worth = 1 + count / kSourcesPerThread;
  for_each_task(std::min<std::size_t>(thread_count(query_.threads), worth), count, work);
}

Calendars Session::calendars(
    const std::vector<input::Source*>& sources,
    const std::function<std::optional<Evidence>(std::size_t place)>& evidence_of) const {
  Calendars calendars(sources.size());
  for_each_source(sources.size(), [&](std::size_t place) {
    const auto evidence = evidence_of(place);
    if (!evidence) return;
    calendars[place] = std::make_unique<trace::Calendar>(calendar(*sources[place], *evidence));
  });
  return calendars;
}

trace::KeySet Session::keys() const {
  return query_.keys.empty() ? trace::KeySet::defaults() : trace::KeySet(query_.keys);
}

const Origin* Session::origin_of(const Record& record) {
  if (record.component.empty() && record.node.empty()) return record.origin;
  if (last_ != nullptr && last_of_ == record.origin && last_->node == record.node_name() &&
      last_->component == record.component_name()) {
    return last_;
  }
  const std::string component(record.component_name()), node(record.node_name());
  const auto [entry, added] = completed_.try_emplace({record.origin, component, node});
  if (added) entry->second = {record.origin->name, component, node, false};
  last_of_ = record.origin;
  return last_ = &entry->second;
}

void Session::restore(const format::Slice& slice, std::uint32_t source, std::uint64_t offset,
                      Record& record) {
  format::parse(slice, record);
  record.origin = &sources_[source]->origin();
  record.origin = origin_of(record);
  record.source = source;
  record.offset = offset;
}

std::vector<const Origin*> Session::origins(const std::vector<bool>& shown) const {
  std::vector<const Origin*> origins;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (shown[i]) origins.push_back(&sources_[i]->origin());
  }
  return origins;
}

}  // namespace ktrace::engine
