// The hot path of `list`. A vectorised search finds the few places of a record at which a key may
// end. For nearly all of them the bytes around tell for certain what a parser would find: in a klog
// line ` key="value"` outside of quotes, in a JSON line `,"key":"value"`. Stamp and severity are
// read off the record's head. Every other place is left to the parser, and with it the whole
// record.
//
// The identifiers of a block are numbered together at its end, because that is when the table can
// be read ahead.

#include "list_scan.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "hit_walk.h"
#include "ktrace/format.h"
#include "ktrace/quotes.h"
#include "seen_store.h"

namespace ktrace::engine {
namespace {

// A record of fewer identifiers than this compares each to the others.
constexpr std::size_t kFew = 16;

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

class ListScan {
 public:
  ListScan(const ListSearch& search, ListWorker& worker, Part& part, SeenPart& seen,
           const BlockLook& look)
      : search_(search),
        worker_(worker),
        part_(part),
        seen_(seen),
        look_(look),
        reader_(*part.source, part.begin, part.end, search.query.block_size, worker.buffer),
        calendar_(search.calendars[part.index].get()),
        cursor_(calendar_ != nullptr ? *calendar_ : unknown_),
        wants_names_(wants_names({})),
        has_times_(search.filter.has_times()) {}

  void run() {
    if (part_.known != nullptr && read_index()) return relieve();
    // Parts of one size give as many, more or less.
    seen_.seen.reserve(worker_.usual);
    const bool stream = !part_.source->seekable();
    StreamWitness witness(stream ? stated_zone(search_.query, *part_.source) : nullptr);
    if (part_.begin > 0) begins_with(bytes_at(*part_.source, 0, format::kBeginning));
    while (reader_.next(block_)) {
      if (stream) witness.see(block_);
      if (part_.meter != nullptr) part_.meter->add(block_.bytes.size());
      if (search_.for_index) part_.lines.count(block_.bytes, block_.offset);
      scan_block();
      if (look_) look_(block_, reader_);
      if (stream) relieve();
    }
    worker_.usual = seen_.seen.size() + seen_.seen.size() / 16;
    relieve();
    part_.evidence = witness.evidence();
    part_.status = reader_.status();
    part_.long_records = reader_.long_records();
    part_.first_long_record = reader_.first_long_record();
  }

 private:
  void relieve() {
    if (search_.store != nullptr) search_.store->relieve(seen_, worker_.ids.size());
  }

  // What an index knows of the part. False when it is damaged: then nothing of it counts.
  bool read_index() {
    std::vector<Identifier> one(1);
    const auto take = [&](const trace::Occurrence& occurrence) {
      if (occurrence.offset >= part_.end) return false;
      if (!search_.filter.wants(occurrence.severity)) return true;
      if (!wants_names(occurrence.component)) return true;
      one.front() = {occurrence.key, occurrence.id};
      add(one, occurrence.offset, occurrence.stamp, occurrence.severity, occurrence.component);
      return true;
    };
    part_.index_status = part_.known->for_each_under(search_.keys, take);
    if (part_.index_status.ok()) return true;
    seen_.seen.clear();
    seen_.undated.clear();
    return false;
  }

  void scan_block() {
    added_any_ = false;
    done_until_ = searched_ = line_begin_ = 0;
    payload_ = nullptr;
    pending_.clear();
    worker_.separators.clear();
    worker_.places.clear();
    worker_.unnumbered.clear();
    if (block_.offset == 0) begins_with(block_.bytes);
    if (quotes_ || holds_cut_records()) return parse_block();
    if (search_.literal) return parse_hits();
    search_.search.find_all(block_.bytes, worker_.separators);
    for (const std::uint32_t separator : worker_.separators) {
      if (separator < done_until_) continue;
      if (const auto key = keys_.key_before(block_.bytes, separator)) look_at(key, separator);
    }
    flush();
    if (!search_.for_index) number_all();
  }

  // Where lines are cut and quoted in other lines, no place is certain.
  void parse_block() {
    while (done_until_ < block_.bytes.size()) parse_record(done_until_);
  }

  // Only what holds the text that is asked for, and a key.
  void parse_hits() {
    worker_.hits.clear();
    search_.literal->find_all(block_.bytes, worker_.hits);
    for (const std::size_t hit : worker_.hits) {
      if (hit < done_until_) continue;
      const format::Extent group = format::group_at(block_.bytes, hit);
      if (holds_key(group.of(block_.bytes))) parse_record(hit);
      done_until_ = group.end;
    }
  }

  bool holds_key(std::string_view text) {
    worker_.separators.clear();
    search_.search.find_all(text, worker_.separators);
    return std::any_of(worker_.separators.begin(), worker_.separators.end(),
                       [&](std::uint32_t at) { return bool{keys_.key_before(text, at)}; });
  }

