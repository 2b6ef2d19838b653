// Logs that are read while they are written.

#pragma once

#include <memory>
#include <vector>

#include "ktrace/input.h"
#include "sources.h"

namespace ktrace::input {

/// A stream of the bytes of `pieces`, the last of which is a plain file, and then of all that is
/// written to the log: to that file, and to the files that take its place when it is rotated.
std::unique_ptr<Source> make_followed(Origin origin, std::vector<Piece> pieces);

}  // namespace ktrace::input
