// References to objects in log lines, as klog writes them: KObj() in text and in JSON.

#pragma once

#include <string_view>

namespace ktrace::trace {

/// The string behind `opening`, which is a key with all up to the string's first character, in JSON
/// that is written without spaces; it has no escapes. Empty when there is none.
inline std::string_view member_of(std::string_view json, std::string_view opening) {
  const std::size_t at = json.find(opening);
  if (at == json.npos) return {};
  const std::string_view rest = json.substr(at + opening.size());
  return rest.substr(0, rest.find('"'));
}

/// An object as a record refers to it. Views are of the record.
struct Reference {
  std::string_view space, name;

  std::string_view slash() const { return space.empty() ? "" : "/"; }
};

/// Reads "namespace/name", "name", or {"name":"…","namespace":"…"}.
inline Reference reference_of(std::string_view text) {
  if (text.starts_with('{')) {
    return {member_of(text, R"("namespace":")"), member_of(text, R"("name":")")};
  }
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace ktrace::trace
