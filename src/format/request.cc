// What a record tells about an operation that has ended: requests to kube-apiserver and utiltrace.
//
// The request log (k8s.io/apiserver pkg/server/httplog, at -v=3 and more) writes a line when a
// request ends, so that it began its latency earlier:
//   to 1.17   GET /path: (907.851µs) 404 [[kubectl/v1.10.0] 127.0.0.1:58754], between status and
//             agent perhaps a stack and what the handler added; "hijacked" in place of a status
//   1.18      the same as pairs of a printf message
//   1.19 on   "HTTP" and pairs
// A WATCH with resp=0 is logged when it opens (since 1.30): its latency is no duration.
//
// utiltrace (k8s.io/utils/trace) prints one message of many lines for an operation that took long:
//   Trace[N]: "Name" k:v,k:v (16-Jul-2021 12:17:01.799) (total time: 2411ms):
// Its fields are neither quoted nor escaped and hold commas and blanks, so that they are left in
// the message.

#include "request.h"

#include <algorithm>
#include <optional>

#include "digits.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kTotalTime = " (total time: ";

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

void describe_trace(Record& record) {
  const std::string_view line = first_line(record.message);
  const std::size_t at = line.rfind(kTotalTime);
  if (at == line.npos) return;
  const std::string_view behind = line.substr(at + kTotalTime.size());
  record.duration = parse_duration(behind.substr(0, behind.find(')')));
}

// The pieces of a line of the oldest request log.
struct OldRequest {
  std::string_view verb, uri, latency, response, user_agent, source;
};

// "[agent address]" or "[[agent] address]" at the end of `text`.
bool read_client(std::string_view text, OldRequest& request) {
  if (!text.ends_with(']')) return false;
  text.remove_suffix(1);
  const std::size_t space = text.rfind(' ');
  if (space == text.npos) return false;
  request.source = text.substr(space + 1);
  std::string_view agent = text.substr(0, space);
  const bool nested = agent.ends_with(']');
  if (nested) agent.remove_suffix(1);
  const std::string_view opening = nested ? " [[" : " [";
  const std::size_t begin = agent.rfind(opening);
  if (begin == agent.npos) return false;
  request.user_agent = agent.substr(begin + opening.size());
  return true;
}

std::optional<OldRequest> read_old_request(std::string_view text) {
  OldRequest request;
  const std::size_t verb =
      std::min(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), text.size());
  if (verb < 3 || !text.substr(verb).starts_with(" /")) return std::nullopt;
  request.verb = text.substr(0, verb);
  text.remove_prefix(verb + 1);
  const std::size_t uri = first_line(text).find(": (");
  if (uri == text.npos) return std::nullopt;
  request.uri = text.substr(0, uri);
  text.remove_prefix(uri + 3);
  const std::size_t latency = first_line(text).find(") ");
  if (latency == text.npos) return std::nullopt;
  request.latency = text.substr(0, latency);
  text.remove_prefix(latency + 2);
  const auto status = std::find_if_not(text.begin(), text.end(), is_digit);
  request.response = text.substr(0, static_cast<std::size_t>(status - text.begin()));
  if (request.response.empty() && !text.starts_with("hijacked")) return std::nullopt;
  read_client(text, request);
  return request;
}

void describe_old_request(Record& record) {
  const auto request = read_old_request(record.message);
  if (!request || !parse_duration(request->latency)) return;
  const auto add = [&record](std::string_view key, std::string_view value, Attribute::Type type) {
    if (!value.empty()) record.attributes.push_back({key, value, type});
  };
  add("verb", request->verb, Attribute::Type::string);
  add("URI", request->uri, Attribute::Type::string);
  add("latency", request->latency, Attribute::Type::string);
  add("resp", request->response, Attribute::Type::json);
  add("userAgent", request->user_agent, Attribute::Type::string);
  add("srcIP", request->source, Attribute::Type::string);
}

bool is_opening_of_watch(const Record& record) {
  const Attribute* verb = record.find("verb");
  const Attribute* response = record.find("resp");
  return verb != nullptr && verb->value == "WATCH" && response != nullptr && response->value == "0";
}

}  // namespace

void describe_request(Record& record) {
  if (record.message.starts_with("Trace[")) return describe_trace(record);
  if (record.find("latency") == nullptr) describe_old_request(record);
  const Attribute* latency = record.find("latency");
  if (latency == nullptr || record.find("URI") == nullptr || is_opening_of_watch(record)) return;
  record.duration = parse_duration(latency->value);
}

}  // namespace ktrace::format
