// Of a block only the times of its records are wanted. Klog text tells them in the heads of lines,
// so that to copy it out of the kernel would be a large part of the work: it is looked at where it
// lies (BlockReader::look), as long as that can be done. What stands between lines that are known
// at a glance takes more than a glance, and is read in a copy, since it may change.

#include "merge_survey.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "block_reader.h"
#include "ktrace/format.h"
#include "ktrace/memory.h"
#include "line_count.h"
#include "timeless.h"

namespace ktrace::engine {
namespace {

constexpr std::size_t kAskedAtOnce = 64;  // a line of the cache

class Survey {
 public:
  Survey(Part& part, std::size_t block_size, const Query& query, const trace::Calendar& calendar,
         bool counts_lines, SurveyWorker& worker)
      : part_(part),
        order_(query.order),
        counts_lines_(counts_lines),
        worker_(worker),
        cursor_(calendar),
        reader_(*part.source, part.begin, part.end, block_size, worker.buffer),
        looks_(query.order == Order::end) {}

  std::vector<BlockFacts> run() {
    Block block;
    while (reader_.next(block)) {
      if (part_.meter != nullptr) part_.meter->add(block.bytes.size());
      if (facts_.empty()) before_ = reader_.stamp_before();
      begin(block);
      walk(block.bytes, block.offset);
      end(block);
      while (looks_) looks_ = look();
    }
    note_reading(reader_, part_);
    return std::move(facts_);
  }

 private:
  void begin(const Block& block) {
    BlockFacts& facts = facts_.emplace_back();
    facts.source = part_.index;
    facts.offset = facts.first = block.offset;
    facts.size = static_cast<std::uint32_t>(block.bytes.size());
    facts.line = part_.newlines;
    facts.before = before_;
    any_ = false;
  }

  void end(const Block& block) {
    if (counts_lines_) part_.newlines += newlines(block.bytes);
  }

  void walk(std::string_view bytes, std::uint64_t offset) {
    BlockWalk walk(bytes, offset, before_, order_, cursor_, worker_.record);
    while (walk.next()) take(walk.key());
    before_ = walk.stamp();
  }

  void take(Time key) {
    BlockFacts& facts = facts_.back();
    facts.earliest = any_ ? std::min(facts.earliest, key) : key;
    facts.latest = any_ ? std::max(facts.latest, key) : key;
    any_ = true;
  }

  // False when that cannot be done, has been in vain, or does not pay.
  bool look() {
    const std::size_t known = facts_.size();
    const std::uint64_t lines = part_.newlines;
    const Stamp before = before_;
    copied_ = 0;
    const std::size_t shown = reader_.look([this](const Block& block) {
      begin(block);
      see(block);
      end(block);
      return true;
    });
    if (shown == 0) {
      facts_.resize(known);
      part_.newlines = lines;
      before_ = before;
    }
    if (part_.meter != nullptr) part_.meter->add(shown);
    return shown > 4 * copied_;
  }

  // The block begins with a line that is known at a glance.
  void see(const Block& block) {
    const std::string_view bytes = block.bytes;
    std::size_t record = 0;  // the last such line
    for (std::size_t line = 0; line < bytes.size();) {
      if (format::recognise_surely(bytes.data() + line, glance_)) {
        before_ = glance_->stamp;
        take(cursor_.resolve(block.offset + line, before_));
        record = std::exchange(line, format::line_end(bytes, line));
        for (std::size_t at = record; at < line; at += kAskedAtOnce) {
          ask_for(bytes.data() + at);
        }
      } else {
        line = format::next_sure_start(bytes, line);
        copied_ += line - record;
        worker_.copies.clear();
        walk(format::padded(bytes.substr(record, line - record), worker_.copies),
             block.offset + record);
      }
    }
  }

  Part& part_;
  const Order order_;
  const bool counts_lines_;
  SurveyWorker& worker_;
  trace::CalendarCursor cursor_;
  BlockReader reader_;
  bool looks_;              // whether blocks may be looked at where they lie
  std::size_t copied_ = 0;  // of what is looked at so
  std::vector<BlockFacts> facts_;
  bool any_ = false;  // record of the last block was met
  Stamp before_;      // of the last record that has one
  std::optional<format::Glance> glance_;
};

}  // namespace

std::vector<BlockFacts> survey_part(Part& part, std::size_t block_size, const Query& query,
                                    const trace::Calendar& calendar, bool counts_lines,
                                    SurveyWorker& worker) {
  return Survey(part, block_size, query, calendar, counts_lines, worker).run();
}

}  // namespace ktrace::engine
