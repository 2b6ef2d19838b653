// What kubectl and stern put before the lines of containers.
//
//   kubectl = [ "[pod/" pod "/" container "] " ] [ time " " ] content    at least one of the two
//   time    = RFC 3339 with a fraction (kubectl logs --timestamps; must-gather writes the same)
//   stern   = [ namespace " " ] pod " " container " " [ time " " ] content
// With --color=always stern paints its words (ESC "[" … "m" around each). Without color its words
// may be anything, so that a line counts only when a payload starts behind them, or when they are
// like no other words; further lines of such a record are those that begin alike. Source: kubectl
// pkg/cmd/logs, stern cmd/cmd.go; names of pods: apimachinery util/rand, apiserver names.

#include <algorithm>
#include <array>

#include "digits.h"
#include "envelope.h"
#include "framing.h"

namespace ktrace::format {
namespace {

constexpr std::string_view kPrefix = "[pod/";
constexpr std::string_view kMirrored[] = {"kube-apiserver", "kube-controller-manager",
                                          "kube-scheduler", "etcd", "cloud-controller-manager"};

bool in_name(char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '.'; }

// Removes "2026-11-22T16:50:45.041587123Z " from the front of `text`.
bool take_time(std::string_view& text, std::string_view& time) {
  if (text.size() < 21 || !is_digit(text[0]) || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return false;
  }
  const std::size_t end = std::min(text.find(' '), text.size());
  if (end < 21 || end > 35 || text[19] != '.') return false;
  if (text[end - 1] != 'Z' && text[end - 3] != ':') return false;
  time = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return true;
}

// The node of a static pod, whose name is its component's and the node's.
std::string_view mirror_node(std::string_view pod, std::string_view container) {
  const bool mirrored =
      std::find(std::begin(kMirrored), std::end(kMirrored), container) != std::end(kMirrored);
  if (!mirrored || pod.size() <= container.size() + 1) return {};
  return pod.starts_with(container) ? pod.substr(container.size() + 1) : std::string_view();
}

void skip_color(std::string_view& text) {
  while (text.starts_with("\x1b[")) {
    const std::size_t end = text.find('m');
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

// Removes a word and the blank behind it, and the colors around them.
bool take_word(std::string_view& text, std::string_view& word) {
  std::string_view rest = text;
  skip_color(rest);
  std::size_t size = 0;
  while (size < rest.size() && in_name(rest[size])) ++size;
  word = rest.substr(0, size);
  rest.remove_prefix(size);
  skip_color(rest);
  if (size == 0 || !rest.starts_with(' ')) return false;
  text = rest.substr(1);
  return true;
}

// What controllers append to names: digits and letters that spell no words.
bool is_random(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         text.find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == text.npos;
}

// Removes "-" and what is behind it from the end of `name`.
std::string_view take_suffix(std::string_view& name) {
  const std::size_t dash = std::min(name.rfind('-'), name.size());
  const std::string_view suffix = name.substr(std::min(dash + 1, name.size()));
  name = name.substr(0, dash);
  return suffix;
}

// Whether the words before a line are a pod and a container, and no mere words.
bool are_names(std::string_view pod, std::string_view container, bool space, bool timed) {
  if (timed) return pod.find('-') != pod.npos;
  if (!mirror_node(pod, container).empty()) return true;
  std::string_view owner = pod;
  if (!is_random(take_suffix(owner), 5, 5)) return false;
  if (owner.starts_with(container)) return true;
  return !space && is_random(take_suffix(owner), 8, 10);
}

bool starts_payload(std::string_view text) {
  return !text.empty() && recognise_within(text, 0) != nullptr;
}

}  // namespace

bool unwrap_kubectl(std::string_view line, Detail, Arena&, Wrapped& wrapped) {
  std::string_view text = line;
  if (text.starts_with(kPrefix)) {
    const std::size_t close = text.find("] ");
    if (close == text.npos) return false;
    wrapped.stream = text.substr(kPrefix.size(), close - kPrefix.size());
    const std::size_t slash = wrapped.stream.find('/');
    if (slash == wrapped.stream.npos) return false;
    wrapped.component = wrapped.stream.substr(slash + 1);
    wrapped.node = mirror_node(wrapped.stream.substr(0, slash), wrapped.component);
    text.remove_prefix(close + 2);
  }
  const bool timed = take_time(text, wrapped.time);
  wrapped.content = text;
  return timed || !wrapped.stream.empty();
}

bool unwrap_stern(std::string_view line, Detail, Arena&, Wrapped& wrapped) {
  if (line.empty() || !(in_name(line.front()) || line.front() == '\x1b')) return false;
  const bool colored = line.front() == '\x1b';
  std::string_view text = line;
  std::array<std::string_view, 3> words;
  for (std::size_t count = 1; count <= words.size(); ++count) {
    if (!take_word(text, words[count - 1])) return false;
    if (count < 2) continue;
    std::string_view content = text;
    (void)take_time(content, wrapped.time);
    const bool last = !content.starts_with('\x1b');
    const bool known =
        colored ? last
                : starts_payload(content) ||
                      are_names(words[count - 2], words[count - 1], count > 2, content != text);
    if (!known) continue;
    wrapped.stream = line.substr(0, line.size() - text.size());
    wrapped.component = words[count - 1];
    wrapped.node = mirror_node(words[count - 2], words[count - 1]);
    wrapped.content = content;
    wrapped.weak = !colored;
    return true;
  }
  return false;
}

}  // namespace ktrace::format
