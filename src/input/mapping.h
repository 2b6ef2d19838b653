// A look at the bytes of a file without a copy.

#pragma once

#include <cstddef>
#include <cstdint>

#include "file.h"
#include "ktrace/input.h"

namespace ktrace::input {

/// As Source::look(), of a file.
bool look_at(const Descriptor& file, std::uint64_t offset, std::size_t size, const Viewer& see);

}  // namespace ktrace::input
