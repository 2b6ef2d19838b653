// What a list sees of records becomes observations.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ktrace/calendar.h"
#include "ktrace/format.h"
#include "ktrace/id_table.h"
#include "ktrace/record.h"
#include "list_scan.h"

namespace ktrace::engine {

/// An identifier that certainly stands in the line that is looked at.
struct CertainId {
  std::string_view key;
  std::uint8_t spelling = 0;  ///< of the key, see KeySearch::Key
  trace::ReadId value;
  std::size_t observation = 0;  ///< the writer's own
};

/// A record of fewer identifiers than this compares each to the others.
inline constexpr std::size_t kFewIds = 16;

/// Appends to what was seen in one part. Offsets are those of records in the source. For one
/// thread; all that it is given outlives it.
class SeenWriter {
 public:
  SeenWriter(const ListSearch& search, ListWorker& worker, const Part& part, SeenPart& seen);

  /// Certain identifiers live until number_all().
  void begin_block();

  /// The identifiers of a record of which these are stamp, severity and own component, if it is of
  /// a time that is wanted.
  void add(const std::vector<Identifier>& identifiers, std::uint64_t offset, const Stamp& stamp,
           Severity severity, std::string_view component);

  /// The same of a line's certain identifiers, which are fewer than kFewIds.
  void add_certain(std::vector<CertainId>& ids, std::uint64_t offset, const format::Glance& glance,
                   const format::Payload& payload);

  /// Takes back the last record if it begins at `offset` or behind.
  void take_back(std::uint64_t offset);

  /// The certain identifiers of a block are numbered together at its end, because that is when the
  /// table can be read ahead.
  void number_all();

  /// All that was written so far.
  struct Mark {
    std::size_t seen, undated;
  };
  Mark mark() const { return {seen_.seen.size(), seen_.undated.size()}; }

  /// Takes back what was written since then. Identifiers keep their numbers.
  void take_back_to(const Mark& mark);

  /// The component of a record that tells `own` of itself, as it is noted.
  std::string_view component_of(std::string_view own) const;

 private:
  // What all observations of a record have in common. Not dated: its time is still unknown.
  struct Common {
    Time time{};
    std::uint16_t component = 0;
    Severity severity = Severity::unspecified;
    std::uint64_t offset = 0;
    Stamp stamp;
    bool dated = false;
  };

  bool begin_record(std::uint64_t offset, const Stamp& stamp, Severity severity,
                    std::uint16_t component);
  void push(std::uint8_t spelling, std::uint32_t trace);
  void push_again(std::size_t observation, std::string_view key);
  std::size_t place_of(std::uint32_t trace, std::size_t first);
  std::uint8_t spelling(std::string_view key);
  std::uint8_t spelling(const CertainId& one);

  const ListSearch& search_;
  ListWorker& worker_;
  const Part& part_;
  SeenPart& seen_;
  const trace::Calendar unknown_;
  const trace::Calendar* calendar_;
  trace::CalendarCursor cursor_;
  const bool dates_;                       // whether it can resolve yearless stamps
  const bool has_times_;                   // whether records of some times only are wanted
  Common common_;                          // of the record that is added
  bool any_ = false;                       // it gave observations,
  std::size_t from_ = 0;                   // those from this one on
  std::array<std::uint8_t, 64> recent_{};  // numbers of spellings
  std::array<std::uint16_t, 256> known_;   // the same, by the number that the cursor gave the key
  const format::Payload* component_payload_ = nullptr;  // whose component has this number
  std::uint16_t component_number_ = 0;
};

}  // namespace ktrace::engine
