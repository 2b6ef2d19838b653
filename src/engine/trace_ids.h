// The tables of identifiers that the threads of `list` have made, as one.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ktrace/id_table.h"

namespace ktrace::engine {

/// Traces have the numbers of the first table, then those of the second, and so on. A trace that
/// several tables have goes by the number of the first of them, and nothing by those of the others.
/// Thread-safe once it is made.
class TraceIds {
 public:
  TraceIds() = default;

  /// Compares the tables with each other on `threads` threads.
  TraceIds(std::vector<trace::IdTable> tables, std::size_t threads);

  /// How many numbers there are.
  std::size_t size() const { return first_.empty() ? 0 : first_.back(); }

  /// The numbers of the traces of a table, by those that they have there. Once.
  std::vector<std::uint32_t> take_numbers(std::size_t table) { return std::move(numbers_[table]); }

  void copy(std::uint32_t trace, std::string& id) const;
  std::size_t number_length(std::uint32_t trace) const;
  bool is_before(std::uint32_t trace, std::uint32_t other) const;

 private:
  void find(std::size_t table, std::size_t threads);
  std::size_t table_of(std::uint32_t trace) const;

  std::vector<trace::IdTable> tables_;
  std::vector<std::uint32_t> first_;  // number of each table, and behind the last
  std::vector<std::vector<std::uint32_t>> numbers_;
};

}  // namespace ktrace::engine
