// klog text: the lines of Kubernetes components since 1.0, of glog before and beside them.
//
//   record  = letter mmdd " " hh:mm:ss.uuuuuu ( pid caller "]" | "]" ) [ " " body ] { EOL line }
//   letter  = "I" | "W" | "E" | "F"
//   pid     = spaces, up to 10 digits (klog pads to 7 columns and prints blanks for 0), spaces
//   caller  = [ dir "/" ] file ":" line, or "???:1"
//   body    = Go string { pair }       structured calls (InfoS, ErrorS, logr)
//           | text                     printf calls, also of several lines
// The second form of the header is ktesting's, which prints pairs behind an unquoted message.
// Source: kubernetes/klog, FormatHeader and printWithInfos, internal/serialize, ktesting.
//
// A body that begins like a structured one and goes on differently keeps its readable pairs; the
// rest of it stands behind the message. The process number is not kept. Neither year nor zone are
// in a line: resolving the stamp is the reader's work.

#include <algorithm>
#include <bit>
#include <cstring>

#include "digits.h"
#include "go_string.h"
#include "ktrace/format.h"
#include "line_ends.h"
#include "pairs.h"
#include "payloads.h"
#include "request.h"

namespace ktrace::format {
namespace {

constexpr std::size_t kStampEnd = 21;  // "I1122 16:50:45.041587"

// Eight characters in one word, the first in its lowest byte.
std::uint64_t eight(const char* text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// Takes the characters of `form`, whose digits are zeros, off as many of `text`: digits become
// their values, what stands as in the form becomes 0.
std::uint64_t off(const char* form, const char* text, unsigned characters) {
  return (eight(text) ^ eight(form)) & (~std::uint64_t{0} >> (64 - 8 * characters));
}

// Has a highest bit of a byte set for any byte that is more than 9.
std::uint64_t no_digits(std::uint64_t word) {
  return ((word + 0x7676767676767676) | word) & 0x8080808080808080;
}

// In the byte of the first of two digits, the number that they make.
std::uint64_t pairs(std::uint64_t digits) { return digits * 10 + (digits >> 8); }

unsigned byte_of(std::uint64_t word, unsigned index) {
  return static_cast<unsigned>(word >> (8 * index) & 0xff);
}

Severity severity_of(char letter) {
  switch (letter) {
    case 'I':
      return Severity::info;
    case 'W':
      return Severity::warning;
    case 'E':
      return Severity::error;
    case 'F':
      return Severity::fatal;
    default:
      return Severity::unspecified;
  }
}

// Reads the time behind the letter at the front of `line`, which has kPadding readable bytes. This
// is done for every line of a block at least once: the digits are tested and put together in three
// words, without a branch for each.
bool read_stamp(const char* line, Stamp& stamp) {
  const std::uint64_t date = off("0000    ", line + 1, 5);  // the space, too
  const std::uint64_t clock = off("00:00:00", line + 6, 8);
  const std::uint64_t fraction = off(".0000000", line + 14, 7);
  const std::uint64_t separators = (date >> 32) | (clock & 0x0000ff0000ff0000) | (fraction & 0xff);
  if (separators != 0 || (no_digits(date) | no_digits(clock) | no_digits(fraction)) != 0) {
    return false;
  }
  const std::uint64_t days = pairs(date), times = pairs(clock), parts = pairs(fraction >> 8);
  const unsigned month = byte_of(days, 0), day = byte_of(days, 2);
  const unsigned hour = byte_of(times, 0), minute = byte_of(times, 3), second = byte_of(times, 6);
  const bool exists =
      (month - 1 < 12) & (day - 1 < 31) & (hour < 24) & (minute < 60) & (second < 61);
  if (!exists) return false;
  stamp.kind = Stamp::Kind::yearless;
  stamp.digits = 6;
  stamp.month = static_cast<std::uint8_t>(month);
  stamp.day = static_cast<std::uint8_t>(day);
  const std::uint64_t seconds = (hour * 60 + minute) * 60 + second;
  const unsigned microsecond =
      byte_of(parts, 0) * 10000 + byte_of(parts, 2) * 100 + byte_of(parts, 4);
  stamp.time_of_day = std::chrono::seconds(seconds) + std::chrono::microseconds(microsecond);
  return true;
}

std::string_view without_spaces(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

std::string_view without_pid(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && digits < 10 && is_digit(text[digits])) ++digits;
  const bool ends = digits == text.size() || text[digits] == ' ';
  return ends ? without_spaces(text.substr(digits)) : text;
}

// The length of "file:line" before a ']' at the front of `text`, npos when there is none.
std::size_t caller_length(std::string_view text) {
  const std::size_t end = text.find_first_of("] \n");
  if (end == text.npos || text[end] != ']') return text.npos;
  std::size_t line = end;
  while (line > 0 && is_digit(text[line - 1])) --line;
  return line < end && line > 1 && text[line - 1] == ':' ? end : text.npos;
}

// What stands behind pid and caller; all of `text` that is neither.
std::string_view read_caller(std::string_view text, Record& record) {
  text = without_pid(without_spaces(text));
  const std::size_t length = caller_length(text);
  if (length == text.npos) return text;
  record.caller = text.substr(0, length);
  text.remove_prefix(length + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

std::string_view joined(std::string_view first, std::string_view second, Arena& arena) {
  char* const out = arena.allocate(first.size() + second.size());
  first.copy(out, first.size());
  second.copy(out + first.size(), second.size());
  return {out, first.size() + second.size()};
}

std::string_view without_trailing_newlines(std::string_view text) {
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

// A Go string and pairs. False when `body` has another form.
bool read_structured(std::string_view body, Record& record) {
  if (!body.starts_with('"')) return false;
  const std::size_t close = closing_quote(body, 1);
  if (close == body.npos) return false;
  const std::string_view behind = body.substr(close + 1);
  const std::string_view rest = without_trailing_newlines(read_pairs(behind, record));
  // A printf message may begin with a quoted word.
  if (record.attributes.empty() && !rest.empty() && rest.front() != '\n') return false;
  record.message = unquote(body.substr(1, close - 1), record.arena);
  if (!rest.empty()) record.message = joined(record.message, rest, record.arena);
  return true;
}

// ktesting's words and pairs. False when what follows the words are not pairs to the end.
bool read_unquoted(std::string_view body, Record& record) {
  const std::size_t equals = body.find('=');
  const std::size_t space = body.substr(0, equals).rfind(' ');
  if (equals == body.npos || space == body.npos) return false;
  if (!without_trailing_newlines(read_pairs(body.substr(space), record)).empty()) {
    record.attributes.clear();
    return false;
  }
  record.message = body.substr(0, space);
  return true;
}

}  // namespace

bool glance_klog_text(std::string_view raw, bool /*severity*/, Glance& glance) {
  glance.severity = severity_of(raw.front());
  return glance.severity != Severity::unspecified && read_stamp(raw.data(), glance.stamp);
}

bool starts_klog_text_glancing(const char* line, Glance& glance) {
  const bool glanced = glance_klog_text({line, kStampEnd}, true, glance);
  return glanced && (line[kStampEnd] == ' ' || line[kStampEnd] == ']');
}

bool starts_klog_text(const char* line) {
  Glance glance;
  return starts_klog_text_glancing(line, glance);
}

bool parse_klog_text(Record& record) {
  const std::string_view text = with_plain_line_ends(record.payload, record.arena);
  Glance seen;
  if (text.size() <= kStampEnd || !glance_klog_text(text, true, seen)) return false;
  record.stamp = seen.stamp;
  record.severity = seen.severity;
  const bool ktesting = text[kStampEnd] == ']';
  const std::string_view behind = text.substr(kStampEnd + 1);
  const std::string_view body = ktesting ? without_spaces(behind) : read_caller(behind, record);
  if (!read_structured(body, record) && !(ktesting && read_unquoted(body, record))) {
    record.message = take_printf_pairs(body, record);
  }
  keep_last_of_equal_keys(record.attributes);
  describe_request(record);
  return true;
}

}  // namespace ktrace::format
