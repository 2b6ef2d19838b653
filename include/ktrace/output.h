// Records to bytes: the writers and the buffer that they append to.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
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
  std::string_view id;
  std::string_view key;  ///< as written in the earliest record
  std::uint64_t records = 0;
  std::uint64_t errors = 0;                   ///< records of severity error or fatal
  std::vector<std::string_view> components;   ///< distinct, in order of first appearance
  Time start{};                               ///< of the earliest record
  Time end{};                                 ///< of the latest record
  Severity severity = Severity::unspecified;  ///< the worst
  Duration largest_gap{};  ///< between neighbours in time; zero with less than two records
  Time gap_start{};        ///< of the record before that gap; the earliest of equal gaps
};

/// Receives the rows of one list in its order. Not thread-safe.
class ListWriter {
 public:
  virtual ~ListWriter() = default;

  /// Once, before the first row. `rows`: all that row() will be called with (for column widths);
  /// looked at only during the call.
  virtual void begin(std::span<const TraceRow> rows, std::string& out) = 0;

  virtual void row(const TraceRow& row, std::string& out) = 0;

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

}  // namespace ktrace::output
