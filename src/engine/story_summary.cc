// A wait is the time between two records about one object that stand next to each other; the
// story's longest ones are kept. What is expected of a pod is a record of the scheduler and one of
// its kubelet.

#include "story_summary.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "block_reader.h"
#include "ktrace/format.h"
#include "ktrace/story_diff.h"

namespace ktrace::engine {
namespace {

constexpr std::size_t kMostWaits = 5;
constexpr std::size_t kMostTrouble = 20;
constexpr std::size_t kLongestWords = 70;

// A log that begins sooner than this lacks nothing: it takes its time until a component hears of
// what was made.
constexpr Duration kSoon = std::chrono::seconds(1);

// "kubelet/node1"; without a node only the component.
std::string with_node(std::string_view component, std::string_view node) {
  return node.empty() ? std::string(component) : fmt::format("{}/{}", component, node);
}

std::string component_of(const Record& record) {
  if (record.origin == nullptr) return "";
  const Origin& origin = *record.origin;
  return with_node(origin.component.empty() ? origin.name : origin.component, origin.node);
}

// A record in a few words: kubelet "SyncLoop ADD".
std::string words_of(const Record& record) {
  std::string_view text = record.message;
  std::string request;
  const Attribute* verb = record.find("verb");
  const Attribute* uri = record.find("URI");
  if (verb != nullptr && uri != nullptr) {
    request = fmt::format("{} {}", verb->value, uri->value);
    text = request;
  }
  text = text.substr(0, text.find('\n'));
  if (text.size() <= kLongestWords) return fmt::format("{} \"{}\"", component_of(record), text);
  text = text.substr(0, kLongestWords);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) {
    text.remove_suffix(1);  // not half of a character
  }
  return fmt::format("{} \"{}…\"", component_of(record), text);
}

// Whether `name`, "kubelet/node1", is of `component`: "kubelet", or "kubelet/node1"; but not of
// "kubelet/node". What the logs of one node are called may say more than its name.
bool is_of(std::string_view name, std::string_view component) {
  if (!name.starts_with(component)) return false;
  const char next = name.size() == component.size() ? '/' : name[component.size()];
  return next == '/' || next == '-' || next == '.';
}

std::optional<LogSpan> span_of(const std::map<std::string, LogSpan>& logs,
                               std::string_view component) {
  std::optional<LogSpan> span;
  for (const auto& [name, log] : logs) {
    if (!is_of(name, component)) continue;
    if (!span) span.emplace();
    span->add(log);
  }
  return span;
}

bool begins_late(const std::optional<LogSpan>& log, Time created) {
  return log && log->first > created + kSoon;
}

// What a log lacks of the life of what was created at that time.
std::string lack_of(const std::optional<LogSpan>& log, Time created) {
  if (!log) return "; no log of it was read";
  if (begins_late(log, created)) {
    return fmt::format("; its log begins {} after that was created",
                       format_duration(log->first - created));
  }
  if (log->last >= created) return "";
  return fmt::format("; its log ends {} before that was created",
                     format_duration(created - log->last));
}

// The first stamp of a source, and where it stands.
std::pair<std::uint64_t, Stamp> first_stamp(input::Source& source, std::size_t block_size) {
  constexpr std::uint64_t kBeginning = 1 << 20;
  std::vector<char> buffer;
  BlockReader reader(source, 0, kBeginning, block_size, buffer);
  Record record;
  for (Block block; reader.next(block);) {
    for (format::Walk walk(block.bytes); walk.next();) {
      format::parse(walk.slice(), record);
      if (record.has_time()) return {block.offset + walk.offset(), record.stamp};
    }
  }
  return {};
}

}  // namespace

std::map<std::string, LogSpan> log_spans(const Readable& readable, std::size_t block_size) {
  std::map<std::string, LogSpan> spans;
  for (std::size_t i = 0; i < readable.sources().size(); ++i) {
    input::Source& source = *readable.sources()[i];
    std::vector<char> buffer;
    BlockReader reader(source, source.size(), BlockReader::kToTheEnd, block_size, buffer);
    const Stamp last = reader.stamp_before();
    const auto [at, first] = first_stamp(source, block_size);
    if (last.kind == Stamp::Kind::none || first.kind == Stamp::Kind::none) continue;
    const trace::Calendar& calendar = readable.calendar(i);
    const Origin& origin = source.origin();
    spans[with_node(origin.component, origin.node)].add(
        {calendar.resolve(at, first), calendar.resolve(source.size(), last)});
  }
  return spans;
}

