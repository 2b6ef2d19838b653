// The comparison, in four passes: kinds of steps are numbered, the kinds put in order, times
// compared, and each pair judged. All of it is linear in the steps but for sorting.
//
// Lost time: of each kind the first steps of each object count, the k-th in one story compared with
// the k-th in the other; what is done over and over may be done at any time. Taken in the order of
// the later story, a step has lost what its lateness exceeds that of all before it. So a delay is
// charged once, to the step behind it, however the rest is interleaved.

#include "ktrace/story_diff.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace ktrace::trace {
namespace {

constexpr std::size_t kNone = StepPair::kNone;

// The steps of one story by kind.
struct Side {
  explicit Side(const std::vector<StoryStep>& of) : steps(of) {
    const auto exact = [](const StoryStep& step) { return step.exact; };
    const auto first = std::find_if(of.begin(), of.end(), exact);
    if (!of.empty()) begin = (first == of.end() ? of.begin() : first)->begin;
  }

  // Since the beginning, which is told in whole seconds only when nothing is told better.
  Duration at(std::size_t step) const {
    return steps[step].begin <= begin ? Duration::zero() : distance(begin, steps[step].begin);
  }

  const std::vector<StoryStep>& steps;
  Time begin{};
  std::vector<std::size_t> kinds{};                // of each step
  std::vector<std::vector<std::size_t>> places{};  // of each kind, the first step of each object
};

class Comparison {
 public:
  Comparison(const std::vector<StoryStep>& a, const std::vector<StoryStep>& b,
             const std::set<std::string, std::less<>>& names)
      : names_(names), a_(a), b_(b) {
    number(a_);
    number(b_);
    a_.places.resize(pairs_.size());
    b_.places.resize(pairs_.size());
    count(a_, &StepPair::a);
    count(b_, &StepPair::b);
  }

  std::vector<StepPair> run(Duration slower) {
    for (StepPair& pair : pairs_) {
      pair.at_a = pair.a.first;
      pair.at_b = pair.b.first;
    }
    find_losses(a_, b_, true);
    find_losses(b_, a_, false);
    for (StepPair& pair : pairs_) {
      if (pair.a.took && pair.b.took) pair.longer = *pair.b.took - *pair.a.took;
      pair.change = judge(pair, slower);
    }
    return in_order();
  }

 private:
  void number(Side& side) {
    for (const StoryStep& step : side.steps) {
      StepPair pair;
      pair.component = step.component;
      pair.role = step.role;
      pair.words = make_equal(step.words, names_);
      pair.severity = step.severity;
      std::string key = pair.component + '\0' + pair.role + '\0' + pair.words + '\0';
      key += severity_letter(pair.severity);
      const auto [entry, added] = numbers_.try_emplace(std::move(key), pairs_.size());
      if (added) pairs_.push_back(std::move(pair));
      side.kinds.push_back(entry->second);
    }
  }

  void count(Side& side, StepTimes StepPair::*member) {
    std::vector<std::set<std::uint32_t>> objects(pairs_.size());
    for (std::size_t step = 0; step < side.steps.size(); ++step) {
      const std::size_t kind = side.kinds[step];
      StepTimes& times = pairs_[kind].*member;
      if (times.records++ == 0) {
        times.first = side.at(step);
        times.evidence = side.steps[step].evidence;
      }
      times.last = side.at(step);
      const auto& took = side.steps[step].took;
      if (took && (!times.took || *took > *times.took)) times.took = took;
      if (objects[kind].insert(side.steps[step].object).second) side.places[kind].push_back(step);
      times.objects = side.places[kind].size();
    }
  }

  // Charges the steps of `late` with what they lost.
  void find_losses(const Side& early, const Side& late, bool late_is_b) {
    std::vector<std::size_t> counts(pairs_.size());
    Duration most = Duration::zero();
    for (std::size_t step = 0; step < late.steps.size(); ++step) {
      const std::size_t kind = late.kinds[step], k = counts[kind];
      const auto& places = early.places[kind];
      if (k >= late.places[kind].size() || late.places[kind][k] != step) continue;
      ++counts[kind];
      if (k >= places.size() || !late.steps[step].exact || !early.steps[places[k]].exact) continue;
      const Duration at = late.at(step), other = early.at(places[k]);
      if (at <= other || at - other <= most) continue;
      const Duration lost = at - other - most;
      most += lost;
      StepPair& pair = pairs_[kind];
      if (lost <= std::max(pair.lost, -pair.lost)) continue;
      pair.lost = late_is_b ? lost : -lost;
      pair.at_a = late_is_b ? other : at;
      pair.at_b = late_is_b ? at : other;
      pair.after = step == 0 ? kNone : late.kinds[step - 1];
    }
  }

