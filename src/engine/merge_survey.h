// The first look of a merge at a part of a source: the times of its blocks.

#pragma once

#include <vector>

#include "merge_blocks.h"
#include "scan.h"

namespace ktrace::engine {

/// What a thread keeps from part to part.
struct SurveyWorker {
  std::vector<char> buffer;
  Record record;
  Arena copies;
};

/// The facts of the blocks of `part`, each of `block_size` bytes or less as a rule, in the order of
/// their offsets; `line` counts the lines before a block in the part alone, when `counts_lines`.
/// Notes in the part what there is to tell of it. `calendar`: that of its source.
std::vector<BlockFacts> survey_part(Part& part, std::size_t block_size, const Query& query,
                                    const trace::Calendar& calendar, bool counts_lines,
                                    SurveyWorker& worker);

}  // namespace ktrace::engine
