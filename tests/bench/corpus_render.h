// A logging call as a line of klog text, or of component-base's JSON.

#pragma once

#include <string>
#include <string_view>

#include "corpus_model.h"

namespace ktrace::bench {

/// Appends `call` with its line end.
using Render = void (*)(const LogCall& call, std::string& out);

void render_text(const LogCall& call, std::string& out);
void render_json(const LogCall& call, std::string& out);

/// Appends `text` in double quotes. '"', '\\', line feed and tab are escaped: what the corpus has
/// of what Go's strconv.Quote and zap escape, both in the same way.
void append_quoted(std::string_view text, std::string& out);

}  // namespace ktrace::bench
