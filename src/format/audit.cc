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

// What a reader of the message does not know yet.
constexpr std::string_view kShown = "auditID";

Severity severity_of(std::string_view code, std::string_view stage) {
  if (stage == "Panic" || (code.size() == 3 && code.front() == '5')) return Severity::error;
  return code.size() == 3 && code.front() == '4' ? Severity::warning : Severity::info;
}

// "list /api/v1/pods 200 by admin", "get /api/v1/pods/x 404 NotFound by admin as robot",
// "watch /api/v1/pods RequestReceived by admin"
std::string_view compose_message(const Members& members, Arena& arena) {
  const std::string_view uri = members.text("requestURI");
  const std::string_view code = members.text("responseStatus", "code");
  const std::string_view reason = members.text("responseStatus", "reason");
  const std::string_view stage = members.text("stage");
  const std::string_view user = members.text("user", "username");
  const std::string_view as = members.text("impersonatedUser", "username");
  const bool complete = stage.empty() || stage == "ResponseComplete";
  const auto gap = [](std::string_view word, std::string_view before = " ") {
    return word.empty() ? std::string_view() : before;
  };
  return join(
      {members.text("verb"), gap(uri), uri, gap(code), code, gap(reason), reason,
       complete ? "" : " ", complete ? "" : stage, gap(user, " by "), user, gap(as, " as "), as},
      arena);
}

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

}  // namespace

bool describe_audit(Record& record) {
  const Members members(record);
  if (!members.text("apiVersion").starts_with("audit.k8s.io/")) return false;
  for (const std::string_view key : {"stageTimestamp", "timestamp"}) {
    record.stamp = members.time(key);
    if (record.has_time()) break;
  }
  if (record.has_time()) record.duration = duration_of(members, record.stamp);
  record.severity = severity_of(members.text("responseStatus", "code"), members.text("stage"));
  record.message = compose_message(members, record.arena);
  record.format = "audit";
  std::erase_if(record.attributes,
                [](const Attribute& member) { return member.key == "stageTimestamp"; });
  for (Attribute& member : record.attributes) member.detail = member.key != kShown;
  return true;
}

bool starts_audit(const char* line) { return std::string_view(line, kPadding).starts_with(kOpens); }

// A line that is no JSON keeps its text, and the time if its end is whole.
bool parse_audit(Record& record) {
  if (read_members(record.payload, record.arena, record.attributes)) {
    keep_last_of_equal_keys(record.attributes);
    if (describe_audit(record)) return true;
  }
  const auto stamp = last_time(record.payload);
  if (!stamp) return false;
  record.stamp = *stamp;
  record.attributes.clear();
  record.message = record.payload;
  return true;
}

bool glance_audit(std::string_view raw, bool severity, Glance& glance) {
  const auto stamp = severity ? std::nullopt : last_time(raw);
  if (stamp) glance.stamp = *stamp;
  return stamp.has_value();
}

}  // namespace ktrace::format
