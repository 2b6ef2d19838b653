// The hot path of `list`. A vectorised search finds the few places of a record at which a key may
// end. For nearly all of them the bytes around tell for certain what a parser would find: in a klog
// line ` key="value"` outside of quotes, in a JSON line `,"key":"value"`. Stamp and severity are
// read off the record's head. Every other place is left to the parser, and with it the whole
// record.
//
// So little is asked of most bytes that to copy them out of the kernel would be the largest part of
// the work. Klog text is therefore scanned where it lies (BlockReader::look), as long as that can
// be done. It may change under the scan, which then finds something else, but never goes astray: it
// relies on nothing that it has read before. Parsers do; they get a copy.

#include "list_scan.h"

#include <algorithm>
#include <cstring>

#include "hit_walk.h"
#include "ktrace/format.h"
#include "ktrace/quotes.h"
#include "seen_store.h"
#include "seen_writer.h"

namespace ktrace::engine {
namespace {

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
        writer_(search, worker, part, seen),
        wants_names_(wants_names({})),
        has_pattern_(search.filter.has_pattern()),
        looks_(!search.literal && !has_pattern_ && !look) {}

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
      while (looks_) looks_ = scan_in_place();
    }
    worker_.usual = seen_.seen.size() + seen_.seen.size() / 16;
    relieve();
    part_.evidence = witness.evidence();
    note_reading(reader_, part_);
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
      writer_.add(one, occurrence.offset, occurrence.stamp, occurrence.severity,
                  occurrence.component);
      return true;
    };
    part_.index_status = part_.known->for_each_under(search_.keys, take);
    if (part_.index_status.ok()) return true;
    seen_.seen.clear();
    seen_.undated.clear();
    return false;
  }

  // False when that cannot be done, or has been in vain.
  bool scan_in_place() {
    if (quotes_ || hidden_) return false;
    const SeenWriter::Mark before = writer_.mark();
    in_place_ = true;
    lacks_stamp_ = false;
    const std::size_t shown = reader_.look([this](const Block& block) {
      block_ = block;
      scan_block();
      return !lacks_stamp_;
    });
    in_place_ = false;
    if (shown == 0) writer_.take_back_to(before);
    if (part_.meter != nullptr) part_.meter->add(shown);
    return shown > 0;
  }

  void scan_block() {
    writer_.begin_block();
    worker_.separators.clear();
    worker_.copies.clear();
    begin_lines(0);
    if (block_.offset == 0) begins_with(block_.bytes);
    if (quotes_ || holds_cut_records()) return parse_block();
    if (search_.literal) return parse_hits();
    search_.search.find_all(block_.bytes, worker_.separators);
    next_ = worker_.separators.begin();
    look_at_all(0);
    if (!search_.for_index) writer_.number_all();
  }

  // Goes on at `position`, where a group begins.
  void begin_lines(std::size_t position) {
    done_until_ = searched_ = line_begin_ = position;
    payload_ = nullptr;
    pending_.clear();
  }

  // At the next places, which count from `origin`, as far as the block goes.
  void look_at_all(std::size_t origin) {
    const std::size_t end = origin + block_.bytes.size();
    for (; next_ != worker_.separators.end() && *next_ < end; ++next_) {
      const std::size_t separator = *next_ - origin;
      if (separator < done_until_) continue;
      if (const auto key = keys_.key_before(block_.bytes, separator)) look_at(key, separator);
    }
    flush();
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

  void look_at(trace::KeySearch::Key key, std::size_t separator) {
    find_line(separator);
    if (separator < done_until_) return;  // in the record of the line before
    const bool certain = payload_ != nullptr && key.plain && !has_pattern_ &&
                         pending_.size() + 1 < kFewIds && add_certain(key, separator);
    if (certain) return;
    block_.shared ? look_at_copy(separator) : parse_record(separator);
  }

  // Looks again at what stands around `position` of a shared block, in a copy.
  void look_at_copy(std::size_t position) {
    const Block shared = block_;
    const format::Extent extent{format::last_sure_start(shared.bytes, position),
                                format::next_sure_start(shared.bytes, position)};
    block_ = {format::padded(extent.of(shared.bytes), worker_.copies),
              shared.offset + extent.begin};
    writer_.take_back(block_.offset);
    begin_lines(0);
    next_ = std::lower_bound(worker_.separators.cbegin(), next_, extent.begin);
    look_at_all(extent.begin);
    --next_;
    block_ = shared;
    begin_lines(extent.end);
    searched_ = extent.end - 1;  // the line end before it is to be found
  }

  // Made where it is kept: to copy what was written just now would have to wait for it.
  bool add_certain(trace::KeySearch::Key key, std::size_t separator) {
    const std::string_view name = block_.bytes.substr(key.begin, key.end - key.begin);
    if (is_pending(name)) return false;
    CertainId& one = pending_.emplace_back();
    one.key = name;
    one.spelling = key.spelling;
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
    payload_ = block_.shared ? format::recognise_surely(begin + content_, glance_)
                             : format::recognise(begin + content_, glance_);
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
    const std::string_view line(block_.bytes.data() + content_, key - 1 - content_);
    if (trace::ends_like_pair(line)) return true;
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
                       [&](const CertainId& other) { return other.key == name; });
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
    if (wanted && search_.filter.wants(glance_->severity)) {
      writer_.add_certain(pending_, block_.offset + line_begin_, *glance_, *payload_);
    }
    pending_.clear();
  }

  // ---- Uncertain places ----

  void parse_record(std::size_t position) {
    pending_.clear();
    const format::Extent group = format::group_at(block_.bytes, position);
    writer_.take_back(block_.offset + group.begin);
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
      if (!before) before = stamp_before(group.begin);
      writer_.add(worker_.identifiers, block_.offset + group.begin + slice.offset, *before,
                  record.severity, record.component);
    }
    done_until_ = group.end;
  }

  // What stands before a block in place only its reader can tell, which has to read it then.
  Stamp stamp_before(std::size_t group) {
    lacks_stamp_ = in_place_;
    return in_place_ ? Stamp() : reader_.stamp_before(group);
  }

  bool wants_names(std::string_view own) const {
    const Origin& origin = part_.source->origin();
    return search_.filter.wants_names(origin.component_of(own), origin.node);
  }

  const ListSearch& search_;
  ListWorker& worker_;
  Part& part_;
  SeenPart& seen_;
  const BlockLook& look_;
  BlockReader reader_;
  SeenWriter writer_;
  trace::KeyCursor keys_{search_.search};
  const Vectors vectors_ = widest_vectors();
  const bool wants_names_;  // of records that tell no component
  const bool has_pattern_;
  bool looks_;                // whether blocks may be scanned where they lie,
  bool in_place_ = false;     // one is,
  bool lacks_stamp_ = false;  // and it takes more than itself
  Block block_;
  bool quotes_ = false;                   // lines stand in JSON objects,
  std::unique_ptr<HiddenPlaces> hidden_;  // or behind envelopes, as they are if they are not cut

  std::vector<std::uint32_t>::const_iterator next_;  // place of the block to be looked at
  std::size_t searched_ = 0;                         // the place that was looked at last
  std::size_t line_begin_ = 0;                       // of the line that holds it
  std::size_t content_ = 0;                          // what is in the envelope of that line
  bool outside_ = false;                             // whether that place is not within quotes
  const format::Payload* payload_ = nullptr;         // of that line, if it starts a record
  std::optional<format::Glance> glance_;             // at that record, once there was one
  std::vector<CertainId> pending_;                   // certain ones of that line
  std::size_t done_until_ = 0;                       // records before this have been parsed
};

}  // namespace

void scan_for_list(const ListSearch& search, ListWorker& worker, Part& part, SeenPart& seen,
                   const BlockLook& look) {
  ListScan(search, worker, part, seen, look).run();
}

}  // namespace ktrace::engine
