// The component and node that a path tells, by how the tools that collect logs lay out their trees.

#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/record.h"

namespace ktrace::input {

/// Knows all names that were found, because some folders tell what they are only by what is in
/// them.
class Layout {
 public:
  /// `names`: paths of files and of members of archives.
  explicit Layout(const std::vector<std::string>& names);

  Origin origin(const std::string& name) const;

 private:
  std::string_view node_folder(std::string_view name) const;

  std::set<std::string, std::less<>> nodes_;  // folders that are named after a node
};

}  // namespace ktrace::input
