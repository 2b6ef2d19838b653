// Paths to sources: what is found is freed of copies, joined, and named.

#include <algorithm>
#include <fnmatch.h>
#include <map>
#include <set>

#include "copies.h"
#include "finder.h"
#include "follow.h"
#include "ktrace/input.h"
#include "layout.h"
#include "names.h"
#include "rotation.h"
#include "sources.h"

namespace ktrace::input {
namespace {

using Logs = std::vector<std::vector<Piece>>;

// One to three seconds of unpacking gzip or zstd.
constexpr std::uint64_t kMostWalkedAgain = 2ULL << 30;

// The last rule that matches wins, as with repeated flags.
void rename(const std::vector<Naming>& names, Origin& origin) {
  for (const Naming& naming : names) {
    if (!path_matches(naming.pattern, origin.name)) continue;
    origin.component = naming.component;
    origin.guessed = false;
    if (!naming.node.empty()) origin.node = naming.node;
  }
}

// A piece's name may tell better than its file when it was last written to: files are copied.
void date_by_name(Piece& piece) {
  const auto told = rotated_name(piece.name).last_write;
  if (told && (!piece.modified || *told < *piece.modified)) piece.modified = told;
}

// The pieces of each log, oldest first.
Logs join(std::vector<Piece> pieces) {
  std::vector<std::string> names;
  names.reserve(pieces.size());
  for (const Piece& piece : pieces) names.push_back(piece.name);
  Logs logs;
  for (const auto& places : join_rotated(names)) {
    logs.emplace_back();
    for (const std::size_t place : places) {
      date_by_name(pieces[place]);
      logs.back().push_back(std::move(pieces[place]));
    }
  }
  return logs;
}

// Members of an archive that are wanted in another order than they stand in it cost walking through
// it again each time. Archives for which that is too much, with a note.
std::set<std::uint32_t> costly_groups(const Logs& logs, std::vector<Diagnostic>& diagnostics) {
  std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> walked;  // place, bytes again
  std::set<std::uint32_t> costly;
  for (const auto& pieces : logs) {
    for (const Piece& piece : pieces) {
      if (piece.group == 0) continue;
      auto& [place, again] = walked[piece.group];
      if (piece.position < place) again += piece.position;
      place = piece.position;
      if (again <= kMostWalkedAgain || !costly.insert(piece.group).second) continue;
      diagnostics.push_back({Diagnostic::Level::note, piece.name.substr(0, piece.name.find('!')), 0,
                             "the rotated logs in it are not joined, because they do not stand in "
                             "their order"});
    }
  }
  return costly;
}

// Takes the logs of those groups apart, in the order of the archive.
Logs part(Logs logs, const std::set<std::uint32_t>& groups) {
  Logs parted;
  for (std::vector<Piece>& pieces : logs) {
    if (!groups.contains(pieces.front().group)) {
      parted.push_back(std::move(pieces));
      continue;
    }
    for (Piece& piece : pieces) {
      parted.emplace_back();
      parted.back().push_back(std::move(piece));
    }
  }
  for (auto begin = parted.begin(); begin != parted.end();) {
    const std::uint32_t group = begin->front().group;
    const auto end = std::find_if(
        begin, parted.end(), [group](const auto& pieces) { return pieces.front().group != group; });
    if (groups.contains(group)) {
      std::stable_sort(begin, end, [](const auto& a, const auto& b) {
        return a.front().position < b.front().position;
      });
    }
    begin = end;
  }
  return parted;
}

}  // namespace

bool path_matches(const std::string& pattern, const std::string& path) {
  const std::string file(file_of(path));
  return pattern.empty() || ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0 ||
         ::fnmatch(pattern.c_str(), file.c_str(), 0) == 0;
}

Opened open(const std::vector<std::string>& paths, const std::vector<Naming>& names, bool follow) {
  Finder finder(follow);
  for (const std::string& path : paths) finder.add(path);
  return open_found(std::move(finder), names, follow);
}

Opened open_found(Finder finder, const std::vector<Naming>& names, bool follow) {
  Opened opened;
  opened.diagnostics = std::move(finder.diagnostics);
  for (Diagnostic& note : drop_copies(finder.pieces)) opened.diagnostics.push_back(std::move(note));
  const Layout layout(finder.names);
  Logs logs = join(std::move(finder.pieces));
  const auto costly = costly_groups(logs, opened.diagnostics);
  if (!costly.empty()) logs = part(std::move(logs), costly);
  for (std::vector<Piece>& pieces : logs) {
    Origin origin = layout.origin(pieces.back().name);
    rename(names, origin);
    opened.sources.push_back(follow && pieces.back().plain
                                 ? make_followed(std::move(origin), std::move(pieces))
                                 : make_source(std::move(origin), std::move(pieces)));
  }
  opened.met = std::move(finder.names);
  return opened;
}

}  // namespace ktrace::input
