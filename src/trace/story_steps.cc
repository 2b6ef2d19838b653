// What a record tells, with names, identifiers and numbers made equal. Structured logging does most
// of it: its messages are constants, what differs stands in attributes. In other texts a word is
// replaced when it is a name, has a digit or a slash, or ends as generated names do.

#include <algorithm>

#include "facts.h"
#include "ktrace/story_diff.h"

namespace ktrace::trace {
namespace {

constexpr std::size_t kMost = 160;  // bytes of words; what is longer is told apart by its beginning
constexpr std::string_view kAny = "*";
constexpr std::string_view kAround = "\"'`()[]{}<>,;:\\&";

using Names = std::set<std::string, std::less<>>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The path of a request: /api/v1/namespaces/*/pods/*/status.
std::string equal_path(std::string_view path) {
  path = path.substr(0, path.find('?'));
  std::string equal;
  // Behind the group and version names and resources take turns.
  std::size_t names_at = path.starts_with("/api/") ? 3 : 4;
  for (std::size_t place = 1; !path.empty(); ++place) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view part = path.substr(1, end - 1);
    const bool name = place == names_at + 1 || place == names_at + 3;
    equal += '/';
    // A third name would be that of a subresource: that is a word of the API.
    equal +=
        name && (place == names_at + 1 || equal.find("/namespaces/*/") != equal.npos) ? kAny : part;
    path.remove_prefix(end);
  }
  return equal;
}

bool is_api_path(std::string_view word) {
  return word.starts_with("/api/") || word.starts_with("/apis/");
}

// runtime.v1.RuntimeService/RunPodSandbox: no name of an object has capitals.
bool is_method(std::string_view word) {
  const std::size_t slash = word.find('/');
  return slash != word.npos && slash + 1 < word.size() && word[slash + 1] >= 'A' &&
         word[slash + 1] <= 'Z';
}

bool differs(std::string_view word, const Names& names) {
  if (is_method(word)) return false;
  return names.contains(word) || std::any_of(word.begin(), word.end(), is_digit) ||
         word.find('/') != word.npos || has_generated_end(word);
}

std::string equal_word(std::string_view word, const Names& names) {
  constexpr std::string_view kNode = "system:node:";
  if (word.starts_with(kNode)) return std::string(kNode).append(kAny);
  const std::size_t begin = std::min(word.find_first_not_of(kAround), word.size());
  std::string_view core = word.substr(begin);
  const std::size_t last = core.find_last_not_of(kAround);
  core = core.substr(0, last + 1);
  const std::string_view behind = word.substr(begin + core.size());
  std::string equal;
  if (is_api_path(core)) {
    equal = equal_path(core);
  } else if (const std::size_t at = core.find('='); at != core.npos) {
    equal.assign(core.substr(0, at + 1)).append(equal_word(core.substr(at + 1), names));
  } else {
    equal = differs(core, names) ? kAny : core;
  }
  const bool goes_on = !behind.empty() && (behind.back() == ':' || behind.back() == ',');
  if (goes_on) equal += behind.back();
  return equal;
}

// The answer of a request stands behind its path: 201 and 409 are not the same.
bool is_status(std::string_view word, std::string_view before) {
  return word.size() == 3 && std::all_of(word.begin(), word.end(), is_digit) && is_api_path(before);
}

// Whatever the image is called, so is the container as a rule.
bool names_container(std::string_view before, bool last) {
  return last && (before == "container" || before == "Container");
}

std::string words_of(const Record& record) {
  const std::string_view verb = record.value_of("verb"), uri = record.value_of("URI");
  std::string words;
  if (!verb.empty() && !uri.empty()) {
    const std::string_view agent = record.value_of("userAgent");
    words.append(verb).append(" ").append(uri).append(" ").append(record.value_of("resp"));
    return words.append(" by ").append(agent.substr(0, agent.find_first_of("/ ")));
  }
  words = record.message.substr(0, record.message.find('\n'));
  for (const std::string_view key : {"reason", "err", "error"}) {
    const Attribute* found = record.find(key);
    const bool shows = found != nullptr && !found->detail && found->type == Attribute::Type::string;
    if (shows) words.append(" ").append(key).append("=").append(found->value);
  }
  return words;
}

}  // namespace

bool is_dump(const Record& record) { return type_of(record) == RecordFacts::Type::object; }

std::optional<StoryStep> step_of(const Record& record) {
  if (is_dump(record)) return std::nullopt;
  StoryStep step;
  step.component = record.component_name();
  if (step.component.empty()) step.component = record.format;
  step.severity = record.severity;
  step.words = words_of(record);
  step.begin = record.begin();
  step.exact = record.has_time() && record.stamp.digits > 0;
  if (record.duration) step.took = std::max(*record.duration, Duration::zero());
  step.evidence = {record.source, record.offset};
  return step;
}

std::string make_equal(std::string_view words, const Names& names) {
  std::string equal;
  std::string_view before;
  for (std::size_t at = 0; (at = words.find_first_not_of(" \t\r\n", at)) != words.npos;) {
    const std::size_t end = std::min(words.find_first_of(" \t\r\n", at), words.size());
    const std::string_view word = words.substr(at, end - at);
    const bool any = names_container(before, end == words.size());
    const bool status = is_status(word, before);
    const std::string one =
        status || any ? std::string(any ? kAny : word) : equal_word(word, names);
    before = word;
    at = end;
    if (one == kAny && (equal == kAny || equal.ends_with(" *"))) continue;
    if (equal.size() + one.size() > kMost) return equal.append(" …");
    if (!equal.empty() && !one.empty()) equal += ' ';
    equal += one;
  }
  return equal;
}

}  // namespace ktrace::trace
