// An index is believed when its file is provably the one that was indexed: the same inode under the
// same path, of the same size and modification time, with the same first and last 4 KiB. A file
// that is longer now may have grown: then what was indexed must still stand before what is new. All
// else may have been written anew, and is read. Of a compressed file all this is said of the bytes
// as they are stored, and one that has grown is read, too.

#include "indexed.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "block_reader.h"
#include "ktrace/format.h"
#include "ktrace/links.h"
#include "line_count.h"

namespace ktrace::engine {
namespace {

// To be raised whenever other records or identifiers are found in the same bytes: indexes that were
// made by other rules are made anew.
constexpr std::uint32_t kRules = 5;

constexpr std::uint64_t kHashed = 4096;

// The tables of formats and links are part of the rules: a new row finds new records, or links.
std::uint32_t make_rules() {
  std::string names;
  for (const format::Payload& payload : format::payloads()) {
    names.append(payload.name).push_back(' ');
  }
  for (const trace::LinkKind& kind : trace::link_kinds()) names.append(kind.name).push_back(' ');
  for (const trace::WordLiteral& literal : trace::link_literals()) names.append(literal.text);
  return kRules + (static_cast<std::uint32_t>(trace::content_hash(names)) << 8);
}

std::uint32_t rules() {
  static const std::uint32_t made = make_rules();
  return made;
}

// What the names of directories begin with that hold indexes of other keys than the default ones.
constexpr std::string_view kOfKeys = "keys-";

// Of up to kHashed bytes as they are stored.
std::uint64_t hash_at(input::Source& source, std::uint64_t offset, std::uint64_t size) {
  std::string bytes(size, '\0');
  const auto count = source.read_stored(offset, bytes.data(), size);
  bytes.resize(count ? *count : 0);
  return trace::content_hash(bytes);
}

std::uint64_t hash_before(input::Source& source, std::uint64_t end) {
  const std::uint64_t size = std::min(end, kHashed);
  return hash_at(source, end - size, size);
}

std::uint64_t hash_of_head(input::Source& source, std::uint64_t end) {
  return hash_at(source, 0, std::min(end, kHashed));
}

}  // namespace

Diagnostic damaged_index(const input::Source& source, const Status& damage) {
  return {Diagnostic::Level::warning, source.origin().name, 0,
          damage.message() + "; the log is read instead"};
}

std::string IndexStore::path_for(const std::string& file) const {
  return trace::cache_path(directory_of_keys(), file);
}

// Indexes of other keys than the default ones are kept apart, in a directory for each set of keys.
std::string IndexStore::directory_of_keys() const {
  if (keys_ == trace::KeySet::defaults().folded()) return directory_;
  std::string names;
  for (const std::string& key : keys_) names.append(key).push_back('\n');
  return fmt::format("{}/{}{:016x}", directory_, kOfKeys, trace::content_hash(names));
}

Status IndexStore::make_directory() const {
  if (directory_.empty()) return Status::error("no place for indexes: give --index-dir");
  std::error_code error;
  std::filesystem::create_directories(directory_of_keys(), error);
  return error ? Status::error(directory_ + ": " + error.message()) : Status();
}

Result<trace::IndexFacts> IndexStore::facts_now(input::Source& source) const {
  const auto file = source.file();
  if (!file) return Status::error("is no plain file");
  trace::IndexFacts facts;
  facts.path = file->path;
  facts.size = file->size;
  facts.indexed = source.size();
  facts.modified = file->modified.time_since_epoch().count();
  facts.inode = file->inode;
  facts.device = file->device;
  // A start of which kPadding bytes are there is one whatever follows.
  input::Place place;
  facts.complete =
      group_begin(source, facts.indexed - std::min(facts.indexed, format::kPadding), place);
  facts.head = hash_of_head(source, facts.size);
  facts.tail = hash_before(source, facts.size);
  facts.rules = rules();
  facts.keys = keys_;
  return facts;
}

// Until where the index with the facts `then` can be believed; `file`: what `source` is now.
std::optional<std::uint64_t> IndexStore::known_until(const trace::IndexFacts& then,
                                                     input::Source& source,
                                                     const input::FileFacts& file,
                                                     bool& current) const {
  if (then.rules != rules()) return std::nullopt;
  const bool same = then.path == file.path && then.inode == file.inode &&
                    then.device == file.device && file.size >= then.size &&
                    then.complete <= then.indexed;
  current = file.size == then.size;
  if (!same || (current && then.modified != file.modified.time_since_epoch().count()) ||
      then.head != hash_of_head(source, then.size) || then.tail != hash_before(source, then.size)) {
    return std::nullopt;
  }
  return current ? then.indexed : then.complete;
}

std::optional<KnownIndex> IndexStore::find(input::Source& source,
                                           std::vector<Diagnostic>& words) const {
  const auto file = directory_.empty() ? std::nullopt : source.file();
  if (!file) return std::nullopt;
  auto own = find_own(source, *file, words);
  if (own) return own;
  for (const std::string& directory : other_directories()) {
    auto other = find_in(directory, source, *file, words);
    if (other && covers(other->reader.facts())) return other;
  }
  return std::nullopt;
}

bool IndexStore::covers(const trace::IndexFacts& facts) const {
  return facts.divisible &&
         std::includes(facts.keys.begin(), facts.keys.end(), keys_.begin(), keys_.end());
}

std::optional<KnownIndex> IndexStore::find_own(input::Source& source,
                                               std::vector<Diagnostic>& words) const {
  const auto file = directory_.empty() ? std::nullopt : source.file();
  return file ? find_own(source, *file, words) : std::nullopt;
}

std::optional<KnownIndex> IndexStore::find_own(input::Source& source, const input::FileFacts& file,
                                               std::vector<Diagnostic>& words) const {
  auto own = find_in(directory_of_keys(), source, file, words);
  return own && own->reader.facts().keys == keys_ ? std::move(own) : std::nullopt;
}

// Those in which there may be indexes of other keys, that of the default ones first.
std::vector<std::string> IndexStore::other_directories() const {
  std::vector<std::string> directories{directory_};
  std::error_code error;
  std::filesystem::directory_iterator entries(directory_, error);
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kOfKeys)) directories.push_back(entry.path().string());
  }
  std::sort(directories.begin() + 1, directories.end());
  std::erase(directories, directory_of_keys());
  return directories;
}

std::optional<KnownIndex> IndexStore::find_in(const std::string& directory, input::Source& source,
                                              const input::FileFacts& file,
                                              std::vector<Diagnostic>& words) const {
  const std::string path = trace::cache_path(directory, file.path);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  auto reader = trace::IndexReader::open(path);
  if (!reader) {
    words.push_back({Diagnostic::Level::warning, path, 0, reader.message() + "; not used"});
    return std::nullopt;
  }
  bool current = false;
  const auto end = known_until(reader->facts(), source, file, current);
  if (!end) return std::nullopt;
  if (!source.seekable()) {
    const auto restarts = reader->restarts();
    if (!restarts) {
      words.push_back({Diagnostic::Level::warning, path, 0, restarts.message() + "; not used"});
    }
    if (!restarts || !source.use_restarts(*restarts)) return std::nullopt;
  }
  return KnownIndex{std::move(*reader), *end, current};
}

}  // namespace ktrace::engine
