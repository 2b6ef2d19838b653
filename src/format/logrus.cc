// logrus text: containerd, CRI-O and other Go programs beside Kubernetes' own.
//
//   record = 'time="' time '"' { " " key "=" value }
//   time   = RFC 3339, in CRI-O with a blank in place of the T
//   value  = '"' Go string '"' | word
// level is the severity, msg the message, all else is an attribute. Newlines are escaped, so that a
// record ends with its line. Source: sirupsen/logrus TextFormatter, samples of containerd and
// CRI-O.

#include <algorithm>

#include "json_members.h"
#include "ktrace/format.h"
#include "pairs.h"
#include "payloads.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kOpens = "time=\"";

// Removes the attribute `key` and gives its value.
std::string_view take(std::vector<Attribute>& attributes, std::string_view key) {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [key](const Attribute& one) { return one.key == key; });
  if (found == attributes.end()) return {};
  const std::string_view value = found->value;
  attributes.erase(found);
  return value;
}

}  // namespace

bool starts_logrus(const char* line) {
  const std::string_view head(line, kPadding);
  return head.starts_with(kOpens) && head[kOpens.size()] >= '0' && head[kOpens.size()] <= '9';
}

bool parse_logrus(Record& record) {
  std::string_view text = record.payload.substr(kOpens.size());
  const std::size_t end = text.find('"');
  if (end == text.npos) return false;
  const auto stamp = read_rfc3339_stamp(text.substr(0, end));
  if (!stamp) return false;
  record.stamp = *stamp;
  const std::string_view rest = read_pairs(text.substr(end + 1), record);
  record.severity = parse_severity(take(record.attributes, "level")).value_or(record.severity);
  record.message = take(record.attributes, "msg");
  // What is no pair must not be lost.
  if (!rest.empty()) record.message = record.payload;
  keep_last_of_equal_keys(record.attributes);
  return true;
}

}  // namespace ktrace::format
