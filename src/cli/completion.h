// Completion scripts, made by walking the program's own flags.

#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace ktrace::cli {

/// The script for `shell` (bash, zsh, fish); empty for any other.
std::string completion_script(const CLI::App& program, const std::string& shell);

}  // namespace ktrace::cli
