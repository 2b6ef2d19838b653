// What the indexes of a story's sources know: the links of their records, and where names and
// identifiers stand.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ktrace/arena.h"
#include "ktrace/links.h"
#include "readable.h"
#include "word_parts.h"

namespace ktrace::engine {

/// For one thread; works on several, a source on each.
class StoryIndexes {
 public:
  /// Both must outlive it.
  StoryIndexes(Session& session, const Readable& readable)
      : session_(session), readable_(readable) {}

  /// Opens the indexes and takes the links that they know. Then parts() are those that may hold
  /// what is `asked` for and begin before links_until(). What is damaged is reported.
  void read(const WordQuery& asked);

  /// Before where the links of a source's records are known: 0 when they are not.
  std::uint64_t links_until(std::uint32_t source) const { return known_[source].links_until; }

  /// The links that are known of a source, dated, in the order of their offsets. They are there
  /// once; what they view lives as long as this.
  std::vector<trace::Link>& links(std::uint32_t source) { return known_[source].links; }

  /// Finds the parts of the sources that `filter` wants in which `words` may stand: parts(). When
  /// it `counts_lines`, these know how many lines are before them. What is damaged is reported.
  void find(const WordQuery& words, const Filter& filter, bool counts_lines);

  /// What was found in a source by the last read() or find(). They are there once.
  Parts& parts(std::uint32_t source) { return known_[source].parts; }

  /// Whether find() knew of all the parts of a source.
  bool found(std::uint32_t source) const { return known_[source].found; }

 private:
  struct Known {
    std::optional<KnownIndex> index;
    std::vector<trace::Link> links;
    Arena text;
    std::uint64_t links_until = 0;
    Parts parts;
    bool found = false;
    std::vector<Diagnostic> words;
  };

  template <typename Work>
  void for_each(const Work& work);
  void read_links(std::uint32_t place, Known& known) const;
  void find_asked(const WordQuery& asked, std::uint32_t place, Known& known) const;
  void find_parts(const WordQuery& words, bool counts_lines, std::uint32_t place,
                  Known& known) const;

  Session& session_;
  const Readable& readable_;
  std::vector<Known> known_;  // by source
};

}  // namespace ktrace::engine
