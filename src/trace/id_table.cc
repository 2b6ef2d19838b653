// The numbers of DistinctIds, but for one thing: trace IDs that differ in the case of their letters
// are one identifier. So 32 hex digits count in lower case, and those that were only written
// otherwise, which is rare, are kept beside as they stand.
//
// The table of a million identifiers is larger than the caches: of many that are looked for at a
// time, the slots are fetched ahead.

#include "ktrace/id_table.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "index_ids.h"
#include "ktrace/identifiers.h"

namespace ktrace::trace {
namespace {

using index::DistinctIds;
using index::Form;

static_assert(kNoNumber == index::kMostIds);

// How far ahead of its use a slot is fetched: the time of a few insertions.
constexpr std::size_t kAhead = 8;

}  // namespace

bool read_quoted(const char* text, ReadId& id) {
  for (const std::size_t size : {std::size_t{32}, std::size_t{36}}) {
    if (text[size] != '"') continue;
    const Form form = index::parse_number({text, size}, id.high, id.low);
    if (form == Form::text) continue;
    id.text = {text, size};
    id.form = static_cast<std::uint8_t>(form);
    return true;
  }
  return false;
}

struct IdTable::State {
  // Whether an identifier of this form may be one that is to be spelt otherwise.
  static bool may_be_odd(Form form, std::string_view id) {
    return form == Form::upper || (form == Form::text && id.size() == 32);
  }

  // All but the hash.
  static DistinctIds::Key key_of(std::string_view id) {
    DistinctIds::Key key;
    key.form = index::parse_number(id, key.number);
    key.text = id;
    return key;
  }

  static DistinctIds::Key key_of(const ReadId& id) {
    if (id.form == 0) return key_of(id.text);
    return {static_cast<Form>(id.form), {id.high, id.low}, id.text, 0};
  }

  std::uint32_t number_of(std::string_view id) {
    DistinctIds::Key key = key_of(id);
    key.hash = ids.hash(key);
    return number_of(key);
  }

  std::uint32_t number_of(const ReadId& id, std::uint64_t hash) {
    if (const std::uint32_t number = remembered(id); number != kNoNumber) return number;
    DistinctIds::Key key = key_of(id);
    key.hash = hash;
    const std::uint32_t number = number_of(key);
    remember(id, number);
    return number;
  }

  std::uint32_t number_of(const DistinctIds::Key& key) {
    if (may_be_odd(key.form, key.text)) return number_of_odd(key.text);
    return insert(key, key.text, false);
  }

  // The number of an identifier that was remembered, or kNoNumber. Records of one trace mostly
  // stand near each other, so that few of them need to be looked for in the table.
  std::uint32_t remembered(const ReadId& id) const {
    const Recent& one = recent[id.low % recent.size()];
    const bool same = one.high == id.high && one.low == id.low && one.form == id.form;
    return same ? one.number : kNoNumber;
  }

  // One that has a second spelling is told apart in the table only.
  void remember(const ReadId& id, std::uint32_t number) {
    if (id.form == 0 || static_cast<Form>(id.form) == Form::upper) return;
    recent[id.low % recent.size()] = {id.high, id.low, number, id.form};
  }

  std::uint32_t number_of_odd(std::string_view id) {
    const std::string folded = canonical_identifier(id);
    DistinctIds::Key key = key_of(folded);
    key.hash = ids.hash(key);
    return insert(key, id, folded != id);
  }

  // `written`: as it stands in the log; `is_odd`: which is not as it stands in the key.
  std::uint32_t insert(const DistinctIds::Key& key, std::string_view written, bool is_odd) {
    const std::size_t known = ids.size();
    const std::uint32_t number = ids.insert(key);
    if (number == known) {
      if (is_odd) odd.emplace(number, written);
    } else if (is_odd || !odd.empty()) {
      see_again(number, written, is_odd);
    }
    return number;
  }

  void see_again(std::uint32_t number, std::string_view written, bool is_odd) {
    const auto other = odd.find(number);
    const bool same = other == odd.end() ? !is_odd : other->second == written;
    respelt = respelt || !same;
    if (!same && other != odd.end()) odd.erase(other);
  }

