// The keys of an occurrence, as one text.

#include <algorithm>

#include "ktrace/index.h"

namespace ktrace::trace {
namespace {

// Calls `take` with each key until it gives true; gives whether it did.
template <typename Take>
bool any_key(std::string_view keys, const Take& take) {
  while (true) {
    const std::size_t end = std::min(keys.find(kKeyEnd), keys.size());
    if (take(keys.substr(0, end))) return true;
    if (end == keys.size()) return false;
    keys.remove_prefix(end + 1);
  }
}

}  // namespace

std::string with_key(std::string_view keys, std::string_view key) {
  const std::string folded = fold_key(key);
  std::string all(keys);
  const bool known = any_key(keys, [&](std::string_view one) { return fold_key(one) == folded; });
  if (!known) all.append(1, kKeyEnd).append(key);
  return all;
}

std::string_view first_key(std::string_view keys, const KeySet& wanted) {
  std::string_view first;
  any_key(keys, [&](std::string_view one) {
    if (wanted.contains(one)) first = one;
    return !first.empty();
  });
  return first;
}

}  // namespace ktrace::trace
