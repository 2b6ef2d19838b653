// Identifiers: which keys name one, which values records carry, which records are asked for.
//
// What counts as an identifier of a record:
//  - an attribute whose key is an identifier key;
//  - a member at any depth of an attribute that is a JSON object or array;
//  - in the message and in plain text, `key=value`, `key="value"`, `key:value` or `"key":"value"`
//    that begins at a token's beginning (objectsetid="…" traceid="…" before the words of a message,
//    traceID="…" behind them, audit-id:… among utiltrace fields);
//  - in the message, in plain text and in an attribute of several lines, a line `Key: value` (HTTP
//    headers printed by client-go).
// The inside of any other quoted value is opaque: an error that quotes somebody's log line is not a
// record of that trace. What stands under one key does not depend on which others are looked for.

#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ktrace/record.h"
#include "ktrace/status.h"

namespace ktrace::trace {

/// A set of identifier keys, compared without case, '-' and '_' (but a key does not end with
/// these). Thread-safe once built.
class KeySet {
 public:
  /// The default keys: traceID and its spellings, reqID, requestID, audit-ID, traceparent,
  /// logging.googleapis.com/trace, dd.trace_id.
  static const KeySet& defaults();

  explicit KeySet(const std::vector<std::string>& names);

  bool contains(std::string_view key) const;

  /// The folded spellings, for searches that look for keys.
  const std::vector<std::string>& folded() const { return folded_; }

 private:
  std::vector<std::string> folded_;
};

/// `key` in lower case, without '-' and '_'.
std::string fold_key(std::string_view key);

/// The identifier inside a value: the trace field of a traceparent, the last path segment of
/// logging.googleapis.com/trace, otherwise the value itself. Empty when the value names none (an
/// empty value; a traceparent that is malformed or all zeros).
std::string_view identifier_value(std::string_view key, std::string_view value);

/// Appends all identifiers of `record` to `found`: those of its message, then those of its
/// attributes in order. Views point into the record; what had to be decoded is put into its arena.
void collect_identifiers(Record& record, const KeySet& keys, std::vector<Identifier>& found);

/// Whether two identifiers are one: equal, or both 32 hex digits and equal without case.
bool same_identifier(std::string_view a, std::string_view b);

/// Whether `value` begins with `beginning`; without case when `value` is 32 hex digits.
bool identifier_begins(std::string_view value, std::string_view beginning);

/// The one spelling of identifiers that are the same: 32 hex digits in lower case.
std::string canonical_identifier(std::string_view value);

/// What `grep` looks for. Thread-safe once built.
class Wanted {
 public:
  /// `ids`: any of them will do; one in the form of a traceparent stands for its trace ID.
  /// `prefix`: an identifier that begins with one of `ids` will do.
  Wanted(std::vector<std::string> ids, bool prefix, KeySet keys);

  /// The identifier of `record` that is wanted, or an empty one. Views point into the record.
  Identifier match(Record& record) const;

  const std::vector<std::string>& ids() const { return ids_; }

  /// Whether each wanted value stands in the bytes of its records as it is, so that records without
  /// those bytes need not be parsed. Not so for values that a logger would escape.
  bool verbatim() const;

  /// Whether letters of the wanted values may differ in case.
  bool any_case() const;

 private:
  std::vector<std::string> ids_;
  std::unordered_set<std::string> canonical_;
  bool prefix_;
  KeySet keys_;
};

}  // namespace ktrace::trace
