// A pipe that has to be read more than once.

#pragma once

#include "stream.h"

namespace ktrace::input {

/// Reads `pipe` to its end and keeps the bytes as they are: in memory while they are few, otherwise
/// in a temporary file that has no name. Gives an opener for them. A failure to read the pipe comes
/// when what was kept has been read; one to keep it is told at once.
Result<Opener> spool(StreamPtr pipe);

}  // namespace ktrace::input
