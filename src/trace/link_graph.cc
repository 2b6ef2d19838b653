// Putting links together. First everything that tells an object's UID together with its name, so
// that names can be understood; then all links, one after the other; last what only order shows:
// which writes changed what is wanted of an object, and which Endpoints belong to which Service.

#include "ktrace/link_graph.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "facts.h"

namespace ktrace::trace {
namespace {

constexpr std::string_view kEvents = "events";
constexpr int kDeepest = 32;

// From so many objects of one name on, what a name may mean is looked up, not searched for: every
// namespace has a "kube-root-ca.crt", and a StatefulSet makes its "db-0" again and again.
constexpr std::size_t kManyNamed = 8;

const std::vector<std::uint32_t> kNobody;

template <typename Ties>
bool has(const Ties& ties, std::uint32_t other) {
  return std::any_of(ties.begin(), ties.end(), [&](const auto& tie) { return tie.other == other; });
}

std::size_t hash_of(std::string_view text) { return std::hash<std::string_view>()(text); }

std::size_t hash_of(const Thing& thing) {
  constexpr std::size_t kOdd = 0x9e3779b97f4a7c15;
  return (hash_of(thing.type) * kOdd ^ hash_of(thing.space)) * kOdd ^ hash_of(thing.name);
}

bool same_name(const Thing& a, const Thing& b) {
  return a.name == b.name && a.space == b.space && a.type == b.type;
}

// The same text more often than not is the same bytes: then these need not be compared.
bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.data() == b.data() || a == b);
}

template <typename One>
auto& id_of(One& one) {
  if constexpr (requires { one.id; }) {
    return one.id;
  } else {
    return one.name.id;
  }
}

// The number of the one of `all` that has this ID, or kNone.
template <typename All>
std::uint32_t find_id(const All& all, const NumberTable& numbers, std::string_view id) {
  return numbers.find(hash_of(id), [&](std::uint32_t at) { return same_text(id_of(all[at]), id); });
}

// The same; one more of `all` when there is none.
template <typename All>
std::uint32_t number_of_id(All& all, NumberTable& numbers, std::string_view id) {
  const std::size_t hash = hash_of(id);
  const std::uint32_t known =
      numbers.find(hash, [&](std::uint32_t at) { return same_text(id_of(all[at]), id); });
  if (known != NumberTable::kNone) return known;
  const auto number = static_cast<std::uint32_t>(all.size());
  id_of(all.emplace_back()) = id;
  numbers.add(hash, number);
  return number;
}

}  // namespace

void LinkGraph::add(std::vector<Link> links) {
  if (links_.empty()) return links_.swap(links);
  links_.insert(links_.end(), links.begin(), links.end());
}

void LinkGraph::settle() {
  // What an object says of itself counts before what others say of it.
  for (const Link& link : links_) take_known(link.to, link);
  for (const Link& link : links_) take_known(link.from, link);
  index_names();
  // What an Event is about may be told behind the request that wrote it.
  std::vector<std::uint32_t> about_events;
  for (std::uint32_t number = 0; number < links_.size(); ++number) {
    const Link& link = links_[number];
    if (link.from.kind == Thing::Kind::request && link.to.type == kEvents) {
      about_events.push_back(number);
    } else {
      tie(number);
    }
  }
  for (const std::uint32_t number : about_events) tie(number);
  order();
  judge_changes();
  own_endpoints();
}

// An object is known by its UID; each link may tell more of it.
void LinkGraph::take_known(const Thing& thing, const Link& link) {
  if (thing.kind != Thing::Kind::object || thing.id.empty()) return;
  const std::size_t known = objects_.size();
  const std::uint32_t number = number_of_id(objects_, object_numbers_, thing.id);
  Object& object = objects_[number];
  if (number == known) object.name = thing;
  if (object.name.type.empty()) object.name.type = thing.type;
  if (object.name.name.empty()) {
    object.name.name = thing.name;
    object.name.space = thing.space;
  }
  const bool birth = link.effect == Effect::created && thing == link.to;
  const bool earlier = object.created == Time::min() || link.time < object.created;
  if (birth || (!object.created_known && earlier)) object.created = link.time;
  object.created_known = object.created_known || birth;
}

