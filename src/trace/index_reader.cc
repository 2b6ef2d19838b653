// Answers from an index. Whatever is read is held against its checksum first; what passes is still
// not trusted with memory: every number that becomes a position or a count is checked.
//
// A lookup goes to the dictionary for shared identifiers, to the leaves for local ones, which gives
// the blocks to read, and these tell exactly which records carry what is looked for.

#include <algorithm>
#include <array>
#include <optional>

#include "index_bits.h"
#include "index_blocks.h"
#include "index_dictionary.h"
#include "index_layout.h"
#include "index_leaves.h"
#include "index_storage.h"
#include "ktrace/arena.h"
#include "ktrace/identifiers.h"
#include "ktrace/index.h"

namespace ktrace::trace {
namespace index {
namespace {

// What a lookup is after, in the terms of each structure.
class Goal {
 public:
  explicit Goal(const Lookup& lookup)
      : id_(lookup.id),
        folded_(index::folded(lookup.id)),
        prefix_(lookup.prefix),
        range_(range_of(folded_, prefix_)) {}

  /// Whether the identifier is looked for.
  bool matches(std::string_view id) const {
    return prefix_ ? identifier_begins(id, id_) : same_identifier(id, id_);
  }

  /// How all identifiers that match begin when folded.
  const std::string& folded() const { return folded_; }

  struct Range {
    Number low, high;
  };

  /// The numbers that may match; empty when none can.
  const std::optional<Range>& range() const { return range_; }

  bool may_match(const Number& number) const {
    return range_ && range_->low <= number && number <= range_->high;
  }

 private:
  static std::optional<Range> range_of(std::string_view folded, bool prefix) {
    std::string digits;
    for (const char c : folded) {
      if (c != '-') digits.push_back(c);
    }
    const bool short_enough = prefix ? digits.size() <= 32 : digits.size() == 32;
    if (!short_enough) return std::nullopt;
    Range range;
    std::string low = digits, high = digits;
    low.resize(32, '0');
    high.resize(32, 'f');
    if (parse_number(low, range.low) == Form::text) return std::nullopt;
    parse_number(high, range.high);
    return range;
  }

  std::string id_;
  std::string folded_;
  bool prefix_;
  std::optional<Range> range_;
};

using Goals = std::vector<const Goal*>;

}  // namespace
}  // namespace index

using namespace index;  // NOLINT(google-build-using-namespace): the rest of this file is of it

struct IndexReader::State {
  Status load_directory();
  Status load(const Part& part, std::size_t padding);
  Result<std::string> take(const Part& part);

  // The blocks that may hold what is looked for, ascending, and the ranks that match.
  Status search_dictionary(const Goal& goal);
  Status search_dictionary_page(const DictionaryPage& page, const Goal& goal);
  Status search_leaves(const Goal::Range& range);
  Status search_block(std::uint64_t block, const Goals& goals, std::vector<std::uint64_t>& offsets);
  bool matches(const Goals& goals, const BlockReader::Item& item) const;

  Status load_dictionary();
  template <typename KeyOf>
  Status give_blocks(const KeyOf& key_of, const std::function<bool(const Occurrence&)>& take);
  Status give_block(const Part& part, const std::function<bool(const Occurrence&)>& take);
  std::string_view id_of(const BlockReader::Item& item, std::size_t at);

  Descriptor file;
  Header header;
  IndexFacts facts;
  std::optional<Directory> directory;
  std::string bytes;  // the part that was loaded last
  BlockReader reader;

  // What the search has found so far.
  std::vector<std::uint32_t> blocks;  // for one goal
  std::vector<std::uint64_t> ranks;   // for all

