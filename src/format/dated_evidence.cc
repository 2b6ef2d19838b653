// Dates with a year in klog text, whose own stamps have none:
//   Log file created at: 2024/02/01 17:50:37              the head of a log file (glog: 2024-02-01)
//   Trace[N]: "Patch" … (16-Jul-2021 12:17:01.799) (total time: 2411ms):       utiltrace since 1.19
//   Trace[N]: "Get" … (started: 2019-12-26 10:25:24.498 +0000 UTC m=+80.9) (total time: …):  before
// Source: kubernetes/klog rotateFile, k8s.io/utils trace, k8s.io/apiserver pkg/util/trace.
//
// Only these places count: dates elsewhere in a line are those of the objects it speaks of.

#include <algorithm>
#include <array>
#include <string>

#include "ktrace/format.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kFileHead = "Log file created at: ";
constexpr std::string_view kStarted = "started: ";
constexpr std::string_view kTotalTime = ") (total time: ";
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// "2019-12-26 10:25:24.498", with '-' or '/'; anything behind the time is ignored.
std::optional<Time> read_year_first(std::string_view text) {
  constexpr std::size_t kDate = 11;  // with the blank behind it
  if (text.size() < kDate) return std::nullopt;
  const std::string_view clock =
      text.substr(kDate, text.substr(kDate).find_first_not_of("0123456789:."));
  std::string civil(text.substr(0, kDate));
  std::replace(civil.begin(), civil.end(), '/', '-');
  return parse_rfc3339(civil.append(clock).append("Z"));
}

// "16-Jul-2021 12:17:01.799"
std::optional<Time> read_day_first(std::string_view text) {
  constexpr std::size_t kDate = 12;  // with the blank behind it
  if (text.size() < kDate || text[2] != '-' || text[6] != '-') return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(3, 3));
  if (month == kMonths.end()) return std::nullopt;
  const auto number = static_cast<unsigned>(month - kMonths.begin()) + 1;
  std::string civil(text.substr(7, 4));
  civil.append(
      {'-', static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10), '-'});
  civil.append(text.substr(0, 2)).append(text.substr(kDate - 1)).append("Z");
  return parse_rfc3339(civil);
}

}  // namespace

std::optional<Time> dated_evidence(std::string_view line) {
  if (line.starts_with(kFileHead)) return read_year_first(line.substr(kFileHead.size()));
  if (line.find("Trace[") == line.npos) return std::nullopt;
  const std::size_t close = line.rfind(kTotalTime);
  if (close == line.npos) return std::nullopt;
  const std::string_view before = line.substr(0, close);
  const std::string_view inside = before.substr(std::min(before.rfind('(') + 1, before.size()));
  if (inside.starts_with(kStarted)) return read_year_first(inside.substr(kStarted.size()));
  return read_day_first(inside);
}

}  // namespace ktrace::format
