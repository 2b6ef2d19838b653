// Makes an index: occurrences are numbered and packed while they come, and written at the end, when
// it is known which identifiers several blocks share.
//
// Until then a block is its records' offsets and times, already packed (about 4 bytes a record),
// and for each occurrence a tag (2 bytes), a bit that says whether its identifier is new, and, if
// not, the identifier's number (4 bytes). New identifiers need none: they are numbered as they
// come.

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "index_blocks.h"
#include "index_chunks.h"
#include "index_dictionary.h"
#include "index_ids.h"
#include "index_layout.h"
#include "index_leaves.h"
#include "index_storage.h"
#include "ktrace/index.h"

namespace ktrace::trace {
namespace index {
namespace {

__extension__ using Wide = unsigned __int128;

Wide wide(const Number& number) { return static_cast<Wide>(number.high) << 64 | number.low; }

// Numbers for keys. Nearly all occurrences have the spelling and component of one shortly before.
class Keys {
 public:
  /// Empty when there are too many.
  std::optional<std::uint16_t> number(std::string_view spelling, std::string_view component) {
    const std::size_t slot = recent_slot(spelling);
    const std::uint16_t recent = recent_[slot];
    if (recent < keys_.size() && keys_[recent].spelling == spelling &&
        keys_[recent].component == component) {
      return recent;
    }
    Key key{std::string(spelling), std::string(component)};
    const auto next = static_cast<std::uint16_t>(keys_.size());
    if (next == kMostKeys && !numbers_.contains(key)) return std::nullopt;
    const auto [found, added] = numbers_.try_emplace(key, next);
    if (added) keys_.push_back(std::move(key));
    return recent_[slot] = found->second;
  }

  std::vector<Key> take() { return std::move(keys_); }

 private:
  static std::size_t recent_slot(std::string_view key) {
    if (key.empty()) return 0;
    const auto first = static_cast<unsigned char>(key.front());
    const auto last = static_cast<unsigned char>(key.back());
    return (key.size() * 5 + first * 3u + last) % 64;
  }

  std::array<std::uint16_t, 64> recent_{};
  std::vector<Key> keys_;
  std::map<Key, std::uint16_t> numbers_;
};

// Local identifiers in buckets by the leading bits of their distance from the least: random ones
// are then nearly in order, and each bucket can be sorted in the cache.
class Buckets {
 public:
  explicit Buckets(const DistinctIds& ids) {
    Wide least = ~Wide{0}, most = 0;
    each_local(ids, [&](std::uint32_t id) {
      least = std::min(least, wide(ids.number(id)));
      most = std::max(most, wide(ids.number(id)));
    });
    if (least > most) return;
    unsigned shift = 0;
    while ((most - least) >> shift >> kBits != 0) ++shift;
    const auto bucket_of = [&](std::uint32_t id) {
      return static_cast<std::size_t>((wide(ids.number(id)) - least) >> shift);
    };
    each_local(ids, [&](std::uint32_t id) { ++begins_[bucket_of(id) + 1]; });
    for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    order_.resize(begins_.back());
    std::vector<std::uint32_t> next = begins_;
    each_local(ids, [&](std::uint32_t id) { order_[next[bucket_of(id)]++] = id; });
  }

  std::size_t size() const { return begins_.size() - 1; }

  std::span<const std::uint32_t> operator[](std::size_t bucket) const {
    return std::span(order_).subspan(begins_[bucket], begins_[bucket + 1] - begins_[bucket]);
  }

 private:
  static constexpr unsigned kBits = 12;

  template <typename Take>
  static void each_local(const DistinctIds& ids, Take&& take) {
    for (std::uint32_t id = 0; id < ids.size(); ++id) {
      if (!ids.shared(id)) take(id);
    }
  }

