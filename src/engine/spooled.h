// Streams that have to be read twice.

#pragma once

#include <memory>

#include "ktrace/input.h"

namespace ktrace::engine {

/// Reads `source` to its end and gives its bytes as a seekable source: from memory while they are
/// few, otherwise from a file in TMPDIR that has no name, and so is gone with this process however
/// that ends. `failure` tells when not all could be read; what could be is in the result.
std::unique_ptr<input::Source> spool(input::Source& source, Status& failure);

}  // namespace ktrace::engine
