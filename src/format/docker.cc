// docker json-file: what Docker's default logging driver writes.
//
//   {"log":"…\n","stream":"stderr","time":"2018-10-10T06:08:20.545452005Z"}
// between stream and time perhaps "attrs":{…}. A line of more than 16 KiB is cut into pieces, of
// which all but the last lack the newline at the end of "log".
// Source: moby daemon/logger/jsonfilelog and copier.go; Kubernetes cri-client pkg/logs.

#include "envelope.h"
#include "json_string.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kLog = "{\"log\":\"";
constexpr std::string_view kStream = "\",\"stream\":\"std";
constexpr std::string_view kTime = "\"time\":\"";

}  // namespace

bool unwrap_docker(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped) {
  if (!line.starts_with(kLog)) return false;
  const std::size_t end = line.rfind(kStream);
  if (end == line.npos || end < kLog.size()) return false;
  const std::string_view stream = line.substr(end + kStream.size() - 3);
  if (!stream.starts_with("stdout\",") && !stream.starts_with("stderr\",")) return false;
  const std::string_view rest = stream.substr(8);
  const std::size_t time = rest.starts_with(kTime) ? 0 : rest.rfind(kTime);
  if (time == rest.npos || (time > 0 && !rest.starts_with("\"attrs\":"))) return false;
  const std::string_view behind = rest.substr(time + kTime.size());
  wrapped.time = behind.substr(0, behind.find('"'));
  if (!behind.substr(wrapped.time.size()).starts_with("\"}")) return false;
  wrapped.stream = stream.substr(0, 6);
  std::string_view text = line.substr(kLog.size(), end - kLog.size());
  wrapped.partial = !text.ends_with("\\n");
  if (!wrapped.partial) text.remove_suffix(2);
  if (text.ends_with("\\r")) text.remove_suffix(2);
  wrapped.content =
      decode_json(text, arena, detail == Detail::all ? std::string_view::npos : kPadding);
  return true;
}

}  // namespace ktrace::format
