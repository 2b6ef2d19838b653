// Nothing is moved: most identifiers are in one table only, since their records stand close to each
// other. So each is looked for in the tables before its own, by all threads, which takes as long
// with many tables as with two.

#include "trace_ids.h"

#include <algorithm>
#include <utility>

#include "parallel.h"

namespace ktrace::engine {
namespace {

// Identifiers that are looked for at a time, by one thread.
constexpr std::size_t kPiece = 4096;

}  // namespace

TraceIds::TraceIds(std::vector<trace::IdTable> tables, std::size_t threads)
    : tables_(std::move(tables)), first_{0}, numbers_(tables_.size()) {
  for (const trace::IdTable& table : tables_) {
    first_.push_back(first_.back() + static_cast<std::uint32_t>(table.size()));
  }
  for (std::size_t table = 0; table < tables_.size(); ++table) find(table, threads);
  for (trace::IdTable& table : tables_) table.close();
}

void TraceIds::find(std::size_t table, std::size_t threads) {
  std::vector<std::uint32_t>& numbers = numbers_[table];
  numbers.resize(tables_[table].size());
  for_each_piece(threads, numbers.size(), kPiece,
                 [&](std::size_t, std::size_t begin, std::size_t end) {
                   for (std::size_t i = begin; i < end; ++i) {
                     numbers[i] = first_[table] + static_cast<std::uint32_t>(i);
                   }
                   std::vector<std::uint32_t> found;
                   for (std::size_t before = table; before-- > 0; found.clear()) {
                     tables_[before].find(tables_[table], begin, end, found);
                     for (std::size_t i = begin; i < end; ++i) {
                       const std::uint32_t number = found[i - begin];
                       if (number != trace::kNoNumber) numbers[i] = first_[before] + number;
                     }
                   }
                 });
  for (std::size_t before = 0; before < table; ++before) tables_[before].agree(tables_[table]);
}

std::size_t TraceIds::table_of(std::uint32_t trace) const {
  if (trace < first_[1]) return 0;
  const auto behind = std::upper_bound(first_.begin() + 1, first_.end(), trace);
  return static_cast<std::size_t>(behind - first_.begin()) - 1;
}

void TraceIds::copy(std::uint32_t trace, std::string& id) const {
  const std::size_t table = table_of(trace);
  tables_[table].copy(trace - first_[table], id);
}

std::size_t TraceIds::number_length(std::uint32_t trace) const {
  const std::size_t table = table_of(trace);
  return tables_[table].number_length(trace - first_[table]);
}

bool TraceIds::is_before(std::uint32_t trace, std::uint32_t other) const {
  const std::size_t table = table_of(trace), others = table_of(other);
  return tables_[table].is_before(trace - first_[table], tables_[others], other - first_[others]);
}

}  // namespace ktrace::engine
