// A reader of compressed bytes keeps a decoder and what it gave last: reading on goes on there, and
// what lies a little before is still there. Any other offset is reached from the last restart
// before it.
//
//   table = piece*                                one for each, in their order
//   piece = count [packed-size size restart*]     nothing behind a count of 0: not compressed
//   restart = packed unpacked length state
//
// Numbers have 8 bytes, the lowest first.

#include "restarts.h"

#include <algorithm>

#include "little_endian.h"

namespace ktrace::input {
namespace {

// Unpacking more than this for a few lines would be no better than reading the log.
constexpr std::uint64_t kLongestSpan = 64 << 20;

// Whoever begins to read looks a little back for the beginning of a record.
constexpr std::uint64_t kMargin = 64 << 10;

constexpr std::size_t kChunk = 128 << 10;
constexpr std::size_t kKept = 2 * kChunk;

constexpr unsigned kNumber = 8;

void append(std::string& table, const Restarts& restarts, std::uint64_t packed_size) {
  append_number(table, restarts.places.size(), kNumber);
  if (restarts.places.empty()) return;
  append_number(table, packed_size, kNumber);
  append_number(table, restarts.size, kNumber);
  for (const Restart& place : restarts.places) {
    append_number(table, place.packed, kNumber);
    append_number(table, place.unpacked, kNumber);
    append_number(table, place.state.size(), kNumber);
    table += place.state;
  }
}

bool take_place(std::string_view& table, Restart& place) {
  std::uint64_t length = 0;
  if (!take_number(table, place.packed) || !take_number(table, place.unpacked) ||
      !take_number(table, length) || length > table.size()) {
    return false;
  }
  place.state = table.substr(0, length);
  table.remove_prefix(length);
  return true;
}

bool in_order(const Restarts& restarts) {
  const auto& places = restarts.places;
  const auto before = [](const Restart& a, const Restart& b) {
    return a.packed < b.packed && a.unpacked < b.unpacked;
  };
  return places.front().unpacked == 0 && places.back().unpacked <= restarts.size &&
         std::adjacent_find(places.begin(), places.end(), std::not_fn(before)) == places.end();
}

// Of a piece that is compressed in a file of `packed_size` bytes.
bool take_restarts(std::string_view& table, std::uint64_t packed_size, Restarts& restarts) {
  std::uint64_t count = 0, told_size = 0;
  if (!take_number(table, count) || count == 0 || count > table.size() / (3 * kNumber) ||
      !take_number(table, told_size) || told_size != packed_size ||
      !take_number(table, restarts.size)) {
    return false;
  }
  restarts.places.resize(count);
  for (Restart& place : restarts.places) {
    if (!take_place(table, place)) return false;
  }
  return in_order(restarts);
}

// Up to where the restart at `index` leads.
std::uint64_t end_of(const Restarts& restarts, std::size_t index) {
  const auto& places = restarts.places;
  return index + 1 < places.size() ? places[index + 1].unpacked : restarts.size;
}

}  // namespace

class Cursor : public Place::State {
 public:
  explicit Cursor(const Unpacker::Part& part) : part_(part) {}

  const Unpacker::Part& part() const { return part_; }

  // `offset` is within the piece.
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) {
    const std::size_t restart = restart_before(offset);
    if (offset < begin_ || (offset >= end() && restart != restart_) || stream_ == nullptr) {
      if (Status status = begin_at(restart); !status.ok()) return status;
    }
    while (offset >= end()) {
      if (Status status = unpack_some(); !status.ok()) return status;
    }
    std::string_view held = std::string_view(held_).substr(offset - begin_);
    return take(held, into, size);
  }

 private:
  const std::vector<Restart>& places() const { return part_.restarts.places; }
  std::uint64_t end() const { return begin_ + held_.size(); }

  std::size_t restart_before(std::uint64_t offset) const {
    const auto behind = std::upper_bound(
        places().begin(), places().end(), offset,
        [](std::uint64_t at, const Restart& place) { return at < place.unpacked; });
    return static_cast<std::size_t>(behind - places().begin()) - 1;
  }

  Status begin_at(std::size_t restart) {
    const Restart& place = places()[restart];
    auto packed = open_file(*part_.piece->packed);
    if (!packed) return packed.status();
    (void)(*packed)->skip(place.packed);
    stream_ = part_.piece->encoding->resume(std::move(*packed), place);
    restart_ = restart;
    if (place.unpacked != end()) {
      held_.clear();
      begin_ = place.unpacked;
    }
    return {};
  }

