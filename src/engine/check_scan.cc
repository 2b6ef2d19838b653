// Every record is parsed: what could not be is what is asked for.

#include "check_scan.h"

#include <algorithm>

namespace ktrace::engine {
namespace {

constexpr std::size_t kMostNames = 32;
constexpr std::size_t kSampleSize = 200;

constexpr std::string_view kUnread = "plain";  // the format of a record that none could read

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

class CheckScan {
 public:
  CheckScan(const CheckSearch& search, CheckWorker& worker, Part& part,
            const trace::Calendar* calendar, const Facts* before)
      : search_(search),
        worker_(worker),
        part_(part),
        reader_(*part.source, part.begin, part.end, search.query.block_size, worker.buffer),
        calendar_(calendar),
        witness_(stated_zone(search.query, *part.source)) {
    if (before == nullptr) return;
    facts_.rhythm = Rhythm(before->rhythm.latest());
    for (const auto& [name, rhythm] : before->by_component) {
      facts_.by_component.emplace(name, Rhythm(rhythm.latest()));
    }
  }

  Facts run() {
    const bool stream = calendar_ == nullptr;
    while (reader_.next(block_)) {
      if (stream) see_evidence();
      see_block();
    }
    if (first_stamp_) {
      facts_.dating = {calendar_->evidence(), calendar_->zone(), calendar_->zone_from_envelopes(),
                       calendar_->undecided()};
    }
    note_reading(reader_, part_);
    return std::move(facts_);
  }

 private:
  void see_evidence() {
    witness_.see(block_);
    const Evidence& evidence = witness_.evidence();
    const std::size_t seen = evidence.size();
    if (calendar_ == nullptr || seen != evidence_seen_) date_again(evidence);
    evidence_seen_ = seen;
  }

  // Another calendar; all that was dated so far moves with its first stamp.
  void date_again(const Evidence& evidence) {
    trace::Calendar next = search_.date(*part_.source, evidence);
    if (first_stamp_) {
      const auto& [offset, stamp] = *first_stamp_;
      const Duration by = next.resolve(offset, stamp) - calendar_->resolve(offset, stamp);
      if (by != Duration::zero()) {
        facts_.rhythm.shift(by);
        for (auto& [name, rhythm] : facts_.by_component) rhythm.shift(by);
        facts_.anchors.shift(by);
      }
    }
    own_calendar_ = std::move(next);
    calendar_ = &own_calendar_;
  }

  // In a source of JSON lines the samples may have missed the first line of klog text.
  void date_by_first(std::uint64_t offset, const Stamp& stamp) {
    Evidence evidence =
        part_.source->seekable() ? witness_file(*part_.source) : witness_.evidence();
    evidence.samples.emplace_back(offset, stamp);
    date_again(evidence);
  }

  void see_block() {
    cursor_.emplace(*calendar_);
    format::Walk walk(block_.bytes);
    std::size_t counted = 0;
    while (walk.next()) {
      Record& record = worker_.record;
      format::parse(walk.slice(), record);
      if (record.format == kUnread && record.envelope.empty()) {
        count_lines(counted, walk.offset());
        counted = walk.offset();
        see_unread(record.payload);
      }
      see_record(record, block_.offset + walk.offset());
    }
    count_lines(counted, block_.bytes.size());
    facts_.open_line = !block_.bytes.ends_with('\n');
  }

  void see_record(Record& record, std::uint64_t offset) {
    ++facts_.records;
    if (!record.envelope.empty()) facts_.envelopes.add(record.envelope);
    facts_.payloads.add(record.format);
    record.origin = &part_.source->origin();
    see_names(record.component_name(), record.node_name());
    worker_.identifiers.clear();
    trace::collect_identifiers(record, search_.keys, worker_.identifiers);
    see_identifiers();
    if (!record.has_time()) return;
    if (!first_stamp_ && record.stamp.kind == Stamp::Kind::yearless) {
      if (calendar_->empty()) date_by_first(offset, record.stamp);
      cursor_.emplace(*calendar_);
      first_stamp_ = {offset, record.stamp};
    }
    const Time time = cursor_->resolve(offset, record.stamp);
    facts_.rhythm.add(time);
    if (Rhythm* const own = rhythm_of(record)) own->add(time);
    worker_.anchors.clear();
    trace::collect_anchors(record, worker_.anchors);
    for (const std::uint64_t key : worker_.anchors) facts_.anchors.add({key, time});
  }