  bool holds_cut_records() {
    if (!hidden_) return false;
    worker_.hidden.clear();
    hidden_->add(block_.bytes, worker_.hidden);
    return !worker_.hidden.empty();
  }

  // What the source's first line tells of the others.
  void begins_with(std::string_view beginning) {
    const auto marks = format::hiding_marks(beginning);
    quotes_ = !marks.empty() && beginning.front() == '{';
    hidden_.reset();
    if (!marks.empty() && !quotes_) hidden_ = std::make_unique<HiddenPlaces>(marks);
  }

  // ---- Certain places ----

  // A certain identifier of the line that is looked at.
  struct Pending {
    std::string_view key;
    trace::ReadId value;
    std::size_t observation = 0;  // once it has one
  };

  void look_at(trace::KeySearch::Key key, std::size_t separator) {
    find_line(separator);
    if (separator < done_until_) return;  // in the record of the line before
    const bool certain = payload_ != nullptr && key.plain && !search_.filter.has_pattern() &&
                         pending_.size() + 1 < kFew && add_certain(key, separator);
    if (!certain) parse_record(separator);
  }

  // Made where it is kept: to copy what was written just now would have to wait for it.
  bool add_certain(trace::KeySearch::Key key, std::size_t separator) {
    const std::string_view name = block_.bytes.substr(key.begin, key.end - key.begin);
    if (is_pending(name)) return false;
    Pending& one = pending_.emplace_back();
    one.key = name;
    return certain_value(key, separator, one.value);
  }

  // The beginning of the line that holds `position`, and the payload that starts there or, where no
  // record is cut, behind an envelope, if any.
  // Places come in order, so that only what lies behind the last one is searched for a line end.
  // That one stood outside of quotes, or its record has been parsed.
  void find_line(std::size_t position) {
    const char* const begin = block_.bytes.data();
    const std::string_view behind = block_.bytes.substr(searched_, position - searched_);
    const trace::LineHead head = trace::last_line_head(behind, vectors_);
    const bool starts = head.begin != trace::LineHead::kNoLineEnd;
    const bool same = !starts && searched_ > line_begin_;
    outside_ = head.outside;
    const std::size_t line = starts ? searched_ + head.begin : 0;
    searched_ = position;
    if (same) return;
    flush();
    line_begin_ = line;
    content_ = hidden_ ? format::content_begin(block_.bytes, line) : line;
    payload_ = format::recognise(begin + content_, glance_);
    // Behind an envelope's head without quotes the content is outside of them where the line is.
    if (content_ > line && !trace::balanced(block_.bytes.substr(line, content_ - line), vectors_)) {
      outside_ = trace::balanced(block_.bytes.substr(content_, position - content_), vectors_);
    }
    const bool one = payload_ != nullptr && payload_->split == nullptr;
    if (!one || payload_->glance == nullptr) payload_ = nullptr;
  }

  bool certain_value(trace::KeySearch::Key key, std::size_t separator, trace::ReadId& value) {
    const std::string_view bytes = block_.bytes;
    const std::size_t begin = separator + 2;
    if (key.begin < content_ + 2 || begin >= bytes.size() || bytes[begin - 1] != '"') return false;
    const bool number = trace::read_quoted(bytes.data() + begin, value);
    const std::size_t end = number ? begin + value.text.size() : bytes.find('"', begin);
    if (end == bytes.npos || end == begin || end + 1 >= bytes.size()) return false;
    if (!number) value.text = bytes.substr(begin, end - begin);
    const bool simple =
        number || (value.text.find('\\') == bytes.npos && value.text.find('\n') == bytes.npos);
    const bool member = payload_->json_line;
    return simple && (member ? certain_member(key, separator, bytes[end + 1])
                             : certain_pair(key, separator, end));
  }

  // `end`: where the value's closing quote is.
  bool certain_pair(trace::KeySearch::Key key, std::size_t separator, std::size_t end) {
    const std::string_view bytes = block_.bytes;
    const char behind = bytes[end + 1];
    if (bytes[separator] != '=' || key.end != separator || bytes[key.begin - 1] != ' ')
      return false;
    return (behind == ' ' || behind == '\n') && outside_ && begins_pair(key.begin);
  }

  // Whether a pair begins at `key`, and not at a word before: the keys of a structured call may
  // have spaces in them. What ends with a quote or has a '=' is the pair or the message before.
  bool begins_pair(std::size_t key) const {
    const std::string_view line = block_.bytes.substr(content_, key - 1 - content_);
    if (line.ends_with('"')) return true;
    const void* const space = line.empty() ? nullptr : ::memrchr(line.data(), ' ', line.size());
    const char* const word = space != nullptr ? static_cast<const char*>(space) : line.data();
    if (line.substr(static_cast<std::size_t>(word - line.data())).find('=') != line.npos) {
      return true;
    }
    const std::size_t header = line.find(']');
    return header != line.npos && !line.substr(header + 1).starts_with(" \"");
  }

