// Makes an index: occurrences are packed while they come, and written at the end, when it is known
// which identifiers several blocks share.
//
// Until then a block is its records' offsets and times, already packed (about 4 bytes a record),
// for each occurrence a tag and how far before it the same identifier stands (4 bytes), and the
// block's identifiers (17 bytes).

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "index_block_ids.h"
#include "index_blocks.h"
#include "index_chunks.h"
#include "index_dictionary.h"
#include "index_ids.h"
#include "index_layout.h"
#include "index_leaves.h"
#include "index_order.h"
#include "index_storage.h"
#include "ktrace/arena.h"
#include "ktrace/index.h"

namespace ktrace::trace {
namespace index {
namespace {

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

// A block between its occurrences' coming and its being written.
struct PackedBlock {
  std::uint32_t size = 0;
  std::string times;
};

// What is kept of an occurrence beside its record and its identifier.
struct PackedOccurrence {
  std::uint16_t tag = 0;
  std::uint16_t distance = 0;  // to the one before it with its identifier; 0: the block's first
};

// An identifier that the dictionary lists.
struct Shared {
  std::string_view text;
  std::uint32_t begin = 0, end = 0;  // of its numbers in shared_ids
};

}  // namespace
}  // namespace index

using namespace index;  // NOLINT(google-build-using-namespace): the rest of this file is of it

struct IndexWriter::State {
  // While occurrences come.
  void add(std::uint16_t key, std::uint64_t offset, const Stamp& stamp, Severity severity,
           const ReadId& id);
  std::uint16_t add_id(const ReadId& id);
  void end_block();

  // At the end, in this order.
  Status write(const std::string& path, const IndexFacts& facts);
  void share_texts();
  void order_numbers();
  void take_order(std::span<const Leaf> sorted, const IdOrder& order, std::vector<Leaf>& leaves);
  void share_number(std::span<const Leaf> same);
  void rank_shared();
  void write_blocks(NewFile& file);
  void write_block(NewFile& file, std::uint32_t block);
  void write_dictionary(NewFile& file);
  void write_leaves(NewFile& file);

  Keys keys;
  BlockIds ids;       // of those that are text, the values are numbers of texts
  DistinctIds texts;  // and of no others
  std::vector<PackedBlock> blocks;
  Chunks<PackedOccurrence> occurrences;
  std::string links, words, restarts;
  std::string failure;

  // The block that is being filled.
  std::uint32_t filled = 0;
  std::vector<Moment> records;
  std::uint64_t last_offset = 0;
  Severity last_severity = Severity::unspecified;

