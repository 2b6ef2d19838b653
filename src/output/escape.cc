// Escaping for JSON and for terminals.
//
// One loop serves all forms: skip bytes that need nothing (printable ASCII, but for '"' and '\' in
// some forms), look at what stopped it, let the form decide. A form says which pieces it replaces
// and by what. UTF-8 is validated after the table of well-formed sequences in the Unicode Standard
// (3.9, table 3-7), so that overlong forms and surrogates are invalid.
//
// Not done here: combining characters and double width; a terminal that shows them shows them.

#include "escape.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace ktrace::output {
namespace {

// ---- Pieces: a character, or bytes that are none ----------------------------------------------

struct Piece {
  char32_t code = 0;
  std::uint8_t length = 1;
  bool valid = true;
};

/// What a first byte promises: how many bytes follow, and the range of the second.
struct Lead {
  std::uint8_t follow = 0;  // 0: starts no sequence
  std::uint8_t low = 0x80, high = 0xBF;
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0xC2 || byte > 0xF4) return {};
  if (byte < 0xE0) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte < 0xF0) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {3, 0x80, 0xBF};
}

Piece piece_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<std::uint8_t>(text[at]);
  if (byte < 0x80) return {byte, 1, true};
  Lead lead = lead_of(byte);
  if (lead.follow == 0) return {0, 1, false};
  char32_t code = byte & (0x3Fu >> lead.follow);
  for (std::uint8_t i = 1; i <= lead.follow; ++i) {
    if (at + i >= text.size()) return {0, i, false};
    const auto next = static_cast<std::uint8_t>(text[at + i]);
    if (next < lead.low || next > lead.high) return {0, i, false};
    code = code << 6 | (next & 0x3Fu);
    lead.low = 0x80;
    lead.high = 0xBF;
  }
  return {code, static_cast<std::uint8_t>(lead.follow + 1), true};
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code <= 0x9F); }

bool overrides_direction(char32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/// What neither a terminal nor a JSON reader gets as it is.
bool is_harmful(const Piece& piece) {
  return !piece.valid || is_control(piece.code) || overrides_direction(piece.code);
}

// ---- The loop ---------------------------------------------------------------------------------

constexpr std::uint64_t each(std::uint8_t byte) { return 0x0101010101010101u * byte; }

/// Sets the top bit of each zero byte; perhaps also of bytes above one (in significance).
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - each(1)) & ~word & each(0x80);
}

constexpr bool is_quote(char c) { return c == '"' || c == '\\'; }

constexpr bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7F; }

