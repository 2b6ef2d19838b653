// The parts of a source in which words stand, as its index tells.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ktrace/index.h"
#include "ktrace/word_places.h"
#include "parts_around.h"

namespace ktrace::engine {

/// What a story looks for in an index.
class WordQuery {
 public:
  WordQuery(std::vector<std::string> ids, std::vector<std::string> names)
      : ids_(std::move(ids)), names_(std::move(names)), hashes_(trace::hashes_of(ids_, names_)) {}

  bool empty() const { return ids_.empty() && names_.empty(); }

  /// The steps of a source that may hold any of it, ascending; none when the index cannot tell.
  /// An error when the index is damaged.
  Result<std::optional<std::vector<std::uint64_t>>> steps(trace::IndexReader& index) const;

 private:
  Status add_identifiers(trace::IndexReader& index, std::vector<std::uint64_t>& steps) const;

  const std::vector<std::string> ids_, names_;
  const std::optional<std::vector<std::uint32_t>> hashes_;
};

/// Adds the records to `around` that stand in `steps` (ascending) and begin before `end`.
void add_steps(const std::vector<std::uint64_t>& steps, std::uint64_t end, PartsAround& around);

}  // namespace ktrace::engine