void LinkGraph::index_names() {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t number = 0; number < objects_.size(); ++number) {
    const Thing& name = objects_[number].name;
    if (!name.name.empty()) numbers.push_back(number);
    if (!name.space.empty()) spaces_.insert(name.space);
  }
  std::stable_sort(numbers.begin(), numbers.end(), [&](std::uint32_t a, std::uint32_t b) {
    return objects_[a].created < objects_[b].created;
  });
  for (const std::uint32_t number : numbers) add_name(number);
}

void LinkGraph::add_name(std::uint32_t number) {
  const Thing& thing = objects_[number].name;
  if (!thing.space.empty()) spaces_.insert(thing.space);
  auto& objects = names_[number_of_id(names_, name_numbers_, thing.name)].objects;
  insert(number, objects);
  if (objects.size() > kManyNamed) {
    call(number);
  } else if (objects.size() == kManyNamed) {
    for (const std::uint32_t one : objects) call(one);
  }
}

// In order of creation, which nearly always is at the end.
void LinkGraph::insert(std::uint32_t number, std::vector<std::uint32_t>& objects) const {
  const auto place = std::upper_bound(
      objects.begin(), objects.end(), number,
      [&](std::uint32_t a, std::uint32_t b) { return objects_[a].created < objects_[b].created; });
  objects.insert(place, number);
}

// All that can be told of the object in a text: its kind or none, its namespace or none.
void LinkGraph::call(std::uint32_t number) {
  const Thing& name = objects_[number].name;
  for (const bool type : {true, false}) {
    if (!type && name.type == kEvents) continue;
    for (const bool space : {true, false}) {
      if (!space && name.space.empty()) continue;
      Called& called = called_[call_number(
          {Thing::Kind::object, type ? name.type : "", space ? name.space : "", name.name, {}})];
      const Thing& first = objects_[called.objects.empty() ? number : called.objects.front()].name;
      called.mixed = called.mixed || !same_name(first, name);
      insert(number, called.objects);
    }
  }
}

std::uint32_t LinkGraph::call_number(const Thing& told) {
  const std::size_t hash = hash_of(told);
  const std::uint32_t known = called_numbers_.find(
      hash, [&](std::uint32_t at) { return same_name(called_[at].told, told); });
  if (known != kNone) return known;
  called_.push_back({told, {}, false});
  called_numbers_.add(hash, static_cast<std::uint32_t>(called_.size() - 1));
  return static_cast<std::uint32_t>(called_.size() - 1);
}

// What is told of an object of which there are many of that name.
std::uint32_t LinkGraph::find_called(const Thing& told, Time at) const {
  const std::uint32_t number = called_numbers_.find(
      hash_of(told), [&](std::uint32_t one) { return same_name(called_[one].told, told); });
  if (number == kNone || called_[number].mixed) return kNone;
  const auto& objects = called_[number].objects;
  if (objects.size() == 1) return objects.front();
  const auto behind = std::partition_point(objects.begin(), objects.end(), [&](std::uint32_t one) {
    return objects_[one].created <= at;
  });
  return behind == objects.begin() ? kNone : *(behind - 1);
}

const std::vector<std::uint32_t>& LinkGraph::named(std::string_view name) const {
  const std::uint32_t number = find_id(names_, name_numbers_, name);
  return number == kNone ? kNobody : names_[number].objects;
}

std::uint32_t LinkGraph::find_request(std::string_view id) const {
  return find_id(requests_, request_numbers_, id);
}

std::uint32_t LinkGraph::find_trace(std::string_view id) const {
  return find_id(traces_, trace_numbers_, id);
}

std::uint32_t LinkGraph::pod_of_container(std::string_view id) const {
  const std::uint32_t number = find_id(containers_, container_numbers_, id);
  return number == kNone ? kNone : containers_[number].pod;
}

std::uint32_t LinkGraph::find_object(const Thing& thing, Time at) const {
  if (!thing.id.empty()) return find_id(objects_, object_numbers_, thing.id);
  const auto& objects = named(thing.name);
  if (objects.size() >= kManyNamed) return find_called(thing, at);
  const bool told_type = !thing.type.empty(), told_space = !thing.space.empty();
  std::uint32_t found = kNone, earliest = kNone;
  std::size_t count = 0;
  for (const std::uint32_t number : objects) {
    const Object& object = objects_[number];
    if (told_type ? object.name.type != thing.type : object.name.type == kEvents) continue;
    if (told_space && object.name.space != thing.space) continue;
    if (earliest == kNone) earliest = number;
    // Of another kind, or in another namespace: the name could mean either.
    const Thing& first = objects_[earliest].name;
    if (object.name.type != first.type || object.name.space != first.space) return kNone;
    ++count;
    if (object.created <= at) found = number;
  }
  return count == 1 ? earliest : found;
}

