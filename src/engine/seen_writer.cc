// The part of a list's scan that is done for every identifier. A record is made where it is kept,
// field by field: to copy what was written just now would have to wait for it.

#include "seen_writer.h"

#include <algorithm>
#include <cstring>

#include "ktrace/identifiers.h"

namespace ktrace::engine {
namespace {

// As ==, but of a few characters it takes no call.
bool same_text(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto same = [&](auto word) {
    const auto differ = [&](std::size_t at) {
      auto other = word;
      std::memcpy(&word, a.data() + at, sizeof word);
      std::memcpy(&other, b.data() + at, sizeof other);
      return word ^ other;
    };
    return (differ(0) | differ(a.size() - sizeof word)) == 0;
  };
  if (a.size() >= 8 && a.size() <= 16) return same(std::uint64_t{});
  if (a.size() >= 4 && a.size() < 8) return same(std::uint32_t{});
  return a == b;
}

}  // namespace

SeenWriter::SeenWriter(const ListSearch& search, ListWorker& worker, const Part& part,
                       SeenPart& seen)
    : search_(search),
      worker_(worker),
      part_(part),
      seen_(seen),
      calendar_(search.calendars[part.index].get()),
      cursor_(calendar_ != nullptr ? *calendar_ : unknown_),
      dates_(calendar_ != nullptr && !calendar_->empty()),
      has_times_(search.filter.has_times()) {
  known_.fill(kMostSpellings);
}

void SeenWriter::begin_block() {
  any_ = false;
  worker_.places.clear();
  worker_.unnumbered.clear();
}

std::string_view SeenWriter::component_of(std::string_view own) const {
  return search_.for_index ? own : part_.source->origin().component_of(own);
}

void SeenWriter::take_back(std::uint64_t offset) {
  if (!any_ || common_.offset < offset) return;
  seen_.seen.resize(from_);
  while (!seen_.undated.empty() && seen_.undated.back().observation >= from_) {
    seen_.undated.pop_back();
  }
  while (!worker_.places.empty() && worker_.places.back() >= from_) {
    worker_.places.pop_back();
    worker_.unnumbered.pop_back();
  }
  any_ = false;
}

void SeenWriter::take_back_to(const Mark& mark) {
  seen_.seen.resize(mark.seen);
  seen_.undated.resize(mark.undated, {});
  begin_block();
}

// Sets common_. False when the record's time is not wanted.
[[gnu::always_inline]] inline bool SeenWriter::begin_record(std::uint64_t offset,
                                                            const Stamp& stamp, Severity severity,
                                                            std::uint16_t component) {
  common_.offset = offset;
  common_.component = component;
  common_.severity = severity;
  common_.dated = dates_ || (calendar_ != nullptr && stamp.kind == Stamp::Kind::absolute);
  if (common_.dated) {
    common_.time = cursor_.resolve(offset, stamp);
  } else {
    common_.time = Time();
    common_.stamp = stamp;
  }
  any_ = !has_times_ || !common_.dated || search_.filter.wants(common_.time);
  from_ = seen_.seen.size();
  return any_;
}

// Of the trace with this number.
[[gnu::always_inline]] inline void SeenWriter::push(std::uint8_t spelling, std::uint32_t trace) {
  if (!common_.dated) seen_.undated.push_back({seen_.seen.size(), common_.offset, common_.stamp});
  Observation& one = seen_.seen.emplace_back();
  one.time = common_.time;
  one.trace = trace;
  one.component = common_.component;
  one.key = spelling;
  one.severity = common_.severity;
}

// The identifier of an observation of the record stands in it under another key, too.
void SeenWriter::push_again(std::size_t observation, std::string_view key) {
  if (!search_.for_index) return;
  std::uint8_t& keys = seen_.seen[observation].key;
  keys = spelling(trace::with_key(worker_.spellings[keys], key));
}

void SeenWriter::add(const std::vector<Identifier>& identifiers, std::uint64_t offset,
                     const Stamp& stamp, Severity severity, std::string_view component) {
  const std::uint16_t number = worker_.components.number_of(component_of(component));
  if (!begin_record(offset, stamp, severity, number)) return;
  worker_.many.clear();
  for (const Identifier& identifier : identifiers) {
    const std::uint32_t trace = worker_.ids.number_of(identifier.value);
    const std::size_t place = place_of(trace, from_);
    if (place == seen_.seen.size()) {
      push(spelling(identifier.key), trace);
    } else {
      push_again(place, identifier.key);
    }
  }
}

void SeenWriter::add_certain(std::vector<CertainId>& ids, std::uint64_t offset,
                             const format::Glance& glance, const format::Payload& payload) {
  if (component_payload_ != &payload) {
    component_number_ = worker_.components.number_of(component_of(payload.component));
    component_payload_ = &payload;
  }
  if (!begin_record(offset, glance.stamp, glance.severity, component_number_)) return;
  for (auto one = ids.begin(); one != ids.end(); ++one) {
    // Mostly there is none before it, for which find_if() is not made.
    auto same = ids.begin();
    while (same != one && !trace::same_identifier(same->value.text, one->value.text)) ++same;
    if (same != one) {
      push_again(same->observation, one->key);
      worker_.respelt = worker_.respelt || same->value.text != one->value.text;
      continue;
    }
    one->observation = seen_.seen.size();
    worker_.places.push_back(seen_.seen.size());
    worker_.unnumbered.push_back(one->value);
    push(spelling(*one), trace::kNoNumber);  // until number_all()
  }
}

void SeenWriter::number_all() {
  worker_.numbers.clear();
  worker_.ids.numbers_of(worker_.unnumbered, worker_.numbers);
  for (std::size_t i = 0; i < worker_.places.size(); ++i) {
    seen_.seen[worker_.places[i]].trace = worker_.numbers[i];
  }
}

// The place of the observation of `trace` among those from `first` on, which are the record's:
// that of the next one when there is none. Most have one or two; of many a map is made.
std::size_t SeenWriter::place_of(std::uint32_t trace, std::size_t first) {
  const std::size_t next = seen_.seen.size();
  if (next - first < kFewIds) {
    const auto found =
        std::find_if(seen_.seen.begin() + static_cast<std::ptrdiff_t>(first), seen_.seen.end(),
                     [&](const Observation& other) { return other.trace == trace; });
    return static_cast<std::size_t>(found - seen_.seen.begin());
  }
  for (std::size_t i = first; worker_.many.size() < next - first; ++i) {
    worker_.many.emplace(seen_.seen[i].trace, i);
  }
  return worker_.many.try_emplace(trace, next).first->second;
}

std::uint8_t SeenWriter::spelling(const CertainId& one) {
  std::uint16_t& known = known_[one.spelling];
  if (one.spelling == 0) return spelling(one.key);
  if (known == kMostSpellings) known = spelling(one.key);
  return static_cast<std::uint8_t>(known);
}

// Nearly all keys are spelt as one shortly before that looks alike.
std::uint8_t SeenWriter::spelling(std::string_view key) {
  auto& known = worker_.spellings;
  std::uint8_t& recent = recent_[(key.size() * 5 + static_cast<unsigned char>(key.front()) * 3u +
                                  static_cast<unsigned char>(key.back())) %
                                 recent_.size()];
  if (recent < known.size() && same_text(known[recent], key)) return recent;
  const auto found = std::find(known.begin(), known.end(), key);
  const bool room = found != known.end() || known.size() < kMostSpellings;
  const auto place = static_cast<std::size_t>(found - known.begin());
  recent = static_cast<std::uint8_t>(room ? place : kMostSpellings - 1);
  if (recent == known.size()) known.emplace_back(key);
  return recent;
}

}  // namespace ktrace::engine
