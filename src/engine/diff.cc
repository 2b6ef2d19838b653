// `diff`: two stories side by side. Each is told by the sources of its own path, or by those that
// are given for both; what two stories have in common is read once.

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "commands.h"
#include "ktrace/story_diff.h"
#include "story.h"

namespace ktrace::engine {
namespace {

std::string_view name_of(trace::StepChange change) {
  static constexpr std::array<std::string_view, 6> kNames{"same",   "only-a", "only-b",
                                                          "slower", "faster", "often"};
  return kNames[static_cast<std::size_t>(change)];
}

// The kind of the object that a record is about, as people call one.
std::string role_of(const trace::LinkGraph& graph, std::uint32_t object) {
  if (object == trace::LinkGraph::kNone) return "";
  const std::string words = trace::describe(graph.objects()[object].name);
  return words.substr(0, words.find(' '));
}

// One of the two stories.
struct Side final : StoryListener {
  void begin(std::size_t, const trace::LinkGraph& links, const trace::Story& told) override {
    graph = &links;
    story = &told;
    start = trace::describe(told.start());
    for (std::string& name : told.names()) names.insert(std::move(name));
    for (const auto& member : told.members()) ++objects[role_of(links, member.object)];
  }

  void record(const Record& record, const trace::Story::Reason& reason) override {
    ++records;
    end = records == 1 ? record.time : std::max(end, record.time);
    begun = records == 1 ? record.begin() : std::min(begun, record.begin());
    auto step = trace::step_of(record);
    if (!step) return;
    step->object = story->object_of(reason);
    step->role = role_of(*graph, step->object);
    steps.push_back(std::move(*step));
  }

  const trace::LinkGraph* graph = nullptr;
  const trace::Story* story = nullptr;
  std::string start;
  std::set<std::string, std::less<>> names;
  std::map<std::string, std::uint64_t> objects;
  std::vector<trace::StoryStep> steps;
  std::uint64_t records = 0;
  Time begun{}, end{};
};

// Both of them, told by one session.
struct Both final : StoryListener {
  explicit Both(std::array<Side, 2>& of) : sides(of) {}

  void begin(std::size_t index, const trace::LinkGraph& graph, const trace::Story& story) override {
    side = &sides[index];
    side->begin(index, graph, story);
  }

  void record(const Record& record, const trace::Story::Reason& reason) override {
    side->record(record, reason);
  }

  std::array<Side, 2>& sides;
  Side* side = nullptr;
};

class DiffRun {
 public:
  DiffRun(Session& session, const Filter& filter) : session_(session), filter_(filter) {}

  Outcome run() {
    const Query& query = session_.query();
    const output::DiffFormat* format = output::find_diff_format(query.output);
    if (format == nullptr) return session_.fail("unknown output format '" + query.output + "'");
    const auto names = tell();
    if (!names) return Outcome::error;
    const auto pairs =
        trace::compare_stories(sides_[0].steps, sides_[1].steps, *names, query.slower);
    const auto changes = std::count_if(pairs.begin(), pairs.end(), [](const auto& pair) {
      return pair.change != trace::StepChange::none;
    });
    if (query.quiet) return outcome(changes > 0);
    output::Sink sink(session_.output());
    if (query.count) {
      sink.buffer() = std::to_string(changes) + "\n";
    } else {
      format->write(report(pairs), session_.style(), sink.buffer());
    }
    const Outcome written = session_.finish(sink, changes > 0);
    return written == Outcome::error ? written : outcome(changes > 0);
  }

 private:
  using Names = std::set<std::string, std::less<>>;

  // Out: the names of all objects in both stories; nothing when one cannot be told.
  std::optional<Names> tell() {
    const Query& query = session_.query();
    const auto& own = query.own_paths;
    if (own[0] == own[1]) {
      Both both(sides_);
      if (!tell_stories(session_of(0), filter_, query.ids, both)) return std::nullopt;
    } else {
      for (std::size_t i = 0; i < sides_.size(); ++i) {
        if (!tell_stories(session_of(i), filter_, {query.ids[i]}, sides_[i])) return std::nullopt;
      }
    }
    Names names = sides_[0].names;
    names.insert(sides_[1].names.begin(), sides_[1].names.end());
    return names;
  }

  // The session that reads the path of the story at `index`; told stories refer to its sources.
  Session& session_of(std::size_t index) {
    const std::string& path = session_.query().own_paths[index];
    if (path.empty()) return session_;
    Own& own = own_[index];
    own.query = session_.query();
    own.query.paths = {path};
    own.session = std::make_unique<Session>(own.query, session_.surroundings());
    own.session->open();
    return *own.session;
  }

  // Where the steps of a side stand.
  const Session& told_by(std::size_t index) const {
    const auto& own = session_.query().own_paths;
    if (own[index].empty()) return session_;
    return *own_[own[0] == own[1] ? 0 : index].session;
  }

  // An error in any of the sessions counts.
  Outcome outcome(bool found) const {
    const bool failed = std::any_of(own_.begin(), own_.end(), [](const Own& own) {
      return own.session != nullptr && own.session->outcome(false) == Outcome::error;
    });
    if (failed && !(found && session_.query().quiet)) return Outcome::error;
    return session_.outcome(found);
  }

  output::DiffSide side_of(const trace::StepTimes& times, std::size_t index) const {
    output::DiffSide side{times.records, times.objects, times.first, times.last, times.took, {}, 0};
    if (times.records == 0) return side;
    side.source = told_by(index).sources()[times.evidence.source]->origin().name;
    side.offset = times.evidence.offset;
    return side;
  }

  static output::DiffStory story_of(const Side& side) {
    return {
        side.start, side.records, {side.objects.begin(), side.objects.end()}, side.begun, side.end};
  }

  output::StoryDiff report(const std::vector<trace::StepPair>& pairs) const {
    output::StoryDiff diff{story_of(sides_[0]), story_of(sides_[1]), {}, session_.query().all};
    for (const trace::StepPair& pair : pairs) {
      diff.rows.push_back({name_of(pair.change), pair.component, pair.role, pair.words,
                           pair.severity, side_of(pair.a, 0), side_of(pair.b, 1), pair.lost,
                           pair.longer, pair.at_a, pair.at_b, pair.after});
    }
    return diff;
  }

  struct Own {
    Query query;
    std::unique_ptr<Session> session;
  };

  Session& session_;
  const Filter& filter_;
  std::array<Side, 2> sides_;
  std::array<Own, 2> own_;
};

}  // namespace

Outcome run_diff(Session& session, const Filter& filter) { return DiffRun(session, filter).run(); }

}  // namespace ktrace::engine
