// Text that is safe where it goes: inside JSON strings, and on a terminal.
//
// Logs hold any bytes. Neither a JSON reader nor a terminal may be handed what it cannot take:
// controls (C0, DEL, C1), characters that override the direction of text (U+202A to U+202E,
// U+2066 to U+2069), and bytes that are no UTF-8. All functions are linear and copy runs of
// harmless bytes at once.

#pragma once

#include <string>
#include <string_view>

namespace ktrace::output {

/// Appends `text` as the inside of a JSON string. Bytes that are no UTF-8 become U+FFFD, one for
/// each maximal part of a sequence (Unicode 15, section 3.9); what a terminal must not see is
/// written as \uNNNN.
void append_json_escaped(std::string_view text, std::string& out);

/// The same with quotation marks around it.
void append_json_string(std::string_view text, std::string& out);

/// Appends valid JSON text as it is, but on one line, in valid UTF-8 and safe for a terminal.
void append_json_value(std::string_view json, std::string& out);

/// What becomes of line feeds in text for a terminal.
enum class Breaks : bool { keep, show };

/// Appends `text` for a terminal: a control or an invalid byte as \xNN, an override of direction as
/// \uNNNN. Tabs stay; line feeds as `breaks` says.
void append_visible(std::string_view text, Breaks breaks, std::string& out);

/// Whether `text` is printable ASCII, so that append_visible appends it as it is, and its width is
/// its length.
bool is_plain(std::string_view text);

/// Appends `text` for a terminal as the inside of "…": as append_visible with Breaks::show, and
/// with a backslash before '"' and '\'.
void append_quoted(std::string_view text, std::string& out);

/// `text` without what is behind its first `limit` bytes; never cuts a UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t limit);

/// How many columns visible text takes; colour sequences take none, a tab counts as eight.
/// Characters of double width count as one.
std::size_t visible_width(std::string_view text);

}  // namespace ktrace::output
