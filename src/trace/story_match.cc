// Which records belong to a story. Records that state what they are about (audit events, spans,
// Events, dumps) are judged by that alone, however much else stands in them. A log line is judged
// by the identifiers it carries and then by the objects it names: when it names an object outside
// of the story beside the owner of that object, it is about the one outside, and a line that names
// very many objects is about none of them.

#include <algorithm>

#include "facts.h"
#include "ktrace/identifiers.h"
#include "ktrace/story.h"
#include "mentions.h"

namespace ktrace::trace {
namespace {

constexpr std::size_t kMostNamed = 8;

// What two components write of one moment is milliseconds apart even when all clocks agree.
constexpr Duration kNotEarly = std::chrono::seconds(1);

}  // namespace

Story::Reason Story::match_request(std::string_view id) const {
  const auto found = requests_.find(graph_.find_request(id));
  if (found == requests_.end()) {
    if (start_.kind != Thing::Kind::request || start_.id != id) return {};
    return {kNone, "audit-id", start_};
  }
  return {found->second,
          "audit-id",
          {Thing::Kind::request, {}, {}, {}, graph_.requests()[found->first].id}};
}

Story::Reason Story::match_trace(std::string_view id) const {
  const auto found = traces_.find(graph_.find_trace(canonical_identifier(id)));
  if (found == traces_.end()) return {};
  return {
      found->second, "trace", {Thing::Kind::trace, {}, {}, {}, graph_.traces()[found->first].id}};
}

Story::Reason Story::match_object(std::uint32_t object, Time at, std::string_view how) const {
  const Member* found = member(object, at);
  if (found == nullptr) return {};
  return {found->step, how, graph_.objects()[object].name};
}

// An Event belongs where it was made; it may be told again long after.
Story::Reason Story::match_event(const Record& record) const {
  FactScratch scratch;
  const RecordFacts facts = read_facts(record, scratch);
  Time birth = record.time;
  std::string_view name;
  event_birth(facts.object.self.name, birth, name);
  // An owner's Event may tell of what it made because of another change.
  std::vector<Mention> mentions;
  find_mentions(graph_, record, birth, mentions);
  if (shared(mentions, birth)) return {};
  return match_object(graph_.find_object(facts.involved, birth), birth, "event");
}

Story::Reason Story::match_dump(const Record& record) const {
  FactScratch scratch;
  const RecordFacts facts = read_facts(record, scratch);
  if (!facts.object.self) return {};
  return match_object(graph_.find_object(facts.object.self, record.time), record.time, "uid");
}

Story::Reason Story::match_log(Record& record) const {
  std::vector<Identifier> ids;
  collect_identifiers(record, KeySet::defaults(), ids);
  for (const Identifier& id : ids) {
    if (const Reason reason = match_request(id.value)) return reason;
    if (const Reason reason = match_trace(id.value)) return reason;
  }
  // The audit log says what a request is about; its line in the server's log need not be guessed
  // at.
  const std::string_view audit = record.value_of("audit-ID");
  if (!audit.empty() && graph_.find_request(audit) != LinkGraph::kNone) return {};
  std::vector<Mention> mentions;
  find_mentions(graph_, record, record.begin(), mentions);
  if (mentions.size() > kMostNamed || shared(mentions, record.begin())) return {};
  Reason best;
  best.early = early(mentions, record.begin());
  for (const Mention& mention : mentions) {
    const Reason reason = match_object(mention.object, record.begin(), mention.how);
    if (!reason || overruled(mention.object, mentions, record.begin())) continue;
    if (!best || depth_behind(reason.step) < depth_behind(best.step)) best = reason;
  }
  return best;
}

// How long before an object of the story was made a record speaks of it, at most. A name that
// somebody chose may have been another object's before.
Duration Story::early(const std::vector<Mention>& mentions, Time at) const {
  Duration most = Duration::zero();
  for (const Mention& mention : mentions) {
    const LinkGraph::Object& object = graph_.objects()[mention.object];
    const bool sure = mention.how != "name" || has_generated_end(object.name.name);
    if (!sure || !object.created_known || !member_of_.contains(mention.object)) continue;
    if (at >= object.created) continue;
    if (const Duration by = distance(at, object.created); by > kNotEarly) most = std::max(most, by);
  }
  return most;
}

// Whether some of what is named is not of the story, although it has the same owner at the top:
// such a line is about that owner, or about another change as well. Within an object's life that is
// no matter.
bool Story::shared(const std::vector<Mention>& mentions, Time at) const {
  if (start_.kind == Thing::Kind::object) return false;
  for (const Mention& mine : mentions) {
    if (member(mine.object, at) == nullptr) continue;
    for (const Mention& other : mentions) {
      if (member_of_.contains(other.object)) continue;
      if (root_of(other.object) == root_of(mine.object)) return true;
    }
  }
  return false;
}

std::uint32_t Story::root_of(std::uint32_t object) const {
  while (graph_.objects()[object].owner) object = graph_.objects()[object].owner->other;
  return object;
}

// Whether something that `object` owns is named, too, and is not of the story.
bool Story::overruled(std::uint32_t object, const std::vector<Mention>& mentions, Time at) const {
  return std::any_of(mentions.begin(), mentions.end(), [&](const Mention& other) {
    if (member(other.object, at) != nullptr) return false;
    std::uint32_t above = other.object;
    while (graph_.objects()[above].owner) {
      above = graph_.objects()[above].owner->other;
      if (above == object) return true;
    }
    return false;
  });
}

Story::Reason Story::match(Record& record) const {
  switch (type_of(record)) {
    case RecordFacts::Type::audit:
      return match_request(record.value_of("auditID"));
    case RecordFacts::Type::event:
      return match_event(record);
    case RecordFacts::Type::span:
      return match_trace(record.value_of("traceId"));
    case RecordFacts::Type::object:
      return match_dump(record);
    case RecordFacts::Type::log:
      break;
  }
  return match_log(record);
}

std::uint32_t Story::object_of(const Reason& reason) const {
  Thing near = reason.thing;
  for (std::uint32_t at = reason.step; near.kind != Thing::Kind::object; at = steps_[at].before) {
    if (at == kNone) return kNone;
    near = thing(steps_[at].from);
  }
  return graph_.find_object(near, Time::max());
}

std::vector<std::string> Story::ids() const {
  std::vector<std::string> all;
  if (start_.kind != Thing::Kind::object) all.emplace_back(start_.id);
  for (const auto& [number, step] : requests_) all.emplace_back(graph_.requests()[number].id);
  for (const auto& [number, step] : traces_) all.emplace_back(graph_.traces()[number].id);
  for (const Member& member : members_) {
    const LinkGraph::Object& object = graph_.objects()[member.object];
    if (!object.name.id.empty()) all.emplace_back(object.name.id);
    for (const LinkGraph::Tie& tie : object.containers) {
      all.emplace_back(graph_.links()[tie.link].to.id);
    }
  }
  return all;
}

std::vector<std::string> Story::names() const {
  std::vector<std::string> all;
  for (const Member& member : members_) {
    const Thing& name = graph_.objects()[member.object].name;
    if (!name.name.empty()) all.emplace_back(name.name);
  }
  return all;
}

}  // namespace ktrace::trace
