// The first half of `check`: what there is to say about each part of a source.

#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ktrace/anchors.h"
#include "ktrace/calendar.h"
#include "ktrace/format.h"
#include "ktrace/identifiers.h"
#include "rhythm.h"
#include "scan.h"

namespace ktrace::engine {

/// Counts by name, of bounded size: log lines may hold any name. Of very many the first in their
/// order are kept, which does not depend on who comes when; the rest counts as one.
class Tally {
 public:
  void add(std::string_view name, std::uint64_t count = 1);
  void add(const Tally& other);

  /// The greatest counts first; of equal ones in the order of names. The rest is the last, without
  /// name.
  std::vector<std::pair<std::string_view, std::uint64_t>> sorted() const;

  std::uint64_t count(std::string_view name) const;

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::uint64_t rest_ = 0;
};

/// Without one of these a cluster does not work; each writes a log of its own.
inline constexpr std::array<std::string_view, 4> kControlPlane{
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"};

inline bool is_control_plane(std::string_view component) {
  return std::find(kControlPlane.begin(), kControlPlane.end(), component) != kControlPlane.end();
}

/// A line that no format could read.
struct Unparsed {
  std::uint64_t line = 0;  ///< 1-based
  std::string text;        ///< its beginning
};

/// How stamps without year and zone were understood.
struct Dating {
  trace::Calendar::Evidence evidence;
  Zone zone;
  bool zone_from_envelopes = false;
  std::vector<SetBack> undecided = {};  ///< of which times could mean two moments
};

/// What is known of a source, or a part of one. Of bounded size.
struct Facts {
  static constexpr std::size_t kMostSamples = 3;

  std::uint64_t records = 0;
  std::uint64_t line_ends = 0;
  bool open_line = false;         ///< the last line has no end
  std::uint64_t unparsed = 0;     ///< lines, but for blank ones and the heads of files
  std::vector<Unparsed> samples;  ///< the first of them
  Tally envelopes, payloads;
  Tally components, nodes;                          ///< of the records of which they are known
  std::bitset<kControlPlane.size()> control_plane;  ///< whose records there are
  Tally identifiers;                                ///< records by key
  std::optional<Dating> dating;                     ///< when there are stamps without year
  Rhythm rhythm;
  /// Of what components of the control plane have logged, by component and node. Of bounded size.
  std::map<std::pair<std::string, std::string>, Rhythm> by_component;
  trace::AnchorSample anchors;

  std::uint64_t lines() const { return line_ends + (open_line ? 1 : 0); }

  /// Appends what is known of the part behind this one, which fits (Rhythm::fits).
  void append(const Facts& later);
};

/// What a thread keeps from part to part.
struct CheckWorker {
  std::vector<char> buffer;
  Record record;
  std::vector<Identifier> identifiers;
  std::vector<std::uint64_t> anchors;
};

/// How parts are looked at. Thread-safe.
struct CheckSearch {
  const Query& query;
  const trace::KeySet& keys;
  /// The calendar of a source with that evidence.
  std::function<trace::Calendar(input::Source&, const Evidence&)> date;
};

/// Looks at one part. `calendar`: of its source; null for a stream, whose records are dated while
/// they pass by what has been seen of it, and again when that changes. `before`: what stands before
/// the part, when it matters; otherwise null.
Facts check_part(const CheckSearch& search, CheckWorker& worker, Part& part,
                 const trace::Calendar* calendar, const Facts* before);

}  // namespace ktrace::engine
