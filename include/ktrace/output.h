// Records to bytes: the writers and the buffer that they append to.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ktrace/record.h"
#include "ktrace/status.h"
#include "ktrace/time.h"

namespace ktrace::output {

/// A file descriptor with one large buffer in front of it. Not thread-safe.
class Sink {
 public:
  /// Does not own `descriptor`.
  explicit Sink(int descriptor);

  /// Append here; call settle() after each record.
  std::string& buffer() { return buffer_; }

  /// Writes the buffer out when it has grown large. False once writing has failed.
  bool settle() { return buffer_.size() < kFlushAt ? !failed() : flush(); }

  /// Writes the buffer out. False once writing has failed; what comes later is dropped.
  bool flush();

  bool failed() const { return error_ != 0; }
  bool closed() const;    ///< failed because the reader has gone (EPIPE): a quiet end
  Status status() const;  ///< the system's words when failed()

  /// Whether nobody will read what is written: known of pipes before the next byte is.
  bool abandoned() const;

 private:
  static constexpr std::size_t kFlushAt = 256 * 1024;
  int descriptor_;
  int error_ = 0;
  std::string buffer_;
};

/// How a writer shows what it is given.
struct Style {
  Zone zone;  ///< of displayed times
  bool color = false;
  bool terminal = false;     ///< the reader is a terminal: nothing raw may reach it
  unsigned columns = 0;      ///< of the terminal; 0: not a terminal, lines may have any length
  bool begin_order = false;  ///< records are ordered by when they began
  bool why = false;          ///< show all of Record::via, not only its end
};

/// Receives the records of one timeline in its order. Not thread-safe.
class Writer {
 public:
  virtual ~Writer() = default;

  /// Once, before the first record. `origins`: all sources that records may come from (for column
  /// widths); they outlive the writer.
  virtual void begin(std::span<const Origin* const> origins, std::string& out) = 0;

  /// One record; its views are valid only during the call.
  virtual void record(const Record& record, std::string& out) = 0;

  /// Once, after the last record.
  virtual void end(std::string& out) = 0;
};

/// One output format: a row of the table that help, manual and tests walk.
struct Format {
  std::string_view name;         ///< as in --output NAME
  std::string_view description;  ///< one line
  bool counts_lines;             ///< Record::line is needed
  bool raw_only;                 ///< nothing but Record::raw is needed
  std::unique_ptr<Writer> (*make)(const Style& style);
};

std::span<const Format> formats();

/// The format of that name, or null.
const Format* find_format(std::string_view name);

// ---- Lists of traces --------------------------------------------------------------------------

/// One trace in a list of them. Its views outlive the list's writer.
struct TraceRow {
  std::string id;
  std::string_view key;  ///< as written in the earliest record
  std::uint64_t records = 0;
  std::uint64_t errors = 0;                   ///< records of severity error or fatal
  std::vector<std::string_view> components;   ///< distinct, in order of first appearance
  bool timed = true;                          ///< whether any record tells a time
  Time start{};                               ///< of the earliest record that does
  Time end{};                                 ///< of the latest record
  Severity severity = Severity::unspecified;  ///< the worst
  Duration largest_gap{};  ///< between neighbours in time; zero with less than two records
  Time gap_start{};        ///< of the record before that gap; the earliest of equal gaps
};

/// All rows of one list, each made when it is looked at: there may be a million.
class TraceRows {
 public:
  virtual ~TraceRows() = default;

  virtual std::size_t size() const = 0;

  /// Sets all fields of `row`. Views live as long as this does. Thread-safe.
  virtual void make(std::size_t index, TraceRow& row) const = 0;

  /// Calls see(piece, row) with rows that stand for all, those of one of pieces() pieces one after
  /// the other. Several pieces may be seen at a time. A row's `id` may be another of the same
  /// width. A row of one record may be left out if another of that piece has an identifier of the
  /// same width and the same key and components; never that which starts first or last.
  using See = std::function<void(std::size_t piece, const TraceRow& row)>;
  virtual void survey(const See& see) const;
  virtual std::size_t pieces() const { return 1; }
};

/// Writes the rows of one list. Not thread-safe, but for rows().
class ListWriter {
 public:
  virtual ~ListWriter() = default;

  /// Once, before the first row. `rows`: all that there will be (for column widths).
  virtual void begin(const TraceRows& rows, std::string& out) = 0;

  /// Some of them: from `begin` to `end`.
  virtual void rows(const TraceRows& rows, std::size_t begin, std::size_t end,
                    std::string& out) const = 0;

