// Audit events in the legacy text format (kube-apiserver --audit-log-format=legacy).
//
//   2017-09-12T10:24:03.123456789Z AUDIT: id="…" stage="ResponseComplete" ip="::1" method="list"
//     user="admin" groups="\"a\",\"b\"" as="<self>" asgroups="<lookup>" user-agent="…"
//     namespace="default" uri="/api/…" response="200"
//
// on one line. Source: kubernetes/apiserver pkg/audit/format.go. Until 1.7 there were neither stage
// nor user agent; until 1.6 the response had a line of its own, with id and response only.
//
// The time is that at which the request was received, also on the line of its response, so that no
// duration is told. The pairs are attributes; `id` is named auditID, as it is everywhere else.

#include <algorithm>

#include "api_objects.h"
#include "json_members.h"
#include "pairs.h"
#include "payloads.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kWord = " AUDIT: id=\"";
constexpr std::string_view kColon = " AUDIT:";

// Where the time ends; npos when `line` does not begin like an audit event.
std::size_t time_end(std::string_view line) {
  const bool date = line.size() > 10 && line[4] == '-' && line[7] == '-' && line[10] == 'T';
  const std::size_t end = date ? line.find(' ') : line.npos;
  return end != line.npos && line.substr(end).starts_with(kWord) ? end : line.npos;
}

// What stands for a value that is not known: "<none>", "<self>", "<deferred>".
std::string_view known(std::string_view value) {
  return value.starts_with('<') ? std::string_view() : value;
}

}  // namespace

bool starts_audit_text(const char* line) {
  return *line >= '0' && *line <= '9' && time_end({line, kPadding}) != std::string_view::npos;
}

bool parse_audit_text(Record& record) {
  const std::size_t end = time_end(record.payload);
  if (end == record.payload.npos) return false;
  record.stamp = read_rfc3339_stamp(record.payload.substr(0, end)).value_or(Stamp());
  if (!record.has_time()) return false;
  const std::string_view left = read_pairs(record.payload.substr(end + kColon.size()), record);
  for (Attribute& member : record.attributes) {
    if (member.key == "id") member.key = kAuditId;
  }
  keep_last_of_equal_keys(record.attributes);
  const Members members(record);
  AuditLine line{members.text("method"), members.text("uri"), known(members.text("response"))};
  line.stage = members.text("stage");
  line.user = known(members.text("user"));
  line.as = known(members.text("as"));
  describe_request_of(line, record);
  // A line that is cut, or not written by Kubernetes, shows what could not be read.
  if (!left.empty()) record.message = join({record.message, left}, record.arena);
  return true;
}

}  // namespace ktrace::format
