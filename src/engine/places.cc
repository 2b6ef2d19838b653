#include "places.h"

#include <algorithm>

#include "ktrace/format.h"

namespace ktrace::engine {

Places::Places(std::vector<std::string> values, bool any_case)
    : values_(std::move(values), any_case),
      marks_({format::hiding_marks().begin(), format::hiding_marks().end()}, false) {}

void Places::find_all(std::string_view block, bool may_hide,
                      std::vector<std::size_t>& found) const {
  found.clear();
  if (may_hide) {
    marks_.find_all(block, found);
    std::erase_if(found, [block](std::size_t mark) { return !format::hides(block, mark); });
  }
  const bool hidden = !found.empty();
  values_.find_all(block, found);
  if (hidden) std::sort(found.begin(), found.end());
}

}  // namespace ktrace::engine
