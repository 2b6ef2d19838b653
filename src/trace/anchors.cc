// Which records are anchors. Everything here looks at the message first, since few records are.
//
// An audit event and an httplog line stand at the end of their request. A watch is left out: its
// httplog line stands at its beginning (since 1.30) or end, its audit events at both. Of an Event
// that was reported several times the object tells the last report only; its message then ends with
// the count, which no log line's does, so that it matches none.

#include "ktrace/anchors.h"

#include <algorithm>
#include <initializer_list>

#include "references.h"

namespace ktrace::trace {
namespace {

// FNV-1a with a final mix, so that the smallest hashes are a fair sample.
std::uint64_t key_of(Match match, std::initializer_list<std::string_view> parts) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::string_view part : parts) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93U;
  hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93U;
  hash ^= hash >> 32;
  return (hash & ~std::uint64_t{7}) | static_cast<std::uint64_t>(match);
}

// The one reference of a list: ["a/b"], [a/b] (before 1.28) or [{…}].
Reference only_reference_of(std::string_view list) {
  if (list.size() < 3 || list.front() != '[') return {};
  list = list.substr(1, list.size() - 2);
  const std::size_t object_end = list.front() == '{' ? list.find('}') : 0;
  if (list.find_first_of(", ", object_end) != list.npos) return {};
  if (list.size() > 1 && list.front() == '"') list = list.substr(1, list.size() - 2);
  return reference_of(list);
}

// "/api/v1/namespaces/NAMESPACE/pods/NAME/binding"
Reference bound_pod(std::string_view uri) {
  constexpr std::string_view kBefore = "/api/v1/namespaces/";
  constexpr std::string_view kBetween = "/pods/";
  constexpr std::string_view kBehind = "/binding";
  uri = uri.substr(0, uri.find('?'));
  if (!uri.starts_with(kBefore) || !uri.ends_with(kBehind)) return {};
  uri = uri.substr(kBefore.size(), uri.size() - kBefore.size() - kBehind.size());
  const std::size_t between = uri.find(kBetween);
  if (between == uri.npos) return {};
  return {uri.substr(0, between), uri.substr(between + kBetween.size())};
}

void add_binding(const Reference& pod, std::vector<std::uint64_t>& keys) {
  if (!pod.name.empty()) keys.push_back(key_of(Match::binding, {pod.space, "/", pod.name}));
}

void add_request(std::string_view id, std::string_view uri, std::vector<std::uint64_t>& keys) {
  if (!id.empty()) keys.push_back(key_of(Match::request, {id}));
  add_binding(bound_pod(uri), keys);
}

void collect_from_audit(const Record& record, std::vector<std::uint64_t>& keys) {
  if (record.value_of("stage") != "ResponseComplete" || record.value_of("verb") == "watch") return;
  add_request(record.value_of("auditID"), record.value_of("requestURI"), keys);
}

// As the message of an Event object reads: "Started Pod default/web: Started container web".
void collect_from_report(const Record& record, std::vector<std::uint64_t>& keys) {
  const Reference object = reference_of(record.value_of("object"));
  const std::string_view reason = record.value_of("reason");
  if (object.name.empty() || reason.empty()) return;
  keys.push_back(
      key_of(Match::event, {reason, " ", record.value_of("kind"), " ", object.space, object.slash(),
                            object.name, ": ", record.value_of("message")}));
}

}  // namespace

std::string_view match_name(Match match) {
  switch (match) {
    case Match::request:
      return "audit ID";
    case Match::event:
      return "Event";
    case Match::binding:
      return "binding";
  }
  return "";
}

void collect_anchors(const Record& record, std::vector<std::uint64_t>& keys) {
  if (!record.has_time()) return;
  const std::string_view message = record.message;
  if (record.format == "audit") return collect_from_audit(record, keys);
  if (record.format == "event") {
    if (record.stamp.digits == 0) return;
    keys.push_back(key_of(Match::event, {message}) | Anchor::kObject);
  } else if (message == "HTTP") {
    if (!record.duration || record.value_of("verb") == "WATCH") return;
    add_request(record.value_of("audit-ID"), record.value_of("URI"), keys);
  } else if (message == "Event occurred") {
    collect_from_report(record, keys);
  } else if (message == "Successfully bound pod to node") {
    add_binding(reference_of(record.value_of("pod")), keys);
  } else if (message == "SyncLoop ADD" && record.value_of("source") == "api") {
    add_binding(only_reference_of(record.value_of("pods")), keys);
  }
}

// ---- Samples ----------------------------------------------------------------------------------

void AnchorSample::add(const Anchor& anchor) {
  if (anchor.key > bound_) return;
  anchors_.push_back(anchor);
  if (anchors_.size() >= 2 * kMost) shrink();
}

void AnchorSample::add(const AnchorSample& other) {
  for (const Anchor& anchor : other.anchors_) add(anchor);
}

// What is equal to the bound is kept on both sides of it: no order of coming decides.
void AnchorSample::shrink() {
  const auto last = anchors_.begin() + kMost - 1;
  std::nth_element(anchors_.begin(), last, anchors_.end(), [](const Anchor& a, const Anchor& b) {
    return a.key != b.key ? a.key < b.key : a.time < b.time;
  });
  bound_ = last->key;
  anchors_.resize(kMost);
}

void AnchorSample::shift(Duration by) {
  for (Anchor& anchor : anchors_) anchor.time = earlier(anchor.time, -by);
}

std::vector<Anchor> AnchorSample::unique() const {
  std::vector<Anchor> sorted = anchors_;
  std::sort(sorted.begin(), sorted.end(), [](const Anchor& a, const Anchor& b) {
    return a.key != b.key ? a.key < b.key : a.time < b.time;
  });
  if (sorted.size() > kMost) sorted.resize(kMost);
  std::vector<Anchor> unique;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const bool before = i > 0 && sorted[i - 1].key == sorted[i].key;
    const bool behind = i + 1 < sorted.size() && sorted[i + 1].key == sorted[i].key;
    if (!before && !behind) unique.push_back(sorted[i]);
  }
  return unique;
}

}  // namespace ktrace::trace
