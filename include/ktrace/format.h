// Blocks of bytes to records: the formats, and where records begin and end.
//
// A block is cut in two steps. A *group* is a piece of the block that no record crosses: from a
// line that starts one to the next such line. A line starts a group when a format recognises it and
// no record before it is still open. A *slice* is one record of a group, not parsed yet. Nearly
// every group is one slice: a klog header and the lines that start nothing and so continue it
// (panics, utiltrace steps, response bodies). The others:
//  - a JSON object ends with its line; what follows it in the group is one plain record. So is what
//    precedes the first start of a source;
//  - a payload that holds many records on one line or in one document (a batch of spans, a list of
//    objects) has them cut out by its `split`;
//  - lines of several streams may interleave: then the raw bytes of a slice are not contiguous in
//    the group.
//
// Every byte of a block is in one group, every byte of a group in the raw bytes of one slice. All
// functions are pure and thread-safe. Positions are offsets into the block.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ktrace/arena.h"
#include "ktrace/record.h"

namespace ktrace::format {

/// Every block has this many readable bytes beyond its end, whatever they hold.
inline constexpr std::size_t kPadding = 64;

/// A copy of `text` in `arena`, with kPadding bytes of zeros behind it.
std::string_view padded(std::string_view text, Arena& arena);

/// What can be told of a record without parsing it.
struct Glance {
  Stamp stamp;
  Severity severity = Severity::unspecified;
};

struct Payload;

/// One record of a group, not parsed yet. Its views have kPadding readable bytes behind them, and
/// so must copies that are to be parsed.
struct Slice {
  std::string_view raw;  ///< its own bytes: whole lines as a rule; enough to parse it at any time
  std::string_view context;          ///< bytes elsewhere in the group that say what surrounds it
  const Payload* payload = nullptr;  ///< what it is known to be; null: `raw` tells
  std::size_t offset = 0;            ///< of its first byte in the group
};

/// The slices of one group, in the order of their offsets. Cheap to reuse for one after the other.
struct Slices {
  std::vector<Slice> list;
  Arena arena;  ///< holds raw bytes that are not contiguous in the group

  void clear() {
    list.clear();
    arena.clear();
  }
};

/// One payload format. The table of them is the only place that knows how many there are.
struct Payload {
  std::string_view name;         ///< as in Record::format
  std::string_view description;  ///< one line for help and manual

  /// Whether a record of this format starts at `line`; reads at most kPadding bytes.
  bool (*starts)(const char* line);

  /// Whether a record is one JSON object on one line. If not, lines that start nothing continue it.
  bool json_line;

  /// Reads `record.payload` (no envelope, no last line end; kPadding readable bytes behind it) into
  /// stamp, severity, caller, message, attributes and duration. False when it turns out not to be
  /// of this format: the record is then plain. Never throws on bad input.
  bool (*parse)(Record& record);

  /// Finds what parse() would find of a record that starts so, but fast; `severity`: that, too.
  /// False when it takes a parser to tell. Null when it always does. `raw` has kPadding readable
  /// bytes behind it.
  bool (*glance)(std::string_view raw, bool severity, Glance& glance);

  /// For a format whose one line (json_line) or whole group may hold several records. `text` is
  /// that line, its end included, or that group; kPadding readable bytes behind it. Appends one
  /// slice for each record in the order of their offsets, the first at offset 0. Their raw bytes
  /// tile `text`: brackets and commas between records go to the one before, what opens the document
  /// to the first. This format reads them, though its `starts` need not accept such a piece: its
  /// parse() gets the piece as record.payload, without the last line end, and the slice's context
  /// as record.context. False, with nothing appended, when `text` is one record after all. Null for
  /// formats that never hold more than one.
  bool (*split)(std::string_view text, Slices& slices) = nullptr;

  /// As parse(), for Depth::links. Null when parse() does that, too.
  bool (*skim)(Record& record) = nullptr;

  /// The one component that writes such records; empty: any may.
  std::string_view component = {};

  /// Whether a record starts, as starts(), and what glance() finds of it. Null when a glance takes
  /// more than that, and where a group may hold several records.
  bool (*starts_glancing)(const char* line, Glance& glance) = nullptr;
};

std::span<const Payload> payloads();

struct Wrapped;
enum class Detail : std::uint8_t;

/// One envelope, or a family of forms of one. The table of them is the only place that knows how
/// many there are.
struct Envelope {
  std::string_view name;         ///< as in Record::envelope
  std::string_view description;  ///< one line for help and manual

  /// Whether `line` (without line end) is wrapped so, and what it holds: see src/format/envelope.h.
  bool (*unwrap)(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
};

std::span<const Envelope> envelopes();

/// The payload format whose record starts at `line`, or null; an array of wrapped lines counts as
/// one (src/format/entries.h). Reads at most kPadding bytes.
const Payload* recognise(const char* line);

/// The same. `seen`: what a glance at the record finds, if that was found on the way.
const Payload* recognise(const char* line, std::optional<Glance>& seen);

/// Of the formats that are known at a glance (Payload::starts_glancing) the one whose record starts
/// at `line`, or null. Such a line starts a group whatever stands before it. This and what follows
/// look for line ends and read heads of lines, each once, so that the bytes may lie in memory that
/// changes.
const Payload* recognise_surely(const char* line, std::optional<Glance>& seen);

/// Whether there is one.
bool starts_surely(const char* line);

/// Part of a block: [begin, end).
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;

