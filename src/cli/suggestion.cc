// The nearest of the known words, by the number of letters that differ.

#include "suggestion.h"

#include <algorithm>
#include <utility>

namespace ktrace::cli {
namespace {

// How many letters must change to make `a` of `b`.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  const std::string typed = word.substr(0, word.find('='));
  const auto nearest = std::min_element(
      names.begin(), names.end(),
      [&](const auto& a, const auto& b) { return distance(typed, a) < distance(typed, b); });
  const std::size_t near = typed.size() >= 4 ? std::max<std::size_t>(2, typed.size() / 3) : 0;
  if (nearest == names.end() || distance(typed, *nearest) > near) return "";
  return "; did you mean " + *nearest + "?";
}

}  // namespace ktrace::cli
