// Two stories, step by step: a good run beside a flaky one.
//
// A step is what one record tells, with all made equal in which two runs of the same thing differ:
// names, identifiers, numbers, times. Steps of one kind are one row, however often they come; rows
// stand in the order of both stories, as a patience diff aligns lines: the kinds that both have,
// of which the most that keep their order are anchors, and between these what one of them has.
//
// All functions are pure and thread-safe.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/links.h"
#include "ktrace/record.h"

namespace ktrace::trace {

/// What one record tells.
struct StoryStep {
  std::string component;
  std::string role;  ///< the kind of the object that it is about: "pod"; empty: of none
  Severity severity = Severity::unspecified;
  std::string words;
  std::uint32_t object = UINT32_MAX;  ///< which one; of the same story only
  Time begin{};
  bool exact = false;  ///< the time is told with fractions of a second
  std::optional<Duration> took;
  Evidence evidence;
};

/// Whether it is an object as it was dumped: it tells no time at which something happened.
bool is_dump(const Record& record);

/// The step of a record; the words of it are not yet made equal. Nothing when it tells of no step:
/// a dumped object does not happen. Role and object are the caller's to fill in.
std::optional<StoryStep> step_of(const Record& record);

/// `words` with all in it replaced by * that is other in another run: names (those in `names`,
/// and what looks made up), paths, numbers, identifiers.
std::string make_equal(std::string_view words, const std::set<std::string, std::less<>>& names);

/// The steps of one kind in one story. Times are since the beginning of the
/// story, which whole seconds do not tell.
struct StepTimes {
  std::uint64_t records = 0;
  std::uint64_t objects = 0;  ///< that they are about
  Duration first{}, last{};
  std::optional<Duration> took;  ///< at most
  Evidence evidence;             ///< of the first
};

enum class StepChange : std::uint8_t {
  none,
  only_a,
  only_b,
  slower,  ///< in B
  faster,
  often,  ///< more than twice as often, for each object, in one of them
};

/// The steps of one kind in both stories.
struct StepPair {
  static constexpr std::size_t kNone = SIZE_MAX;

  std::string component, role, words;
  Severity severity = Severity::unspecified;
  StepTimes a, b;
  StepChange change = StepChange::none;
  /// How much later than in the other story this came, beyond all that came late before it: time
  /// that was lost on the way from the step before. Below zero: A lost it.
  Duration lost{};
  Duration longer{};          ///< the longest in B took than the longest in A
  Duration at_a{}, at_b{};    ///< when it was lost; of the first steps where none was
  std::size_t after = kNone;  ///< the pair of the step before it in the story that lost it
};

/// Compares two stories; the steps of each in the order in which they began. `names`: of objects in
/// both. A step is slower when that much is lost, or when it took that much longer.
std::vector<StepPair> compare_stories(const std::vector<StoryStep>& a,
                                      const std::vector<StoryStep>& b,
                                      const std::set<std::string, std::less<>>& names,
                                      Duration slower);

}  // namespace ktrace::trace
