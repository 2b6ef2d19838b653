// CRI: what container runtimes write below /var/log/pods.
//
//   line = time " " ("stdout" | "stderr") " " tag { ":" tag } [ " " content ]
//   time = RFC 3339 with 0 to 9 fraction digits and any offset (containerd Z, CRI-O the local one)
//   the first tag is F, or P when the content goes on in the stream's next line
// Source: Kubernetes cri-client pkg/logs, kubelet's reader of the format.

#include "digits.h"
#include "envelope.h"

namespace ktrace::format {
namespace {

constexpr std::size_t kLongestTime = 35;  // 2016-10-20T18:39:20.576064430-05:00

}  // namespace

bool unwrap_cri(std::string_view line, Detail, Arena&, Wrapped& wrapped) {
  if (line.size() < 30 || !is_digit(line[0]) || line[4] != '-' || line[10] != 'T') return false;
  const std::size_t time = line.substr(0, kLongestTime + 1).find(' ');
  if (time == line.npos) return false;
  const std::string_view rest = line.substr(time + 1);
  if (!rest.starts_with("stdout ") && !rest.starts_with("stderr ")) return false;
  const std::string_view tags = rest.substr(7);
  if (tags.empty() || (tags[0] != 'F' && tags[0] != 'P')) return false;
  const std::size_t end = std::min(tags.find(' '), tags.size());
  if (end > 1 && tags[1] != ':') return false;
  wrapped.time = line.substr(0, time);
  wrapped.stream = rest.substr(0, 6);
  wrapped.partial = tags[0] == 'P';
  wrapped.content = end < tags.size() ? tags.substr(end + 1) : tags.substr(end);
  return true;
}

}  // namespace ktrace::format