  Status unpack_some() {
    const std::uint64_t limit = end_of(part_.restarts, restart_);
    if (end() >= limit) return begin_at(restart_ + 1);
    if (held_.size() > kKept) {
      begin_ += held_.size() - kKept;
      held_.erase(0, held_.size() - kKept);
    }
    const std::size_t old = held_.size();
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, limit - end()));
    held_.resize(old + want);
    const auto count = stream_->read(held_.data() + old, want);
    held_.resize(old + (count ? *count : 0));
    if (!count) return count.status();
    return *count == 0 ? truncated(part_.piece->encoding->name) : Status();
  }

  const Unpacker::Part& part_;
  StreamPtr stream_;
  std::size_t restart_ = 0;  // where the stream began
  std::string held_;         // what it gave last,
  std::uint64_t begin_ = 0;  // and where that begins
};

Unpacker::Unpacker(const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    parts_.push_back({&piece, 0, {}});
    if (piece.plain) parts_.back().restarts.size = piece.plain->size;
  }
}

void Unpacker::place_parts() {
  for (Part& part : parts_) {
    part.begin = size_;
    size_ = part.end();
  }
}

bool Unpacker::of_use() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) {
    const Restarts& restarts = part.restarts;
    for (std::size_t i = 0; i < restarts.places.size(); ++i) {
      if (end_of(restarts, i) - restarts.places[i].unpacked > kLongestSpan) return false;
    }
    return part.piece->plain || !restarts.places.empty();
  });
}

Result<std::optional<Unpacker>> Unpacker::survey(
    const std::vector<Piece>& pieces, const std::function<void(std::uint64_t bytes)>& told) {
  Unpacker unpacker(pieces);
  for (Part& part : unpacker.parts_) {
    if (part.piece->plain) continue;
    if (part.piece->encoding->survey == nullptr) return std::optional<Unpacker>();
    const PlainFile& file = *part.piece->packed;
    const auto read_at = [&](std::uint64_t offset, char* into, std::size_t size) {
      auto count = read_file(file, offset, into, size);
      if (count) told(*count);
      return count;
    };
    auto found = part.piece->encoding->survey({read_at, file.size});
    if (!found) return found.status();
    part.restarts = std::move(*found);
  }
  if (!unpacker.of_use()) return std::optional<Unpacker>();
  unpacker.place_parts();
  return std::optional(std::move(unpacker));
}

std::optional<Unpacker> Unpacker::decode(const std::vector<Piece>& pieces, std::string_view table) {
  Unpacker unpacker(pieces);
  for (Part& part : unpacker.parts_) {
    std::uint64_t none = 0;
    const bool good = part.piece->plain
                          ? take_number(table, none) && none == 0
                          : take_restarts(table, part.piece->packed->size, part.restarts);
    if (!good) return std::nullopt;
  }
  if (!table.empty() || !unpacker.of_use()) return std::nullopt;
  unpacker.place_parts();
  return unpacker;
}

std::string Unpacker::encode() const {
  std::string table;
  for (const Part& part : parts_) {
    append(table, part.restarts, part.piece->packed ? part.piece->packed->size : 0);
  }
  return table;
}

const Unpacker::Part& Unpacker::part_at(std::uint64_t offset) const {
  const auto part = std::find_if(parts_.begin(), parts_.end() - 1,
                                 [offset](const Part& one) { return offset < one.end(); });
  return *part;
}

std::uint64_t Unpacker::division(std::uint64_t offset) const {
  if (offset >= size_) return offset;
  const Part& part = part_at(offset);
  if (part.piece->plain) return offset;
  for (const Restart& place : part.restarts.places) {
    const std::uint64_t cheap = part.begin + place.unpacked + kMargin;
    if (cheap >= offset) return std::min(cheap, part.end());
  }
  return division(part.end());
}

Result<std::size_t> Unpacker::read(std::uint64_t offset, char* into, std::size_t size,
                                   Place& place) const {
  const Part& part = part_at(offset);
  const std::uint64_t within = offset - part.begin;
  // The last piece may have grown since, when it is not compressed.
  const bool last = &part == &parts_.back();
  if (!last || !part.piece->plain) {
    size = static_cast<std::size_t>(
        std::min<std::uint64_t>(size, part.end() - std::min(part.end(), offset)));
  }
  if (size == 0) return std::size_t{0};
  if (part.piece->plain) return read_file(*part.piece->plain, within, into, size);
  auto* cursor = static_cast<Cursor*>(place.state.get());
  if (cursor == nullptr || &cursor->part() != &part) {
    place.state = std::make_unique<Cursor>(part);
    cursor = static_cast<Cursor*>(place.state.get());
  }
  return cursor->read(within, into, size);
}

}  // namespace ktrace::input