/// The first byte at or after `at` that is not printable ASCII, or, if `quotes`, is '"' or '\'.
/// Eight bytes at a time: quotation marks stand some ten bytes apart in structured logs, which is
/// too near for wider vectors to pay.
template <bool quotes>
std::size_t skip_plain(std::string_view text, std::size_t at) {
  while (text.size() - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t below_space = (word - each(0x20)) & ~word;
    const std::uint64_t above_tilde = (word + each(1)) | word;
    std::uint64_t found = (below_space | above_tilde) & each(0x80);
    if (quotes) found |= zero_bytes(word ^ each('"')) | zero_bytes(word ^ each('\\'));
    if (found == 0) {
      // The last word may have bytes in it that have been looked at.
      at = text.size() - at > 16 || text.size() - at == 8 ? at + 8 : text.size() - 8;
      continue;
    }
    // False marks stand only above true ones, so the lowest is true.
    if constexpr (std::endian::native == std::endian::little) {
      return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
    break;
  }
  while (at < text.size() && is_printable_ascii(text[at]) && !(quotes && is_quote(text[at]))) ++at;
  return at;
}

/// Appends `text` with the pieces that Form::replaces written by Form::write, and with a backslash
/// before '"' and '\' if Form::kBackslashes.
template <typename Form>
void escape(std::string_view text, std::string& out) {
  std::size_t copied = 0;
  std::size_t at = 0;
  while ((at = skip_plain<Form::kBackslashes>(text, at)) < text.size()) {
    if (Form::kBackslashes && is_quote(text[at])) {
      out.append(text, copied, at - copied);
      out += '\\';
      copied = at++;  // the character itself goes with what follows
      continue;
    }
    const Piece piece = piece_at(text, at);
    if (Form::replaces(piece)) {
      out.append(text, copied, at - copied);
      Form::write(piece, text.substr(at, piece.length), out);
      copied = at + piece.length;
    }
    at += piece.length;
  }
  out.append(text, copied);
}

// ---- The forms --------------------------------------------------------------------------------

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_u(char32_t code, std::string& out) {
  out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
}

void append_x(std::uint8_t byte, std::string& out) { out += fmt::format("\\x{:02x}", byte); }

struct JsonString {
  static constexpr bool kBackslashes = true;
  static bool replaces(const Piece& piece) { return is_harmful(piece); }
  static void write(const Piece& piece, std::string_view, std::string& out) {
    if (!piece.valid) {
      out += kReplacement;
    } else if (const char letter = short_escape(piece.code); letter != 0) {
      out += '\\';
      out += letter;
    } else {
      append_u(piece.code, out);
    }
  }
  static char short_escape(char32_t code) {
    switch (code) {
      case '\n':
        return 'n';
      case '\r':
        return 'r';
      case '\t':
        return 't';
      default:
        return 0;
    }
  }
};

/// In valid JSON a bare C0 control is white space between tokens, all else that is harmful stands
/// in a string.
struct JsonValue {
  static constexpr bool kBackslashes = false;
  static bool replaces(const Piece& piece) { return is_harmful(piece); }
  static void write(const Piece& piece, std::string_view bytes, std::string& out) {
    if (piece.valid && piece.code < 0x20) {
      out += ' ';
    } else {
      JsonString::write(piece, bytes, out);
    }
  }
};

template <Breaks breaks>
struct Visible {
  static constexpr bool kBackslashes = false;
  static bool replaces(const Piece& piece) {
    if (piece.code == '\t' || (breaks == Breaks::keep && piece.code == '\n')) return false;
    return is_harmful(piece);
  }
  static void write(const Piece& piece, std::string_view bytes, std::string& out) {
    if (!piece.valid) {
      for (const char c : bytes) append_x(static_cast<std::uint8_t>(c), out);
    } else if (piece.code <= 0xFF) {
      append_x(static_cast<std::uint8_t>(piece.code), out);
    } else {
      append_u(piece.code, out);
    }
  }
};

struct Quoted : Visible<Breaks::show> {
  static constexpr bool kBackslashes = true;
};

// ---- Widths -----------------------------------------------------------------------------------

bool starts_character(char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; }

/// Of text that need not be plain: colour sequences have no width, a tab has that of eight.
std::size_t special_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x1b') {
      at = std::min(text.find('m', at), text.size() - 1);
    } else if (text[at] == '\t') {
      width += 8;
    } else {
      width += starts_character(text[at]);
    }
  }
  return width;
}

}  // namespace

void append_json_escaped(std::string_view text, std::string& out) { escape<JsonString>(text, out); }

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  append_json_escaped(text, out);
  out += '"';
}

void append_json_value(std::string_view json, std::string& out) { escape<JsonValue>(json, out); }

void append_visible(std::string_view text, Breaks breaks, std::string& out) {
  if (breaks == Breaks::keep) {
    escape<Visible<Breaks::keep>>(text, out);
  } else {
    escape<Visible<Breaks::show>>(text, out);
  }
}

bool is_plain(std::string_view text) { return skip_plain<false>(text, 0) == text.size(); }

void append_quoted(std::string_view text, std::string& out) { escape<Quoted>(text, out); }

std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  // A sequence has at most three bytes behind its first; more of them are no UTF-8 anyhow.
  while (end > 0 && limit - end < 3 && !starts_character(text[end])) --end;
  return text.substr(0, end);
}

std::size_t visible_width(std::string_view text) {
  // Most cells are short and plain, and this is asked of each of them.
  return is_plain(text) ? text.size() : special_width(text);
}

}  // namespace ktrace::output
