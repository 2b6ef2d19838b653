// Envelopes: what transports wrap around the lines of components. One file each or a family, as the
// table in envelope.cc knows them.
//
// An envelope is recognised line by line, without knowledge of the lines around it, so that files
// may mix them and threads may cut anywhere. What belongs to one record is decided behind it, by
// the content of lines and the streams that they belong to (framing.cc).

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "ktrace/arena.h"
#include "ktrace/format.h"
#include "ktrace/record.h"

namespace ktrace::format {

/// What one wrapped line holds. Views point into the line and into the arena it was read with.
struct Wrapped {
  const Envelope* envelope = nullptr;
  std::string_view content;             ///< the component's own line, without line end
  std::string_view stream;              ///< lines of one stream make records together
  std::string_view time;                ///< as envelope_stamp() reads it; may be empty
  std::string_view component;           ///< empty when the envelope does not tell
  std::string_view node;                ///< empty when the envelope does not tell
  std::string_view trace, span, audit;  ///< identifiers that the envelope adds
  std::size_t indent = 0;               ///< further lines of the content are indented so
  bool weak = false;     ///< only because of its content; `stream` is what stands before that
  bool partial = false;  ///< the content goes on in the stream's next line
  bool json = false;     ///< the content is one JSON object, however it begins
  bool recoded = false;  ///< the content's bytes do not stand in the line
  Severity severity = Severity::unspecified;  ///< for a content that has none

  bool hidden() const { return partial || recoded; }
};

/// How much of a line's content is wanted.
enum class Detail : std::uint8_t {
  beginning,  ///< the first kPadding bytes are enough
  all,
};

/// The envelope of `line` (without line end). False when it has none that is known. Content that is
/// a view of the line may have fewer than kPadding bytes behind it in the line.
bool unwrap(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);

/// Whether `line` begins with a member that an envelope may begin with as well as a payload, so
/// that only its other members can tell.
bool begins_like_both(std::string_view line);

/// Whether a key may be that of a field of journald.
bool is_journal_field(std::string_view key);

/// The time as envelopes write it: RFC 3339, Unix time in any unit, "Nov 22 17:01:33.349642" (then
/// without year), "Sun 2026-11-22 17:01:33 UTC". Of kind none when it is nothing of these.
Stamp envelope_stamp(std::string_view text);

/// Whether a content that starts no payload looks like the rest of one: indented, blank, a closing
/// bracket, a step of a utiltrace, a line of a goroutine dump.
bool looks_continued(std::string_view content);

/// How many bytes the entry of `journalctl -o export` has that `text` begins with; 0 when there is
/// none, or its end is not in `text`.
std::size_t journal_export_size(std::string_view text);

// Each fills one row of the table: see Envelope::unwrap.

bool unwrap_cri(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_docker(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_journal_text(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_kubectl(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_stern(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_journal_export(std::string_view entry, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_journal_json(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_stern_json(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_cloud_logging(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_logcli(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_fluent_bit(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);
bool unwrap_elasticsearch(std::string_view line, Detail detail, Arena& arena, Wrapped& wrapped);

}  // namespace ktrace::format
