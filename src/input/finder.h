// Looks at every path that was named, and at what is inside and below.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "file.h"
#include "ktrace/input.h"
#include "ktrace/status.h"
#include "sources.h"

namespace ktrace::input {

/// Collects pieces of logs. Not thread-safe.
class Finder {
 public:
  /// With `follow` an empty file may become a log.
  explicit Finder(bool follow) : follow_(follow) {}

  /// `path`: a file, a pipe, an archive, a directory, or "-". What cannot be opened is told.
  void add(const std::string& path);

  /// A file in a directory: it is left out when it looks like no log.
  void add_found(const std::string& path) { add_file(path, false); }

  std::vector<Piece> pieces;
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> names;  ///< all that were met, whether they are logs or not

 private:
  struct File;

  void add_tree(const std::string& root);
  void add_file(const std::string& path, bool named);
  void add_regular(File file);
  void add_pipe(File file);
  void add_archive(const std::string& path, const Opener& open);
  void error(const std::string& path, const std::string& words);
  void note_skipped(const std::string& path, std::size_t count);
  bool may_hold();

  bool follow_;
  std::map<Identity, std::string> met_;  // regular files and their names
  std::size_t held_ = 0;                 // descriptors kept open
  std::size_t skipped_ = 0;              // files of the tree that are no logs
  std::uint32_t groups_ = 0;
};

/// Makes sources of what was found: see open().
Opened open_found(Finder finder, const std::vector<Naming>& names, bool follow);

}  // namespace ktrace::input