  // For for_each().
  Arena texts;
  std::vector<std::string_view> dictionary;        // by rank
  std::vector<std::string_view> keys;              // by number: as they are given, null: not
  std::array<std::array<char, 36>, kBlock> spelt;  // what stands in a block in full
  std::array<std::string_view, kBlock> ids;        // of a block
  bool going = true;
};

Status IndexReader::State::load(const Part& part, std::size_t padding) {
  const bool inside =
      part.position <= header.file_length && part.length <= header.file_length - part.position;
  if (!inside || !read_exactly(file, part.position, part.length, padding, bytes)) return damaged();
  if (checksum(std::string_view(bytes).substr(0, part.length)) != part.crc) return damaged();
  return {};
}

Status IndexReader::State::load_directory() {
  if (directory) return {};
  if (Status status = load(header.directory, 0); !status) return status;
  Result<Directory> decoded = decode_directory(bytes, header.directory.position);
  if (!decoded) return decoded.status();
  directory = std::move(*decoded);
  return {};
}

// Pages whose separators are equal, or a beginning of what is looked for, tell nothing about order
// within them, so the search begins with the last page that is certainly before it.
Status IndexReader::State::search_dictionary(const Goal& goal) {
  const std::string cut = goal.folded().substr(0, kSeparator);
  const auto& pages = directory->dictionary;
  auto page = std::lower_bound(
      pages.begin(), pages.end(), cut,
      [](const DictionaryPage& one, const std::string& text) { return one.separator < text; });
  if (page != pages.begin()) --page;
  for (; page != pages.end(); ++page) {
    if (page->separator.compare(0, cut.size(), cut) > 0) break;
    if (Status status = search_dictionary_page(*page, goal); !status) return status;
  }
  return {};
}

Status IndexReader::State::search_dictionary_page(const DictionaryPage& page, const Goal& goal) {
  if (Status status = load(page.part, 0); !status) return status;
  DictionaryReader entries(bytes);
  std::uint64_t rank = page.first_rank;
  std::vector<std::uint32_t> its_blocks;
  const auto keep = [&its_blocks](std::uint32_t block) { its_blocks.push_back(block); };
  for (; entries.next(keep); ++rank, its_blocks.clear()) {
    if (!goal.matches(entries.id())) continue;
    blocks.insert(blocks.end(), its_blocks.begin(), its_blocks.end());
    ranks.push_back(rank);
  }
  return entries.failed() ? damaged() : Status();
}

Status IndexReader::State::search_leaves(const Goal::Range& range) {
  const auto& pages = directory->leaves;
  auto page = std::lower_bound(
      pages.begin(), pages.end(), range.low,
      [](const LeafPage& one, const Number& number) { return one.first < number; });
  if (page != pages.begin()) --page;
  for (; page != pages.end() && page->first <= range.high; ++page) {
    if (Status status = load(page->part, kBitPadding); !status) return status;
    const std::string_view leaves = std::string_view(bytes).substr(0, page->part.length);
    if (!find_leaves(leaves, page->first, range.low, range.high, blocks)) return damaged();
  }
  return {};
}

bool IndexReader::State::matches(const Goals& goals, const BlockReader::Item& item) const {
  if (item.place == Place::shared) {
    return std::binary_search(ranks.begin(), ranks.end(), item.rank);
  }
  return std::any_of(goals.begin(), goals.end(), [&](const Goal* goal) {
    if (!goal->may_match(item.number)) return false;
    char text[36];
    const Form form = static_cast<Form>(item.place);
    return goal->matches({text, format_number(item.number, form, text)});
  });
}

// A rank that one of the goals matches is as good as one of these: all are looked for.
Status IndexReader::State::search_block(std::uint64_t block, const Goals& goals,
                                        std::vector<std::uint64_t>& offsets) {
  if (block >= directory->blocks.size()) return damaged();
  const Part& part = directory->blocks[block];
  if (Status status = load(part, kBitPadding); !status) return status;
  const std::string_view content = std::string_view(bytes).substr(0, part.length);
  if (!reader.open(content, directory->shared, directory->keys.size())) return damaged();
  std::array<bool, kBlock> matched{};
  BlockReader::Item item;
  for (std::size_t i = 0; i < reader.size(); ++i) {
    if (!reader.next(item)) return damaged();
    matched[i] = item.place == Place::again ? matched[i - item.distance] : matches(goals, item);
    const bool known = !offsets.empty() && offsets.back() == item.offset;
    if (matched[i] && !known) offsets.push_back(item.offset);
  }
  return reader.intact() ? Status() : damaged();
}

Status IndexReader::State::load_dictionary() {
  if (dictionary.size() == directory->shared) return {};
  dictionary.clear();
  texts.clear();
  for (const DictionaryPage& page : directory->dictionary) {
    if (Status status = load(page.part, 0); !status) return status;
    DictionaryReader entries(bytes);
    while (entries.next([](std::uint32_t) {})) dictionary.push_back(texts.keep(entries.id()));
    if (entries.failed()) return damaged();
  }
  return dictionary.size() == directory->shared ? Status() : damaged();
}

Status IndexReader::State::give_block(const Part& part,
                                      const std::function<bool(const Occurrence&)>& take) {
  if (Status status = load(part, kBitPadding); !status) return status;
  const std::string_view content = std::string_view(bytes).substr(0, part.length);
  if (!reader.open(content, directory->shared, directory->keys.size())) return damaged();
  BlockReader::Item item;
  Occurrence occurrence;
  for (std::size_t i = 0; i < reader.size() && going; ++i) {
    if (!reader.next(item)) return damaged();
    // Two assignments from registers: copied from one to the other, the second would wait for the
    // first to reach the cache.
    const std::string_view id = id_of(item, i);
    ids[i] = id;
    if (!item.tag.same_record) set_stamp(item.tag.kind, item.ticks, occurrence.stamp);
    occurrence.key = keys[item.tag.key];
    if (occurrence.key.data() == nullptr) continue;
    occurrence.id = id;
    occurrence.component = directory->keys[item.tag.key].component;
    occurrence.offset = item.offset;
    occurrence.severity = item.tag.severity;
    going = take(occurrence);
  }
  return !going || reader.intact() ? Status() : damaged();
}

std::string_view IndexReader::State::id_of(const BlockReader::Item& item, std::size_t at) {
  if (item.place == Place::again) return ids[at - item.distance];
  if (item.place == Place::shared) return dictionary[item.rank];
  const Form form = static_cast<Form>(item.place);
  return {spelt[at].data(), format_number(item.number, form, spelt[at].data())};
}

IndexReader::IndexReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexReader::~IndexReader() = default;
IndexReader::IndexReader(IndexReader&&) noexcept = default;
IndexReader& IndexReader::operator=(IndexReader&&) noexcept = default;

const IndexFacts& IndexReader::facts() const { return state_->facts; }
std::uint64_t IndexReader::size() const { return state_->header.occurrences; }

Result<IndexReader> IndexReader::open(const std::string& path) {
  std::uint64_t length = 0;
  Result<Descriptor> file = open_existing(path, length);
  if (!file) return file.status();
  auto state = std::make_unique<State>();
  state->file = std::move(*file);
  const std::size_t there = std::min<std::uint64_t>(length, kHeaderSize);
  if (!read_exactly(state->file, 0, there, 0, state->bytes)) return damaged();
  Result<Header> header = decode_header(state->bytes);
  if (!header) return header.status();
  if (header->file_length != length) return damaged();
  state->header = *header;
  if (Status status = state->load(header->facts, 0); !status) return status;
  Result<IndexFacts> facts = decode_facts(state->bytes);
  if (!facts) return facts.status();
  state->facts = std::move(*facts);
  return IndexReader(std::move(state));
}

Result<std::vector<std::uint64_t>> IndexReader::find(const Lookup& lookup) {
  return find_any({&lookup, 1});
}

// A block is read once, whatever it may hold.
Result<std::vector<std::uint64_t>> IndexReader::find_any(std::span<const Lookup> lookups) {
  State& state = *state_;
  if (Status status = state.load_directory(); !status) return status;
  const std::vector<Goal> goals(lookups.begin(), lookups.end());
  std::vector<std::pair<std::uint32_t, const Goal*>> places;
  state.ranks.clear();
  for (const Goal& goal : goals) {
    state.blocks.clear();
    if (Status status = state.search_dictionary(goal); !status) return status;
    // Some of those that begin alike may stand here and some there; so may spellings of one.
    if (const auto& range = goal.range()) {
      if (Status status = state.search_leaves(*range); !status) return status;
    }
    for (const std::uint32_t block : state.blocks) places.emplace_back(block, &goal);
  }
  std::sort(state.ranks.begin(), state.ranks.end());
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::vector<std::uint64_t> offsets;
  Goals wanted;
  for (auto place = places.begin(); place != places.end();) {
    const std::uint32_t block = place->first;
    wanted.clear();
    for (; place != places.end() && place->first == block; ++place) wanted.push_back(place->second);
    if (Status status = state.search_block(block, wanted, offsets); !status) return status;
  }
  return offsets;
}

Result<std::string> IndexReader::State::take(const Part& part) {
  if (Status status = load(part, 0); !status) return status;
  return std::move(bytes);
}

Result<std::string> IndexReader::links() { return state_->take(state_->header.links); }
Result<std::string> IndexReader::words() { return state_->take(state_->header.words); }
Result<std::string> IndexReader::restarts() { return state_->take(state_->header.restarts); }

template <typename KeyOf>
Status IndexReader::State::give_blocks(const KeyOf& key_of,
                                       const std::function<bool(const Occurrence&)>& take) {
  if (Status status = load_directory(); !status) return status;
  if (Status status = load_dictionary(); !status) return status;
  keys.clear();
  for (const Key& key : directory->keys) keys.push_back(key_of(key.spelling));
  going = true;
  std::uint64_t given = 0;
  for (const Part& part : directory->blocks) {
    if (!going) return {};
    if (Status status = give_block(part, take); !status) return status;
    given += reader.size();
  }
  return !going || given == header.occurrences ? Status() : damaged();
}

Status IndexReader::for_each(const std::function<bool(const Occurrence&)>& take) {
  return state_->give_blocks([](std::string_view key) { return key; }, take);
}

Status IndexReader::for_each_under(const KeySet& keys,
                                   const std::function<bool(const Occurrence&)>& take) {
  return state_->give_blocks([&](std::string_view key) { return first_key(key, keys); }, take);
}

}  // namespace ktrace::trace
