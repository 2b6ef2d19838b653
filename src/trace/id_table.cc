// The numbers of DistinctIds, but for one thing: trace IDs that differ in the case of their letters
// are one identifier. So 32 hex digits count in lower case, and those that were only written
// otherwise, which is rare, are kept beside as they stand.
//
// The table of a million identifiers is larger than the caches: of many that are looked for at a
// time, the slots are fetched ahead.

#include "ktrace/id_table.h"

#include <algorithm>
#include <unordered_map>

#include "index_ids.h"
#include "ktrace/identifiers.h"

namespace ktrace::trace {
namespace {

using index::DistinctIds;
using index::Form;

// How far ahead of its use a slot is fetched: the time of a few insertions.
constexpr std::size_t kAhead = 8;

}  // namespace

ReadId quoted_number(const char* text) {
  for (const std::size_t size : {std::size_t{32}, std::size_t{36}}) {
    if (text[size] != '"') continue;
    index::Number number;
    const Form form = index::parse_number({text, size}, number);
    if (form == Form::text) continue;
    return {{text, size}, number.high, number.low, static_cast<std::uint8_t>(form)};
  }
  return {};
}

struct IdTable::State {
  // An identifier in the form that the table has of it.
  struct Key : DistinctIds::Key {
    std::string_view written;
    bool odd = false;  // not in its one spelling
    std::string folded;
  };

  void prepare(std::string_view id, Key& key) const {
    key.form = index::parse_number(id, key.number);
    complete(id, key);
  }

  void prepare(const ReadId& id, Key& key) const {
    key.form = static_cast<Form>(id.form);
    if (key.form == Form::text) return prepare(id.text, key);
    key.number = {id.high, id.low};
    complete(id.text, key);
  }

  // Of a key whose form and number are known.
  void complete(std::string_view id, Key& key) const {
    key.written = key.text = id;
    key.odd = key.form == Form::upper || (key.form == Form::text && id.size() == 32);
    if (key.odd) fold(key);
    key.hash = ids.hash(key);
  }

  static void fold(Key& key) {
    key.folded = canonical_identifier(key.written);
    key.form = index::parse_number(key.folded, key.number);
    key.odd = key.folded != key.written;
  }

  std::uint32_t insert(const Key& key) {
    const std::size_t known = ids.size();
    const std::uint32_t number = ids.insert(key);
    if (number == known) {
      if (key.odd) odd.emplace(number, key.written);
    } else if (key.odd || !odd.empty()) {
      see_again(number, key);
    }
    return number;
  }

  void see_again(std::uint32_t number, const Key& key) {
    const auto other = odd.find(number);
    const bool same = other == odd.end() ? !key.odd : other->second == key.written;
    respelt = respelt || !same;
    if (!same && other != odd.end()) odd.erase(other);
  }

  // Calls take(number) for all keys that make(i, key) makes, in order.
  template <typename Make, typename Take>
  void insert_all(std::size_t count, const Make& make, const Take& take) {
    std::vector<Key> ring(kAhead);
    for (std::size_t i = 0; i < count + kAhead; ++i) {
      Key& key = ring[i % kAhead];
      if (i >= kAhead) take(insert(key));
      if (i >= count) continue;
      make(i, key);
      ids.prefetch(key.hash);
    }
  }

  DistinctIds ids;
  std::unordered_map<std::uint32_t, std::string> odd;  // by number, as it was written
  bool respelt = false;
};

IdTable::IdTable() : state_(std::make_unique<State>()) {}
IdTable::~IdTable() = default;
IdTable::IdTable(IdTable&&) noexcept = default;
IdTable& IdTable::operator=(IdTable&&) noexcept = default;

std::uint32_t IdTable::number_of(std::string_view id) {
  State::Key key;
  state_->prepare(id, key);
  return state_->insert(key);
}

void IdTable::numbers_of(const std::vector<ReadId>& ids, std::vector<std::uint32_t>& numbers) {
  state_->insert_all(
      ids.size(), [&](std::size_t i, State::Key& key) { state_->prepare(ids[i], key); },
      [&](std::uint32_t number) { numbers.push_back(number); });
}

void IdTable::find(const IdTable& other, std::size_t begin, std::size_t end,
                   std::vector<std::uint32_t>& numbers) const {
  const DistinctIds& theirs = other.state_->ids;
  const DistinctIds& ours = state_->ids;
  DistinctIds::Key ring[kAhead];
  for (std::size_t i = begin; i < end + kAhead; ++i) {
    DistinctIds::Key& key = ring[i % kAhead];
    if (i >= begin + kAhead) numbers[i - kAhead] = ours.find(key);
    if (i >= end) continue;
    key = theirs.key(static_cast<std::uint32_t>(i));
    key.hash = ours.hash(key);
    ours.prefetch(key.hash);
  }
}

// What was found may be spelt otherwise here.
void IdTable::take_in(const IdTable& other, bool last, std::vector<std::uint32_t>& numbers) {
  state_->respelt = state_->respelt || other.state_->respelt;
  const bool any_odd = !state_->odd.empty() || !other.state_->odd.empty();
  std::string id;
  for (std::uint32_t i = 0; i < numbers.size(); ++i) {
    if (any_odd) {
      other.copy(i, id);
      numbers[i] = number_of(id);
    } else if (numbers[i] == index::kMostIds) {
      DistinctIds::Key key = other.state_->ids.key(i);
      key.hash = state_->ids.hash(key);
      numbers[i] = last ? state_->ids.append(key) : state_->ids.insert(key);
    }
  }
}

std::size_t IdTable::size() const { return state_->ids.size(); }

bool IdTable::respelt() const { return state_->respelt; }

void IdTable::copy(std::uint32_t number, std::string& id) const {
  if (const auto other = state_->odd.find(number); other != state_->odd.end()) {
    id = other->second;
    return;
  }
  char room[index::kLongestNumber];
  id = state_->ids.text(number, room);
}

std::size_t IdTable::number_length(std::uint32_t number) const {
  const Form form = state_->ids.form(number);
  if (form == Form::text || state_->odd.contains(number)) return 0;
  return form == Form::hex ? 32 : 36;
}

std::string IdTable::id(std::uint32_t number) const {
  std::string id;
  copy(number, id);
  return id;
}

}  // namespace ktrace::trace
