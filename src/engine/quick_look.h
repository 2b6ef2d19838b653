// Which parts need not be read at all, learnt by a look at their bytes.

#pragma once

#include <cstddef>

#include "ktrace/literal_search.h"
#include "scan.h"

namespace ktrace::engine {

/// Takes parts out of `parts`, and shortens others, in which no group can be hit by a search for
/// `literal`. `block_size`: with which they were made. What is not known is left in, and what was
/// chosen is not looked at. Works on up to `threads` threads.
void leave_out_quiet(const trace::LiteralSearch& literal, std::size_t block_size, Parts& parts,
                     unsigned threads);

}  // namespace ktrace::engine
