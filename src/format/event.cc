// Event objects: what a component reports about an object. core/v1 has
//   involvedObject{kind,namespace,name,uid,…}, reason, message, source{component,host}, count,
//   firstTimestamp and lastTimestamp (seconds, may be null), eventTime (microseconds, may be null),
//   series{count,lastObservedTime}, type (Normal, Warning), reportingComponent, reportingInstance
// and events.k8s.io/v1 regarding, note, reportingController, deprecatedSource,
// deprecatedFirstTimestamp, deprecatedLastTimestamp and deprecatedCount in their places.
// Source: kubernetes api core/v1 and events/v1 types.go.
//
// An Event that was reported several times is one object: its record stands at the latest of its
// times. Where this is but a second, the name may know it better: client-go names an Event
// OBJECT.HEX, the nanoseconds since 1970 of the first report in hexadecimal
// (tools/record/event.go); they count when they are of that second.

#include <charconv>

#include <fmt/format.h>

#include "api_objects.h"

namespace ktrace::format {
namespace {

// The nanoseconds at the end of an Event's name.
Stamp time_in_name(std::string_view name) {
  constexpr std::size_t kDigits = 16;  // from 1984 to 2262
  if (name.size() < kDigits + 1 || name[name.size() - kDigits - 1] != '.') return {};
  const std::string_view digits = name.substr(name.size() - kDigits);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + kDigits, value, 16);
  if (error != std::errc() || end != digits.data() + kDigits) return {};
  Stamp stamp;
  stamp.kind = Stamp::Kind::absolute;
  stamp.digits = 9;
  stamp.time = Time(Duration(value));
  return stamp;
}

Stamp later(const Stamp& a, const Stamp& b) {
  if (a.kind == Stamp::Kind::none) return b;
  return b.kind == Stamp::Kind::none || b.time <= a.time ? a : b;
}

Stamp stamp_of(const Members& members) {
  Stamp stamp = members.time("series", "lastObservedTime");
  for (const std::string_view key : {"eventTime", "lastTimestamp", "firstTimestamp",
                                     "deprecatedLastTimestamp", "deprecatedFirstTimestamp"}) {
    stamp = later(stamp, members.time(key));
  }
  if (stamp.kind == Stamp::Kind::none) stamp = members.time("metadata", "creationTimestamp");
  const Stamp precise = time_in_name(members.text("metadata", "name"));
  const bool same_second = precise.kind == Stamp::Kind::absolute && stamp.digits == 0 &&
                           std::chrono::floor<std::chrono::seconds>(precise.time) == stamp.time;
  return same_second ? precise : stamp;
}

// The first of the members that is there, as the two kinds of Event name them.
std::string_view either(std::string_view a, std::string_view b) { return a.empty() ? b : a; }

// "Scheduled Pod default/nginx-x: Successfully assigned … (x2)"
std::string_view compose_message(const Members& members, std::string_view object, Arena& arena) {
  const std::string_view space = members.text(object, "namespace");
  const std::string_view count =
      either(members.text("series", "count"),
             either(members.text("count"), members.text("deprecatedCount")));
  const bool once = count.empty() || count == "1" || count == "0" || count == "null";
  return join({members.text("reason"), " ", members.text(object, "kind"), " ", space,
               space.empty() ? "" : "/", members.text(object, "name"), ": ",
               either(members.text("message"), members.text("note")), once ? "" : " (x",
               once ? "" : count, once ? "" : ")"},
              arena);
}

// Who reported it: both APIs tell it in two ways.
std::string_view component_of(const Members& members) {
  const std::string_view reporting =
      either(members.text("reportingComponent"), members.text("reportingController"));
  return either(reporting, either(members.text("source", "component"),
                                  members.text("deprecatedSource", "component")));
}

}  // namespace

bool describe_event(Record& record) {
  const Members members(record);
  const std::string_view object =
      record.find("regarding") != nullptr ? "regarding" : "involvedObject";
  if (record.find(object) == nullptr) return false;
  record.stamp = stamp_of(members);
  const std::string_view type = members.text("type");
  record.severity = type == "Warning" ? Severity::warning : Severity::info;
  record.message = compose_message(members, object, record.arena);
  record.format = "event";
  record.component = either(component_of(members), record.component);
  const std::string_view host =
      either(members.text("source", "host"), members.text("deprecatedSource", "host"));
  record.node = either(host, record.node);
  for (Attribute& member : record.attributes) member.detail = true;
  return true;
}

}  // namespace ktrace::format