  struct Recent {
    std::uint64_t high = 0, low = 0;
    std::uint32_t number = kNoNumber;
    std::uint8_t form = 0;
  };

  DistinctIds ids;
  std::array<Recent, 64> recent;
  std::unordered_map<std::uint32_t, std::string> odd;  // by number, as it was written
  bool respelt = false;
};

IdTable::IdTable() : state_(std::make_unique<State>()) {}
IdTable::~IdTable() = default;
IdTable::IdTable(IdTable&&) noexcept = default;
IdTable& IdTable::operator=(IdTable&&) noexcept = default;

std::uint32_t IdTable::number_of(std::string_view id) { return state_->number_of(id); }

void IdTable::numbers_of(const std::vector<ReadId>& ids, std::vector<std::uint32_t>& numbers) {
  State& state = *state_;
  std::uint64_t hashes[kAhead];  // of those whose slots are fetched
  const std::size_t count = ids.size();
  numbers.resize(numbers.size() + count);
  std::uint32_t* const found = numbers.data() + numbers.size() - count;
  for (std::size_t i = 0; i < count + kAhead; ++i) {
    std::uint64_t& hash = hashes[i % kAhead];
    if (i >= kAhead && found[i - kAhead] == kNoNumber) {
      found[i - kAhead] = state.number_of(ids[i - kAhead], hash);
    }
    if (i >= count) continue;
    found[i] = state.remembered(ids[i]);
    if (found[i] != kNoNumber) continue;
    hash = state.ids.hash(State::key_of(ids[i]));
    state.ids.prefetch(hash);
  }
}

void IdTable::find(const IdTable& other, std::size_t begin, std::size_t end,
                   std::vector<std::uint32_t>& numbers) const {
  const DistinctIds& theirs = other.state_->ids;
  const DistinctIds& ours = state_->ids;
  DistinctIds::Key ring[kAhead];
  for (std::size_t i = begin; i < end + kAhead; ++i) {
    DistinctIds::Key& key = ring[i % kAhead];
    if (i >= begin + kAhead) numbers.push_back(ours.find(key));
    if (i >= end) continue;
    key = theirs.key(static_cast<std::uint32_t>(i));
    key.hash = ours.hash(key);
    ours.prefetch(key.hash);
  }
}

void IdTable::agree(const IdTable& other) {
  const auto number_in = [](const IdTable& table, const IdTable& from, std::uint32_t number) {
    DistinctIds::Key key = from.state_->ids.key(number);
    key.hash = table.state_->ids.hash(key);
    return table.state_->ids.find(key);
  };
  std::erase_if(state_->odd, [&](const auto& ours) {
    const std::uint32_t number = number_in(other, *this, ours.first);
    return number != kNoNumber && other.id(number) != ours.second;
  });
}

void IdTable::close() { state_->ids.close(); }

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

ReadId IdTable::read(std::uint32_t number) const {
  if (const auto other = state_->odd.find(number); other != state_->odd.end()) {
    return {other->second};
  }
  const Form form = state_->ids.form(number);
  if (form == Form::text) return {state_->ids.text(number, nullptr)};
  const index::Number& digits = state_->ids.number(number);
  return {{}, digits.high, digits.low, static_cast<std::uint8_t>(form)};
}

std::size_t IdTable::number_length(std::uint32_t number) const {
  const Form form = state_->ids.form(number);
  if (form == Form::text || state_->odd.contains(number)) return 0;
  return form == Form::hex ? 32 : 36;
}

// Digits stand behind a hyphen, and the first of a UUID stands behind eight digits.
bool IdTable::is_before(std::uint32_t number, const IdTable& other, std::uint32_t others) const {
  const std::size_t size = number_length(number), other_size = other.number_length(others);
  if (size == 0 || other_size == 0) return id(number) < other.id(others);
  const index::Number &a = state_->ids.number(number), &b = other.state_->ids.number(others);
  if (size == other_size || a.high >> 32 != b.high >> 32) return a < b;
  return size > other_size;
}

std::string IdTable::id(std::uint32_t number) const {
  std::string id;
  copy(number, id);
  return id;
}

}  // namespace ktrace::trace
