// Which files are pieces of one log, by their names.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "ktrace/time.h"

namespace ktrace::input {

/// What a name tells of the piece that it names.
struct RotatedName {
  /// How pieces of one log come after each other: the restart of the container, then those with a
  /// date, by date; those with a number, the highest first; the one that is written to.
  enum class Kind : std::uint8_t { dated, numbered, live };

  std::string log;  ///< the same for all pieces of one log
  std::uint64_t restart = 0;
  Kind kind = Kind::live;
  std::string date;                ///< digits that sort; dated only
  std::int64_t number = 0;         ///< negative; numbered only
  std::optional<Time> last_write;  ///< no record is later, give or take a time zone

  auto place() const { return std::tie(restart, kind, date, number); }
};

/// `path` may be that of a member of an archive.
RotatedName rotated_name(std::string_view path);

/// What klog's --log_dir puts into a name: PROGRAM.HOST.USER.log.SEVERITY.YYYYMMDD-HHMMSS.PID
struct LogDirName {
  std::string run;  ///< folder, program, host, user and process
  std::string severity;
  std::string created;  ///< YYYYMMDD-HHMMSS
};
std::optional<LogDirName> log_dir_name(std::string_view path);

/// The places in `names` of the pieces of each log, oldest first; logs in the order of their first
/// piece in `names`. Each place is given once.
std::vector<std::vector<std::size_t>> join_rotated(const std::vector<std::string>& names);

}  // namespace ktrace::input
