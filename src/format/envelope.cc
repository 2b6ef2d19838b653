// The table of envelopes, and what all of them have in common.

#include "envelope.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "digits.h"
#include "unix_time.h"

namespace ktrace::format {
namespace {

// In order of trial: what is told for certain comes before what is told by its looks.
constexpr Envelope kEnvelopes[] = {
    {"docker", "Docker's json-file logs", unwrap_docker},
    {"journal-json", "journalctl -o json, json-pretty", unwrap_journal_json},
    {"cloud-logging", "Google Cloud Logging: exports, gcloud logging read --format=json",
     unwrap_cloud_logging},
    {"stern-json", "stern -o json, -o extjson", unwrap_stern_json},
    {"logcli", "logcli -o jsonl (Loki)", unwrap_logcli},
    {"fluent-bit", "Fluent Bit's JSON lines", unwrap_fluent_bit},
    {"elasticsearch", "Elasticsearch hits", unwrap_elasticsearch},
    {"cri", "CRI log files (containerd, CRI-O): /var/log/pods", unwrap_cri},
    {"journal", "journalctl -o short, short-precise, short-iso, short-iso-precise, short-full",
     unwrap_journal_text},
    {"kubectl", "kubectl logs --timestamps, --prefix", unwrap_kubectl},
    {"stern", "stern's default output, with color or without", unwrap_stern},
    {"journal-export", "journalctl -o export", unwrap_journal_export},
};
constexpr std::size_t kObjects = 7;  // the first rows are JSON objects

// The members that such an object begins with; those of `journalctl -o json` have capitals.
constexpr std::string_view kOpens[] = {"log",
                                       "stream",
                                       "logtag",
                                       "_p",
                                       "date",
                                       "time",
                                       "timestamp",
                                       "@timestamp",
                                       "message",
                                       "kubernetes",
                                       "insertId",
                                       "logName",
                                       "textPayload",
                                       "jsonPayload",
                                       "protoPayload",
                                       "resource",
                                       "receiveTimestamp",
                                       "severity",
                                       "trace",
                                       "labels",
                                       "line",
                                       "_index",
                                       "_id",
                                       "_source",
                                       "_type",
                                       "podName",
                                       "pod",
                                       "container",
                                       "containerName",
                                       "nodeName",
                                       "namespace",
                                       "annotations",
                                       "@version",
                                       "host",
                                       "agent",
                                       "ecs",
                                       "input",
                                       "tag"};

// These begin log lines, too.
constexpr std::string_view kBoth[] = {"time", "timestamp", "@timestamp", "severity"};

// CRI's tag of pieces; then those in objects, what ends the text of Docker's, and arrays for text.
constexpr std::string_view kHidingMarks[] = {
    " P",          "\",\"stream\":\"std", "\"MESSAGE\":[", "\"MESSAGE\" : [", "\"logtag\":\"P\"",
    "\"_p\":\"P\""};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
// The key at the front of a JSON object; empty when there is none.
std::string_view first_key(std::string_view line) {
  if (!line.starts_with("{\"")) return {};
  line.remove_prefix(2);
  return line.substr(0, std::min(line.find('"'), kPadding));
}

template <std::size_t kSize>
bool is_one_of(const std::string_view (&names)[kSize], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool opens_object(std::string_view line) {
  const std::string_view key = first_key(line);
  return is_journal_field(key) || is_one_of(kOpens, key);
}

// ---- Stamps -----------------------------------------------------------------------------------

// "feb", "Nov", "6月"; 0 when the name is of a language that is not known here.
unsigned month_of(std::string_view name) {
  unsigned number = 0;
  if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc()) {
    return number <= 12 ? number : 0;
  }
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (name.size() >= 3 && std::equal(kMonths[i].begin(), kMonths[i].end(), name.begin(),
                                       [](char a, char b) { return a == lower(b); })) {
      return i + 1;
    }
  }
  return 0;
}

// The time of day and the digits of its fraction, by way of a date that does not matter.
bool read_clock(std::string_view text, Stamp& stamp) {
  const auto time =
      parse_rfc3339(std::string("1970-01-01T").append(text).append("Z"), &stamp.digits);
  if (time) stamp.time_of_day = time->time_since_epoch();
  return time.has_value();
}

// "Nov 22 17:01:33.349642"
Stamp short_stamp(std::string_view text) {
  Stamp stamp;
  const std::size_t name = text.find(' '), clock = text.rfind(' ');
  if (name == text.npos || clock <= name + 1) return {};
  std::string_view day = text.substr(name + 1, clock - name - 1);
  if (day.starts_with(' ')) day.remove_prefix(1);
  unsigned number = 0;
  std::from_chars(day.data(), day.data() + day.size(), number);
  stamp.month = static_cast<std::uint8_t>(month_of(text.substr(0, name)));
  stamp.day = static_cast<std::uint8_t>(number);
  if (stamp.month == 0 || number == 0 || number > 31) return {};
  if (!read_clock(text.substr(clock + 1), stamp)) return {};
  stamp.kind = Stamp::Kind::yearless;
  return stamp;
}

Stamp absolute(std::optional<Time> time, std::uint8_t digits) {
  Stamp stamp;
  if (!time) return stamp;
  stamp.kind = Stamp::Kind::absolute;
  stamp.digits = digits;
  stamp.time = *time;
  return stamp;
}

// "Sun 2026-11-22 17:01:33 UTC". Of zones that have a name only UTC is one for certain: with others
// month, day and time of day are kept.
Stamp full_stamp(std::string_view text) {
  text.remove_prefix(std::min(text.find(' ') + 1, text.size()));
  const std::size_t zone = text.rfind(' ');
  if (zone == text.npos || zone < 11) return {};
  std::string civil(text.substr(0, zone));
  const std::string_view name = text.substr(zone + 1);
  const bool offset = name.starts_with('+') || name.starts_with('-');
  Stamp stamp;
  const auto time = parse_rfc3339(civil + (offset ? std::string(name) : "Z"), &stamp.digits);
  if (!time || offset || name == "UTC" || name == "GMT") return absolute(time, stamp.digits);
  const CivilTime parts = to_civil(*time, Zone());
  stamp.kind = Stamp::Kind::yearless;
  stamp.month = static_cast<std::uint8_t>(parts.month);
  stamp.day = static_cast<std::uint8_t>(parts.day);
  stamp.time_of_day = std::chrono::hours(parts.hour) + std::chrono::minutes(parts.minute) +
                      std::chrono::seconds(parts.second) + parts.fraction;
  return stamp;
}

}  // namespace

