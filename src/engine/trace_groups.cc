// A counting sort by trace. What was seen is divided into sections, one a thread, in the order of
// sources: each counts its observations of all traces, then learns where they have their places
// (those of the sections before come first), then puts them there. Most traces of a long list are
// of one record. These are no group, but go right to their places in the list.
//
// The counts of a section are touched only where it has traces, which it mostly has for itself.

#include "trace_groups.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "parallel.h"

namespace ktrace::engine {
namespace {

class Grouping {
 public:
  Grouping(const std::vector<SeenPart*>& parts, const std::vector<Numbers>& numbers,
           std::size_t traces)
      : parts_(parts), numbers_(numbers), traces_(traces) {
    for (std::size_t i = 0; i < numbers.size(); ++i) places_.emplace_back(traces, true);
    for (const SeenPart* part : parts) total_ += part->seen.size();
  }

  TraceGroups run() {
    each_section([&](std::size_t section) { count(section); });
    give_places();
    made_.grouped = Room<Observation>(grouped_);
    each_section([&](std::size_t section) { place(section); });
    for_each_piece(
        numbers_.size(), parts_.size(), 1,
        [&](std::size_t part, std::size_t, std::size_t) { give_back(parts_[part]->seen); });
    return std::move(made_);
  }

 private:
  // The place of the only record of a trace.
  static constexpr std::uint32_t kOnly = UINT32_MAX;

  template <typename Work>
  void each_section(const Work& work) const {
    for_each_piece(numbers_.size(), numbers_.size(), 1,
                   [&](std::size_t section, std::size_t, std::size_t) { work(section); });
  }

  // Calls see(seen, numbers) for all observations of a section.
  template <typename See>
  void each(std::size_t section, const See& see) const {
    const std::size_t begin = total_ * section / numbers_.size();
    const std::size_t end = total_ * (section + 1) / numbers_.size();
    std::size_t first = 0;  // of the part
    for (const SeenPart* part : parts_) {
      const std::size_t size = part->seen.size();
      const std::size_t from = std::clamp(begin, first, first + size) - first;
      const std::size_t to = std::clamp(end, first, first + size) - first;
      const Numbers& numbers = numbers_[part->worker];
      for (std::size_t i = from; i < to; ++i) see(part->seen[i], numbers);
      first += size;
    }
  }

  void count(std::size_t section) {
    Room<std::uint32_t>& counts = places_[section];
    each(section, [&](const Observation& seen, const Numbers& numbers) {
      ++counts[numbers.traces[seen.trace]];
    });
  }

  std::uint32_t count_of(std::size_t trace) const {
    std::uint32_t sum = 0;
    for (const Room<std::uint32_t>& counts : places_) sum += counts[trace];
    return sum;
  }

  // In: `places_` counts. Out: it has the first place of each trace for each section.
  void give_places() {
    std::vector<std::uint32_t> sizes(pieces_of(traces_, kTracesPerTask) + 1);  // of groups
    each_piece([&](std::size_t piece, std::size_t begin, std::size_t end) {
      for (std::size_t trace = begin; trace < end; ++trace) {
        if (const std::uint32_t count = count_of(trace); count > 1) sizes[piece + 1] += count;
      }
    });
    std::partial_sum(sizes.begin(), sizes.end(), sizes.begin());
    grouped_ = sizes.back();
    made_.listed = Room<Listed>(traces_);
    made_.groups.resize(sizes.size() - 1);
    each_piece([&](std::size_t piece, std::size_t begin, std::size_t end) {
      std::uint32_t next = sizes[piece];
      for (std::size_t trace = begin; trace < end; ++trace) {
        next = give_place(static_cast<std::uint32_t>(trace), next, made_.groups[piece]);
      }
    });
  }

  // Gives the next trace's place.
  std::uint32_t give_place(std::uint32_t trace, std::uint32_t next,
                           std::vector<TraceGroups::Group>& groups) {
    const std::uint32_t count = count_of(trace);
    if (count != 1) made_.listed[trace] = Listed();
    if (count > 1) groups.push_back({trace, next, next + count});
    for (Room<std::uint32_t>& places : places_) {
      std::uint32_t& place = places[trace];
      if (place == 0) continue;
      const std::uint32_t size = place;
      place = count == 1 ? kOnly : next;
      if (count > 1) next += size;
    }
    return next;
  }

  template <typename Work>
  void each_piece(const Work& work) const {
    for_each_piece(numbers_.size(), traces_, kTracesPerTask, work);
  }

  void place(std::size_t section) {
    Room<std::uint32_t>& places = places_[section];
    each(section, [&](const Observation& seen, const Numbers& numbers) {
      const Observation one = numbers.of_all(seen);
      std::uint32_t& place = places[one.trace];
      if (place == kOnly) {
        made_.listed[one.trace] = Listed::of(one);
      } else {
        made_.grouped[place++] = one;
      }
    });
  }

  const std::vector<SeenPart*>& parts_;
  const std::vector<Numbers>& numbers_;  // by worker
  const std::size_t traces_;
  std::size_t total_ = 0;                    // observations
  std::vector<Room<std::uint32_t>> places_;  // by section and trace; at first, how many it has
  std::size_t grouped_ = 0;
  TraceGroups made_;
};

}  // namespace

TraceGroups group_by_trace(const std::vector<SeenPart*>& parts, const std::vector<Numbers>& numbers,
                           std::size_t traces) {
  return Grouping(parts, numbers, traces).run();
}

}  // namespace ktrace::engine
