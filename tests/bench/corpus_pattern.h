// Fills in the patterns of the catalogue.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "corpus_random.h"
#include "ktrace/time.h"

namespace ktrace::bench {

/// What a pattern's '$' letters are filled from. What one letter stands for is the same within a
/// record; names and UIDs follow from `subject` and `pod` and are the same in a whole script.
struct Scene {
  std::uint64_t subject;  ///< of the workload
  std::uint16_t pod;      ///< number of the workload's pod
  std::uint64_t request;  ///< of the API request
  std::uint64_t script;   ///< of this run of a script
  std::uint64_t record;   ///< of this record
  CivilTime now;
};

/// Appends `pattern` with its letters replaced; see corpus_catalogue.h for their list.
void expand(std::string_view pattern, const Scene& scene, std::string& out);

/// Appends `count` lower-case hex digits (at most 64) that follow from `seed`.
void append_hex(std::uint64_t seed, unsigned count, std::string& out);

}  // namespace ktrace::bench
