// The files below a directory.

#pragma once

#include <string>
#include <vector>

#include "ktrace/status.h"

namespace ktrace::input {

struct Tree {
  std::vector<std::string> files;  ///< regular files, sorted; each file and folder once
  std::size_t others = 0;          ///< devices, sockets, FIFOs, and links that lead nowhere
  std::vector<Diagnostic> diagnostics;
};

/// Everything below `root`. Links are followed, but only to what is not in the tree under a name of
/// its own: so loops end, and a file has its own name rather than that of a link to it.
Tree walk_tree(const std::string& root);

}  // namespace ktrace::input
