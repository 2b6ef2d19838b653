// Links as an index keeps them: read once, used by every story.
//
// What a link tells depends on nothing but its record, but for its time, which may be that of the
// record: then a calendar tells it. So a link is kept with that stamp, and dated when it is used.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ktrace/calendar.h"
#include "ktrace/links.h"

namespace ktrace::trace {

/// A link whose time is perhaps still to be told.
struct StoredLink {
  Link link;
  Stamp stamp;               ///< of its record, or of the record before that
  bool by_calendar = false;  ///< link.time is then 1970 less what it is before the record's time

  /// The link, with its time. `cursor` is of the calendar of its source.
  Link dated(CalendarCursor& cursor) const;
};

/// Reads the links of one record after the other. For one thread.
class StoredLinkReader {
 public:
  /// As LinkReader::read(), with the record's stamp instead of its time, which is changed.
  void read(Record& record, const Stamp& stamp, Arena& arena, std::vector<StoredLink>& links);

 private:
  LinkReader reader_;
  std::vector<Link> links_;
};

/// Links to bytes, all of one source. The layout is documented in ktrace-index(5).
class LinkEncoder {
 public:
  /// Copies what it needs; the source of its evidence is not kept.
  void add(const StoredLink& link);

  /// How many bytes there are, until they are deflated.
  std::size_t size() const { return texts_.size() + links_.size(); }

  /// All bytes. Ends the encoder's use.
  std::string finish();

 private:
  std::uint64_t number_of(std::string_view text);

  std::unordered_map<std::string, std::uint64_t> numbers_;
  std::string texts_, links_;
  std::uint64_t count_ = 0, last_offset_ = 0;
  std::int64_t last_ticks_[3] = {};
};

/// Appends the links to `links`, `source` as that of their evidence; what they view is kept in
/// `arena`. False when `bytes` are not what an encoder made: then what was appended is to be
/// discarded.
bool decode_links(std::string_view bytes, std::uint32_t source, Arena& arena,
                  std::vector<StoredLink>& links);

/// The same, dated: `calendar` is that of their source.
bool decode_links(std::string_view bytes, std::uint32_t source, const Calendar& calendar,
                  Arena& arena, std::vector<Link>& links);

}  // namespace ktrace::trace