void StorySummarizer::take(const Record& record, const trace::Story::Reason& reason) {
  ++summary_.records;
  if (trace::is_dump(record)) return;
  const Time time = record.begin();
  const bool dated = summary_.begin != Time() || summary_.end != Time();
  if (record.has_time() && (!dated || time < summary_.begin)) summary_.begin = time;
  if (record.has_time() && (!dated || record.time > summary_.end)) summary_.end = record.time;
  const std::string words = words_of(record);
  count_trouble(record, words);
  const std::uint32_t object = story_.object_of(reason);
  if (object == trace::LinkGraph::kNone) return;
  Told& told = told_[object];
  output::StoryNode& node = told.node;
  if (node.records > 0 && time > told.last) {
    summary_.waits.push_back(
        {time - told.last, trace::describe(graph_.objects()[object].name), told.last_words, words});
  }
  told.last = std::max(told.last, record.time);
  told.last_words = words;
  ++node.records;
  if (record.severity >= Severity::error) ++node.errors;
  if (record.severity == Severity::warning) ++node.warnings;
  const std::string component = component_of(record);
  const bool seen = std::any_of(node.seen.begin(), node.seen.end(),
                                [&](const auto& first) { return first.first == component; });
  // What tells no time at all tells nothing of when.
  if (!seen && record.time != Time()) node.seen.emplace_back(component, time);
}

void StorySummarizer::count_trouble(const Record& record, const std::string& words) {
  if (record.severity < Severity::warning) return;
  const std::string alike = component_of(record) + trace::make_equal(record.message, {});
  output::StoryTrouble& trouble = trouble_[alike];
  trouble.severity = std::max(trouble.severity, record.severity);
  if (trouble.records == 0) trouble.words = words;
  ++trouble.records;
}

output::StorySummary StorySummarizer::finish(const std::map<std::string, LogSpan>& logs) {
  summary_.start = trace::describe(story_.start());
  add_nodes();
  std::stable_sort(summary_.waits.begin(), summary_.waits.end(),
                   [](const auto& a, const auto& b) { return a.length > b.length; });
  if (summary_.waits.size() > kMostWaits) summary_.waits.resize(kMostWaits);
  for (const auto& [words, trouble] : trouble_) summary_.trouble.push_back(trouble);
  std::stable_sort(summary_.trouble.begin(), summary_.trouble.end(),
                   [](const auto& a, const auto& b) {
                     return std::pair(a.severity, a.records) > std::pair(b.severity, b.records);
                   });
  if (summary_.trouble.size() > kMostTrouble) summary_.trouble.resize(kMostTrouble);
  add_unseen(logs);
  return std::move(summary_);
}

void StorySummarizer::add_nodes() {
  std::set<std::uint32_t> members;
  for (const trace::Story::Member& member : story_.members()) members.insert(member.object);
  std::map<std::uint32_t, std::vector<std::uint32_t>> owned;
  std::vector<std::uint32_t> tops;
  for (const trace::Story::Member& member : story_.members()) {
    const auto& owner = graph_.objects()[member.object].owner;
    if (owner && members.contains(owner->other)) {
      owned[owner->other].push_back(member.object);
    } else {
      tops.push_back(member.object);
    }
  }
  for (const std::uint32_t top : tops) add_node(top, 1, owned);
}

void StorySummarizer::add_node(std::uint32_t object, std::size_t depth,
                               const std::map<std::uint32_t, std::vector<std::uint32_t>>& owned) {
  const trace::LinkGraph::Object& from = graph_.objects()[object];
  output::StoryNode node = told_[object].node;
  node.name = trace::describe(from.name);
  node.depth = depth;
  if (from.created_known) node.created = from.created;
  node.ready = from.ready;
  for (const trace::LinkGraph::Change& change : from.changes) {
    if (change.effect == trace::Effect::deleted && !node.deleted) node.deleted = change.time;
  }
  summary_.nodes.push_back(std::move(node));
  const auto below = owned.find(object);
  if (below == owned.end()) return;
  for (const std::uint32_t child : below->second) add_node(child, depth + 1, owned);
}

void StorySummarizer::add_unseen(const std::map<std::string, LogSpan>& logs) {
  for (const trace::Story::Member& member : story_.members()) {
    const trace::LinkGraph::Object& pod = graph_.objects()[member.object];
    if (pod.name.type != "pods") continue;
    const std::string kubelet = with_node("kubelet", pod.node);
    const auto& seen = told_[member.object].node.seen;
    for (const std::string& component : {std::string("kube-scheduler"), kubelet}) {
      const bool any = std::any_of(seen.begin(), seen.end(), [&](const auto& first) {
        return is_of(first.first, component);
      });
      const auto log = span_of(logs, component);
      if (any && !begins_late(log, pod.created)) continue;
      std::string words =
          fmt::format("no {}record of {} about {}{}", any ? "early " : "", component,
                      trace::describe(pod.name), lack_of(log, pod.created));
      if (!any && component == "kubelet") words += "; nothing tells which node it was bound to";
      summary_.unseen.push_back(std::move(words));
    }
  }
}

}  // namespace ktrace::engine