// A log may tell one link any number of times, and how often it is kept depends on how it is read.
void LinkGraph::leave_undecided(std::string_view name) {
  const std::uint32_t number = find_id(names_, name_numbers_, name);
  if (number == kNone || std::exchange(names_[number].undecided, true)) return;
  ++undecided_;
}

// As find_object(); a name of which nothing else is known becomes an object without UID.
std::uint32_t LinkGraph::object_number(const Thing& thing, Time at) {
  const std::uint32_t found = find_object(thing, at);
  if (found != kNone || !thing.id.empty()) return found;
  if ((thing.type.empty() || thing.space.empty()) && !named(thing.name).empty()) {
    leave_undecided(thing.name);
    return kNone;
  }
  if (thing.type.empty() || thing.name.empty()) return kNone;
  // It is spoken of before its first sign of life: of one that was not seen to be made.
  const auto& same = named(thing.name);
  const auto unseen = std::find_if(same.begin(), same.end(), [&](std::uint32_t number) {
    return objects_[number].name.id.empty() && same_name(objects_[number].name, thing);
  });
  if (unseen != same.end()) return *unseen;
  const auto number = static_cast<std::uint32_t>(objects_.size());
  Object& object = objects_.emplace_back();
  object.name = thing;
  object.created = at;
  add_name(number);
  return number;
}

std::uint32_t LinkGraph::request_number(std::string_view id) {
  return number_of_id(requests_, request_numbers_, id);
}

std::uint32_t LinkGraph::trace_number(std::string_view id) {
  return number_of_id(traces_, trace_numbers_, id);
}

void LinkGraph::tie(std::uint32_t number) {
  const Link& link = links_[number];
  using Kind = Thing::Kind;
  if (!link.from) return;
  if (link.from.kind == Kind::request && link.to.kind == Kind::object) {
    if (link.to.type == kEvents) return tie_event_request(link, number);
    return tie_request(link, number);
  }
  if (link.from.kind == Kind::request && !link.to) {
    Request& request = requests_[request_number(link.from.id)];
    request.time = std::min(request.time, link.time);
  } else if (link.from.kind == Kind::request) {
    const std::uint32_t request = request_number(link.from.id), trace = trace_number(link.to.id);
    if (has(requests_[request].traces, trace)) return;
    requests_[request].traces.push_back({trace, link.time, number});
    traces_[trace].requests.push_back({request, link.time, number});
  } else if (link.from.kind == Kind::trace) {
    const std::uint32_t from = trace_number(link.from.id), to = trace_number(link.to.id);
    if (from == to || has(traces_[from].linked, to)) return;
    traces_[from].linked.push_back({to, link.time, number});
    traces_[to].linked.push_back({from, link.time, number});
  } else {
    tie_objects(link, number);
  }
}

// An audit event of each stage tells the same; the last, which has the answer, tells most.
void LinkGraph::tie_request(const Link& link, std::uint32_t number) {
  const std::uint32_t request = request_number(link.from.id);
  const std::uint32_t object = object_number(link.to, link.time);
  Request& from = requests_[request];
  from.time = std::min(from.time, link.time);
  if (object == kNone) return;
  if (link.ready && (!objects_[object].ready || link.time < *objects_[object].ready)) {
    objects_[object].ready = link.time;
  }
  auto tie = std::find_if(from.objects.begin(), from.objects.end(),
                          [&](const Tie& one) { return one.other == object; });
  if (tie == from.objects.end()) {
    tie = from.objects.insert(tie, {object, link.time, number});
    objects_[object].requests.push_back({request, link.time, number});
  }
  if (link.effect == Effect::none && link.version.empty()) return;
  auto& changes = objects_[object].changes;
  if (tie->change == kNone) {
    tie->change = static_cast<std::uint32_t>(changes.size());
    return changes.push_back({link.time, link.effect, request, number});
  }
  Change& known = changes[tie->change];
  if (links_[known.link].version.empty()) known = {known.time, link.effect, request, number};
}

