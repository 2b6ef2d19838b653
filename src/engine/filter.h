// Which of the found records are shown.

#pragma once

#include <memory>

#include <re2/re2.h>

#include "ktrace/literal_search.h"
#include "ktrace/query.h"
#include "ktrace/status.h"

namespace ktrace::engine {

/// Thread-safe once built.
class Filter {
 public:
  /// Keeps a reference to `query`.
  explicit Filter(const Query& query);

  /// What is wrong with the query's pattern.
  Status status() const;

  /// Whether records of this source can be wanted at all.
  bool wants(const Origin& origin) const;

  /// By all that the record and its origin tell: component, node, severity and text.
  bool wants(const Record& record) const;

  /// By the severity alone.
  bool wants(Severity severity) const { return !query_.severity || severity >= *query_.severity; }

  /// By component and node, for a record whose envelope tells neither.
  bool wants_names(std::string_view component, std::string_view node) const;

  /// A search for what stands, as it is, in the text of every record that is wanted; null when
  /// nothing is known to.
  std::unique_ptr<trace::LiteralSearch> literal_search() const;

  /// Whether the text of records matters.
  bool has_pattern() const { return pattern_ != nullptr; }

  /// Whether anything but time and origin matters.
  bool looks_inside() const {
    return query_.severity || has_pattern() || !query_.components.empty() || !query_.nodes.empty();
  }

  /// By the resolved time.
  bool wants(Time time) const;

  /// Whether any record's time matters.
  bool has_times() const { return query_.since || query_.until; }

 private:
  const Query& query_;
  std::unique_ptr<RE2> pattern_;
};

}  // namespace ktrace::engine
