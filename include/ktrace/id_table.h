// Identifiers by number: a table of all that were seen.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ktrace::trace {

/// An identifier as it stands in a log, and the number that its digits make, if it was read.
struct ReadId {
  std::string_view text;
  std::uint64_t high = 0, low = 0;
  std::uint8_t form = 0;  ///< the table's own name for how it is spelt; 0: it was not read
};

/// Reads the 32 hex digits (in one case) or the UUID (in lower case) that stand before a quote at
/// `text`. False, and `id` says nothing, when none do. Reads at most 37 bytes.
bool read_quoted(const char* text, ReadId& id);

/// Numbers identifiers from 0 in the order of their first appearance. Identifiers that are the same
/// (see same_identifier) have one number. Not thread-safe.
class IdTable {
 public:
  IdTable();
  ~IdTable();
  IdTable(IdTable&&) noexcept;
  IdTable& operator=(IdTable&&) noexcept;

  std::uint32_t number_of(std::string_view id);

  /// The same for many at a time, which is faster. Appends to `numbers`. Views need to live only
  /// during the call.
  void numbers_of(const std::vector<ReadId>& ids, std::vector<std::uint32_t>& numbers);

  /// Takes in another table in two steps, of which the first needs not be done by one thread.
  /// `numbers`: those that the identifiers of `other` get here, by their numbers there.
  ///
  /// The first looks for those from `begin` to `end`. Thread-safe.
  void find(const IdTable& other, std::size_t begin, std::size_t end,
            std::vector<std::uint32_t>& numbers) const;

  /// The second adds those that were not found. `last`: this table gives no number after that.
  void take_in(const IdTable& other, bool last, std::vector<std::uint32_t>& numbers);

  std::size_t size() const;

  /// Whether any identifier came in several spellings.
  bool respelt() const;

  /// The identifier as it was written; in its one spelling when it was written in several.
  void copy(std::uint32_t number, std::string& id) const;
  std::string id(std::uint32_t number) const;

  /// How long it is if it is hex digits or a UUID in their one spelling; 0 for all others.
  std::size_t number_length(std::uint32_t number) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ktrace::trace
