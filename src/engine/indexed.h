// Indexes in use: whether the index of a file can be believed.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ktrace/identifiers.h"
#include "ktrace/index.h"
#include "ktrace/input.h"

namespace ktrace::engine {

/// An index that is of the file as it is.
struct KnownIndex {
  trace::IndexReader reader;
  std::uint64_t end = 0;  ///< what begins before this offset is in the index; the rest is not
  bool current = false;   ///< the file has not changed since
};

/// What is to be reported of the index of `source` that turned out to be damaged.
Diagnostic damaged_index(const input::Source& source, const Status& damage);

/// Where the indexes of one run's sources are. Thread-safe for different sources.
class IndexStore {
 public:
  /// `directory`: where they are kept; empty: there are none.
  IndexStore(std::string directory, const trace::KeySet& keys)
      : directory_(std::move(directory)), keys_(keys.folded()) {}

  /// An index of `source` that is of the file as it is, and of at least these keys. One that is
  /// damaged or foreign is none, with a word appended to `words`; one of a file that has changed
  /// since is simply none.
  std::optional<KnownIndex> find(input::Source& source, std::vector<Diagnostic>& words) const;

  /// The same, of these keys and no others.
  std::optional<KnownIndex> find_own(input::Source& source, std::vector<Diagnostic>& words) const;

  /// Where the index of the file with that real path is, or is to be.
  std::string path_for(const std::string& file) const;

  /// Makes the directory, if there is none yet. An error when there can be none.
  Status make_directory() const;

  /// What an index that is made of `source` now tells of it; without `lines`.
  Result<trace::IndexFacts> facts_now(input::Source& source) const;

 private:
  std::string directory_of_keys() const;
  std::vector<std::string> other_directories() const;
  std::optional<KnownIndex> find_own(input::Source& source, const input::FileFacts& file,
                                     std::vector<Diagnostic>& words) const;
  std::optional<KnownIndex> find_in(const std::string& directory, input::Source& source,
                                    const input::FileFacts& file,
                                    std::vector<Diagnostic>& words) const;
  bool covers(const trace::IndexFacts& facts) const;
  std::optional<std::uint64_t> known_until(const trace::IndexFacts& then, input::Source& source,
                                           const input::FileFacts& file, bool& current) const;

  std::string directory_;
  std::vector<std::string> keys_;
};

}  // namespace ktrace::engine
