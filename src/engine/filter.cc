// Filters, the cheap ones first.

#include "filter.h"

#include <algorithm>

namespace ktrace::engine {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// Whether a pattern means itself, and logs have it as it is: without what RE2 takes for more than a
// character, and what envelopes and encoders of JSON write otherwise.
bool is_literal(std::string_view pattern) {
  constexpr std::size_t kShortest = 3;  // others hit too much
  constexpr std::string_view kPlain = " -_/:,;=@%";
  return pattern.size() >= kShortest && std::all_of(pattern.begin(), pattern.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kPlain.find(c) != kPlain.npos;
         });
}

}  // namespace

Filter::Filter(const Query& query) : query_(query) {
  if (query.match.empty()) return;
  RE2::Options options(RE2::Quiet);
  pattern_ = std::make_unique<RE2>(query.match, options);
}

Status Filter::status() const {
  if (!pattern_ || pattern_->ok()) return {};
  return Status::error("--match: " + pattern_->error());
}

std::unique_ptr<trace::LiteralSearch> Filter::literal_search() const {
  if (!is_literal(query_.match)) return nullptr;
  return std::make_unique<trace::LiteralSearch>(std::vector<std::string>{query_.match}, false);
}

bool Filter::wants(const Origin& origin) const {
  const bool open = origin.component.empty() || origin.guessed;
  return (open || contains(query_.components, origin.component)) &&
         (origin.node.empty() || contains(query_.nodes, origin.node));
}

bool Filter::wants_names(std::string_view component, std::string_view node) const {
  return contains(query_.components, component) && contains(query_.nodes, node);
}

bool Filter::wants(const Record& record) const {
  if (!wants(record.severity)) return false;
  if (!wants_names(record.component_name(), record.node_name())) return false;
  const re2::StringPiece text(record.payload.data(), record.payload.size());
  return !pattern_ || RE2::PartialMatch(text, *pattern_);
}

bool Filter::wants(Time time) const {
  const auto& since = query_.since;
  const auto& until = query_.until;
  if (since && !since->time_of_day && time < since->time) return false;
  if (until && !until->time_of_day && time > until->time) return false;
  const bool after = since && since->time_of_day, before = until && until->time_of_day;
  if (!after && !before) return true;
  const Duration day = std::chrono::hours(24);
  Duration clock = query_.display_zone.to_local(time) % day;
  if (clock < Duration::zero()) clock += day;
  const bool late_enough = !after || clock >= since->clock;
  const bool early_enough = !before || clock <= until->clock;
  // From 23:50 until 00:10: the span goes over midnight.
  if (after && before && since->clock > until->clock) return late_enough || early_enough;
  return late_enough && early_enough;
}

}  // namespace ktrace::engine
