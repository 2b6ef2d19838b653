// Whether a place in a line stands within quotes or braces.

#pragma once

#include <cstddef>
#include <string_view>

#include "ktrace/vectors.h"

namespace ktrace::trace {

/// Whether `text` ends outside of double quotes, for what is certain: a backslash stands within
/// quotes only, where it escapes what follows, and there is no line end. Has 32 readable bytes
/// behind it. `vectors`: what the machine has.
bool balanced(std::string_view text, Vectors vectors = widest_vectors());

/// What stands in a line before a place in it.
struct LineHead {
  static constexpr std::size_t kNoLineEnd = static_cast<std::size_t>(-1);

  std::size_t begin = kNoLineEnd;  ///< of the line
  bool outside = false;            ///< of quotes, as balanced() tells of what stands there
};

/// That of the last line of `text`; of all of it when there is no line end. Has 32 readable bytes
/// behind it.
LineHead last_line_head(std::string_view text, Vectors vectors = widest_vectors());

/// Whether the last word of `text` has a '=' or ends with a quote, as a pair of klog text does.
bool ends_like_pair(std::string_view text);

/// Whether `text`, the beginning of what an object holds, ends in that object itself: outside of
/// strings, and with all closed that it opens. Has 32 readable bytes behind it.
bool in_same_object(std::string_view text, Vectors vectors = widest_vectors());

}  // namespace ktrace::trace
