// Severities by name, and the reuse of records.

#include "ktrace/record.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ktrace {
namespace {

constexpr std::array<std::string_view, 5> kNames{"", "INFO", "WARNING", "ERROR", "FATAL"};

// What klog, zap, logrus, journald and people call them.
constexpr std::pair<std::string_view, Severity> kSpellings[] = {
    {"i", Severity::info},        {"info", Severity::info},       {"debug", Severity::info},
    {"trace", Severity::info},    {"notice", Severity::info},     {"w", Severity::warning},
    {"warn", Severity::warning},  {"warning", Severity::warning}, {"e", Severity::error},
    {"err", Severity::error},     {"error", Severity::error},     {"f", Severity::fatal},
    {"fatal", Severity::fatal},   {"panic", Severity::fatal},     {"dpanic", Severity::fatal},
    {"critical", Severity::fatal}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_without_case(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return lower(a) == b; });
}

}  // namespace

std::string_view severity_name(Severity severity) {
  return kNames[static_cast<std::size_t>(severity)];
}

char severity_letter(Severity severity) {
  return severity == Severity::unspecified ? ' ' : severity_name(severity).front();
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const auto& [spelling, severity] : kSpellings) {
    if (equal_without_case(text, spelling)) return severity;
  }
  return std::nullopt;
}

void Record::clear() {
  raw = payload = context = envelope = component = node = format = caller = message = {};
  stamp = received = {};
  severity = Severity::unspecified;
  attributes.clear();
  duration.reset();
  origin = nullptr;
  source = 0;
  offset = line = 0;
  time = {};
  trace = {};
  via = {};
  arena.clear();
}

}  // namespace ktrace