  std::vector<std::uint32_t> begins_ = std::vector<std::uint32_t>((1 << kBits) + 1);
  std::vector<std::uint32_t> order_;
};

// A block between its occurrences' coming and its being written.
struct PackedBlock {
  std::uint32_t size = 0;
  std::uint32_t first_id = 0;  // the number of the first identifier that was new in it
  std::string times;
};

// An occurrence whose block is not full yet.
struct Pending {
  DistinctIds::Key id;  // its text is in Pending texts
  std::size_t text_begin = 0;
  std::size_t text_size = 0;
  std::uint16_t tag = 0;
};

}  // namespace
}  // namespace index

using namespace index;  // NOLINT(google-build-using-namespace): the rest of this file is of it

struct IndexWriter::State {
  // While occurrences come.
  void add(const Occurrence& occurrence, const ReadId& id);
  void pack_block();
  void intern(const Pending& pending);

  // At the end, in this order.
  Status write(const std::string& path, const IndexFacts& facts);
  void rank_shared();
  void write_blocks(NewFile& file);
  void write_block(NewFile& file, std::uint32_t block);
  Entry entry_of(std::uint32_t id, std::uint32_t block, std::uint32_t at);
  void write_dictionary(NewFile& file);
  void write_leaves(NewFile& file);
  void write_leaf_page(NewFile& file, std::span<const Leaf> leaves);
  void append_leaves(std::span<const std::uint32_t> bucket, std::vector<Leaf>& leaves) const;

  Keys keys;
  DistinctIds ids;
  std::vector<PackedBlock> blocks;
  Chunks<std::uint16_t> tags;
  std::vector<bool> repeated;  // whether an occurrence's identifier is not new
  Chunks<std::uint32_t> repeats;
  std::uint64_t size = 0;
  std::string links, words, restarts;
  std::string failure;

  // The block that is being filled.
  std::vector<Pending> pending;
  std::string pending_texts;
  std::vector<Moment> records;
  std::uint64_t last_offset = 0;
  Severity last_severity = Severity::unspecified;

  // While writing.
  Directory directory;
  std::vector<std::pair<std::string_view, std::uint32_t>> shared;  // in order
  std::vector<std::pair<std::uint32_t, std::uint32_t>> postings;   // (rank, block)
  std::size_t next_tag = 0, next_repeat = 0;
  std::uint32_t next_id = 0;
  std::vector<std::uint32_t> last_seen;  // by identifier new in the block: its last occurrence + 1
};

void IndexWriter::State::add(const Occurrence& occurrence, const ReadId& id) {
  const std::optional<std::uint16_t> key = keys.number(occurrence.key, occurrence.component);
  if (!key) failure = "there are too many identifier keys and components";
  if (occurrence.offset < last_offset) failure = "records are out of order";
  if (ids.size() + kBlock > kMostIds) failure = "there are too many identifiers";
  if (!failure.empty()) return;
  const bool stamped = occurrence.stamp.kind != Stamp::Kind::none;
  const Moment moment{occurrence.offset, stamped ? to_ticks(occurrence.stamp) : 0,
                      occurrence.stamp.kind};
  // A block is read without the one before it, so its first occurrence tells everything.
  const bool same =
      !pending.empty() && moment == records.back() && occurrence.severity == last_severity;
  const Tag tag{*key, occurrence.severity, moment.kind, same};
  last_offset = occurrence.offset;
  last_severity = occurrence.severity;
  if (!same) records.push_back(moment);
  Pending& next = pending.emplace_back();
  next.tag = tag.pack();
  next.id.form = static_cast<Form>(id.form);
  next.id.number = {id.high, id.low};
  if (next.id.form == Form::text) next.id.form = parse_number(id.text, next.id.number);
  next.text_begin = pending_texts.size();
  if (next.id.form == Form::text) {
    next.text_size = id.text.size();
    pending_texts += id.text;
  }
  if (pending.size() == kBlock) pack_block();
}

void IndexWriter::State::pack_block() {
  // How far ahead of its use a slot of the table is fetched: the time of a few insertions.
  constexpr std::size_t kAhead = 8;
  for (Pending& one : pending) {
    one.id.text = std::string_view(pending_texts).substr(one.text_begin, one.text_size);
    one.id.hash = ids.hash(one.id);
  }
  blocks.push_back({static_cast<std::uint32_t>(pending.size()),
                    static_cast<std::uint32_t>(ids.size()), encode_times(records)});
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (i + kAhead < pending.size()) ids.prefetch(pending[i + kAhead].id.hash);
    intern(pending[i]);
  }
  size += pending.size();
  pending.clear();
  pending_texts.clear();
  records.clear();
}

