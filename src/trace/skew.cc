// The estimates. For each pair of sources the differences of the times of shared moments are
// gathered, of the most exact match that has enough of them. A pair is an edge between sources,
// whose weight is its number of moments; of these edges a spanning tree of greatest weight is kept
// (Kruskal), so that each source has one estimate, by the best way to compare it with others.

#include "ktrace/skew.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <utility>

namespace ktrace::trace {
namespace {

constexpr std::size_t kLeastAnchors = 3;
constexpr std::size_t kMatches = 3;

// What more sources than this tell of would give too many pairs.
constexpr std::size_t kMostSharing = 16;

// Two records of one moment are written some time after one another: a request is logged when its
// audit event has been handed over, a watch brings a pod to the kubelet.
constexpr Duration kLeastSkew = std::chrono::milliseconds(50);
constexpr int kLeastSpreads = 4;

using Pair = std::pair<std::uint32_t, std::uint32_t>;
using Differences = std::array<std::vector<Duration>, kMatches>;

Duration median(std::vector<Duration>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Seen {
  Anchor anchor;
  std::uint32_t source;
};

// A log may claim any time; what is a century off is no better known than that.
Duration difference(Time a, Time b) {
  constexpr Duration kCentury = std::chrono::hours(24 * 365 * 100);
  if (a > b) return -difference(b, a);
  return earlier(b, kCentury) > a ? -kCentury : a - b;
}

std::map<Pair, Differences> gather(std::span<const AnchorSample> samples) {
  std::vector<Seen> seen;
  for (std::uint32_t source = 0; source < samples.size(); ++source) {
    for (const Anchor& anchor : samples[source].unique()) seen.push_back({anchor, source});
  }
  std::stable_sort(seen.begin(), seen.end(),
                   [](const Seen& a, const Seen& b) { return a.anchor.key < b.anchor.key; });
  std::map<Pair, Differences> pairs;
  for (auto begin = seen.begin(); begin != seen.end();) {
    const auto end = std::find_if(begin, seen.end(), [&](const Seen& other) {
      return other.anchor.key != begin->anchor.key;
    });
    const auto match = static_cast<std::size_t>(begin->anchor.match());
    const bool few = end - begin <= static_cast<std::ptrdiff_t>(kMostSharing);
    for (auto a = begin; few && a != end; ++a) {
      for (auto b = std::next(a); b != end; ++b) {
        pairs[{a->source, b->source}][match].push_back(difference(b->anchor.time, a->anchor.time));
      }
    }
    begin = end;
  }
  return pairs;
}

// How far the second of a pair is ahead of the first.
std::vector<Skew> estimate_pairs(std::span<const AnchorSample> samples) {
  std::vector<Skew> edges;
  for (auto& [pair, differences] : gather(samples)) {
    const auto best = std::find_if(differences.begin(), differences.end(), [](const auto& values) {
      return values.size() >= kLeastAnchors;
    });
    if (best == differences.end()) continue;
    Skew edge;
    edge.source = pair.second;
    edge.reference = pair.first;
    edge.match = static_cast<Match>(best - differences.begin());
    edge.anchors = best->size();
    edge.ahead = median(*best);
    for (Duration& value : *best) value = std::chrono::abs(value - edge.ahead);
    edge.spread = median(*best);
    edges.push_back(edge);
  }
  return edges;
}

// Sources that are connected have one root.
class Forest {
 public:
  explicit Forest(std::size_t sources) : parents_(sources) {
    std::iota(parents_.begin(), parents_.end(), 0);
  }

  // False when they were connected before.
  bool connect(std::uint32_t a, std::uint32_t b) {
    a = root(a);
    b = root(b);
    parents_[b] = a;
    return a != b;
  }

 private:
  std::uint32_t root(std::uint32_t source) {
    while (parents_[source] != source) source = parents_[source] = parents_[parents_[source]];
    return source;
  }

  std::vector<std::uint32_t> parents_;
};

// Lets the edges lead away from `root`, level by level. Those that do are moved into `directed`.
void direct(std::uint32_t root, std::vector<Skew>& edges, std::vector<Skew>& directed) {
  std::vector<std::uint32_t> reached{root};
  for (std::size_t i = 0; i < reached.size(); ++i) {
    for (Skew& edge : edges) {
      if (edge.source == reached[i]) {
        std::swap(edge.source, edge.reference);
        edge.ahead = -edge.ahead;
      }
      if (edge.reference != reached[i]) continue;
      reached.push_back(edge.source);
      directed.push_back(edge);
    }
    std::erase_if(edges, [&](const Skew& edge) { return edge.reference == reached[i]; });
  }
}

}  // namespace

bool Skew::significant() const {
  const Duration size = std::chrono::abs(ahead);
  return size >= kLeastSkew && size / kLeastSpreads >= spread;
}

bool Skew::looks_like_zone() const {
  constexpr Duration kStep = std::chrono::minutes(15);
  constexpr Duration kNear = std::chrono::seconds(1);
  const Duration size = std::chrono::abs(ahead);
  const Duration rest = size % kStep;
  return size > kNear && size < std::chrono::hours(27) && std::min(rest, kStep - rest) < kNear;
}

std::vector<Skew> estimate_skew(std::span<const AnchorSample> samples) {
  std::vector<Skew> edges = estimate_pairs(samples);
  std::stable_sort(edges.begin(), edges.end(),
                   [](const Skew& a, const Skew& b) { return a.anchors > b.anchors; });
  Forest forest(samples.size());
  std::erase_if(edges,
                [&](const Skew& edge) { return !forest.connect(edge.reference, edge.source); });
  std::vector<std::size_t> shared(samples.size());
  for (const Skew& edge : edges) {
    shared[edge.source] += edge.anchors;
    shared[edge.reference] += edge.anchors;
  }
  std::vector<Skew> directed;
  while (!edges.empty()) {
    const auto most = std::max_element(shared.begin(), shared.end());
    *most = 0;
    direct(static_cast<std::uint32_t>(most - shared.begin()), edges, directed);
  }
  std::sort(directed.begin(), directed.end(),
            [](const Skew& a, const Skew& b) { return a.source < b.source; });
  return directed;
}

std::vector<Duration> total_skew(std::span<const Skew> skews, std::size_t sources) {
  std::vector<const Skew*> above(sources);
  for (const Skew& skew : skews) above[skew.source] = &skew;
  std::vector<Duration> total(sources);
  for (std::size_t i = 0; i < sources; ++i) {
    for (const Skew* skew = above[i]; skew != nullptr; skew = above[skew->reference]) {
      if (skew->significant()) total[i] += skew->ahead;
    }
  }
  return total;
}

}  // namespace ktrace::trace
