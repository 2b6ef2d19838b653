// journald as journalctl prints it: short, short-precise, short-iso, short-iso-precise, short-full.
//
//   line = time " " host " " ident [ "[" pid "]" ] ": " content
//   time = month " " day " " hh:mm:ss [ "." uuuuuu ]                     short, short-precise
//        | yyyy-mm-dd "T" hh:mm:ss [ "." uuuuuu ] offset                 short-iso(-precise)
//        | weekday " " yyyy-mm-dd " " hh:mm:ss [ "." uuuuuu ] " " zone   short-full
// The names of months and weekdays are those of the locale. A message of several lines is indented
// by the width of what precedes its first. Source: systemd logs-show.c, samples of version 252.
//
// Lines of one identifier and process are one stream.

#include <algorithm>

#include "digits.h"
#include "envelope.h"

namespace ktrace::format {
namespace {

constexpr std::size_t kLongestName = 12;  // of a month or weekday, in bytes

// Removes `count` digits from the front of `text`.
bool take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count || !std::all_of(text.begin(), text.begin() + count, is_digit)) {
    return false;
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// hh:mm:ss and perhaps a fraction of six digits
bool take_clock(std::string_view& text) {
  if (!take_digits(text, 2) || !take(text, ':') || !take_digits(text, 2) || !take(text, ':') ||
      !take_digits(text, 2)) {
    return false;
  }
  return !take(text, '.') || take_digits(text, 6);
}

bool take_date(std::string_view& text) {
  return take_digits(text, 4) && take(text, '-') && take_digits(text, 2) && take(text, '-') &&
         take_digits(text, 2);
}

// +hhmm or +hh:mm, never Z
bool take_offset(std::string_view& text) {
  if (!take(text, '+') && !take(text, '-')) return false;
  if (!take_digits(text, 2)) return false;
  take(text, ':');
  return take_digits(text, 2);
}

bool take_word(std::string_view& text, std::size_t longest) {
  const std::size_t size = text.find(' ');
  if (size == text.npos || size == 0 || size > longest) return false;
  text.remove_prefix(size);
  return true;
}

// " 1" or "22"
bool take_day(std::string_view& text) {
  return take(text, ' ') && ((take(text, ' ') && take_digits(text, 1)) || take_digits(text, 2) ||
                             take_digits(text, 1));
}

bool take_short(std::string_view& text) {
  return take_word(text, kLongestName) && take_day(text) && take(text, ' ') && take_clock(text);
}

bool take_full(std::string_view& text) {
  return take_word(text, kLongestName) && take(text, ' ') && take_date(text) && take(text, ' ') &&
         take_clock(text) && take(text, ' ') && take_word(text, kLongestName);
}

bool take_iso(std::string_view& text) {
  return take_date(text) && take(text, 'T') && take_clock(text) && take_offset(text);
}

// Removes the time from the front of `text`.
bool take_time(std::string_view& text, std::string_view& time) {
  const std::string_view whole = text;
  for (bool (*const form)(std::string_view&) : {take_iso, take_short, take_full}) {
    text = whole;
    if (!form(text)) continue;
    time = whole.substr(0, whole.size() - text.size());
    return take(text, ' ');
  }
  return false;
}

// "kubelet" of "/usr/bin/kubelet[288]"
std::string_view name_of(std::string_view ident) {
  ident = ident.substr(0, ident.find('['));
  return ident.substr(ident.rfind('/') + 1);
}

}  // namespace

bool unwrap_journal_text(std::string_view line, Detail, Arena&, Wrapped& wrapped) {
  // All forms have a clock near the beginning: a cheap test for the many lines that are none.
  if (line.size() < 20 || line.substr(0, 32).find(':') == line.npos) return false;
  std::string_view text = line, time;
  if (!take_time(text, time)) return false;
  const std::size_t host = text.find(' ');
  if (host == text.npos || host == 0) return false;
  std::string_view ident = text.substr(host + 1);
  const std::size_t blank = std::min(ident.find(' '), ident.size());
  if (blank < 2 || ident[blank - 1] != ':') return false;
  wrapped.time = time;
  wrapped.node = text.substr(0, host);
  wrapped.stream = ident.substr(0, blank - 1);
  wrapped.component = name_of(wrapped.stream);
  wrapped.content = ident.substr(std::min(blank + 1, ident.size()));
  wrapped.indent = line.size() - wrapped.content.size();
  return true;
}

}  // namespace ktrace::format
