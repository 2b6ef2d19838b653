// A story: what belongs to one object, or happened because of one request.
//
// An object's story is its life, and that of everything it owns. A request's story is what the
// request changed: a change of an object holds from the request to the next change of what is
// wanted of that object (its generation; its resourceVersion when it has none; never its status).
// What the object makes while the change holds belongs, and in turn holds until it is itself
// changed for another reason. Of what the object owned before, that belongs which is changed (not
// that which is merely deleted) while the change holds: a scaled-up ReplicaSet, but not its old
// pods. A deletion holds for ever, and takes along what was owned. Around the objects stand the
// requests about them, the traces of these, the Events, and the lines that name any of them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ktrace/link_graph.h"
#include "ktrace/record.h"
#include "ktrace/status.h"

namespace ktrace::trace {

/// How far a story reaches.
struct StoryLimits {
  unsigned hops = 12;              ///< links from the start
  std::optional<Duration> within;  ///< after the start
};

/// What a story is about: one of these.
struct StoryStart {
  std::uint32_t object = LinkGraph::kNone;
  std::uint32_t request = LinkGraph::kNone;
  std::uint32_t trace = LinkGraph::kNone;
};

/// Finds what a user means by `text`: an audit ID, trace ID or UID, or a beginning (6 characters at
/// least) of one; or KIND/NAME or KIND/NAMESPACE/NAME, with `space` as the namespace if that is not
/// empty. An error says that there is nothing, or lists what it could be.
Result<StoryStart> find_start(const LinkGraph& graph, std::string_view text,
                              std::string_view space);

struct Mention;

/// Thread-safe once built; keeps a reference to the graph.
class Story {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// A request, trace or object, by its number in the graph.
  struct Node {
    Thing::Kind kind = Thing::Kind::none;
    std::uint32_t number = kNone;
  };

  /// One step of the way from the start to a thing: a link, gone along from `from` to `to`.
  struct Step {
    std::uint32_t before = kNone;  ///< the step that led to `from`
    std::uint32_t depth = 0;       ///< how many steps led here
    std::string_view kind;         ///< of the link
    Node from, to;
    bool told = false;  ///< by the record at `evidence`; otherwise it is so by definition
    Evidence evidence;
  };

  /// An object of the story, from when to when.
  struct Member {
    std::uint32_t object = kNone;
    Time from{}, until{};
    std::uint32_t step = kNone;  ///< that led to it
  };

  /// Why a record belongs: the step that led to a thing, and how the record names that.
  struct Reason {
    std::uint32_t step = kNone;
    std::string_view how;  ///< "audit-id", "trace", "uid", "name", "container", "event"
    Thing thing;
    /// When it does not belong: how long before an object of the story was made it speaks of it,
    /// which only a wrong clock does.
    Duration early{};

    explicit operator bool() const { return thing.kind != Thing::Kind::none; }
  };

  Story(const LinkGraph& graph, const StoryStart& start, const StoryLimits& limits);

  /// Why `record` belongs to the story, if it does. `record.time` must be resolved.
  Reason match(Record& record) const;

  /// The object that a record with that reason is about, or the nearest on the way to it; kNone
  /// when there is none.
  std::uint32_t object_of(const Reason& reason) const;

  /// Identifiers and names one of which stands in every record that belongs.
  std::vector<std::string> ids() const;
  std::vector<std::string> names() const;

  const std::vector<Member>& members() const { return members_; }
  const std::vector<Step>& steps() const { return steps_; }

  /// What a node is; its views live as long as the graph.
  Thing thing(const Node& node) const;

  const Thing& start() const { return start_; }

 private:
  struct Held {
    std::uint32_t object;
    Time begin, settled;
    std::uint32_t step;
    bool deletion;
  };

  std::uint32_t depth_behind(std::uint32_t step) const;
  std::uint32_t add_step(std::uint32_t before, std::string_view kind, Node from, Node to,
                         std::uint32_t link);
  bool add_member(std::uint32_t object, Time from, Time until, std::uint32_t step);
  void start_at_request(std::uint32_t request, std::uint32_t step);
  void start_at_trace(std::uint32_t trace);
  void live(std::uint32_t object);
  void hold_all();
  void hold(const Held& held);
  void take_along(const Held& held);
  void gather();
  void spread();
  const Member* member(std::uint32_t object, Time at) const;
  Reason match_request(std::string_view id) const;
  Reason match_trace(std::string_view id) const;
  Reason match_object(std::uint32_t object, Time at, std::string_view how) const;
  Reason match_event(const Record& record) const;
  Reason match_dump(const Record& record) const;
  Reason match_log(Record& record) const;
  std::uint32_t root_of(std::uint32_t object) const;
  Duration early(const std::vector<Mention>& mentions, Time at) const;
  bool shared(const std::vector<Mention>& mentions, Time at) const;
  bool overruled(std::uint32_t object, const std::vector<Mention>& mentions, Time at) const;

  const LinkGraph& graph_;
  StoryLimits limits_;
  Thing start_;
  Time last_ = Time::max();
  std::vector<Step> steps_;
  std::vector<Member> members_;
  std::unordered_map<std::uint32_t, std::uint32_t> member_of_;  // by object
  std::unordered_map<std::uint32_t, std::uint32_t> requests_,
      traces_;  // to the step that led there
  std::vector<std::uint32_t> request_order_, trace_order_;
  std::vector<Held> held_;
};

}  // namespace ktrace::trace
