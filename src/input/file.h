// Sources that are file descriptors: regular files, pipes, standard input.

#pragma once

#include <memory>
#include <string>

#include "ktrace/input.h"

namespace ktrace::input {

/// Opens `path`, or standard input for "-". Its descriptor is closed with the source.
Result<std::unique_ptr<Source>> open_file(const std::string& path, Origin origin);

}  // namespace ktrace::input
