// The index of one log file: from identifiers to the positions of the records that carry them.
//
// What is indexed is the *occurrence*: a record at an offset carries an identifier under keys. The
// index answers where the occurrences of one identifier are, without reading the rest, and gives
// back all of them in order. It is trusted as far as its checksums go: whatever was damaged, cut or
// foreign is an error, never an answer. Whether it is the index of the file as the file is now is
// for the caller to judge, by the facts. Its layout is documented in ktrace-index(5).

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/id_table.h"
#include "ktrace/identifiers.h"
#include "ktrace/record.h"
#include "ktrace/status.h"
#include "ktrace/time.h"

namespace ktrace::trace {

/// Keys under which one identifier stands in one record, as written there, the first one first,
/// with this between. No key that can be asked for has it.
inline constexpr char kKeyEnd = '\0';

/// `keys` with `key` behind them, unless one of them is the same but for case, '-' and '_'.
std::string with_key(std::string_view keys, std::string_view key);

/// The first of `keys` that `wanted` has, or an empty one. Lives as long as `keys`.
std::string_view first_key(std::string_view keys, const KeySet& wanted);

/// One identifier in one record.
struct Occurrence {
  std::string_view id;       ///< as written
  std::string_view key;      ///< the keys under which it stands there: see kKeyEnd
  std::uint64_t offset = 0;  ///< of the record
  Stamp stamp;               ///< of the record; its digits are not kept
  Severity severity = Severity::unspecified;
  std::string_view component;  ///< that the record tells of itself; empty when it does not
};

/// What an index was made of. Only the writer's caller gives these their meaning.
struct IndexFacts {
  static constexpr std::uint64_t kLineStep = 64 << 10;

  std::string path;                  ///< the file's real path
  std::uint64_t size = 0;            ///< when it was opened, as it is stored
  std::int64_t modified = 0;         ///< nanoseconds since 1970
  std::uint64_t inode = 0;           ///< with the device: which file it was
  std::uint64_t device = 0;          ///<
  std::uint64_t indexed = 0;         ///< how many bytes from its beginning were read, unpacked
  std::uint64_t complete = 0;        ///< records that begin before this offset had ended
  std::uint64_t head = 0;            ///< content_hash of the first and of the last 4 KiB
  std::uint64_t tail = 0;            ///< of the file as it is stored
  std::uint32_t rules = 0;           ///< number of the rules by which identifiers were found
  std::vector<std::string> keys;     ///< folded names of the identifier keys that were looked for
  std::vector<std::uint32_t> lines;  ///< how many line feeds each kLineStep bytes have
  bool divisible = true;  ///< keys and identifiers are as written, so that it knows those under
                          ///< some of the keys

  friend bool operator==(const IndexFacts&, const IndexFacts&) = default;
};

/// Makes an index. Holds about 8 bytes for an occurrence, 17 for an identifier in a block. To
/// continue an index, add what the old one gives, then the rest. Not thread-safe.
class IndexWriter {
 public:
  IndexWriter();
  ~IndexWriter();
  IndexWriter(IndexWriter&&) noexcept;
  IndexWriter& operator=(IndexWriter&&) noexcept;

  /// Offsets must not descend. Copies what it needs.
  void add(const Occurrence& occurrence);

  /// A number for the keys and the component of occurrences.
  std::uint16_t number_of(std::string_view key, std::string_view component);

  /// Adds an occurrence with keys and component of this number, and an identifier as it was read.
  void add(std::uint16_t key, std::uint64_t offset, const Stamp& stamp, Severity severity,
           const ReadId& id);

  /// What IndexReader::links() is to give: see stored_links.h. Nothing otherwise.
  void set_links(std::string links);

  /// What IndexReader::words() is to give: see word_places.h. Nothing otherwise.
  void set_words(std::string words);

  /// What IndexReader::restarts() is to give: see input::Source::restarts(). Nothing otherwise.
  void set_restarts(std::string restarts);

  /// Writes the index to `path`, whose directory must exist: first under a temporary name beside
  /// it, which is then renamed, so that at any moment there is the old index or the new one.
  /// Removes what killed writers have left in that directory. An error when the file cannot be
  /// written, when offsets descended, or when there are more than 1,024 spellings of keys, each
  /// counted once for every component. Call it once.
  Status finish(const std::string& path, const IndexFacts& facts);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What to find.
struct Lookup {
  std::string id;       ///< in any case, when it has 32 hex digits
  bool prefix = false;  ///< all identifiers that begin with `id` (see identifier_begins)
};

/// Reads an index. Reads only what an answer needs, and checks what it reads. Not thread-safe; does
/// not notice when the file under `path` is replaced, but goes on with the old one.
class IndexReader {
 public:
  /// Reads header and facts. An error when there is no such file, or no index of this version in
  /// it.
  static Result<IndexReader> open(const std::string& path);

  ~IndexReader();
  IndexReader(IndexReader&&) noexcept;
  IndexReader& operator=(IndexReader&&) noexcept;

  const IndexFacts& facts() const;

  /// How many occurrences there are.
  std::uint64_t size() const;

  /// The offsets of the records that carry what is looked for: all of them and no others,
  /// ascending, each once. An error when the index is damaged where it was read.
  Result<std::vector<std::uint64_t>> find(const Lookup& lookup);

  /// The same for all that carry any of what is looked for; reads nothing twice for that.
  Result<std::vector<std::uint64_t>> find_any(std::span<const Lookup> lookups);

  /// The links of the log's records: see stored_links.h. An error when they are damaged.
  Result<std::string> links();

  /// Where words stand: see word_places.h. An error when that is damaged.
  Result<std::string> words();

  /// Where a compressed log can be unpacked from. An error when that is damaged.
  Result<std::string> restarts();

  /// Calls `take` for every occurrence in the order in which they were added, until it returns
  /// false. Views live until it returns. An error when the index is damaged: what was given before
  /// it is then to be discarded.
  Status for_each(const std::function<bool(const Occurrence&)>& take);

  /// The same for those under `keys`, each with its first_key() among these.
  Status for_each_under(const KeySet& keys, const std::function<bool(const Occurrence&)>& take);

 private:
  struct State;
  explicit IndexReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Where the index of the file with the real path `file` is kept below `directory`: a name made of
/// a hash of the path and of its last part.
std::string cache_path(const std::string& directory, std::string_view file);

/// FNV-1a, 64 bits: tells contents apart that differ by accident, not by intent.
std::uint64_t content_hash(std::string_view bytes);

}  // namespace ktrace::trace