void LinkGraph::tie_event_request(const Link& link, std::uint32_t number) {
  const std::uint32_t request = request_number(link.from.id);
  requests_[request].time = std::min(requests_[request].time, link.time);
  std::uint32_t about = find_object(link.to, link.time);
  if (about != kNone) about = objects_[about].involved;
  if (about == kNone) {
    Time birth;
    Thing thing{Thing::Kind::object, {}, link.to.space, {}, {}};
    if (!event_birth(link.to.name, birth, thing.name)) return;
    about = find_object(thing, link.time);
    if (about == kNone) leave_undecided(thing.name);
  }
  if (about == kNone || has(requests_[request].objects, about)) return;
  requests_[request].objects.push_back({about, link.time, number});
  objects_[about].requests.push_back({request, link.time, number});
}

void LinkGraph::tie_objects(const Link& link, std::uint32_t number) {
  const std::uint32_t from = object_number(link.from, link.time);
  if (from == kNone) return;
  const Tie tie{kNone, link.time, number};
  if (link.to.type == "nodes" && link.from.type == "pods") {
    objects_[from].node = link.to.name;
    return;
  }
  if (link.to.kind == Thing::Kind::trace) {
    const std::uint32_t trace = trace_number(link.to.id);
    if (has(objects_[from].traces, trace)) return;
    objects_[from].traces.push_back({trace, link.time, number});
    traces_[trace].objects.push_back({from, link.time, number});
  } else if (link.to.kind == Thing::Kind::container) {
    const std::size_t known = containers_.size();
    const std::uint32_t container = number_of_id(containers_, container_numbers_, link.to.id);
    if (container != known) return;
    containers_[container].pod = from;
    objects_[from].containers.push_back({0, link.time, number});
  } else if (link.to.kind == Thing::Kind::object) {
    const std::uint32_t to = object_number(link.to, link.time);
    if (to == kNone || to == from) return;
    if (link.to.type == kEvents) {
      objects_[to].involved = from;
      if (!has(objects_[from].events, to)) objects_[from].events.push_back({to, link.time, number});
    } else {
      own(from, to, tie);
    }
  }
}

// The first owner counts: there is only one controller.
void LinkGraph::own(std::uint32_t owner, std::uint32_t owned, const Tie& how) {
  Object& object = objects_[owned];
  if (object.owner) return;
  // What is above an object has no end when owners go round in a circle: whatever the input says,
  // an object does not own what owns it. Nor does anything nest that deep.
  std::uint32_t above = owner;
  for (int depth = 0; above != owned; above = objects_[above].owner->other) {
    if (++depth > kDeepest) return;
    if (!objects_[above].owner) break;
  }
  if (above == owned) return;
  object.owner = Tie{owner, how.time, how.link};
  objects_[owner].owned.push_back({owned, how.time, how.link});
}

// Endpoints have no owner but the Service of their name, by their definition (core/v1 Endpoints).
void LinkGraph::own_endpoints() {
  for (std::uint32_t number = 0; number < objects_.size(); ++number) {
    const Thing& name = objects_[number].name;
    if (name.type != "endpoints" || objects_[number].owner) continue;
    const Thing service{Thing::Kind::object, "services", name.space, name.name, {}};
    const std::uint32_t owner = find_object(service, objects_[number].created);
    if (owner == kNone || objects_[number].requests.empty()) continue;
    own(owner, number, {kNone, objects_[number].created, objects_[number].requests.front().link});
  }
}

void LinkGraph::order() {
  const auto by_time = [](const auto& a, const auto& b) { return a.time < b.time; };
  for (Object& object : objects_) {
    for (auto* ties : {&object.requests, &object.traces, &object.containers, &object.events}) {
      std::stable_sort(ties->begin(), ties->end(), by_time);
    }
    std::stable_sort(object.changes.begin(), object.changes.end(), by_time);
    std::stable_sort(object.owned.begin(), object.owned.end(), [&](const Tie& a, const Tie& b) {
      return objects_[a.other].created < objects_[b.other].created;
    });
  }
}

// A write after which the object has the version it had before has changed nothing that is wanted;
// writes of the status tell versions and change nothing.
void LinkGraph::judge_changes() {
  for (Object& object : objects_) {
    std::string_view version;
    std::vector<Change> changes;
    for (const Change& change : object.changes) {
      const std::string_view now = links_[change.link].version;
      const bool same = change.effect == Effect::changed && !now.empty() && now == version;
      if (change.effect != Effect::none && !same) changes.push_back(change);
      if (!now.empty()) version = now;
    }
    object.changes = std::move(changes);
  }
}

}  // namespace ktrace::trace
