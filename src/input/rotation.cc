// How logs are rotated (FORMATS: "Paths"), a compressed piece having one more suffix:
//   X.log.1, X.log.2.gz                          logrotate, the highest number is the oldest
//   X.log-20240101, X.log-20240101-1704067200    logrotate with dates, kube-up (seconds of the
//   epoch) 0.log.20240101-010101                        the kubelet, local time
//   X-2006-01-02T15-04-05.000.log                lumberjack (audit logs), UTC
//   previous.log, current.log                  must-gather: before and after a restart
//   P.HOST.USER.log.INFO.20240201-175037.1       klog --log_dir, when the piece was begun
// A date is that of the rotation, after which nothing is written into the piece. In the kubelet's
// folder of a container, N.log is the log of its N-th restart; all of them are one log here.
//
// Names only: whether two pieces fit together is not looked at, and files of equal names in other
// folders are other logs.

#include "rotation.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <re2/re2.h>

namespace ktrace::input {
namespace {

constexpr std::array<std::string_view, 5> kPackings{"gz", "zst", "xz", "bz2", "lz4"};

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// To compile an expression takes longer than all else that is done for a few names, so that this is
// not done for names that show at a glance that they do not match.
std::string pattern(std::string_view head) {
  return fmt::format(R"({}(?:\.(?:{}))?$)", head, fmt::join(kPackings, "|"));
}

bool has(std::string_view path, std::string_view part) { return path.find(part) != path.npos; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits of `text`.
std::string digits_of(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), is_digit);
  return digits;
}

int number_at(std::string_view digits, std::size_t at, std::size_t size) {
  int number = 0;
  if (at + size > digits.size()) return 0;
  std::from_chars(digits.data() + at, digits.data() + at + size, number);
  return number;
}

// YYYYMMDD[hhmmss…] as if UTC; without a time of day the end of the day.
std::optional<Time> time_of(std::string_view digits) {
  const Duration clock = digits.size() < 14
                             ? Duration(std::chrono::hours(24))
                             : Duration(std::chrono::hours(number_at(digits, 8, 2)) +
                                        std::chrono::minutes(number_at(digits, 10, 2)) +
                                        std::chrono::seconds(number_at(digits, 12, 2)));
  const auto day = from_civil(number_at(digits, 0, 4), unsigned(number_at(digits, 4, 2)),
                              unsigned(number_at(digits, 6, 2)), Duration::zero());
  if (!day) return day;
  return *day + clock;
}

bool dated(std::string_view path, RotatedName& name) {
  if (std::count_if(path.begin(), path.end(), is_digit) < 8) return false;
  static const RE2 kDate(pattern(R"(^(.+?)[-.](\d{8}(?:-\d{6})?)(?:-(\d{9,11}))?)"));
  static const RE2 kLumberjack(pattern(R"(^(.+)-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})(\.\w+))"));
  std::string log, date, rest;
  if (RE2::FullMatch(piece(path), kDate, &log, &date, &rest)) {
    name.log = log;
    name.last_write = time_of(digits_of(date));
    // Two rotations of one day differ in their seconds only.
    name.date = digits_of(date) + rest;
    std::int64_t seconds = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), seconds).ec == std::errc()) {
      name.last_write = Time(std::chrono::seconds(std::min<std::int64_t>(seconds, 9'000'000'000)));
    }
  } else if (RE2::FullMatch(piece(path), kLumberjack, &log, &date, &rest)) {
    name.log = log + rest;
    name.date = digits_of(date);
    name.last_write = time_of(name.date);
  } else {
    return false;
  }
  // Eight digits that are no date are part of the name.
  if (!name.last_write) return false;
  name.kind = RotatedName::Kind::dated;
  return true;
}

bool numbered(std::string_view path, RotatedName& name) {
  if (!has(path, ".log.")) return false;
  static const RE2 kNumber(pattern(R"(^(.+\.log)\.(\d{1,4}))"));
  std::int64_t number = 0;
  if (!RE2::FullMatch(piece(path), kNumber, &name.log, &number)) return false;
  name.kind = RotatedName::Kind::numbered;
  name.number = -number;
  return true;
}

bool of_must_gather(std::string_view path, RotatedName& name) {
  if (!has(path, "previous")) return false;
  static const RE2 kPrevious(R"(^((?:.*[/!])?namespaces/.+/logs/)previous(\.insecure)?\.log$)");
  std::string folder, insecure;
  if (!RE2::FullMatch(piece(path), kPrevious, &folder, &insecure)) return false;
  name.log = folder + "current.log";
  name.kind = RotatedName::Kind::numbered;
  name.number = insecure.empty() ? -1 : -2;
  return true;
}

void live(std::string_view path, RotatedName& name) {
  name.log = path;
  const std::size_t dot = path.rfind('.');
  if (dot == path.npos || dot == 0) return;
  const auto packing = std::find(kPackings.begin(), kPackings.end(), path.substr(dot + 1));
  if (packing != kPackings.end()) name.log.resize(dot);
}

// Takes the restart out of a log's name in a container's folder.
void find_restart(RotatedName& name) {
  if (!has(name.log, "pods/")) return;
  static const RE2 kContainer(R"(^((?:.*[/!])?pods/[^/]+/[^/]+/)(\d{1,9})(\.log))");
  std::string folder, rest;
  if (!RE2::FullMatch(name.log, kContainer, &folder, &name.restart, &rest)) return;
  name.log = folder + rest;
}

}  // namespace

RotatedName rotated_name(std::string_view path) {
  RotatedName name;
  if (const auto klog = log_dir_name(path)) {
    name.log = klog->run + "." + klog->severity;
    name.kind = RotatedName::Kind::dated;
    name.date = digits_of(klog->created);
    return name;
  }
  if (!dated(path, name) && !numbered(path, name) && !of_must_gather(path, name)) live(path, name);
  find_restart(name);
  return name;
}

std::optional<LogDirName> log_dir_name(std::string_view path) {
  if (!has(path, ".log.")) return std::nullopt;
  static const RE2 kName(
      pattern(R"(^(.+\.log)\.(INFO|WARNING|ERROR|FATAL)\.(\d{8}-\d{6})(\.\d+))"));
  LogDirName name;
  std::string process;
  if (!RE2::FullMatch(piece(path), kName, &name.run, &name.severity, &name.created, &process)) {
    return std::nullopt;
  }
  name.run += process;
  return name;
}

std::vector<std::vector<std::size_t>> join_rotated(const std::vector<std::string>& names) {
  std::vector<RotatedName> rotated;
  std::vector<std::vector<std::size_t>> logs;
  std::map<std::string_view, std::size_t> log_of;
  rotated.reserve(names.size());
  for (const std::string& name : names) {
    rotated.push_back(rotated_name(name));
    const auto [log, added] = log_of.try_emplace(rotated.back().log, logs.size());
    if (added) logs.emplace_back();
    logs[log->second].push_back(rotated.size() - 1);
  }
  for (auto& pieces : logs) {
    std::stable_sort(pieces.begin(), pieces.end(), [&](std::size_t a, std::size_t b) {
      return rotated[a].place() < rotated[b].place();
    });
  }
  return logs;
}

}  // namespace ktrace::input
