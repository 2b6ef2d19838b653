// The graph of what belongs together: objects, requests and traces, and the links between them.
//
// Links come in the order of sources, not of time, and name objects now by UID, now by kind,
// namespace and name. They are taken in first and put together once, by settle(). A name is matched
// as a whole, with its namespace and kind; where several objects had it one after the other, the
// time tells which is meant; where it could mean objects of several kinds, none is meant.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ktrace/links.h"

namespace ktrace::trace {

/// Not thread-safe while it is built; then it is.
class LinkGraph {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// How one thing is tied to another, by its number.
  struct Tie {
    std::uint32_t other = kNone;
    Time time{};
    std::uint32_t link = 0;  ///< the link that told it
  };

  /// A request that changed what is wanted of an object.
  struct Change {
    Time time{};
    Effect effect = Effect::none;
    std::uint32_t request = kNone;
    std::uint32_t link = 0;
  };

  struct Object {
    Thing name;                  ///< with all that is known of it
    Time created = Time::min();  ///< or the earliest sign of it
    bool created_known = false;  ///< by the request that made it, or by itself
    std::optional<Tie> owner;
    std::vector<Tie> owned;       ///< in order of creation
    std::vector<Change> changes;  ///< in order of time
    std::vector<Tie> requests;    ///< that were about it
    std::vector<Tie> traces, containers, events;
    std::optional<Time> ready;       ///< when an answer first told so
    std::string_view node;           ///< that a pod is bound to
    std::uint32_t involved = kNone;  ///< of an Event: the object it is about
  };

  struct Request {
    std::string_view id;
    Time time = Time::max();
    std::vector<Tie> objects;
    std::vector<Tie> traces;
  };

  struct Trace {
    std::string_view id;
    std::vector<Tie> requests, linked, objects;
  };

  /// Takes links in. What they view must outlive the graph.
  void add(std::vector<Link> links);

  /// Puts them together. Once, after the last add().
  void settle();

  const std::vector<Link>& links() const { return links_; }
  const std::vector<Object>& objects() const { return objects_; }
  const std::vector<Request>& requests() const { return requests_; }
  const std::vector<Trace>& traces() const { return traces_; }

  /// The object that is meant by `thing` at a time, or kNone: by its UID if it has one, otherwise
  /// by its name and as much of namespace and kind as is told.
  std::uint32_t find_object(const Thing& thing, Time at) const;

  /// All objects of that name, whatever their kind and namespace.
  const std::vector<std::uint32_t>& named(std::string_view name) const;

  std::uint32_t find_request(std::string_view id) const { return find(request_numbers_, id); }
  std::uint32_t find_trace(std::string_view id) const { return find(trace_numbers_, id); }

  /// The pod of a container or sandbox, or kNone.
  std::uint32_t pod_of_container(std::string_view id) const { return find(container_pods_, id); }

  bool is_namespace(std::string_view name) const { return spaces_.contains(name); }

  /// How many names in links could mean objects of several kinds, and so are not followed.
  std::uint64_t undecided() const { return undecided_; }

 private:
  using Numbers = std::unordered_map<std::string_view, std::uint32_t>;

  static std::uint32_t find(const Numbers& numbers, std::string_view key) {
    const auto found = numbers.find(key);
    return found == numbers.end() ? kNone : found->second;
  }

  void take_known(const Thing& thing, const Link& link);
  void index_names();
  std::uint32_t object_number(const Thing& thing, Time at);
  std::uint32_t request_number(std::string_view id);
  std::uint32_t trace_number(std::string_view id);
  void tie(std::uint32_t number);
  void tie_request(const Link& link, std::uint32_t number);
  void tie_objects(const Link& link, std::uint32_t number);
  void tie_event_request(const Link& link, std::uint32_t number);
  void own(std::uint32_t owner, std::uint32_t owned, const Tie& how);
  void own_endpoints();
  void order();
  void judge_changes();

  std::vector<Link> links_;
  std::vector<Object> objects_;
  std::vector<Request> requests_;
  std::vector<Trace> traces_;
  Numbers object_numbers_, request_numbers_, trace_numbers_, container_pods_;
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> names_;
  std::unordered_map<std::string_view, bool> spaces_;
  std::unordered_map<std::uint64_t, std::size_t> change_places_;  // by request and object
  std::uint64_t undecided_ = 0;
};

}  // namespace ktrace::trace
