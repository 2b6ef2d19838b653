// OTLP/JSON: spans and log records as the OpenTelemetry Collector's file exporter writes them.
//
//   {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"…"}}]},
//     "scopeSpans":[{"scope":{"name":"…"},"spans":[{"traceId":"…","spanId":"…","name":"…",
//       "kind":2,"startTimeUnixNano":"…","endTimeUnixNano":"…","attributes":[…],"events":[…],
//       "links":[…],"status":{"code":2,"message":"…"}},…]},…]},…]}
//   {"resourceLogs":[{"resource":…,"scopeLogs":[{"scope":…,"logRecords":[{"timeUnixNano":"…",
//     "severityNumber":9,"body":{"stringValue":"…"},"attributes":[…],"traceId":"…"},…]},…]},…]}
//
// Source: opentelemetry-proto docs/specification.md (JSON encoding), trace.proto, logs.proto.
// IDs are hexadecimal in any case, or empty; integers of 64 bits are strings or numbers; members
// may come in any order.
//
// One line holds many spans; each is a record, whose context is {"resource":…,"scope":…}. A span
// stands at its end and tells its duration. Its attributes, and those of the resource with
// "resource." before their keys, keep their types; what has no key of its own in OTLP is named as
// OpenTelemetry maps it to other formats (otel.scope.name, otel.status_code).

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "api_objects.h"
#include "framing.h"
#include "json_cursor.h"
#include "json_members.h"
#include "json_value.h"
#include "pairs.h"
#include "payloads.h"

namespace ktrace::format {
namespace {

// The names of one signal's levels.
struct Signal {
  std::string_view opens;  // what a line begins with
  std::string_view resources, scopes, records;
};
constexpr Signal kSpans{R"({"resourceSpans":)", "resourceSpans", "scopeSpans", "spans"};
constexpr Signal kLogs{R"({"resourceLogs":)", "resourceLogs", "scopeLogs", "logRecords"};

// ---- Cutting a line ---------------------------------------------------------------------------

// Finds the records of a line.
class Cutter {
 public:
  Cutter(const Signal& signal, std::string_view text) : signal_(signal), cursor_(text) {}

  // Appends a slice for each record, with its place and its context.
  void cut(Slices& slices) {
    slices_ = &slices;
    first_ = slices.list.size();
    walk();
  }

  // Only the text of the first record.
  std::string_view first() {
    walk();
    return found_;
  }

 private:
  void walk() {
    cursor_.each_member([&](std::string_view key) {
      if (key != signal_.resources) return pass();
      return cursor_.each_element([&] { return walk_resource(); });
    });
  }

  bool pass() { return !cursor_.skip().empty(); }

  // A member that is kept for the context, whatever comes first.
  bool keep(std::string_view& place) {
    place = cursor_.skip();
    return !place.empty();
  }

  bool walk_resource() {
    std::string_view resource;
    const std::size_t begin = contexts_.size();
    const bool whole = cursor_.each_member([&](std::string_view key) {
      if (key == "resource") return keep(resource);
      if (key != signal_.scopes) return pass();
      return cursor_.each_element([&] { return walk_scope(); });
    });
    while (contexts_.size() > begin) set_context(resource);
    return whole;
  }

  // The records of one scope, whose resource may not be known yet.
  struct Scope {
    std::string_view text;
    std::size_t begin, end;  // of its slices
  };

  bool walk_scope() {
    Scope scope{{}, slices_ == nullptr ? 0 : slices_->list.size(), 0};
    const bool whole = cursor_.each_member([&](std::string_view key) {
      if (key == "scope") return keep(scope.text);
      if (key != signal_.records) return pass();
      return cursor_.each_element([&] { return take_record(); });
    });
    scope.end = slices_ == nullptr ? 0 : slices_->list.size();
    contexts_.push_back(scope);
    return whole;
  }

  // One behind others that has no end is a record of its own, too; its context tells what.
  bool take_record() {
    const bool more = cursor_.peek() == '{';
    const std::size_t begin = cursor_.position();
    found_ = cursor_.skip();
    if (slices_ == nullptr) return false;
    if (!found_.empty()) {
      slices_->list.push_back({{}, {}, nullptr, begin});
    } else if (more && slices_->list.size() > first_) {
      slices_->list.push_back({{}, signal_.opens, nullptr, begin});
    }
    return !found_.empty();
  }

