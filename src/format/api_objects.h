// What the objects of the Kubernetes API tell as records, once their members have been read.

#pragma once

#include <initializer_list>
#include <string_view>

#include "ktrace/record.h"

namespace ktrace::format {

/// Each fills the record of one object from its attributes, which are the object's members. False
/// when it is no such object; then nothing has been changed.
bool describe_audit(Record& record);
bool describe_event(Record& record);
bool describe_object(Record& record);

/// The identifier of a request, under the key that audit events give it.
inline constexpr std::string_view kAuditId = "auditID";

/// What a reader wants to know of a request. Views may be empty.
struct AuditLine {
  std::string_view verb, uri, code, reason = {}, stage = {}, user = {}, as = {};
};

/// Sets severity and message: "get /api/v1/pods/x 404 NotFound by admin as robot", "watch
/// /api/v1/pods RequestReceived by admin". Of the attributes only the audit ID is no detail then.
void describe_request_of(const AuditLine& line, Record& record);

/// Looks up members of the attributes that are objects, for one record.
class Members {
 public:
  explicit Members(Record& record) : record_(record) {}

  /// The text of the string member `key`; empty when there is none.
  std::string_view text(std::string_view key) const;

  /// The text of the string or number `key` in the object that the member `parent` is; empty when
  /// there is none. Lives as long as the record.
  std::string_view text(std::string_view parent, std::string_view key) const;

  /// The time that the text of a member is; of Kind::none when it is none.
  Stamp time(std::string_view key) const;
  Stamp time(std::string_view parent, std::string_view key) const;

 private:
  Record& record_;
};

/// Puts the pieces of a record's message together in its arena.
std::string_view join(std::initializer_list<std::string_view> pieces, Arena& arena);

}  // namespace ktrace::format