  std::string_view of(std::string_view block) const { return block.substr(begin, end - begin); }
};

/// Whether a line starts a group depends on it and on this many lines and bytes before it. Who asks
/// about a line of a block that begins elsewhere than at a group must have them in the block.
inline constexpr std::size_t kLinesBack = 64;
inline constexpr std::size_t kBytesBack = 128 << 10;

/// The first line at or after `from` that starts a group; block.size() when there is none.
/// `from` need not be a line's beginning: a line that begins before it does not count.
std::size_t next_start(std::string_view block, std::size_t from);

/// The last line within (after, block.size()) that starts a group, or `after` when there is none.
/// A last line without an end is left undecided and not considered, if it is wrapped or its first
/// kPadding bytes are not all in the block.
std::size_t last_start(std::string_view block, std::size_t after);

/// The last line that begins at `position` or before and is known at a glance, 0 when there is
/// none. kPadding readable bytes stand behind the block.
std::size_t last_sure_start(std::string_view block, std::size_t position);

/// The first such line behind the one that holds `position`; block.size() when there is none.
std::size_t next_sure_start(std::string_view block, std::size_t position);

/// Whether the group that begins at `group` is one JSON record that ends with the block.
bool is_complete(std::string_view block, std::size_t group);

/// Where the line that holds `position` ends, its '\n' included; block.size() when it has none.
inline std::size_t line_end(std::string_view block, std::size_t position) {
  if (position >= block.size()) return block.size();
  const void* newline = std::memchr(block.data() + position, '\n', block.size() - position);
  if (newline == nullptr) return block.size();
  return static_cast<std::size_t>(static_cast<const char*>(newline) - block.data()) + 1;
}

/// Where the last line of `block` begins: behind its last line end.
std::size_t last_line(std::string_view block);

/// Whether the line that begins at `line` stands in an envelope, so that the lines before it count.
bool wrapped_at(std::string_view block, std::size_t line);

/// Where the content begins of the line at `line`, when it stands in a text envelope as it is and
/// to the line's end; otherwise `line`.
std::size_t content_begin(std::string_view block, std::size_t line);

/// What stands in the lines of all records in whose bytes a value may not stand as it is: a runtime
/// cut it in two with a long line, or wrote bytes as numbers. For a source that begins so only some
/// of it, or nothing; of the beginning the first line counts, and no more than kBeginning bytes.
inline constexpr std::size_t kBeginning = 4096;
std::span<const std::string_view> hiding_marks();
std::span<const std::string_view> hiding_marks(std::string_view beginning);

/// Whether the line that holds `position`, where a mark was found, is one of such a record.
bool hides(std::string_view block, std::size_t position);

/// The group that holds the byte at `position`. The block begins and ends at group bounds (or at
/// the bounds of the source).
Extent group_at(std::string_view block, std::size_t position);

/// The group that begins at `begin`.
Extent group_from(std::string_view block, std::size_t begin);

/// The records of `group`. Clears `slices` first. Views point into the group and into the arena.
void records(std::string_view group, Slices& slices);

/// Walks the records of a block one after the other. For one thread.
class Walk {
 public:
  /// `from` is where a group begins.
  explicit Walk(std::string_view block, std::size_t from = 0) : block_(block), group_{from, from} {}

  /// Moves to the next record; false at the end of the block.
  bool next();

  /// Valid until the next group is entered.
  const Slice& slice() const { return slices_.list[at_]; }

  /// Of the record's first byte in the block.
  std::size_t offset() const { return group_.begin + slice().offset; }

  /// What glance() finds of the record, if that was found on the way.
  const std::optional<Glance>& seen() const { return seen_; }

 private:
  void find_end(bool glances);

  std::string_view block_;
  Extent group_;
  const Payload* next_ = nullptr;       // what starts bare where the group ends,
  std::optional<Glance> ahead_, seen_;  // a glance at that, and at the group
  Slices slices_;
  std::size_t at_ = 0;
};

/// How much of a record is wanted.
enum class Depth : std::uint8_t {
  whole,
  links,  ///< stamp and attributes; types of these, severity and message only where they cost
          ///< little
};

/// Makes a record of a slice. What no format can read becomes a plain record: its message is its
/// text. Clears `record` first; what the engine fills is to be filled afterwards. Views in `record`
/// point into the slice's bytes and into its own arena.
void parse(const Slice& slice, Record& record, Depth depth = Depth::whole);

/// The same for the bytes of one whole record.
inline void parse(std::string_view raw, Record& record) {
  parse(Slice{raw, {}, nullptr, 0}, record);
}

/// Stamp and, if asked, severity of a record: what parse() would find, without parsing where the
/// format allows. `scratch` is used otherwise.
Glance glance(const Slice& slice, bool severity, Record& scratch);

/// A date with a year that klog wrote into `line`, which may be any line of a source: the head of a
/// log file ("Log file created at: …") or the first line of a utiltrace. Returned as if its clock
/// showed UTC, like the stamps beside it. Reads nothing beyond `line`.
std::optional<Time> dated_evidence(std::string_view line);

}  // namespace ktrace::format
