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

/// Of an identifier that is in no table.
inline constexpr std::uint32_t kNoNumber = std::uint32_t{1} << 30;

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

  /// Looks for the identifiers of `other` that have the numbers from `begin` to `end` there:
  /// appends their numbers here, or kNoNumber, to `numbers`. Thread-safe.
  void find(const IdTable& other, std::size_t begin, std::size_t end,
            std::vector<std::uint32_t>& numbers) const;

  /// Identifiers that the tables have in common but spell otherwise get their one spelling here.
  void agree(const IdTable& other);

  /// Frees what only numbering and looking need.
  void close();

  std::size_t size() const;

  /// Whether any identifier came in several spellings.
  bool respelt() const;

  /// The identifier as it was written; in its one spelling when it was written in several.
  void copy(std::uint32_t number, std::string& id) const;
  std::string id(std::uint32_t number) const;

  /// Whether an identifier stands before one of `other`, as they were written.
  bool is_before(std::uint32_t number, const IdTable& other, std::uint32_t others) const;

  /// The same as it was read: of what was not, the text. Lives as long as nothing is added.
  ReadId read(std::uint32_t number) const;

  /// How long it is if it is hex digits or a UUID in their one spelling; 0 for all others.
  std::size_t number_length(std::uint32_t number) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ktrace::trace
