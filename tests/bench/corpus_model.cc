// The queue holds what has been started and is not yet due: some hundred events, so that its cost
// is small beside that of filling in a record.

#include "corpus_model.h"

#include <algorithm>
#include <chrono>

#include "corpus_pattern.h"

namespace ktrace::bench {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;  // µs
constexpr std::uint64_t kTracesPerGiB = 30'000;

// Background scripts to one change: so many that a third of all records carry a trace ID, and that
// the bytes of 30,000 changes and what goes on between them are a GiB of text.
constexpr std::uint32_t kBackgroundPerChange = 56;

// Loggers take the time before they take the lock that orders their lines.
constexpr std::uint32_t kMostDisorder = 20'000;  // µs

// The workloads that the background speaks of are few and lasting.
constexpr std::uint32_t kLastingWorkloads = 256;
constexpr std::uint32_t kLastingPods = 4;

// Every index as often as its weight says: one draw and one look make a weighted choice.
template <typename Items>
std::vector<std::uint16_t> make_wheel(const Items& items) {
  std::vector<std::uint16_t> wheel;
  for (std::size_t i = 0; i < items.size(); ++i) {
    wheel.insert(wheel.end(), items[i].weight, static_cast<std::uint16_t>(i));
  }
  return wheel;
}

std::size_t spin(const std::vector<std::uint16_t>& wheel, Random& random) {
  return wheel[random.below(static_cast<std::uint32_t>(wheel.size()))];
}

// A utiltrace has no place for one more pair; of the rest but for requests, some lines have lost
// the context.
bool carries_trace(const Statement& statement, Random& random) {
  if (statement.request) return true;
  if (statement.message.find('\n') != statement.message.npos) return false;
  return !random.one_in(8);
}

std::string_view trace_key(Random& random) {
  switch (random.below(16)) {
    case 0:
      return "reqID";
    case 1:
      return "trace_id";
    default:
      return "traceID";
  }
}

// The scheduler and the kubelet log through contextual loggers: the trace is the logger's.
bool contextual(const Statement& statement) {
  return statement.component == Component::scheduler || statement.component == Component::kubelet;
}

}  // namespace

Cluster::Cluster(std::uint64_t seed, std::uint64_t size)
    : changes_(make_changes()),
      background_(make_background()),
      change_wheel_(make_wheel(changes_)),
      background_wheel_(make_wheel(background_)),
      seed_(seed),
      start_(*from_civil(2024, 6, 10, std::chrono::hours(6))),
      random_(seed) {
  const std::uint64_t traces = std::max<std::uint64_t>(1, (size >> 20) * kTracesPerGiB >> 10);
  pace_ = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(kDay / traces, 4 * kBackgroundPerChange, UINT32_MAX / 4));
}

void Cluster::next(LogCall& call) {
  while (queue_.empty() || queue_.top().due > std::min(next_change_, next_background_)) {
    if (next_change_ <= next_background_) {
      start_change();
    } else {
      start_background();
    }
  }
  fill(queue_.top(), call);
  queue_.pop();
}

std::string Cluster::trace_id(std::uint32_t trace) const {
  std::string id;
  append_hex(mix(seed_, trace), 32, id);
  return id;
}

void Cluster::start_change() {
  const Change& change = changes_[traces_ == 0 ? 0 : spin(change_wheel_, random_)];
  Event event{};
  event.due = next_change_;
  event.subject = random_.next();
  event.trace = ++traces_;
  schedule(change.script, event);
  const std::uint32_t pods = change.most_pods == 0 ? 0 : 1 + random_.below(change.most_pods);
  for (std::uint32_t pod = 1; pod <= pods; ++pod) {
    event.pod = static_cast<std::uint16_t>(pod);
    event.due += 50'000 + random_.below(200'000);
    schedule(change.per_pod, event);
  }
  next_change_ += random_.below(2 * pace_);
}

void Cluster::start_background() {
  Event event{};
  event.due = next_background_;
  event.subject = mix(seed_, random_.below(kLastingWorkloads));
  event.pod = static_cast<std::uint16_t>(random_.below(kLastingPods));
  schedule(background_[spin(background_wheel_, random_)].script, event);
  next_background_ += random_.below(2 * pace_ / kBackgroundPerChange);
}

void Cluster::schedule(const Script& script, Event event) {
  event.script = random_.next();
  for (const Step& step : script) {
    event.step = &step;
    event.record = random_.next();
    event.order = events_++;
    if (step.within_ms > 0) event.due += random_.below(step.within_ms * 1000);
    queue_.push(event);
    if (step.statement.request) ++event.request;
  }
}

void Cluster::fill(const Event& event, LogCall& call) const {
  const Statement& statement = event.step->statement;
  Random random(event.record);
  const std::int64_t early = random.one_in(16) ? random.below(kMostDisorder) : 0;
  call.time = start_ + std::chrono::microseconds(std::max<std::int64_t>(0, event.due - early));
  call.trace = event.trace != 0 && carries_trace(statement, random) ? event.trace : 0;
  call.begin(statement);
  const Scene scene = {.subject = event.subject,
                       .pod = event.pod,
                       .request = mix(event.script, event.request),
                       .script = event.script,
                       .record = event.record,
                       .now = to_civil(call.time, utc_)};
  const bool first = contextual(statement);
  const std::string_view key = trace_key(random);
  expand(statement.message, scene, call.message);
  expand(statement.error, scene, call.error);
  if (call.trace != 0 && statement.structured && first) add_trace(key, Place::context, call);
  for (const Pair& pair : statement.pairs) {
    expand(pair.pattern, scene, call.add(pair.key, pair.kind, pair.place));
  }
  if (call.trace != 0 && statement.structured && !first) add_trace(key, Place::call, call);
  if (call.trace != 0 && !statement.structured) add_trace_to_message(key, call);
}

void Cluster::add_trace(std::string_view key, Place place, LogCall& call) const {
  append_hex(mix(seed_, call.trace), 32, call.add(key, Kind::string, place));
}

void Cluster::add_trace_to_message(std::string_view key, LogCall& call) const {
  call.message += ' ';
  call.message += key;
  call.message += "=\"";
  append_hex(mix(seed_, call.trace), 32, call.message);
  call.message += '"';
}

}  // namespace ktrace::bench