  // Of the component of the control plane that has logged the record; null when it is of none, or
  // tells of an object only.
  Rhythm* rhythm_of(const Record& record) {
    const std::string_view component = record.component_name(), node = record.node_name();
    if (!is_control_plane(component) || record.format == "event" || record.format == "object") {
      return nullptr;
    }
    if (last_rhythm_ == nullptr || component != last_name_->first || node != last_name_->second) {
      std::pair<std::string, std::string> name(component, node);
      auto& known = facts_.by_component;
      if (known.size() >= kMostNames && !known.contains(name)) return nullptr;
      const auto entry = known.try_emplace(std::move(name)).first;
      last_name_ = &entry->first;
      last_rhythm_ = &entry->second;
    }
    return last_rhythm_;
  }

  void see_names(std::string_view component, std::string_view node) {
    if (!component.empty()) facts_.components.add(component);
    if (!node.empty()) facts_.nodes.add(node);
    for (std::size_t i = 0; i < kControlPlane.size(); ++i) {
      if (component == kControlPlane[i]) facts_.control_plane.set(i);
    }
  }

  // A key that a record has several times counts once.
  void see_identifiers() {
    const auto& all = worker_.identifiers;
    for (auto one = all.begin(); one != all.end(); ++one) {
      const bool again = std::any_of(
          all.begin(), one, [&](const Identifier& other) { return other.key == one->key; });
      if (!again) facts_.identifiers.add(one->key);
    }
  }

  // What stands around the records of a klog file or of a list of objects is no failure to read.
  static bool is_head(std::string_view text) {
    if (text.find_first_not_of("[]{}, \t\r\n") == text.npos) return true;
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return (text.starts_with('{') && text[last] == '[') ||
           format::dated_evidence(text.substr(0, text.find('\n')));
  }

  void see_unread(std::string_view text) {
    const bool head = is_head(text);
    std::uint64_t line = facts_.line_ends;
    for (std::size_t at = 0; at < text.size() && !head;) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view one = text.substr(at, end - at);
      at = end + 1;
      ++line;
      if (is_blank(one)) continue;
      ++facts_.unparsed;
      if (facts_.samples.size() < Facts::kMostSamples) {
        facts_.samples.push_back({line, std::string(one.substr(0, kSampleSize))});
      }
    }
  }

  void count_lines(std::size_t begin, std::size_t end) {
    const std::string_view between = block_.bytes.substr(begin, end - begin);
    facts_.line_ends +=
        static_cast<std::uint64_t>(std::count(between.begin(), between.end(), '\n'));
  }

  const CheckSearch& search_;
  CheckWorker& worker_;
  Part& part_;
  BlockReader reader_;
  Block block_;
  Facts facts_;
  const trace::Calendar* calendar_;
  trace::Calendar own_calendar_;  // of a stream
  std::optional<trace::CalendarCursor> cursor_;
  StreamWitness witness_;
  std::size_t evidence_seen_ = 0;
  const std::pair<std::string, std::string>* last_name_ = nullptr;  // of the rhythm
  Rhythm* last_rhythm_ = nullptr;                                   // that was asked for last
  std::optional<std::pair<std::uint64_t, Stamp>> first_stamp_;      // without year
};

}  // namespace

void Tally::add(std::string_view name, std::uint64_t count) {
  if (const auto known = counts_.find(name); known != counts_.end()) {
    known->second += count;
    return;
  }
  counts_.emplace(name, count);
  if (counts_.size() <= kMostNames) return;
  const auto last = std::prev(counts_.end());
  rest_ += last->second;
  counts_.erase(last);
}

void Tally::add(const Tally& other) {
  for (const auto& [name, count] : other.counts_) add(name, count);
  rest_ += other.rest_;
}

std::uint64_t Tally::count(std::string_view name) const {
  const auto known = counts_.find(name);
  return known == counts_.end() ? 0 : known->second;
}

std::vector<std::pair<std::string_view, std::uint64_t>> Tally::sorted() const {
  std::vector<std::pair<std::string_view, std::uint64_t>> sorted(counts_.begin(), counts_.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (rest_ > 0) sorted.emplace_back("", rest_);
  return sorted;
}

void Facts::append(const Facts& later) {
  for (const Unparsed& sample : later.samples) {
    if (samples.size() < kMostSamples) samples.push_back({line_ends + sample.line, sample.text});
  }
  records += later.records;
  line_ends += later.line_ends;
  if (later.records > 0) open_line = later.open_line;
  unparsed += later.unparsed;
  envelopes.add(later.envelopes);
  payloads.add(later.payloads);
  components.add(later.components);
  nodes.add(later.nodes);
  control_plane |= later.control_plane;
  identifiers.add(later.identifiers);
  if (!dating) dating = later.dating;
  rhythm.append(later.rhythm);
  for (const auto& [name, own] : later.by_component) by_component[name].append(own);
  anchors.add(later.anchors);
}

Facts check_part(const CheckSearch& search, CheckWorker& worker, Part& part,
                 const trace::Calendar* calendar, const Facts* before) {
  return CheckScan(search, worker, part, calendar, before).run();
}

}  // namespace ktrace::engine