  static StepChange judge(const StepPair& pair, Duration slower) {
    if (pair.b.records == 0) return StepChange::only_a;
    if (pair.a.records == 0) return StepChange::only_b;
    if (pair.lost >= slower || pair.longer >= slower) return StepChange::slower;
    if (-pair.lost >= slower || -pair.longer >= slower) return StepChange::faster;
    const auto often = [](const StepTimes& one, const StepTimes& other) {
      return one.records * other.objects > 2 * other.records * one.objects;
    };
    return often(pair.a, pair.b) || often(pair.b, pair.a) ? StepChange::often : StepChange::none;
  }

  // The kinds of a side in the order of their first steps.
  static std::vector<std::size_t> order_of(const Side& side) {
    std::vector<std::size_t> order;
    for (std::size_t step = 0; step < side.steps.size(); ++step) {
      if (side.places[side.kinds[step]].front() == step) order.push_back(side.kinds[step]);
    }
    return order;
  }

  // The longest run of kinds, in the order of A, that stand in this order in B as well.
  std::vector<std::size_t> anchors(const std::vector<std::size_t>& order) const {
    std::vector<std::size_t> ends;  // of the best run of each length
    std::vector<std::size_t> before(pairs_.size(), kNone);
    const auto in_b = [&](std::size_t kind) { return b_.places[kind].front(); };
    for (const std::size_t kind : order) {
      if (b_.places[kind].empty()) continue;
      const auto end = std::lower_bound(
          ends.begin(), ends.end(), kind,
          [&](std::size_t one, std::size_t other) { return in_b(one) < in_b(other); });
      if (end != ends.begin()) before[kind] = *std::prev(end);
      if (end == ends.end()) {
        ends.push_back(kind);
      } else {
        *end = kind;
      }
    }
    std::vector<std::size_t> run;
    for (std::size_t at = ends.empty() ? kNone : ends.back(); at != kNone; at = before[at]) {
      run.push_back(at);
    }
    std::reverse(run.begin(), run.end());
    return run;
  }

  // Between two anchors first what A has, then what only B has.
  std::vector<StepPair> in_order() {
    const std::vector<std::size_t> in_a = order_of(a_), in_b = order_of(b_);
    std::vector<std::size_t> merged, places(pairs_.size());
    auto from_a = in_a.begin();
    auto from_b = in_b.begin();
    const auto take_until = [&](std::size_t anchor) {
      for (; from_a != in_a.end() && *from_a != anchor; ++from_a) merged.push_back(*from_a);
      for (; from_b != in_b.end() && *from_b != anchor; ++from_b) {
        if (a_.places[*from_b].empty()) merged.push_back(*from_b);
      }
    };
    for (const std::size_t anchor : anchors(in_a)) {
      take_until(anchor);
      merged.push_back(anchor);
      ++from_a;
      ++from_b;
    }
    take_until(kNone);
    for (std::size_t i = 0; i < merged.size(); ++i) places[merged[i]] = i;
    std::vector<StepPair> ordered;
    for (const std::size_t kind : merged) {
      ordered.push_back(std::move(pairs_[kind]));
      if (ordered.back().after != kNone) ordered.back().after = places[ordered.back().after];
    }
    return ordered;
  }

  const std::set<std::string, std::less<>>& names_;
  Side a_, b_;
  std::vector<StepPair> pairs_;
  std::unordered_map<std::string, std::size_t> numbers_;
};

}  // namespace

std::vector<StepPair> compare_stories(const std::vector<StoryStep>& a,
                                      const std::vector<StoryStep>& b,
                                      const std::set<std::string, std::less<>>& names,
                                      Duration slower) {
  return Comparison(a, b, names).run(slower);
}

}  // namespace ktrace::trace