void IndexWriter::State::intern(const Pending& one) {
  const std::size_t known = ids.size();
  const std::uint32_t id = ids.insert(one.id);
  tags.push_back(one.tag);
  repeated.push_back(id < known);
  if (id == known) return;
  repeats.push_back(id);
  if (id < blocks.back().first_id) ids.set_shared(id);
}

// Sorts the shared identifiers. From here on a shared one's number() is its rank and the place
// where it was seen last.
void IndexWriter::State::rank_shared() {
  for (std::uint32_t id = 0; id < ids.size(); ++id) {
    if (ids.shared(id)) shared.emplace_back(ids.text(id), id);
  }
  std::sort(shared.begin(), shared.end(),
            [](const auto& a, const auto& b) { return dictionary_less(a.first, b.first); });
  for (std::size_t rank = 0; rank < shared.size(); ++rank) {
    ids.scratch(shared[rank].second) = {rank, 0};
  }
  directory.shared = shared.size();
}

void IndexWriter::State::write_blocks(NewFile& file) {
  for (std::uint32_t block = 0; block < blocks.size(); ++block) write_block(file, block);
}

void IndexWriter::State::write_block(NewFile& file, std::uint32_t block) {
  PackedBlock& packed = blocks[block];
  last_seen.assign(packed.size, 0);
  std::vector<Entry> entries(packed.size);
  for (std::uint32_t at = 0; at < packed.size; ++at) {
    const std::uint32_t id = repeated[next_tag] ? repeats[next_repeat++] : next_id++;
    entries[at] = entry_of(id, block, at);
    entries[at].tag = tags[next_tag++];
  }
  std::string bytes;
  append_string(bytes, packed.times);
  bytes += encode_identifiers(entries, rank_bits(shared.size()));
  directory.blocks.push_back({file.position(), bytes.size(), checksum(bytes)});
  file.append(bytes);
  std::string().swap(packed.times);
}

Entry IndexWriter::State::entry_of(std::uint32_t id, std::uint32_t block, std::uint32_t at) {
  Entry entry;
  const bool here_first = id >= blocks[block].first_id;
  std::uint32_t before = 0;  // the last occurrence in this block, plus 1
  if (here_first) {
    before = std::exchange(last_seen[id - blocks[block].first_id], at + 1);
  } else {
    Number& scratch = ids.scratch(id);
    if (scratch.low >> 32 == block) before = static_cast<std::uint32_t>(scratch.low);
    scratch.low = std::uint64_t{block} << 32 | (at + 1);
  }
  if (before != 0) {
    entry.place = Place::again;
    entry.value = at + 1 - before;
  } else if (ids.shared(id)) {
    entry.place = Place::shared;
    entry.value = ids.number(id).high;
    postings.emplace_back(static_cast<std::uint32_t>(entry.value), block);
  } else {
    entry.place = static_cast<Place>(ids.form(id));
    entry.number = ids.number(id);
  }
  return entry;
}

void IndexWriter::State::write_dictionary(NewFile& file) {
  std::sort(postings.begin(), postings.end());
  DictionaryWriter page;
  const auto end_page = [&] {
    directory.dictionary.push_back({{file.position(), page.page().size(), checksum(page.page())},
                                    page.first_rank(),
                                    page.separator()});
    file.append(page.page());
    page.clear();
  };
  std::vector<std::uint32_t> its_blocks;
  auto posting = postings.begin();
  for (std::uint32_t rank = 0; rank < shared.size(); ++rank) {
    its_blocks.clear();
    for (; posting != postings.end() && posting->first == rank; ++posting) {
      its_blocks.push_back(posting->second);
    }
    page.add(shared[rank].first, its_blocks);
    if (page.full()) end_page();
  }
  if (!page.empty()) end_page();
}

