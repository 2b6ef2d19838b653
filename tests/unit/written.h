// What the tests of writers share: records by hand, and what a writer makes of them.

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ktrace/output.h"

namespace ktrace::output {

/// A record that states the time `rfc3339` with as many digits as are given; none when empty.
inline Record record_at(std::string_view rfc3339, const Origin& origin,
                        std::string_view message = {}) {
  Record record;
  if (const auto time = parse_rfc3339(rfc3339, &record.stamp.digits)) {
    record.stamp.kind = Stamp::Kind::absolute;
    record.stamp.time = record.time = *time;
  }
  record.origin = &origin;
  record.message = message;
  return record;
}

inline Attribute text(std::string_view key, std::string_view value) {
  return {key, value, Attribute::Type::string};
}

inline Attribute json(std::string_view key, std::string_view value) {
  return {key, value, Attribute::Type::json};
}

/// All that the writer of the format `name` writes; origins are announced in order of appearance.
inline std::string written(std::string_view name, const Style& style,
                           const std::vector<Record>& records) {
  std::vector<const Origin*> origins;
  for (const Record& record : records) {
    if (record.origin != nullptr) origins.push_back(record.origin);
  }
  std::string out;
  const auto writer = find_format(name)->make(style);
  writer->begin(origins, out);
  for (const Record& record : records) writer->record(record, out);
  writer->end(out);
  return out;
}

/// A vector of records, which cannot be copied out of an initializer list.
template <typename... Records>
std::vector<Record> list(Records&&... records) {
  std::vector<Record> result;
  (result.push_back(std::forward<Records>(records)), ...);
  return result;
}

}  // namespace ktrace::output
