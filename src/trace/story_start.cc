// What a user means by the START of a story.

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ktrace/identifiers.h"
#include "ktrace/story.h"

namespace ktrace::trace {
namespace {

constexpr std::uint32_t kNone = LinkGraph::kNone;
constexpr std::size_t kShortestBeginning = 6;
constexpr std::size_t kShown = 20;

// What a text could mean, with how each is called in a list.
struct Candidate {
  StoryStart start;
  std::string words;
};

Result<StoryStart> choose(std::string_view text, const std::vector<Candidate>& candidates) {
  if (candidates.size() == 1) return candidates.front().start;
  if (candidates.empty()) {
    return Status::error(fmt::format("nothing that was read tells of '{}'", text));
  }
  std::string words = fmt::format("'{}' could mean {} things:", text, candidates.size());
  for (std::size_t i = 0; i < candidates.size() && i < kShown; ++i) {
    words += "\n  " + candidates[i].words;
  }
  if (candidates.size() > kShown) words += "\n  …";
  return Status::error(words);
}

Candidate of_object(const LinkGraph& graph, std::uint32_t number) {
  const LinkGraph::Object& object = graph.objects()[number];
  StoryStart start;
  start.object = number;
  std::string words = describe(object.name);
  if (!object.name.id.empty()) words += "  " + std::string(object.name.id);
  if (object.created != Time::min()) words += "  since " + format_rfc3339(object.created, 3);
  return {start, words};
}

Result<StoryStart> find_named(const LinkGraph& graph, std::string_view text,
                              std::string_view space) {
  const std::size_t slash = text.find('/'), second = text.find('/', slash + 1);
  const std::string type = resource_of(text.substr(0, slash));
  std::string_view name = text.substr(slash + 1);
  if (second != text.npos) {
    space = text.substr(slash + 1, second - slash - 1);
    name = text.substr(second + 1);
  }
  std::vector<Candidate> candidates;
  for (const std::uint32_t number : graph.named(name)) {
    const Thing& thing = graph.objects()[number].name;
    // "deployment.apps" is a kind with its group.
    if (thing.type != type && thing.type != resource_of(type.substr(0, type.find('.')))) continue;
    if (!space.empty() && thing.space != space) continue;
    candidates.push_back(of_object(graph, number));
  }
  return choose(text, candidates);
}

}  // namespace

Result<StoryStart> find_start(const LinkGraph& graph, std::string_view text,
                              std::string_view space) {
  if (text.find('/') != text.npos) return find_named(graph, text, space);
  std::vector<Candidate> exact, beginning;
  const auto consider = [&](std::string_view id, const auto& candidate) {
    if (same_identifier(id, text)) exact.push_back(candidate());
    if (text.size() >= kShortestBeginning && identifier_begins(id, text)) {
      beginning.push_back(candidate());
    }
  };
  for (std::uint32_t number = 0; number < graph.requests().size(); ++number) {
    const std::string_view id = graph.requests()[number].id;
    consider(id, [&] { return Candidate{{kNone, number, kNone}, "request " + std::string(id)}; });
  }
  for (std::uint32_t number = 0; number < graph.traces().size(); ++number) {
    const std::string_view id = graph.traces()[number].id;
    consider(id, [&] { return Candidate{{kNone, kNone, number}, "trace " + std::string(id)}; });
  }
  for (std::uint32_t number = 0; number < graph.objects().size(); ++number) {
    const std::string_view id = graph.objects()[number].name.id;
    if (!id.empty()) consider(id, [&] { return of_object(graph, number); });
  }
  return choose(text, exact.empty() ? beginning : exact);
}

}  // namespace ktrace::trace
