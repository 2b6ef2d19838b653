// The copies that klog makes of its own lines.

#pragma once

#include <vector>

#include "ktrace/status.h"
#include "sources.h"

namespace ktrace::input {

/// Takes those of `pieces` out whose lines all stand in others, too: with --log_dir klog writes a
/// line of an error into the files of WARNING and INFO as well. Gives a note for each.
std::vector<Diagnostic> drop_copies(std::vector<Piece>& pieces);

}  // namespace ktrace::input
