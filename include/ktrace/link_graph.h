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
#include <unordered_set>
#include <vector>

#include "ktrace/links.h"
#include "ktrace/number_table.h"

namespace ktrace::trace {

/// Not thread-safe while it is built; then it is.
class LinkGraph {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// How one thing is tied to another, by its number.
  struct Tie {
    std::uint32_t other = kNone;
    Time time{};
    std::uint32_t link = 0;        ///< the link that told it
    std::uint32_t change = kNone;  ///< of a request's object, until settled: among its changes
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

  std::uint32_t find_request(std::string_view id) const;
  std::uint32_t find_trace(std::string_view id) const;

  /// The pod of a container or sandbox, or kNone.
  std::uint32_t pod_of_container(std::string_view id) const;

  bool is_namespace(std::string_view name) const { return spaces_.contains(name); }

  /// How many names in links could mean objects of several kinds, and so are not followed.
  std::uint64_t undecided() const { return undecided_; }

 private:
  // All objects of one name, in order of creation.
  struct Name {
    std::string_view id;
    std::vector<std::uint32_t> objects;
    bool undecided = false;  // what was meant in some link
  };

  // All that may be meant where no more is told than this, in the same order.
  struct Called {
    Thing told;
    std::vector<std::uint32_t> objects;
    bool mixed = false;  // of several kinds or namespaces
  };

  struct Container {
    std::string_view id;
    std::uint32_t pod = kNone;
  };

  void take_known(const Thing& thing, const Link& link);
  void index_names();
  void add_name(std::uint32_t number);
  void insert(std::uint32_t number, std::vector<std::uint32_t>& objects) const;
  void call(std::uint32_t number);
  std::uint32_t call_number(const Thing& told);
  std::uint32_t find_called(const Thing& told, Time at) const;
  void leave_undecided(std::string_view name);
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
  std::vector<Name> names_;
  std::vector<Called> called_;
  std::vector<Container> containers_;
  NumberTable object_numbers_, request_numbers_, trace_numbers_, container_numbers_;
  NumberTable name_numbers_, called_numbers_;
  std::unordered_set<std::string_view> spaces_;
  std::uint64_t undecided_ = 0;
};

}  // namespace ktrace::trace
