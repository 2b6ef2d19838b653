// Paths to opened sources, with the component and node that each has.

#include <fnmatch.h>

#include "file.h"
#include "ktrace/input.h"

namespace ktrace::input {
namespace {

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The last rule that matches wins, as with repeated flags.
Origin named(const std::string& path, const std::vector<Naming>& names) {
  Origin origin = origin_of(path);
  for (const Naming& naming : names) {
    if (!path_matches(naming.pattern, path)) continue;
    origin.component = naming.component;
    if (!naming.node.empty()) origin.node = naming.node;
  }
  return origin;
}

}  // namespace

bool path_matches(const std::string& pattern, const std::string& path) {
  return pattern.empty() || ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0 ||
         ::fnmatch(pattern.c_str(), last_part(path).c_str(), 0) == 0;
}

Opened open(const std::vector<std::string>& paths, const std::vector<Naming>& names) {
  Opened opened;
  for (const std::string& path : paths) {
    auto source = open_file(path, named(path, names));
    if (source) {
      opened.sources.push_back(std::move(*source));
    } else {
      opened.diagnostics.push_back({Diagnostic::Level::error, path, 0, source.message()});
    }
  }
  return opened;
}

}  // namespace ktrace::input
