// An index tells of identifiers in two ways: what stands under a key is an occurrence, and is
// looked up; the words are all others, and names. In most logs nearly all identifiers stand under
// keys, and to tell of them twice would double their cost.

#include "word_parts.h"

#include <algorithm>
#include <iterator>

namespace ktrace::engine {
namespace {

// From so many on it is faster to read the log than to look them up.
constexpr std::size_t kMostLookups = 4096;

}  // namespace

Result<std::optional<std::vector<std::uint64_t>>> WordQuery::steps(
    trace::IndexReader& index) const {
  std::optional<std::vector<std::uint64_t>> steps;
  if (!hashes_ || ids_.size() > kMostLookups) return steps;
  const auto words = index.words();
  if (!words) return words.status();
  if (words->empty()) return steps;
  steps.emplace();
  auto wanted = hashes_->begin();
  const std::uint64_t end = index.facts().indexed / trace::kWordStep + 1;
  const bool good =
      trace::decode_words(*words, [&](std::uint32_t hash, std::uint64_t first, std::uint64_t last) {
        while (wanted != hashes_->end() && *wanted < hash) ++wanted;
        if (wanted == hashes_->end() || *wanted != hash) return;
        for (std::uint64_t step = first; step <= std::min(last, end); ++step) {
          steps->push_back(step);
        }
      });
  if (!good) return Status::error("the index is damaged");
  if (Status status = add_identifiers(index, *steps); !status.ok()) return status;
  std::sort(steps->begin(), steps->end());
  steps->erase(std::unique(steps->begin(), steps->end()), steps->end());
  return steps;
}

Status WordQuery::add_identifiers(trace::IndexReader& index,
                                  std::vector<std::uint64_t>& steps) const {
  std::vector<trace::Lookup> lookups;
  for (const std::string& id : ids_) lookups.push_back({id, false});
  const auto offsets = index.find_any(lookups);
  if (!offsets) return offsets.status();
  for (const std::uint64_t offset : *offsets) steps.push_back(offset / trace::kWordStep);
  return {};
}

void add_steps(const std::vector<std::uint64_t>& steps, std::uint64_t end, PartsAround& around) {
  for (const std::uint64_t step : steps) {
    const std::uint64_t begin = step * trace::kWordStep;
    if (begin < end) around.add(begin, std::min(begin + trace::kWordStep, end));
  }
}

}  // namespace ktrace::engine
