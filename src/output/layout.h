// Laying out text: cells side by side, indented lines, wrapped lines, colours.
//
// All text given here has gone through append_visible; colours are the only escape sequences in it.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ktrace::output {

/// Appends `text` in a colour: the parameters of ESC [ … m, or empty for none.
void paint(std::string_view text, std::string_view color, std::string& out);

/// Cells side by side, aligned as far as their texts allow: one that is too wide pushes those
/// behind it. Spaces are written only before text, so that no line ends with them. Short cells are
/// held back until flush() or advance(), so that a row is appended in one piece.
class Row {
 public:
  enum class Align : bool { left, right };

  explicit Row(std::string& out) : out_(out) {}
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;
  ~Row() { flush(); }

  /// `text` holds no colour sequences.
  void cell(std::string_view text, std::size_t width, std::string_view color = {},
            Align align = Align::left);

  /// The same for printable ASCII, which is as wide as it is long.
  void plain_cell(std::string_view text, std::size_t width, std::string_view color = {},
                  Align align = Align::left) {
    place(text, text.size(), width, color, align);
  }

  /// Appends what is held back. To be called before anything else is appended.
  void flush();

  /// Where the next cell begins.
  std::size_t next() const { return next_; }

  /// Fills up with spaces to where the next cell begins, and returns that position.
  std::size_t advance();

 private:
  void place(std::string_view text, std::size_t taken, std::size_t width, std::string_view color,
             Align align);

  static constexpr std::size_t kRoom = 256;
  static constexpr std::size_t kFewSpaces = 16;  // so many are written at once

  std::string& out_;
  char held_[kRoom + kFewSpaces];
  std::size_t size_ = 0;  // of what is held
  std::size_t at_ = 0;    // columns written
  std::size_t next_ = 0;  // where the next cell begins
};

/// Appends `body` with each line but the first indented.
void append_indented(std::string_view body, std::size_t indent, std::string& out);

/// Appends the lines of `body`, all indented, wrapped between words so that they end before
/// `columns`. A word is never broken, however long; spaces at a line's beginning stay. What was
/// wrapped is indented by `hanging` more; words are what so many `spaces` stand between, 1 or 2.
void append_wrapped(std::string_view body, std::size_t indent, std::size_t columns,
                    std::string& out, std::size_t hanging = 0, std::size_t spaces = 1);

}  // namespace ktrace::output