  void set_context(std::string_view resource) {
    const Scope scope = contexts_.back();
    contexts_.pop_back();
    if (scope.begin == scope.end) return;
    const auto or_null = [](std::string_view text) { return text.empty() ? "null" : text; };
    const std::string_view context =
        join({R"({"resource":)", or_null(resource), R"(,"scope":)", or_null(scope.text), "}"},
             slices_->arena);
    for (std::size_t i = scope.begin; i < scope.end; ++i) {
      Slice& slice = slices_->list[i];
      if (slice.context.empty()) slice.context = context;
    }
  }

  const Signal& signal_;
  JsonCursor cursor_;
  Slices* slices_ = nullptr;
  std::size_t first_ = 0;        // of the line's slices
  std::vector<Scope> contexts_;  // of the resource that is being walked
  std::string_view found_;
};

bool split(const Signal& signal, std::string_view text, Slices& slices) {
  const std::size_t first = slices.list.size();
  Cutter(signal, text).cut(slices);
  return tile(text, first, slices);
}

// What of the piece of a line is the object of its record, and perhaps more behind that: the first
// piece begins with the line.
std::string_view from_object(const Signal& signal, std::string_view piece) {
  return piece.starts_with(signal.opens) ? Cutter(signal, piece).first() : piece;
}

// ---- Values -----------------------------------------------------------------------------------

// What is nested deeper than this stays as it is written.
constexpr int kDeepest = 32;

// Appends the JSON that an AnyValue stands for.
void append_any_value(std::string_view value, int depth, std::string& out);

void append_array(std::string_view array, int depth, std::string& out) {
  out += '[';
  JsonCursor cursor(array);
  cursor.each_member([&](std::string_view) {
    bool first = true;
    return cursor.each_element([&] {
      if (!first) out += ',';
      first = false;
      append_any_value(cursor.skip(), depth, out);
      return true;
    });
  });
  out += ']';
}

// The members of {"key":"…","value":{…}}, as written.
struct KeyValue {
  std::string_view key, value;
};

KeyValue read_key_value(std::string_view object) {
  KeyValue pair;
  JsonCursor cursor(object);
  cursor.each_member([&](std::string_view key) {
    const std::string_view value = cursor.skip();
    if (key == "key" && value.starts_with('"')) pair.key = value;
    if (key == "value") pair.value = value;
    return !value.empty();
  });
  return pair;
}

void append_object(std::string_view list, int depth, std::string& out) {
  out += '{';
  JsonCursor cursor(list);
  cursor.each_member([&](std::string_view) {
    bool first = true;
    return cursor.each_element([&] {
      const KeyValue pair = read_key_value(cursor.skip());
      if (pair.key.empty()) return true;
      if (!first) out += ',';
      first = false;
      out.append(pair.key) += ':';
      append_any_value(pair.value, depth, out);
      return true;
    });
  });
  out += '}';
}

// The member `key` of an object, as written; empty when there is none.
std::string_view member_of(std::string_view object, std::string_view key) {
  std::string_view found;
  JsonCursor cursor(object);
  cursor.each_member([&](std::string_view name) {
    const std::string_view value = cursor.skip();
    if (name == key) found = value;
    return !value.empty();
  });
  return found;
}

// The kind of an AnyValue ("stringValue", …) and its text.
KeyValue read_any_value(std::string_view value) {
  KeyValue found;
  JsonCursor cursor(value);
  cursor.each_member([&](std::string_view key) {
    found = {key, cursor.skip()};
    return false;
  });
  return found;
}

std::string_view between_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

void append_any_value(std::string_view value, int depth, std::string& out) {
  const KeyValue any = read_any_value(value);
  const bool list = any.key == "arrayValue", object = any.key == "kvlistValue";
  if ((list || object) && depth == kDeepest) {
    out += value;
    return;
  }
  if (list) return append_array(any.value, depth + 1, out);
  if (object) return append_object(any.value, depth + 1, out);
  const std::string_view number = between_quotes(any.value);
  const bool plain = any.key == "intValue" && type_of(number) == Attribute::Type::json;
  out += any.value.empty() ? "null" : plain ? number : any.value;
}

// What the string `quoted` stands for.
std::string_view decoded(std::string_view quoted, Arena& arena) {
  const std::string_view inside = between_quotes(quoted);
  if (inside.find('\\') == inside.npos) return inside;
  std::vector<Attribute> members;
  const std::string_view object = join({"{\"\":", quoted, "}"}, arena);
  return read_members(object, arena, members) ? members.front().value : inside;
}

Attribute read_attribute(std::string_view value, Arena& arena) {
  const KeyValue any = read_any_value(value);
  Attribute attribute;
  if (any.key == "arrayValue" || any.key == "kvlistValue") {
    std::string text;
    append_any_value(value, 0, text);
    attribute.value = join({text}, arena);
    attribute.type = type_of(attribute.value);
    return attribute;
  }
  attribute.value = any.value.starts_with('"') ? decoded(any.value, arena) : any.value;
  if (any.key.starts_with("string") || any.key.starts_with("bytes")) return attribute;
  if (attribute.value.empty()) attribute.value = "null";
  attribute.type = type_of(attribute.value);
  return attribute;
}

// Appends the attributes in `list`, an array of key-value objects.
void append_attributes(std::string_view list, std::string_view prefix, Record& record) {
  JsonCursor cursor(list);
  cursor.each_element([&] {
    const KeyValue pair = read_key_value(cursor.skip());
    if (pair.key.empty()) return true;
    Attribute attribute = read_attribute(pair.value, record.arena);
    attribute.key = decoded(pair.key, record.arena);
    attribute.detail = !prefix.empty();
    if (attribute.detail) attribute.key = join({prefix, attribute.key}, record.arena);
    record.attributes.push_back(attribute);
    return true;
  });
}

Stamp read_unix_nano(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) return {};
  return {Stamp::Kind::absolute, 9, 0, 0, {}, Time(Duration(value))};
}

// ---- Records ----------------------------------------------------------------------------------

// Sorts the members of one span or log record into the fields of a record.
class Reader {
 public:
  explicit Reader(Record& record) : record_(record) {}

