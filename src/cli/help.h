// How help looks: 80 columns, options in named groups.

#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace ktrace::cli {

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

}  // namespace ktrace::cli