std::span<const Envelope> envelopes() { return kEnvelopes; }

std::span<const std::string_view> hiding_marks() { return kHidingMarks; }

std::span<const std::string_view> hiding_marks(std::string_view beginning) {
  beginning = beginning.substr(0, std::min(beginning.find('\n'), kBeginning));
  Arena arena;
  Wrapped wrapped;
  if (opens_object(beginning)) return hiding_marks().subspan(1);
  if (unwrap_cri(beginning, Detail::beginning, arena, wrapped)) return hiding_marks().first(1);
  return {};
}

bool is_journal_field(std::string_view key) {
  return key.size() > 2 && std::all_of(key.begin(), key.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
         });
}

bool unwrap(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped) {
  const bool object = line.starts_with('{');
  if (line.empty() || (object && !opens_object(line))) return false;
  // An array with an object on each line.
  while (object && (line.ends_with(',') || line.ends_with(']'))) line.remove_suffix(1);
  const std::span<const Envelope> rows(kEnvelopes);
  for (const Envelope& envelope : object ? rows.first(kObjects) : rows.subspan(kObjects)) {
    wrapped = {};
    if (!envelope.unwrap(line, detail, arena, wrapped)) continue;
    wrapped.envelope = &envelope;
    return true;
  }
  return false;
}

Stamp envelope_stamp(std::string_view text) {
  if (text.empty()) return {};
  std::uint8_t digits = 0;
  if (is_digit(text.front())) {
    if (const auto time = parse_rfc3339(text, &digits)) return absolute(time, digits);
    if (const auto stamp = read_unix_time(text)) return *stamp;
  }
  const std::size_t clock = text.find(' ');
  const bool full = clock != text.npos && text.size() > clock + 5 && text[clock + 5] == '-';
  return full ? full_stamp(text) : short_stamp(text);
}

bool begins_like_both(std::string_view line) { return is_one_of(kBoth, first_key(line)); }

bool looks_continued(std::string_view content) {
  if (content.empty()) return true;
  const char first = content.front();
  if (first == ' ' || first == '\t' || first == '}' || first == ']' || first == ')') return true;
  for (const std::string_view beginning :
       {"Trace[", "goroutine ", "created by ", "panic(", "runtime.", "main.main("}) {
    if (content.starts_with(beginning)) return true;
  }
  return false;
}

}  // namespace ktrace::format