  bool read(std::string_view object) {
    if (object.empty() || !read_members(object, record_.arena, members_)) return false;
    keep_last_of_equal_keys(members_);
    return true;
  }

  // The text of a string or a number; empty for anything else.
  std::string_view text(std::string_view key) const { return text_of(members_, key); }

  Stamp time(std::string_view key) const { return read_unix_nano(text(key)); }

  const std::vector<Attribute>& members() const { return members_; }

  // IDs in the one case in which they are compared; an empty one, or one of zeros, is none.
  void add_id(std::string_view key) {
    const std::string_view id = text(key);
    if (id.find_first_not_of('0') == id.npos) return;
    if (std::none_of(id.begin(), id.end(), [](char c) { return c >= 'A' && c <= 'F'; })) {
      return add(key, id);
    }
    char* const lower = record_.arena.allocate(id.size());
    std::transform(id.begin(), id.end(), lower, [](char c) {
      return c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    add(key, {lower, id.size()});
  }

  void add(std::string_view key, std::string_view value, bool detail = false) {
    if (!value.empty()) record_.attributes.push_back({key, value, Attribute::Type::string, detail});
  }

  // Members that stay as they are.
  void add_as_written(std::initializer_list<std::string_view> keys, bool detail) {
    for (Attribute member : members_) {
      if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) continue;
      member.detail = detail;
      if (!member.value.empty()) record_.attributes.push_back(member);
    }
  }

  // What stands in the record's context.
  void add_context() {
    const std::string_view resource = member_of(record_.context, "resource");
    append_attributes(member_of(resource, "attributes"), "resource.", record_);
    tell("resource.service.name", record_.component);
    // kube-apiserver names its tracing service so (KEP-647's implementation does, v1.34).
    if (record_.component == "apiserver") record_.component = "kube-apiserver";
    tell("resource.host.name", record_.node);
    tell("resource.k8s.node.name", record_.node);
    const std::string_view scope = member_of(record_.context, "scope");
    for (const std::string_view key : {"name", "version"}) {
      const std::string_view text = decoded(member_of(scope, key), record_.arena);
      add(join({"otel.scope.", key}, record_.arena), text, true);
    }
  }

 private:
  void tell(std::string_view key, std::string_view& name) const {
    const Attribute* attribute = record_.find(key);
    const bool text = attribute != nullptr && attribute->type == Attribute::Type::string;
    if (text && !attribute->value.empty()) name = attribute->value;
  }

  Record& record_;
  std::vector<Attribute> members_;
};

constexpr std::array<std::string_view, 6> kKinds{"",       "internal", "server",
                                                 "client", "producer", "consumer"};

std::string_view kind_of(std::string_view number) {
  const bool known = number.size() == 1 && number.front() >= '1' && number.front() <= '5';
  return known ? kKinds[static_cast<std::size_t>(number.front() - '0')] : number;
}

// What can be told of a span by walking through it.
struct SpanHead {
  std::string_view object;  // as far as it goes; empty when it has no end
  Stamp begin, end;
  std::string_view status;
  Severity severity = Severity::info;

