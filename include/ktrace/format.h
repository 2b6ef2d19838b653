// Blocks of bytes to records: the payload formats, and where records begin and end.
//
// A line *starts* a record when a payload format of the table recognises its first bytes. What
// follows up to the next such line is the record's *group*: for klog text all of it is one record
// (continuation lines: panics, utiltrace steps, response bodies); after a JSON object, which ends
// with its line, the rest of the group is one "plain" record. So is what precedes the first start.
//
// All functions are pure and thread-safe. Positions are offsets into the block.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "ktrace/record.h"

namespace ktrace::format {

/// Every block has this many readable bytes beyond its end, whatever they hold.
inline constexpr std::size_t kPadding = 64;

/// What can be told of a record without parsing it.
struct Glance {
  Stamp stamp;
  Severity severity = Severity::unspecified;
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
};

std::span<const Payload> payloads();

/// The format whose record starts at `line`, or null. Reads at most kPadding bytes.
const Payload* recognise(const char* line);

/// Part of a block: [begin, end).
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The first line at or after `from` that starts a record; block.size() when there is none.
/// `from` need not be a line's beginning: a line that begins before it does not count.
std::size_t next_start(std::string_view block, std::size_t from);

/// The last line within (after, block.size()) that starts a record, or `after` when there is none.
/// A line whose first kPadding bytes are not all in the block is left undecided and not considered.
std::size_t last_start(std::string_view block, std::size_t after);

/// The record that holds the byte at `position`. The block begins and ends at group bounds (or at
/// the bounds of the source).
Extent record_at(std::string_view block, std::size_t position);

/// The record that begins at `begin`.
Extent record_from(std::string_view block, std::size_t begin);

/// Makes a record of the bytes of one extent. What no format can read becomes a plain record: its
/// message is its text. Clears `record` first; what the engine fills is to be filled afterwards.
/// Views in `record` point into `raw` and into its arena.
void parse(std::string_view raw, Record& record);

/// Stamp and, if asked, severity of the record of one extent: what parse() would find, without
/// parsing where the format allows. `scratch` is used otherwise.
Glance glance(std::string_view raw, bool severity, Record& scratch);

/// A date with a year that klog wrote into `line`, which may be any line of a source: the head of a
/// log file ("Log file created at: …") or the first line of a utiltrace. Returned as if its clock
/// showed UTC, like the stamps beside it. Reads nothing beyond `line`.
std::optional<Time> dated_evidence(std::string_view line);

}  // namespace ktrace::format
