// Anchors: moments that several sources tell of, each by its own clock.
//
// Where two sources have a record of one and the same moment, the difference between the records'
// times is the difference between what the two say the time is: of their clocks, or of the zones
// and years that were taken for their stamps. One such difference may be chance, the median of many
// is not (skew.h).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ktrace/record.h"

namespace ktrace::trace {

/// What makes two records tell of one moment, the most exact first.
enum class Match : std::uint8_t {
  request,  ///< the end of a request: httplog line and audit event of one audit ID
  event,    ///< an Event: the line of the component that reported it, and the object itself
  binding,  ///< a pod is bound to a node: request, scheduler's line, kubelet's first sight of it
};

/// "audit ID", "Event", "binding".
std::string_view match_name(Match match);

/// One record of one moment. `key`: the match in the two lowest bits; then a bit that an Event
/// object has, since it stands at the time of another's clock; above them a hash of what names the
/// moment.
struct Anchor {
  static constexpr std::uint64_t kObject = 4;

  std::uint64_t key = 0;
  Time time{};

  Match match() const { return static_cast<Match>(key & 3); }
  bool is_object() const { return (key & kObject) != 0; }
  std::uint64_t moment() const { return key & ~kObject; }

  friend bool operator==(const Anchor&, const Anchor&) = default;
};

/// Appends the keys of the moments that `record` tells of. Pure and thread-safe. The formats:
/// kubernetes apiserver pkg/server/httplog, pkg/apis/audit/v1; client-go tools/record/event.go;
/// pkg/scheduler/schedule_one.go; pkg/kubelet/kubelet.go.
void collect_anchors(const Record& record, std::vector<std::uint64_t>& keys);

/// The anchors of one source: a sample of bounded size that does not depend on the order in which
/// they come, and is made so that the samples of two sources have as much in common as can be:
/// those whose keys are the smallest. Not thread-safe.
class AnchorSample {
 public:
  static constexpr std::size_t kMost = 1 << 14;

  void add(const Anchor& anchor);
  void add(const AnchorSample& other);

  /// Moves all times.
  void shift(Duration by);

  /// By key, without those whose key the source has more than once: which of them is meant does
  /// not show.
  std::vector<Anchor> unique() const;

 private:
  void shrink();

  std::vector<Anchor> anchors_;
  std::uint64_t bound_ = UINT64_MAX;  // greater keys are not among the smallest
};

}  // namespace ktrace::trace