  const Stamp& stamp() const { return end.kind == Stamp::Kind::none ? begin : end; }
};

// A status code of 0, or none, is unset.
SpanHead read_span_head(std::string_view piece) {
  SpanHead head;
  const std::string_view text = from_object(kSpans, piece);
  JsonCursor cursor(text);
  const bool whole = cursor.each_member([&](std::string_view key) {
    const std::string_view value = cursor.skip();
    if (key == "startTimeUnixNano") head.begin = read_unix_nano(between_quotes(value));
    if (key == "endTimeUnixNano") head.end = read_unix_nano(between_quotes(value));
    if (key == "status") head.status = value;
    return !value.empty();
  });
  if (whole) head.object = text.substr(0, cursor.position());
  if (head.status.size() > 2 && member_of(head.status, "code") == "2") {
    head.severity = Severity::error;
  }
  return head;
}

void add_status(std::string_view status, Reader& reader, Record& record) {
  const std::string_view code = member_of(status, "code");
  reader.add("otel.status_code", code == "2" ? "ERROR" : code == "1" ? "OK" : "");
  const std::string_view words = decoded(member_of(status, "message"), record.arena);
  reader.add("otel.status_description", words);
}

void set_head(const SpanHead& head, Record& record) {
  record.stamp = head.stamp();
  record.severity = head.severity;
  const bool both = head.begin.kind != Stamp::Kind::none && head.end.kind != Stamp::Kind::none;
  if (both && head.begin.time <= head.end.time) record.duration = head.end.time - head.begin.time;
}

// Four numbers each: trace, debug, info, warn, error, fatal.
Severity severity_of(std::string_view number, std::string_view text) {
  unsigned value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  if (value == 0 || value > 24) return parse_severity(text).value_or(Severity::unspecified);
  if (value <= 12) return Severity::info;
  return value <= 16 ? Severity::warning : value <= 20 ? Severity::error : Severity::fatal;
}

}  // namespace

bool starts_otlp_spans(const char* line) {
  return std::string_view(line, kPadding).starts_with(kSpans.opens);
}

bool starts_otlp_logs(const char* line) {
  return std::string_view(line, kPadding).starts_with(kLogs.opens);
}

bool split_otlp_spans(std::string_view text, Slices& slices) { return split(kSpans, text, slices); }

bool split_otlp_logs(std::string_view text, Slices& slices) { return split(kLogs, text, slices); }

// A span that is no JSON keeps its text, and the times that were found in it.
bool parse_otlp_span(Record& record) {
  const SpanHead head = read_span_head(record.payload);
  if (head.object.empty()) return false;
  set_head(head, record);
  Reader reader(record);
  if (!reader.read(head.object)) {
    record.message = record.payload;
    return true;
  }
  record.message = reader.text("name");
  append_attributes(reader.text("attributes"), "", record);
  add_status(head.status, reader, record);
  reader.add("kind", kind_of(reader.text("kind")));
  for (const std::string_view key : {"traceId", "spanId", "parentSpanId"}) reader.add_id(key);
  reader.add_as_written({"links"}, false);
  reader.add_as_written({"traceState", "flags", "events"}, true);
  reader.add_context();
  keep_last_of_equal_keys(record.attributes);
  return true;
}

bool glance_otlp_span(std::string_view raw, bool, Glance& glance) {
  const SpanHead head = read_span_head(raw);
  if (!head.object.empty()) glance = {head.stamp(), head.severity};
  return !head.object.empty();
}

bool parse_otlp_log(Record& record) {
  Reader reader(record);
  if (!reader.read(JsonCursor(from_object(kLogs, record.payload)).skip())) return false;
  record.message = read_attribute(reader.text("body"), record.arena).value;
  record.stamp = reader.time("timeUnixNano");
  if (!record.has_time()) record.stamp = reader.time("observedTimeUnixNano");
  record.severity = severity_of(reader.text("severityNumber"), reader.text("severityText"));
  append_attributes(reader.text("attributes"), "", record);
  for (const std::string_view key : {"traceId", "spanId"}) reader.add_id(key);
  reader.add_as_written({"severityText", "severityNumber", "flags", "eventName"}, true);
  reader.add_context();
  keep_last_of_equal_keys(record.attributes);
  return true;
}

}  // namespace ktrace::format
