#include "timeless.h"

#include <string>

#include <fmt/format.h>

#include "session.h"

namespace ktrace::engine {

void Timeless::report(Session& session) const {
  if (sources_.empty() || !any_other_) return;
  const std::size_t others = sources_.size() - 1;
  const std::string more = others == 0 ? ""
                                       : fmt::format(", like those of {} more source{},", others,
                                                     others == 1 ? "" : "s");
  session.report({Diagnostic::Level::warning, session.sources()[*sources_.begin()]->origin().name,
                  0, fmt::format("its records{} have no time: they stand last", more)});
}

}  // namespace ktrace::engine
