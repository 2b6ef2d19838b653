// What one record tells about objects and requests, in plain values: read once, used by all kinds
// of links.

#pragma once

#include <string_view>
#include <vector>

#include <simdjson.h>

#include "ktrace/links.h"

namespace ktrace::trace {

/// An object as its own JSON tells it.
struct ObjectFacts {
  Thing self;
  std::string_view generation, version;
  std::string_view created;                  ///< RFC 3339
  std::vector<Thing> owners;                 ///< controllers only
  std::vector<std::string_view> traces;      ///< trace IDs of contexts that annotations store
  std::vector<std::string_view> containers;  ///< IDs
  std::vector<Thing> claims;                 ///< of volumes
  std::string_view node;                     ///< that a pod is bound to
  bool ready = false;                        ///< a pod; all replicas; a job that is complete
};

struct RecordFacts {
  enum class Type : std::uint8_t { log, audit, event, object, span };

  const Record& record;
  Type type = Type::log;

  // Of an audit event; of a request line, as far as it tells.
  Thing request;
  Time received{};
  std::string_view verb;
  std::string_view subresource;
  int code = 0;
  Thing target;  ///< what the request is about

  ObjectFacts object;  ///< the answer of a request; the object of a dump or the Event itself
  Thing involved;      ///< the object that an Event is about
  Thing trace;         ///< of a span

  explicit RecordFacts(const Record& of) : record(of) {}
  bool succeeded() const { return code >= 200 && code < 300; }
  bool writes() const { return verb != "get" && verb != "list" && verb != "watch"; }
};

/// What a record is, by the members that it has.
RecordFacts::Type type_of(const Record& record);

/// Memory that serves one record after the other.
struct FactScratch {
  Arena arena;  ///< what facts view that had to be made
  simdjson::dom::parser parser;
};

/// Reads `record`. The facts are valid until `scratch` is used again.
RecordFacts read_facts(const Record& record, FactScratch& scratch);

/// The object that the path of a request names, and its subresource: "/api/v1/namespaces/NS/pods/
/// NAME/status?…". None for collections and for what is no object.
Thing object_of_uri(std::string_view uri, std::string_view* subresource);

/// The trace ID in an annotation of an object: the OpenCensus binary format in base64 (KEP-1668),
/// or a traceparent as text. Empty when it is malformed or all zeros.
std::string_view trace_of_context(std::string_view value, Arena& arena);

/// When an Event was made, which client-go writes behind its name in hexadecimal nanoseconds.
bool event_birth(std::string_view name, Time& time, std::string_view& object);

/// Whether a name ends as those do that the API server makes of generateName (apimachinery
/// util/rand): five characters of an alphabet without vowels.
bool has_generated_end(std::string_view name);

/// Whether it is a UUID as Kubernetes writes them: in lower case.
bool is_uuid(std::string_view text);
bool is_container_id(std::string_view text);

}  // namespace ktrace::trace
