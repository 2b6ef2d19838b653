// Texts are numbered in the order in which they first occur; a link names them by their numbers.
// Most of an audit log's links are a request, an object, and an offset and time little greater than
// those before: about 45 bytes, 17 of which are the request's audit ID.

#include "ktrace/stored_links.h"

#include <algorithm>
#include <array>

#include "deflate.h"
#include "index_layout.h"

namespace ktrace::trace {
namespace {

using namespace index;

constexpr std::uint64_t kThings = 5;
constexpr std::uint64_t kEffects = 5;

// What is written of a link beside its numbers: a bit for each text that is not empty.
using Texts = std::array<std::string_view*, 9>;

Texts texts_of(Link& link) {
  return {&link.from.type, &link.from.space, &link.from.name, &link.from.id, &link.to.type,
          &link.to.space,  &link.to.name,    &link.to.id,     &link.version};
}

// Small numbers of either sign as small ones without.
std::uint64_t fold(std::uint64_t difference) {
  return difference << 1 ^ (difference >> 63 != 0 ? ~std::uint64_t{0} : 0);
}
std::uint64_t unfold(std::uint64_t folded) {
  return folded >> 1 ^ ((folded & 1) != 0 ? ~std::uint64_t{0} : 0);
}

std::uint64_t nanoseconds(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
Time time_at(std::uint64_t nanoseconds) {
  return Time(Duration(static_cast<std::int64_t>(nanoseconds)));
}

// What a link's time is written as a difference to.
Time near_time(const Stamp& stamp, bool by_calendar) {
  return !by_calendar && stamp.kind == Stamp::Kind::absolute ? stamp.time : Time{};
}

// The time of a link that says how long it is before its record.
Time date(const Link& link, const Stamp& stamp, CalendarCursor& cursor) {
  const Duration later = std::max(link.time.time_since_epoch(), -Duration::max());
  return earlier(cursor.resolve(link.evidence.offset, stamp), -later);
}

// A form beside those of identifiers: 64 hex digits in lower case, as containers are called.
constexpr std::uint8_t kContainerForm = 5;
constexpr std::size_t kContainerSize = 64;

void append_number(std::string& out, const Number& number) {
  append_fixed(out, number.high, 8);
  append_fixed(out, number.low, 8);
}

void append_text(std::string& out, std::string_view text) {
  Number number, rest;
  const bool container = text.size() == kContainerSize &&
                         parse_number(text.substr(0, 32), number) == Form::hex &&
                         parse_number(text.substr(32), rest) == Form::hex;
  const Form form = container ? Form{kContainerForm} : parse_number(text, number);
  out.push_back(static_cast<char>(form));
  if (form == Form::text) return append_string(out, text);
  append_number(out, number);
  if (container) append_number(out, rest);
}

std::string_view take_text(Bytes& in, Arena& arena) {
  const std::uint64_t form = in.fixed(1);
  if (form == static_cast<std::uint64_t>(Form::text)) return arena.keep(in.string());
  const Number number{in.fixed(8), in.fixed(8)};
  char* const text = arena.allocate(kContainerSize);
  std::size_t size = 0;
  if (form == kContainerForm) {
    const Number rest{in.fixed(8), in.fixed(8)};
    size = format_number(number, Form::hex, text) + format_number(rest, Form::hex, text + 32);
  } else if (form <= static_cast<std::uint64_t>(Form::uuid4)) {
    size = format_number(number, static_cast<Form>(form), text);
  }
  arena.shrink(kContainerSize - size);
  return {text, size};
}

class LinkDecoder {
 public:
  LinkDecoder(std::string_view bytes, std::uint32_t source, Arena& arena)
      : in_(bytes), source_(source), arena_(arena) {}

  // Calls take(link) for one more of `links` after the other, which it is to read.
  template <typename Links, typename Take>
  bool run(Links& links, const Take& take) {
    texts_.resize(in_.count(2));
    for (std::string_view& text : texts_) text = take_text(in_, arena_);
    const std::uint64_t count = in_.count(7);
    links.reserve(links.size() + count);
    for (std::uint64_t i = 0; i < count && good_; ++i) take(links.emplace_back());
    return good_ && !in_.failed() && in_.empty();
  }

  void read(Link& link, Stamp& stamp, bool& by_calendar) {
    link.kind = static_cast<std::uint8_t>(below(in_.fixed(1), link_kinds().size()));
    const std::uint64_t things = in_.fixed(1), state = in_.fixed(1);
    link.from.kind = static_cast<Thing::Kind>(below(things & 15, kThings));
    link.to.kind = static_cast<Thing::Kind>(below(things >> 4, kThings));
    link.effect = static_cast<Effect>(below(state & 7, kEffects));
    link.ready = (state & 8) != 0;
    by_calendar = (state & 16) != 0;
    const auto kind = static_cast<Stamp::Kind>(below(state >> 5, 3));
    std::uint64_t there = in_.varint();
    for (std::string_view* text : texts_of(link)) {
      if ((there & 1) != 0) *text = text_at(in_.varint());
      there >>= 1;
    }
    offset_ += unfold(in_.varint());
    link.evidence = {source_, offset_};
    std::uint64_t& ticks = ticks_[static_cast<std::size_t>(kind)];
    ticks += unfold(in_.varint());
    set_stamp(kind, static_cast<std::int64_t>(ticks), stamp);
    link.time = time_at(nanoseconds(near_time(stamp, by_calendar)) + unfold(in_.varint()));
  }

 private:
  std::uint64_t below(std::uint64_t value, std::uint64_t limit) {
    good_ = good_ && value < limit;
    return good_ ? value : 0;
  }

  std::string_view text_at(std::uint64_t number) {
    good_ = good_ && number < texts_.size();
    return good_ ? texts_[number] : std::string_view();
  }

  Bytes in_;
  std::uint32_t source_;
  Arena& arena_;
  std::vector<std::string_view> texts_;
  std::uint64_t offset_ = 0;
  std::array<std::uint64_t, 3> ticks_{};
  bool good_ = true;
};

}  // namespace

Link StoredLink::dated(CalendarCursor& cursor) const {
  Link dated = link;
  if (by_calendar) dated.time = date(link, stamp, cursor);
  return dated;
}

// The record gets a time that no log tells; what is not later has its time from it.
void StoredLinkReader::read(Record& record, const Stamp& stamp, Arena& arena,
                            std::vector<StoredLink>& links) {
  constexpr Time kMark{Duration::min() / 2};
  record.time = kMark;
  links_.clear();
  reader_.read(record, arena, links_);
  for (Link& link : links_) {
    const bool by_calendar = link.time <= kMark;
    if (by_calendar) link.time = Time(link.time - kMark);
    links.push_back({link, stamp, by_calendar});
  }
}

std::uint64_t LinkEncoder::number_of(std::string_view text) {
  const auto [entry, added] = numbers_.try_emplace(std::string(text), numbers_.size());
  if (added) append_text(texts_, text);
  return entry->second;
}

void LinkEncoder::add(const StoredLink& stored) {
  Link link = stored.link;
  links_.push_back(static_cast<char>(link.kind));
  links_.push_back(static_cast<char>(static_cast<unsigned>(link.from.kind) |
                                     static_cast<unsigned>(link.to.kind) << 4));
  const auto kind = static_cast<unsigned>(stored.stamp.kind);
  links_.push_back(static_cast<char>(static_cast<unsigned>(link.effect) | (link.ready ? 8U : 0U) |
                                     (stored.by_calendar ? 16U : 0U) | kind << 5));
  const Texts texts = texts_of(link);
  std::uint64_t there = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) there |= texts[i]->empty() ? 0 : 1ULL << i;
  append_varint(links_, there);
  for (const std::string_view* text : texts) {
    if (!text->empty()) append_varint(links_, number_of(*text));
  }
  append_varint(links_, fold(link.evidence.offset - last_offset_));
  last_offset_ = link.evidence.offset;
  const std::int64_t ticks = to_ticks(stored.stamp);
  append_varint(links_, fold(static_cast<std::uint64_t>(ticks) -
                             static_cast<std::uint64_t>(last_ticks_[kind])));
  last_ticks_[kind] = ticks;
  append_varint(links_, fold(nanoseconds(link.time) -
                             nanoseconds(near_time(stored.stamp, stored.by_calendar))));
  ++count_;
}

std::string LinkEncoder::finish() {
  std::string out;
  append_varint(out, numbers_.size());
  out += texts_;
  append_varint(out, count_);
  out += links_;
  return deflate(out);
}

bool decode_links(std::string_view bytes, std::uint32_t source, Arena& arena,
                  std::vector<StoredLink>& links) {
  const auto inflated = inflate(bytes);
  if (!inflated) return false;
  LinkDecoder decoder(*inflated, source, arena);
  return decoder.run(links, [&](StoredLink& stored) {
    decoder.read(stored.link, stored.stamp, stored.by_calendar);
  });
}

bool decode_links(std::string_view bytes, std::uint32_t source, const Calendar& calendar,
                  Arena& arena, std::vector<Link>& links) {
  const auto inflated = inflate(bytes);
  if (!inflated) return false;
  LinkDecoder decoder(*inflated, source, arena);
  CalendarCursor cursor(calendar);
  return decoder.run(links, [&](Link& link) {
    Stamp stamp;
    bool by_calendar = false;
    decoder.read(link, stamp, by_calendar);
    if (by_calendar) link.time = date(link, stamp, cursor);
  });
}

}  // namespace ktrace::trace
