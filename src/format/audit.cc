// Audit events (kube-apiserver --audit-log-path, also webhooks that write what they receive).
//
//   {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"…",
//    "stage":"ResponseComplete","requestURI":"/api/…","verb":"list","user":{"username":"…",…},…,
//    "objectRef":{…},"responseStatus":{"metadata":{},"code":200},"requestObject":{…},
//    "responseObject":{…},"requestReceivedTimestamp":"…","stageTimestamp":"…","annotations":{…}}
//
// Source: kubernetes/apiserver pkg/apis/audit/v1/types.go; the members stand in the order of its
// struct, so that stageTimestamp is near the end. In v1beta1 of 2017 the time is `timestamp`.
//
// The record stands at the time of its stage. A request that is complete tells its duration; a
// watch does not, since it is answered all along. The message is what a request log would say; all
// members are attributes, but the time. The response's code decides the severity: what the server
// failed to do is an error, what it refused or did not find (4xx) a warning.

#include <optional>

#include "api_objects.h"
#include "json_members.h"
#include "pairs.h"
#include "payloads.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kOpens = R"({"kind":"Event","apiVersion":"audit.k8s.io/)";
constexpr std::string_view kTimeOpens = R"(","stageTimestamp":")";
constexpr std::string_view kTimeShape = "dddd-dd-ddTdd:dd:dd.ddddddZ";

std::optional<Duration> duration_of(const Members& members, const Stamp& stamp) {
  const std::string_view stage = members.text("stage");
  if (stage != "ResponseComplete" && stage != "Panic") return std::nullopt;
  if (members.text("verb") == "watch") return std::nullopt;
  const Stamp received = members.time("requestReceivedTimestamp");
  if (received.kind == Stamp::Kind::none || received.time > stamp.time) return std::nullopt;
  return stamp.time - received.time;
}

// What the last stageTimestamp of `line` says when that is certainly a member of the outermost
// object: in the shape in which the server writes it, and nothing but string members of annotations
// between it and the line's end.
std::optional<Stamp> last_time(std::string_view line) {
  const std::size_t at = line.rfind(kTimeOpens);
  if (at == line.npos) return std::nullopt;
  const std::string_view text = line.substr(at + kTimeOpens.size(), kTimeShape.size());
  std::string_view rest = line.substr(at + kTimeOpens.size() + text.size());
  constexpr std::string_view kAnnotations = R"(","annotations":{")";
  if (rest.starts_with(kAnnotations)) {
    rest.remove_prefix(kAnnotations.size() - 1);
    const std::size_t close = rest.find_first_of("{}");
    if (close == rest.npos || rest[close] != '}') return std::nullopt;
    rest.remove_prefix(close);
  } else if (!rest.starts_with('"')) {
    return std::nullopt;
  }
  rest.remove_prefix(1);
  rest = rest.substr(0, rest.find_last_not_of("\r\n") + 1);
  return rest == "}" ? read_rfc3339_stamp(text) : std::nullopt;
}

// The time of an audit event, whose members the record has. False when it is none. The end of the
// line comes first, as at a glance: the members of a damaged line may tell another time, or none.
bool date_audit(Record& record) {
  const Members members(record);
  if (!members.text("apiVersion").starts_with("audit.k8s.io/")) return false;
  if (const auto stamp = last_time(record.payload)) {
    record.stamp = *stamp;
    return true;
  }
  for (const std::string_view key : {"stageTimestamp", "timestamp"}) {
    record.stamp = members.time(key);
    if (record.has_time()) break;
  }
  return true;
}

// A line that is no JSON keeps its text, and the time if its end is whole.
bool keep_as_text(Record& record) {
  const auto stamp = last_time(record.payload);
  if (!stamp) return false;
  record.stamp = *stamp;
  record.attributes.clear();
  record.message = record.payload;
  return true;
}

}  // namespace

void describe_request_of(const AuditLine& line, Record& record) {
  const auto gap = [](std::string_view word, std::string_view before = " ") {
    return word.empty() ? std::string_view() : before;
  };
  const std::string_view stage = line.stage == "ResponseComplete" ? std::string_view() : line.stage;
  record.message = join(
      {line.verb, gap(line.uri), line.uri, gap(line.code), line.code, gap(line.reason), line.reason,
       gap(stage), stage, gap(line.user, " by "), line.user, gap(line.as, " as "), line.as},
      record.arena);
  const char first = line.code.size() == 3 ? line.code.front() : '\0';
  record.severity = line.stage == "Panic" || first == '5' ? Severity::error
                    : first == '4'                        ? Severity::warning
                                                          : Severity::info;
  for (Attribute& member : record.attributes) member.detail = member.key != kAuditId;
}

bool describe_audit(Record& record) {
  if (!date_audit(record)) return false;
  const Members members(record);
  if (record.has_time()) record.duration = duration_of(members, record.stamp);
  record.format = "audit";
  AuditLine line{members.text("verb"), members.text("requestURI"),
                 members.text("responseStatus", "code")};
  line.reason = members.text("responseStatus", "reason");
  line.stage = members.text("stage");
  line.user = members.text("user", "username");
  line.as = members.text("impersonatedUser", "username");
  std::erase_if(record.attributes,
                [](const Attribute& member) { return member.key == "stageTimestamp"; });
  describe_request_of(line, record);
  return true;
}

bool starts_audit(const char* line) { return std::string_view(line, kPadding).starts_with(kOpens); }

bool parse_audit(Record& record) {
  if (read_members(record.payload, record.arena, record.attributes)) {
    keep_last_of_equal_keys(record.attributes);
    if (describe_audit(record)) return true;
  }
  return keep_as_text(record);
}

bool skim_audit(Record& record) {
  if (skim_members(record.payload, record.arena, record.attributes)) {
    keep_last_of_equal_keys(record.attributes);
    if (date_audit(record)) return true;
  }
  return keep_as_text(record);
}

bool glance_audit(std::string_view raw, bool severity, Glance& glance) {
  const auto stamp = severity ? std::nullopt : last_time(raw);
  if (stamp) glance.stamp = *stamp;
  return stamp.has_value();
}

}  // namespace ktrace::format