  /// Once, after the last row.
  virtual void end(std::string& out) = 0;
};

/// One output format of lists: a row of their table.
struct ListFormat {
  std::string_view name;         ///< as in --output NAME
  std::string_view description;  ///< one line
  std::unique_ptr<ListWriter> (*make)(const Style& style);
};

std::span<const ListFormat> list_formats();

/// The list format of that name, or null.
const ListFormat* find_list_format(std::string_view name);

// ---- What is known of sources -----------------------------------------------------------------

/// How often something was met; a nameless count is of all that had no room.
using Counted = std::pair<std::string_view, std::uint64_t>;

/// A time in which a source has no records.
struct CheckGap {
  Time start{};  ///< of the record before it
  Duration length{};
  bool unusual = false;  ///< much longer than this source's gaps usually are
};

/// A line that could not be parsed.
struct CheckSample {
  std::uint64_t line = 0;  ///< 1-based
  std::string_view text;   ///< its beginning
};

/// One source. What is not known is empty.
struct CheckRow {
  std::string_view source;
  std::vector<Counted> components, nodes;    ///< records of each, most first
  std::vector<Counted> envelopes, payloads;  ///< the same
  std::uint64_t lines = 0;
  std::uint64_t records = 0;
  std::uint64_t unparsed = 0;  ///< lines
  std::vector<CheckSample> samples;
  std::optional<Time> start, end;     ///< of the earliest and the latest record
  std::optional<int> year;            ///< of the earliest record, when stamps tell none
  std::string_view year_from;         ///< what it was inferred from, in words
  std::string_view zone, zone_from;   ///< of stamps that tell none
  std::uint64_t late = 0;             ///< records earlier than one that stands before them
  Duration lateness{};                ///< by how much at most
  bool in_order = true;               ///< most are not late; otherwise gaps tell nothing
  std::vector<Counted> identifiers;   ///< records by key, most first
  std::optional<Duration> usual_gap;  ///< half of the time passes in gaps up to this
  std::vector<CheckGap> gaps;         ///< the longest, longest first
};

/// The clock of one source compared with that of another.
struct CheckSkew {
  std::string_view source, reference;
  std::string_view match;  ///< what both have in common, in words
  std::uint64_t anchors = 0;
  Duration ahead{};  ///< of the reference; negative: behind it
  Duration spread{};
  bool significant = false;
};

/// Something that may be wrong.
struct CheckFinding {
  std::string_view kind;     ///< one of a few words
  std::string_view subject;  ///< a source or a component
  std::string message;
};

/// All sources together.
struct CheckTotal {
  std::uint64_t sources = 0;
  std::uint64_t records = 0;
  std::optional<Time> start, end;
  std::vector<std::string_view> components;  ///< of the control plane, those that are there
  std::vector<std::string_view> missing;     ///< and those that are not
  std::vector<CheckSkew> skew;
  std::vector<CheckFinding> findings;
};

/// Receives what is known of all sources, in their order. Not thread-safe.
class CheckWriter {
 public:
  virtual ~CheckWriter() = default;

  virtual void source(const CheckRow& row, std::string& out) = 0;

  /// Once, after the last source.
  virtual void total(const CheckTotal& total, std::string& out) = 0;
};

/// One output format of checks: a row of their table.
struct CheckFormat {
  std::string_view name;         ///< as in --output NAME
  std::string_view description;  ///< one line
  std::unique_ptr<CheckWriter> (*make)(const Style& style);
};

std::span<const CheckFormat> check_formats();

/// The check format of that name, or null.
const CheckFormat* find_check_format(std::string_view name);

// ---- Summaries of stories ----------------------------------------------------------------------

/// One object of a story, and when it was what.
struct StoryNode {
  std::string name;       ///< "pod default/web-1"
  std::size_t depth = 0;  ///< in the tree of owners
  std::optional<Time> created, ready, deleted;
  std::vector<std::pair<std::string, Time>> seen;  ///< the first record of each component about it
  std::uint64_t records = 0, errors = 0, warnings = 0;
};

/// A time in which nothing was told of an object.
struct StoryWait {
  Duration length{};
  std::string object, before, after;  ///< what was told last and then
};

/// Records that say the same, all errors or all warnings.
struct StoryTrouble {
  Severity severity = Severity::unspecified;
  std::string words;
  std::uint64_t records = 0;
};

struct StorySummary {
  std::string start;
  std::uint64_t records = 0;
  Time begin{}, end{};
  std::vector<StoryNode> nodes;       ///< owners before what they own
  std::vector<StoryWait> waits;       ///< the longest first
  std::vector<StoryTrouble> trouble;  ///< errors first, then by number
  std::vector<std::string> unseen;    ///< what one would expect and was not told, in words
};

/// Appends `summary` in the list format `format`: "text" or "json".
void write_summary(const StorySummary& summary, std::string_view format, const Style& style,
                   std::string& out);

// ---- Two stories side by side ------------------------------------------------------------------

/// The steps of one kind in one of the stories. Times are since the beginning of each story.
struct DiffSide {
  std::uint64_t records = 0, objects = 0;
  Duration first{}, last{};
  std::optional<Duration> took;  ///< at most
  std::string_view source;       ///< where the first stands
  std::uint64_t offset = 0;
};

/// The steps of one kind in both.
struct DiffRow {
  std::string_view change;  ///< "same", "only-a", "only-b", "slower", "faster" (B), "often"
  std::string_view component, object, words;
  Severity severity = Severity::unspecified;
  DiffSide a, b;
  Duration lost{};               ///< by B; below zero: by A
  Duration longer{};             ///< that it took in B
  Duration at_a{}, at_b{};       ///< when
  std::size_t after = SIZE_MAX;  ///< the row of the step before it in the story that lost it
};

/// One of the stories.
struct DiffStory {
  std::string start;
  std::uint64_t records = 0;
  std::vector<std::pair<std::string, std::uint64_t>> objects;  ///< how many of each kind
  Time begin{}, end{};
};

struct StoryDiff {
  DiffStory a, b;
  std::vector<DiffRow> rows;  ///< in the order of both
  bool all = false;           ///< rows that are the same are shown, too
};

/// One output format of comparisons: a row of their table.
struct DiffFormat {
  std::string_view name;         ///< as in --output NAME
  std::string_view description;  ///< one line
  void (*write)(const StoryDiff& diff, const Style& style, std::string& out);
};

std::span<const DiffFormat> diff_formats();

/// The format of comparisons of that name, or null.
const DiffFormat* find_diff_format(std::string_view name);

}  // namespace ktrace::output