// Identifiers are numbered as they come, so the numbers of those in one bucket lead through the
// blocks in order.
void IndexWriter::State::append_leaves(std::span<const std::uint32_t> bucket,
                                       std::vector<Leaf>& leaves) const {
  for (const std::uint32_t id : bucket) ids.prefetch_number(id);
  for (const std::uint32_t id : bucket) leaves.push_back({ids.number(id), 0});
  auto leaf = leaves.end() - static_cast<std::ptrdiff_t>(bucket.size());
  std::uint32_t block = 0;
  for (const std::uint32_t id : bucket) {
    while (block + 1 < blocks.size() && blocks[block + 1].first_id <= id) ++block;
    (leaf++)->block = block;
  }
}

void IndexWriter::State::write_leaves(NewFile& file) {
  const Buckets buckets(ids);
  std::vector<Leaf> leaves;  // in order, not yet written
  for (std::size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    if (buckets[bucket].empty()) continue;
    const auto sorted = static_cast<std::ptrdiff_t>(leaves.size());
    append_leaves(buckets[bucket], leaves);
    std::sort(leaves.begin() + sorted, leaves.end(), [](const Leaf& a, const Leaf& b) {
      return std::tie(a.number, a.block) < std::tie(b.number, b.block);
    });
    std::span<const Leaf> rest(leaves);
    for (; rest.size() >= kLeaf; rest = rest.subspan(kLeaf)) {
      write_leaf_page(file, rest.first(kLeaf));
    }
    leaves.erase(leaves.begin(), leaves.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }
  if (!leaves.empty()) write_leaf_page(file, leaves);
}

void IndexWriter::State::write_leaf_page(NewFile& file, std::span<const Leaf> leaves) {
  const std::string page = encode_leaves(leaves);
  directory.leaves.push_back(
      {{file.position(), page.size(), checksum(page)}, leaves.front().number});
  file.append(page);
}

Status IndexWriter::State::write(const std::string& path, const IndexFacts& facts) {
  if (!failure.empty()) return Status::error(failure);
  if (!pending.empty()) pack_block();
  ids.close();
  Result<NewFile> file = NewFile::create(path);
  if (!file) return file.status();
  file->append(std::string(kHeaderSize, '\0'));
  rank_shared();
  write_blocks(*file);
  write_dictionary(*file);
  write_leaves(*file);
  directory.keys = keys.take();
  Header header;
  const auto append_part = [&](const std::string& bytes) {
    const Part part{file->position(), bytes.size(), checksum(bytes)};
    file->append(bytes);
    return part;
  };
  header.directory = append_part(encode(directory));
  header.facts = append_part(encode(facts));
  header.links = append_part(links);
  header.words = append_part(words);
  header.restarts = append_part(restarts);
  header.file_length = file->position();
  header.occurrences = size;
  file->overwrite_head(encode(header));
  Status status = file->commit();
  if (status) remove_leftovers(path);
  return status;
}

IndexWriter::IndexWriter() : state_(std::make_unique<State>()) {}
IndexWriter::~IndexWriter() = default;
IndexWriter::IndexWriter(IndexWriter&&) noexcept = default;
IndexWriter& IndexWriter::operator=(IndexWriter&&) noexcept = default;

void IndexWriter::add(const Occurrence& occurrence) { add(occurrence, {occurrence.id}); }

void IndexWriter::add(const Occurrence& occurrence, const ReadId& id) {
  state_->add(occurrence, id);
}

void IndexWriter::set_links(std::string links) { state_->links = std::move(links); }
void IndexWriter::set_words(std::string words) { state_->words = std::move(words); }

void IndexWriter::set_restarts(std::string restarts) { state_->restarts = std::move(restarts); }

Status IndexWriter::finish(const std::string& path, const IndexFacts& facts) {
  return state_->write(path, facts);
}

}  // namespace ktrace::trace
