// The estimates. For each pair of sources the differences of the times of shared moments are
// gathered, of the most exact match that has enough of them. A pair is an edge between sources,
// whose weight is its number of moments; of these edges a spanning tree of greatest weight is kept
// (Kruskal), so that each source has one estimate, by the best way to compare it with others.
//
// Events are apart. A file of Event objects has no clock: each object stands at the time of whoever
// reported it. So it tells whether a log stands at other times than it was written at (a wrong zone
// or year), but what several logs have in common with it says nothing about their clocks, and no
// path leads over it. It counts for a log that cannot be compared otherwise.

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
using Pairs = std::map<Pair, Differences>;  // reference and source

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

void add_pair(const Seen& a, const Seen& b, Pairs& pairs) {
  const Match match = a.anchor.match();
  if (a.source == b.source) return;
  if (match == Match::event && a.anchor.is_object() == b.anchor.is_object()) return;
  if (b.anchor.is_object()) return add_pair(b, a, pairs);
  pairs[{a.source, b.source}][static_cast<std::size_t>(match)].push_back(
      difference(b.anchor.time, a.anchor.time));
}

Pairs gather(std::span<const AnchorSample> samples) {
  std::vector<Seen> seen;
  for (std::uint32_t source = 0; source < samples.size(); ++source) {
    for (const Anchor& anchor : samples[source].unique()) seen.push_back({anchor, source});
  }
  std::stable_sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) {
    return a.anchor.moment() < b.anchor.moment();
  });
  Pairs pairs;
  for (auto begin = seen.begin(); begin != seen.end();) {
    const auto end = std::find_if(begin, seen.end(), [&](const Seen& other) {
      return other.anchor.moment() != begin->anchor.moment();
    });
    const bool few = end - begin <= static_cast<std::ptrdiff_t>(kMostSharing);
    for (auto a = begin; few && a != end; ++a) {
      for (auto b = std::next(a); b != end; ++b) add_pair(*a, *b, pairs);
    }
    begin = end;
  }
  return pairs;
}

Skew estimate(const Pair& pair, Match match, std::vector<Duration>& values) {
  Skew edge;
  edge.reference = pair.first;
  edge.source = pair.second;
  edge.match = match;
  edge.anchors = values.size();
  edge.ahead = median(values);
  for (Duration& value : values) value = std::chrono::abs(value - edge.ahead);
  edge.spread = median(values);
  return edge;
}

// How far the second of each pair is ahead of the first, those with most moments first. By Events
// or by all else.
std::vector<Skew> estimate_pairs(Pairs& pairs, bool by_events) {
  std::vector<Skew> edges;
  for (auto& [pair, differences] : pairs) {
    for (std::size_t i = 0; i < kMatches; ++i) {
      const auto match = static_cast<Match>(i);
      if ((match == Match::event) != by_events || differences[i].size() < kLeastAnchors) continue;
      edges.push_back(estimate(pair, match, differences[i]));
      break;
    }
  }
  std::stable_sort(edges.begin(), edges.end(),
                   [](const Skew& a, const Skew& b) { return a.anchors > b.anchors; });
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
  Pairs pairs = gather(samples);
  std::vector<Skew> edges = estimate_pairs(pairs, false);
  Forest forest(samples.size());
  std::erase_if(edges,
                [&](const Skew& edge) { return !forest.connect(edge.reference, edge.source); });
  std::vector<std::size_t> shared(samples.size());
  for (const Skew& edge : edges) {
    shared[edge.source] += edge.anchors;
    shared[edge.reference] += edge.anchors;
  }
  std::vector<bool> compared(samples.size());
  for (std::size_t i = 0; i < shared.size(); ++i) compared[i] = shared[i] > 0;
  std::vector<Skew> directed;
  while (!edges.empty()) {
    const auto most = std::max_element(shared.begin(), shared.end());
    *most = 0;
    direct(static_cast<std::uint32_t>(most - shared.begin()), edges, directed);
  }
  for (const Skew& edge : estimate_pairs(pairs, true)) {
    if (compared[edge.source]) continue;
    compared[edge.source] = true;
    directed.push_back(edge);
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