  // While writing.
  Directory directory;
  Arena numbers;                          // of shared ones, as they are spelt
  std::vector<Shared> shared;             // in order
  std::vector<std::uint32_t> shared_ids;  // of each, ascending
  std::vector<std::string> leaf_pages;
  std::size_t next_occurrence = 0;
  std::uint32_t next_id = 0;
  std::vector<Entry> entries;  // of a block
};

void IndexWriter::State::add(std::uint16_t key, std::uint64_t offset, const Stamp& stamp,
                             Severity severity, const ReadId& id) {
  if (offset < last_offset) failure = "records are out of order";
  if (ids.size() + kBlock > kMostIds) failure = "there are too many identifiers";
  if (!failure.empty()) return;
  const std::int64_t ticks = stamp.kind != Stamp::Kind::none ? to_ticks(stamp) : 0;
  // A block is read without the one before it, so its first occurrence tells everything.
  const bool same = filled != 0 && records.back() == Moment{offset, ticks, stamp.kind} &&
                    severity == last_severity;
  const Tag tag{key, severity, stamp.kind, same};
  last_offset = offset;
  last_severity = severity;
  if (!same) {
    // Made where it is kept: to copy what was written just now would have to wait for it.
    Moment& record = records.emplace_back();
    record.offset = offset;
    record.ticks = ticks;
    record.kind = stamp.kind;
  }
  if (filled++ == 0) ids.begin();
  occurrences.push_back({tag.pack(), add_id(id)});
  if (filled == kBlock) end_block();
}

// Gives the distance to the occurrence before it, if any.
std::uint16_t IndexWriter::State::add_id(const ReadId& id) {
  DistinctIds::Key key{static_cast<Form>(id.form), {id.high, id.low}, id.text, 0};
  if (key.form == Form::text) key.form = parse_number(id.text, key.number);
  key.hash = texts.hash(key);
  if (key.form == Form::text) return ids.add(Place::shared, 0, texts.insert(key), key.hash);
  return ids.add(static_cast<Place>(key.form), key.number.high, key.number.low, key.hash);
}

void IndexWriter::State::end_block() {
  blocks.push_back({filled, encode_times(records)});
  records.clear();
  filled = 0;
}

// All that are text are shared, be they in one block or in several.
void IndexWriter::State::share_texts() {
  const auto each = [this](const auto& take) {
    for (std::uint32_t id = 0; id < ids.size(); ++id) {
      if (ids.place(id) == Place::shared) take(id, ids.number(id).low);
    }
  };
  shared.resize(texts.size());
  each([this](std::uint32_t, std::uint64_t text) { ++shared[text].end; });
  std::uint32_t end = 0;
  for (std::uint32_t text = 0; text < shared.size(); ++text) {
    shared[text].text = texts.text(text, nullptr);
    shared[text].begin = end;
    end += std::exchange(shared[text].end, end);
  }
  shared_ids.resize(end);
  each([this](std::uint32_t id, std::uint64_t text) { shared_ids[shared[text].end++] = id; });
}

// Numbers in several blocks are shared; of all others the leaves are made.
void IndexWriter::State::order_numbers() {
  IdOrder order(ids);
  std::vector<Leaf> leaves;  // in order, in no page yet
  const auto end_page = [&](std::span<const Leaf> page) {
    leaf_pages.push_back(encode_leaves(page));
    directory.leaves.push_back({{}, page.front().number});
  };
  for (auto sorted = order.next(); !sorted.empty(); sorted = order.next()) {
    take_order(sorted, order, leaves);
    std::span<const Leaf> rest(leaves);
    for (; rest.size() >= kLeaf; rest = rest.subspan(kLeaf)) end_page(rest.first(kLeaf));
    leaves.erase(leaves.begin(), leaves.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }
  if (!leaves.empty()) end_page(leaves);
}

void IndexWriter::State::take_order(std::span<const Leaf> sorted, const IdOrder& order,
                                    std::vector<Leaf>& leaves) {
  for (std::size_t begin = 0, end = 1; begin < sorted.size(); begin = end++) {
    while (end < sorted.size() && order.same(sorted[begin], sorted[end])) ++end;
    if (end - begin == 1) {
      leaves.push_back(sorted[begin]);
    } else {
      share_number(sorted.subspan(begin, end - begin));
    }
  }
}

void IndexWriter::State::share_number(std::span<const Leaf> same) {
  char room[kLongestNumber];
  const auto form = static_cast<Form>(ids.place(same.front().id));
  const std::size_t size = format_number(same.front().number, form, room);
  const auto begin = static_cast<std::uint32_t>(shared_ids.size());
  for (const Leaf& one : same) shared_ids.push_back(one.id);
  shared.push_back(
      {numbers.keep({room, size}), begin, static_cast<std::uint32_t>(shared_ids.size())});
}

void IndexWriter::State::rank_shared() {
  std::sort(shared.begin(), shared.end(),
            [](const Shared& a, const Shared& b) { return dictionary_less(a.text, b.text); });
  for (std::size_t rank = 0; rank < shared.size(); ++rank) {
    for (std::uint32_t i = shared[rank].begin; i < shared[rank].end; ++i) {
      ids.set_shared(shared_ids[i], rank);
    }
  }
  directory.shared = shared.size();
}

void IndexWriter::State::write_blocks(NewFile& file) {
  for (std::uint32_t block = 0; block < blocks.size(); ++block) write_block(file, block);
}

void IndexWriter::State::write_block(NewFile& file, std::uint32_t block) {
  PackedBlock& packed = blocks[block];
  entries.clear();
  for (std::uint32_t at = 0; at < packed.size; ++at) {
    const PackedOccurrence& one = occurrences[next_occurrence++];
    if (one.distance != 0) {
      entries.push_back({one.tag, Place::again, {0, one.distance}});
    } else {
      entries.push_back({one.tag, ids.place(next_id), ids.number(next_id)});
      ++next_id;
    }
  }
  std::string bytes;
  append_string(bytes, packed.times);
  bytes += encode_identifiers(entries, rank_bits(shared.size()));
  directory.blocks.push_back({file.position(), bytes.size(), checksum(bytes)});
  file.append(bytes);
  std::string().swap(packed.times);
}

void IndexWriter::State::write_dictionary(NewFile& file) {
  DictionaryWriter page;
  const auto end_page = [&] {
    directory.dictionary.push_back({{file.position(), page.page().size(), checksum(page.page())},
                                    page.first_rank(),
                                    page.separator()});
    file.append(page.page());
    page.clear();
  };
  std::vector<std::uint32_t> its_blocks;
  for (const Shared& one : shared) {
    its_blocks.clear();
    std::uint32_t block = 0;
    for (std::uint32_t i = one.begin; i < one.end; ++i) {
      block = ids.block_of(shared_ids[i], block);
      its_blocks.push_back(block);
    }
    page.add(one.text, its_blocks);
    if (page.full()) end_page();
  }
  if (!page.empty()) end_page();
}

void IndexWriter::State::write_leaves(NewFile& file) {
  for (std::size_t i = 0; i < leaf_pages.size(); ++i) {
    const std::string& page = leaf_pages[i];
    directory.leaves[i].part = {file.position(), page.size(), checksum(page)};
    file.append(page);
  }
}

Status IndexWriter::State::write(const std::string& path, const IndexFacts& facts) {
  if (!failure.empty()) return Status::error(failure);
  if (filled != 0) end_block();
  Result<NewFile> file = NewFile::create(path);
  if (!file) return file.status();
  file->append(std::string(kHeaderSize, '\0'));
  share_texts();
  order_numbers();
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
  header.occurrences = occurrences.size();
  file->overwrite_head(encode(header));
  Status status = file->commit();
  if (status) remove_leftovers(path);
  return status;
}

IndexWriter::IndexWriter() : state_(std::make_unique<State>()) {}
IndexWriter::~IndexWriter() = default;
IndexWriter::IndexWriter(IndexWriter&&) noexcept = default;
IndexWriter& IndexWriter::operator=(IndexWriter&&) noexcept = default;

void IndexWriter::add(const Occurrence& occurrence) {
  add(number_of(occurrence.key, occurrence.component), occurrence.offset, occurrence.stamp,
      occurrence.severity, {occurrence.id});
}

std::uint16_t IndexWriter::number_of(std::string_view key, std::string_view component) {
  const auto number = state_->keys.number(key, component);
  if (!number) state_->failure = "there are too many identifier keys and components";
  return number.value_or(0);
}

void IndexWriter::add(std::uint16_t key, std::uint64_t offset, const Stamp& stamp,
                      Severity severity, const ReadId& id) {
  state_->add(key, offset, stamp, severity, id);
}

void IndexWriter::set_links(std::string links) { state_->links = std::move(links); }
void IndexWriter::set_words(std::string words) { state_->words = std::move(words); }

void IndexWriter::set_restarts(std::string restarts) { state_->restarts = std::move(restarts); }

Status IndexWriter::finish(const std::string& path, const IndexFacts& facts) {
  return state_->write(path, facts);
}

}  // namespace ktrace::trace
