// The walk. What holds is worked off breadth first, so that the step that first leads to a thing is
// on a shortest way to it. An object has one owner at most and is taken in once, so that the walk
// is linear in the links of what it reaches, whatever the input claims.

#include "ktrace/story.h"

#include <algorithm>

#include "mentions.h"

namespace ktrace::trace {
namespace {

using Kind = Thing::Kind;

}  // namespace

Story::Story(const LinkGraph& graph, const StoryStart& start, const StoryLimits& limits)
    : graph_(graph), limits_(limits) {
  const auto reach = [&](Time from) {
    if (limits.within && from != Time::min() && from != Time::max()) last_ = from + *limits.within;
  };
  if (start.object != kNone) {
    start_ = graph.objects()[start.object].name;
    reach(graph.objects()[start.object].created);
    live(start.object);
  } else if (start.request != kNone) {
    const LinkGraph::Request& request = graph.requests()[start.request];
    start_ = thing({Kind::request, start.request});
    reach(request.time);
    start_at_request(start.request, kNone);
  } else {
    start_at_trace(start.trace);
  }
  gather();
  spread();
}

std::uint32_t Story::depth_behind(std::uint32_t step) const {
  return step == kNone ? 1 : steps_[step].depth + 1;
}

Thing Story::thing(const Node& node) const {
  if (node.kind == Kind::object) return graph_.objects()[node.number].name;
  Thing thing;
  thing.kind = node.kind;
  if (node.kind == Kind::request) thing.id = graph_.requests()[node.number].id;
  if (node.kind == Kind::trace) thing.id = graph_.traces()[node.number].id;
  return thing;
}

std::uint32_t Story::add_step(std::uint32_t before, std::string_view kind, Node from, Node to,
                              std::uint32_t link) {
  Step step{before, depth_behind(before), kind, from, to, link != kNone, {}};
  if (step.told) step.evidence = graph_.links()[link].evidence;
  steps_.push_back(step);
  return static_cast<std::uint32_t>(steps_.size() - 1);
}

bool Story::add_member(std::uint32_t object, Time from, Time until, std::uint32_t step) {
  const auto number = static_cast<std::uint32_t>(members_.size());
  if (!member_of_.try_emplace(object, number).second) return false;
  members_.push_back({object, from, std::min(until, last_), step});
  return true;
}

// A request, and what it changed.
void Story::start_at_request(std::uint32_t request, std::uint32_t step) {
  const LinkGraph::Request& from = graph_.requests()[request];
  requests_.emplace(request, step);
  request_order_.push_back(request);
  for (const LinkGraph::Tie& tie : from.objects) {
    const LinkGraph::Object& object = graph_.objects()[tie.other];
    for (const LinkGraph::Change& change : object.changes) {
      if (change.request != request) continue;
      const std::uint32_t led = add_step(step, "request", {Kind::request, request},
                                         {Kind::object, tie.other}, change.link);
      held_.push_back({tie.other, change.time, change.time, led, change.effect == Effect::deleted});
      break;
    }
  }
  hold_all();
}

// A trace: the requests in it, and those in traces that link to it, which is how the API server
// keeps the trace of a caller that it does not trust.
void Story::start_at_trace(std::uint32_t trace) {
  start_ = thing({Kind::trace, trace});
  traces_.emplace(trace, kNone);
  trace_order_.push_back(trace);
  const auto start_requests = [&](std::uint32_t in, std::uint32_t before) {
    for (const LinkGraph::Tie& tie : graph_.traces()[in].requests) {
      start_at_request(tie.other, add_step(before, "trace", {Kind::trace, in},
                                           {Kind::request, tie.other}, tie.link));
    }
  };
  start_requests(trace, kNone);
  for (const LinkGraph::Tie& tie : graph_.traces()[trace].linked) {
    const std::uint32_t step =
        add_step(kNone, "span-link", {Kind::trace, trace}, {Kind::trace, tie.other}, tie.link);
    traces_.emplace(tie.other, step);
    trace_order_.push_back(tie.other);
    start_requests(tie.other, step);
  }
}

// An object and all that it owns, for as long as they are.
void Story::live(std::uint32_t object) {
  add_member(object, Time::min(), Time::max(), kNone);
  for (std::size_t next = 0; next < members_.size(); ++next) {
    const Member owner = members_[next];
    if (depth_behind(owner.step) > limits_.hops) continue;
    const LinkGraph::Object& from = graph_.objects()[owner.object];
    for (const LinkGraph::Tie& tie : from.owned) {
      const LinkGraph::Object& to = graph_.objects()[tie.other];
      if (to.created > last_ || member_of_.contains(tie.other)) continue;
      const auto step = add_step(owner.step, link_kinds()[graph_.links()[tie.link].kind].name,
                                 {Kind::object, owner.object}, {Kind::object, tie.other}, tie.link);
      add_member(tie.other, Time::min(), Time::max(), step);
    }
  }
}

void Story::hold_all() {
  for (std::size_t next = 0; next < held_.size(); ++next) {
    const Held held = held_[next];
    if (held.begin > last_ || depth_behind(held.step) > limits_.hops + 1) continue;
    held.deletion ? take_along(held) : hold(held);
  }
  held_.clear();
}

void Story::hold(const Held& held) {
  const LinkGraph::Object& object = graph_.objects()[held.object];
  Time end = Time::max();
  for (const LinkGraph::Change& change : object.changes) {
    if (change.time > held.begin && change.time >= held.settled) end = std::min(end, change.time);
  }
  if (!add_member(held.object, held.begin, end, held.step)) return;
  for (const LinkGraph::Tie& tie : object.owned) {
    const LinkGraph::Object& child = graph_.objects()[tie.other];
    Time begin = child.created;
    if (child.created < held.begin) {
      const auto changed = std::find_if(
          child.changes.begin(), child.changes.end(), [&](const LinkGraph::Change& change) {
            return change.time >= held.begin && change.effect != Effect::deleted;
          });
      if (changed == child.changes.end()) continue;
      begin = changed->time;
    }
    if (begin >= end || member_of_.contains(tie.other)) continue;
    const auto step = add_step(held.step, link_kinds()[graph_.links()[tie.link].kind].name,
                               {Kind::object, held.object}, {Kind::object, tie.other}, tie.link);
    held_.push_back({tie.other, begin, end, step, false});
  }
}

// What goes with a deleted object: all that it owned and was not deleted before.
void Story::take_along(const Held& held) {
  const LinkGraph::Object& object = graph_.objects()[held.object];
  if (!add_member(held.object, held.begin, Time::max(), held.step)) return;
  const auto take = [&](std::uint32_t number, std::string_view kind, std::uint32_t link) {
    const LinkGraph::Object& child = graph_.objects()[number];
    const bool gone = std::any_of(
        child.changes.begin(), child.changes.end(), [&](const LinkGraph::Change& change) {
          return change.effect == Effect::deleted && change.time < held.begin;
        });
    if (gone || child.created > held.begin || member_of_.contains(number)) return;
    const auto step =
        add_step(held.step, kind, {Kind::object, held.object}, {Kind::object, number}, link);
    held_.push_back({number, held.begin, held.begin, step, true});
  };
  for (const LinkGraph::Tie& tie : object.owned) {
    take(tie.other, link_kinds()[graph_.links()[tie.link].kind].name, tie.link);
  }
  if (object.name.type != "namespaces") return;
  for (std::uint32_t number = 0; number < graph_.objects().size(); ++number) {
    const LinkGraph::Object& child = graph_.objects()[number];
    if (child.name.space == object.name.name && child.name.type != "events") {
      take(number, "namespace", kNone);
    }
  }
}

// The requests and traces around the objects.
void Story::gather() {
  for (const Member& member : std::vector<Member>(members_)) {
    const LinkGraph::Object& object = graph_.objects()[member.object];
    if (depth_behind(member.step) > limits_.hops) continue;
    const auto inside = [&](Time time) { return time >= member.from && time < member.until; };
    for (const LinkGraph::Tie& tie : object.requests) {
      const LinkGraph::Request& request = graph_.requests()[tie.other];
      if (!inside(request.time) || requests_.contains(tie.other)) continue;
      requests_.emplace(tie.other, add_step(member.step, "request", {Kind::object, member.object},
                                            {Kind::request, tie.other}, tie.link));
      request_order_.push_back(tie.other);
    }
    for (const LinkGraph::Tie& tie : object.traces) {
      if (!inside(tie.time) || traces_.contains(tie.other)) continue;
      const std::string_view kind = link_kinds()[graph_.links()[tie.link].kind].name;
      traces_.emplace(tie.other, add_step(member.step, kind, {Kind::object, member.object},
                                          {Kind::trace, tie.other}, tie.link));
      trace_order_.push_back(tie.other);
    }
  }
}

// From requests to their traces, to traces that are linked with these, to the requests of those.
void Story::spread() {
  std::size_t request = 0, trace = 0;
  const auto reach_trace = [&](const LinkGraph::Tie& tie, std::string_view kind, Node from,
                               std::uint32_t before) {
    if (depth_behind(before) > limits_.hops || traces_.contains(tie.other)) return;
    traces_.emplace(tie.other, add_step(before, kind, from, {Kind::trace, tie.other}, tie.link));
    trace_order_.push_back(tie.other);
  };
  while (request < request_order_.size() || trace < trace_order_.size()) {
    if (request < request_order_.size()) {
      const std::uint32_t number = request_order_[request++];
      for (const LinkGraph::Tie& tie : graph_.requests()[number].traces) {
        reach_trace(tie, "trace", {Kind::request, number}, requests_.at(number));
      }
      continue;
    }
    const std::uint32_t number = trace_order_[trace++];
    const std::uint32_t before = traces_.at(number);
    for (const LinkGraph::Tie& tie : graph_.traces()[number].linked) {
      reach_trace(tie, "span-link", {Kind::trace, number}, before);
    }
    for (const LinkGraph::Tie& tie : graph_.traces()[number].requests) {
      if (depth_behind(before) > limits_.hops || requests_.contains(tie.other)) continue;
      const auto step =
          add_step(before, "trace", {Kind::trace, number}, {Kind::request, tie.other}, tie.link);
      requests_.emplace(tie.other, step);
      request_order_.push_back(tie.other);
    }
  }
}

const Story::Member* Story::member(std::uint32_t object, Time at) const {
  const auto found = member_of_.find(object);
  if (found == member_of_.end()) return nullptr;
  const Member& member = members_[found->second];
  return at >= member.from && at < member.until ? &member : nullptr;
}

}  // namespace ktrace::trace
