// Rows of cells, and the wrapping of lines between words.
//
// Wrapping is greedy: each word goes on the first line that has room. A break replaces the spaces
// that stood there; other runs of spaces stay as they are. A word wider than the terminal is left
// to the terminal, which shows all of it and lets it be copied in one piece.

#include "layout.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "escape.h"

namespace ktrace::output {
namespace {

void append_wrapped_line(std::string_view line, std::size_t indent, std::size_t columns,
                         std::string& out, std::size_t hanging, std::size_t spaces) {
  const std::string_view between = std::string_view("  ").substr(0, spaces);
  std::size_t at = 0;  // 0: nothing is on this line yet
  while (!line.empty()) {
    std::size_t gap = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t end = std::min(line.find(between, gap), line.size());
    const std::string_view word = line.substr(gap, end - gap);
    line.remove_prefix(end);
    if (word.empty()) return;
    const std::size_t width = visible_width(word);
    if (at > 0 && at + gap + width > columns) {
      out += '\n';
      at = gap = 0;
      indent += std::exchange(hanging, 0);
    }
    if (at == 0) gap += indent;
    out.append(gap, ' ');
    out += word;
    at += gap + width;
  }
}

}  // namespace

void paint(std::string_view text, std::string_view color, std::string& out) {
  if (color.empty()) {
    out += text;
  } else {
    out += fmt::format("\x1b[{}m{}\x1b[0m", color, text);
  }
}

void Row::cell(std::string_view text, std::size_t width, std::string_view color, Align align) {
  place(text, visible_width(text), width, color, align);
}

void Row::place(std::string_view text, std::size_t taken, std::size_t width, std::string_view color,
                Align align) {
  const std::size_t next = next_ + std::max(width, taken) + 1;
  if (taken > 0) {
    if (align == Align::right && taken < width) next_ += width - taken;
    const std::size_t spaces = next_ - at_;
    if (color.empty() && spaces <= kFewSpaces && text.size() + spaces <= kRoom - size_) {
      std::memset(held_ + size_, ' ', kFewSpaces);
      std::memcpy(held_ + size_ + spaces, text.data(), text.size());
      size_ += spaces + text.size();
    } else {
      advance();
      paint(text, color, out_);
    }
    at_ = next_ + taken;
  }
  next_ = next;
}

void Row::flush() {
  out_.append(held_, size_);
  size_ = 0;
}

std::size_t Row::advance() {
  flush();
  out_.append(next_ - at_, ' ');
  at_ = next_;
  return at_;
}

void append_indented(std::string_view body, std::size_t indent, std::string& out) {
  std::size_t end = 0;
  while ((end = body.find('\n')) != std::string_view::npos) {
    out.append(body.substr(0, end + 1));
    body.remove_prefix(end + 1);
    if (!body.starts_with('\n')) out.append(indent, ' ');
  }
  out += body;
}

void append_wrapped(std::string_view body, std::size_t indent, std::size_t columns,
                    std::string& out, std::size_t hanging, std::size_t spaces) {
  std::size_t end = 0;
  while ((end = body.find('\n')) != std::string_view::npos) {
    append_wrapped_line(body.substr(0, end), indent, columns, out, hanging, spaces);
    out += '\n';
    body.remove_prefix(end + 1);
  }
  append_wrapped_line(body, indent, columns, out, hanging, spaces);
}

}  // namespace ktrace::output
