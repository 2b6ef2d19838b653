// The record: one logical entry of a log, whatever it was wrapped in.
//
// Everything else in ktrace makes records (input, format), relates them (trace) or writes them
// (output). A Record is a set of views: of the bytes it was read from, and of its own arena for
// what had to be decoded. It is cheap to reuse for one record after the other.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/arena.h"
#include "ktrace/time.h"

namespace ktrace {

/// Kubernetes' four severities (klog's I, W, E, F), in order of weight.
enum class Severity : std::uint8_t { unspecified, info, warning, error, fatal };

/// "INFO", "WARNING", "ERROR", "FATAL"; empty for unspecified.
std::string_view severity_name(Severity severity);

/// 'I', 'W', 'E', 'F'; ' ' for unspecified.
char severity_letter(Severity severity);

/// Reads a severity as users and loggers spell it, in any case: the names above, their first
/// letters, warn, err, debug and trace (info), panic and critical (fatal). Empty when it is none.
std::optional<Severity> parse_severity(std::string_view text);

/// One key and value that a record carries.
struct Attribute {
  enum class Type : std::uint8_t {
    string,     ///< value is the decoded text
    json,       ///< value is valid JSON text: a number, true, false, null, an object or an array
    long_json,  ///< value is an object or array, too long for its grammar to be checked
  };

  std::string_view key;
  std::string_view value;
  Type type = Type::string;
  bool detail = false;  ///< too much for a line of text: the message says what matters of it

  /// By what it says; not by how it is shown.
  friend bool operator==(const Attribute& a, const Attribute& b) {
    return a.key == b.key && a.value == b.value && a.type == b.type;
  }
};

/// A key that names an identifier, and the value it has.
struct Identifier {
  std::string_view key;    ///< as written in the record
  std::string_view value;  ///< the identifier itself (of a traceparent only its trace ID)

  friend bool operator==(const Identifier&, const Identifier&) = default;
};

/// One step of the way that leads from what was asked for to a record that belongs to it.
struct Via {
  std::string kind;      ///< of the link: "owner", "request", …; of the last step how the record
                         ///< names `to`: "audit-id", "trace", "uid", "name", "container", "event"
  std::string relation;  ///< what `to` is to `from`, in words: "owned by"
  std::string from, to;  ///< things, in words: "pod default/web-1"; the last step has no `from`
  std::string source;    ///< where the link was told; empty for the last step: in the record itself
  std::uint64_t offset = 0;
};

/// What is known of the stream of bytes that a record came from. Outlives its records.
struct Origin {
  std::string name;       ///< the path as given; "-" for standard input
  std::string component;  ///< kube-apiserver, kubelet, …; empty when unknown
  std::string node;       ///< empty when unknown
  bool guessed = false;   ///< `component` is only what the file is called: a record knows better

  /// The component of a record that tells `own` of itself, which may be empty.
  std::string_view component_of(std::string_view own) const {
    const bool known = !component.empty() && (!guessed || own.empty());
    return known ? std::string_view(component) : own;
  }
};

/// Views are valid as long as the bytes that were parsed and until the next clear().
/// Not thread-safe.
struct Record {
  // What the format says (src/format fills these).
  std::string_view raw;       ///< original bytes: all lines, line ends and envelope included
  std::string_view payload;   ///< the component's own lines, without envelope and last line end
  std::string_view context;   ///< what surrounds it in a document of several records; else empty
  std::string_view envelope;  ///< the name of what its lines are wrapped in; empty: nothing
  std::string_view component, node;  ///< what the record itself or its envelope tells of them
  Stamp received;                    ///< the envelope's own time, later than the record's as a rule
  std::string_view format;  ///< the payload format's name; "plain" when none was recognised
  Stamp stamp;              ///< the time as written
  Severity severity = Severity::unspecified;
  std::string_view caller;            ///< file.go:123
  std::string_view message;           ///< decoded
  std::vector<Attribute> attributes;  ///< in the order written; of equal keys only the last
  std::optional<Duration> duration;   ///< of the operation that ended at the stamp

  // Where it stands (the engine fills these).
  const Origin* origin = nullptr;
  std::uint32_t source = 0;  ///< index of the source on the command line
  std::uint64_t offset = 0;  ///< of its first byte in the (decompressed) source
  std::uint64_t line = 0;    ///< 1-based number of its first line; 0 when not counted
  Time time{};               ///< resolved; for a record without stamp that of the record before it
  Identifier trace;          ///< the identifier that was asked for; empty when none was
  std::span<const Via> via;  ///< why it belongs to the story that was asked for

  Arena arena;  ///< holds decoded strings

  /// Whose record it is: what the path says of the source, completed by what the record says.
  std::string_view component_name() const {
    return origin == nullptr ? component : origin->component_of(component);
  }
  std::string_view node_name() const {
    return origin != nullptr && !origin->node.empty() ? origin->node : node;
  }

  bool has_time() const { return stamp.kind != Stamp::Kind::none; }

  /// When the operation began: the time, less the duration that the record tells.
  Time begin() const { return duration ? earlier(time, *duration) : time; }

  /// The attribute `key` (exact spelling); empty pointer when there is none.
  const Attribute* find(std::string_view key) const {
    for (const Attribute& attribute : attributes) {
      if (attribute.key == key) return &attribute;
    }
    return nullptr;
  }

  /// The value of the attribute `key`; empty when there is none.
  std::string_view value_of(std::string_view key) const {
    const Attribute* const attribute = find(key);
    return attribute == nullptr ? std::string_view() : attribute->value;
  }

  /// Empties all fields and the arena, keeping memory for the next record.
  void clear();
};

}  // namespace ktrace
