// The colours of text for terminals: the eight that every terminal has, as parameters of ESC [ … m.

#pragma once

#include <string_view>

#include "ktrace/record.h"

namespace ktrace::output {

inline constexpr std::string_view kPlain = "";
inline constexpr std::string_view kBold = "1";
inline constexpr std::string_view kDim = "2";
inline constexpr std::string_view kBoldRed = "1;31";
inline constexpr std::string_view kBoldYellow = "1;33";

inline std::string_view severity_color(Severity severity) {
  switch (severity) {
    case Severity::warning:
      return "33";
    case Severity::error:
      return kBoldRed;
    case Severity::fatal:
      return "37;41";
    default:
      return kPlain;
  }
}

}  // namespace ktrace::output