  // In an object inside, a key may come twice.
  bool certain_member(trace::KeySearch::Key key, std::size_t separator, char behind) const {
    const std::string_view bytes = block_.bytes;
    const char before = bytes[key.begin - 2];
    const std::string_view outside = bytes.substr(content_ + 1, key.begin - content_ - 2);
    return bytes[separator] == ':' && bytes[key.begin - 1] == '"' && key.end + 1 == separator &&
           (before == ',' || before == '{') && (behind == ',' || behind == '}') &&
           (outside.find('{') == outside.npos || trace::in_same_object(outside, vectors_));
  }

  // Of two equal keys the last counts, which is the parser's to know.
  bool is_pending(std::string_view name) const {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&](const Pending& other) { return other.key == name; });
  }

  // The line's certain identifiers, if no other place of the record was uncertain.
  void flush() {
    if (pending_.empty()) return;
    if (!glance_) {
      const std::string_view rest = block_.bytes.substr(content_);
      if (!payload_->glance(rest, true, glance_.emplace())) return parse_record(line_begin_);
    }
    // Without a stamp of its own a record has that of its envelope.
    const bool timed = content_ == line_begin_ || glance_->stamp.kind != Stamp::Kind::none;
    if (!timed) return parse_record(line_begin_);
    const std::string_view component = payload_->component;
    const bool wanted = component.empty() ? wants_names_ : wants_names(component);
    if (wanted && search_.filter.wants(glance_->severity)) add_pending(*glance_);
    pending_.clear();
  }

  // ---- Uncertain places ----

  void parse_record(std::size_t position) {
    pending_.clear();
    const format::Extent group = format::group_at(block_.bytes, position);
    if (added_any_ && added_begin_ == group.begin) take_back();
    format::records(group.of(block_.bytes), worker_.slices);
    Record& record = worker_.record;
    std::optional<Stamp> before;
    for (const format::Slice& slice : worker_.slices.list) {
      format::parse(slice, record);
      record.origin = &part_.source->origin();
      if (record.has_time()) before = record.stamp;
      worker_.identifiers.clear();
      trace::collect_identifiers(record, search_.keys, worker_.identifiers);
      if (worker_.identifiers.empty() || !search_.filter.wants(record)) continue;
      if (!before) before = reader_.stamp_before(group.begin);
      add(worker_.identifiers, group.begin + slice.offset, *before, record.severity,
          record.component);
    }
    done_until_ = group.end;
  }

  // ---- Observations ----

  // A later line of a record showed that its first, taken for certain, is not the whole of it.
  void take_back() {
    seen_.seen.resize(added_from_);
    while (!seen_.undated.empty() && seen_.undated.back().observation >= added_from_) {
      seen_.undated.pop_back();
    }
    while (!worker_.places.empty() && worker_.places.back() >= added_from_) {
      worker_.places.pop_back();
      worker_.unnumbered.pop_back();
    }
    added_any_ = false;
  }

  // The component of a record that tells `own` of itself, as it is noted.
  std::string_view component_of(std::string_view own) const {
    return search_.for_index ? own : part_.source->origin().component_of(own);
  }

  bool wants_names(std::string_view own) const {
    const Origin& origin = part_.source->origin();
    return search_.filter.wants_names(origin.component_of(own), origin.node);
  }

  // What all observations of a record have in common. Not dated: its time is still unknown.
  struct Common {
    Time time{};
    std::uint16_t component = 0;
    Severity severity = Severity::unspecified;
    std::uint64_t offset = 0;
    Stamp stamp;
    bool dated = false;
  };

  // Sets common_. False when the record's time is not wanted.
  bool begin_record(std::size_t position, const Stamp& stamp, Severity severity,
                    std::uint16_t component) {
    common_.offset = block_.offset + position;
    common_.stamp = stamp;
    common_.component = component;
    common_.severity = severity;
    common_.dated =
        calendar_ != nullptr && (stamp.kind == Stamp::Kind::absolute || !calendar_->empty());
    common_.time = common_.dated ? cursor_.resolve(common_.offset, stamp) : Time();
    if (has_times_ && common_.dated && !search_.filter.wants(common_.time)) return false;
    added_any_ = true;
    added_begin_ = position;
    added_from_ = seen_.seen.size();
    return true;
  }

  // Of the trace with this number. Field by field: see add_certain().
  void push(std::string_view key, std::uint32_t trace) {
    if (!common_.dated) seen_.undated.push_back({seen_.seen.size(), common_.offset, common_.stamp});
    Observation& one = seen_.seen.emplace_back();
    one.time = common_.time;
    one.trace = trace;
    one.component = common_.component;
    one.key = spelling(key);
    one.severity = common_.severity;
  }

  void add(const std::vector<Identifier>& identifiers, std::size_t position, const Stamp& stamp,
           Severity severity, std::string_view component) {
    const std::uint16_t number = worker_.components.number_of(component_of(component));
    if (!begin_record(position, stamp, severity, number)) return;
    const std::size_t first = added_from_;
    worker_.many.clear();
    for (const Identifier& identifier : identifiers) {
      const std::uint32_t trace = worker_.ids.number_of(identifier.value);
      const std::size_t place = place_of(trace, first);
      if (place == seen_.seen.size()) {
        push(identifier.key, trace);
      } else {
        push_again(place, identifier.key);
      }
    }
  }

  // The identifier of an observation of the record stands in it under another key, too.
  void push_again(std::size_t observation, std::string_view key) {
    if (!search_.for_index) return;
    std::uint8_t& keys = seen_.seen[observation].key;
    keys = spelling(trace::with_key(worker_.spellings[keys], key));
  }

  // The same for the line's certain identifiers, which are fewer than kFew.
  void add_pending(const format::Glance& glance) {
    if (component_payload_ != payload_) {
      component_number_ = worker_.components.number_of(component_of(payload_->component));
      component_payload_ = payload_;
    }
    if (!begin_record(line_begin_, glance.stamp, glance.severity, component_number_)) return;
    for (auto one = pending_.begin(); one != pending_.end(); ++one) {
      const auto same = std::find_if(pending_.begin(), one, [&](const Pending& other) {
        return trace::same_identifier(other.value.text, one->value.text);
      });
      if (same != one) {
        push_again(same->observation, one->key);
        worker_.respelt = worker_.respelt || same->value.text != one->value.text;
        continue;
      }
      one->observation = seen_.seen.size();
      worker_.places.push_back(seen_.seen.size());
      worker_.unnumbered.push_back(one->value);
      push(one->key, trace::kNoNumber);  // until number_all()
    }
  }

  void number_all() {
    worker_.numbers.clear();
    worker_.ids.numbers_of(worker_.unnumbered, worker_.numbers);
    for (std::size_t i = 0; i < worker_.places.size(); ++i) {
      seen_.seen[worker_.places[i]].trace = worker_.numbers[i];
    }
  }

  // The place of the observation of `trace` among those from `first` on, which are the record's:
  // that of the next one when there is none. Most have one or two; of many a map is made.
  std::size_t place_of(std::uint32_t trace, std::size_t first) {
    const std::size_t next = seen_.seen.size();
    if (next - first < kFew) {
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

  // Nearly all keys are spelt as one shortly before that looks alike.
  std::uint8_t spelling(std::string_view key) {
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

  const ListSearch& search_;
  ListWorker& worker_;
  Part& part_;
  SeenPart& seen_;
  const BlockLook& look_;
  BlockReader reader_;
  trace::KeyCursor keys_{search_.search};
  const trace::Calendar unknown_;
  const trace::Calendar* calendar_;
  trace::CalendarCursor cursor_;
  const Vectors vectors_ = widest_vectors();
  const bool wants_names_;  // of records that tell no component
  const bool has_times_;    // whether those of some times only are wanted
  Block block_;
  bool quotes_ = false;                   // lines stand in JSON objects,
  std::unique_ptr<HiddenPlaces> hidden_;  // or behind envelopes, as they are if they are not cut

  std::size_t searched_ = 0;                  // the place that was looked at last
  std::size_t line_begin_ = 0;                // of the line that holds it
  std::size_t content_ = 0;                   // what is in the envelope of that line
  bool outside_ = false;                      // whether that place is not within quotes
  const format::Payload* payload_ = nullptr;  // of that line, if it starts a record
  std::optional<format::Glance> glance_;      // at that record, once there was one
  std::vector<Pending> pending_;              // certain ones of that line
  std::size_t done_until_ = 0;                // records before this have been parsed
  bool added_any_ = false;                    // the record at added_begin_ gave observations,
  std::size_t added_begin_ = 0;               // those from added_from_ on
  std::size_t added_from_ = 0;
  Common common_;                                       // of the record that is added
  std::array<std::uint8_t, 64> recent_{};               // numbers of spellings
  const format::Payload* component_payload_ = nullptr;  // whose component has this number
  std::uint16_t component_number_ = 0;
};

}  // namespace

void scan_for_list(const ListSearch& search, ListWorker& worker, Part& part, SeenPart& seen,
                   const BlockLook& look) {
  ListScan(search, worker, part, seen, look).run();
}

}  // namespace ktrace::engine
