// Where groups begin and end, and the records in them.
//
// Bounds are found by looking at lines only: memchr and memrchr go from line to line, and the
// formats decide from the first byte of nearly all lines that these start nothing. Whatever is cut
// or searched, each line is looked at once per call, so that a call is linear in the bytes between
// its position and the bounds that it finds.
//
// A bare line starts a group when a payload format recognises it. A wrapped line does when
//  - its content starts a payload, or the envelope's own time is all there is: the content does not
//    look like the rest of something, and the nearest start before it is not klog text, which all
//    lines continue that start nothing;
//  - and no record is open there: no stream's last line before it was a piece of a longer one.
// An entry of several lines (entries.h) is a wrapped line whose further lines start nothing by
// themselves. "Before" means the last kLinesBack lines and kBytesBack bytes. So it depends on the
// bytes around a line alone whether it starts a group, not on where a block or a part of a source
// begins.
//
// A block may end inside a line, and what lies in its padding must not change an answer: a bare
// line with less than kPadding bytes in the block is decided from a copy that zeros complete; a
// wrapped one starts nothing before its end is seen.

#include "framing.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "batches.h"
#include "entries.h"
#include "envelope.h"
#include "json_cursor.h"
#include "ktrace/format.h"
#include "line_ends.h"

namespace ktrace::format {
namespace {

// How many lines after a piece of a longer line the next piece of it may come.
constexpr std::size_t kPieceLines = 8;

bool is_klog_text(const Payload* payload) { return payload != nullptr && !payload->json_line; }

// One line of a block.
struct Line {
  std::size_t begin = 0, end = 0;
  std::size_t whole = 0;  // where the entry ends that begins with it, if that has several lines
  const Payload* payload = nullptr;  // that starts with the line or with its content
  bool wrapped = false;
  Wrapped inside;
};

// Reads the line that begins at `begin`. A wrapped line without an end is taken for a bare one.
Line read_line(std::string_view block, std::size_t begin, Arena& arena) {
  Line line;
  line.begin = begin;
  line.end = line.whole = begin + 1;
  if (block[begin] == '\n') return line;
  line.payload = bare_start(block, begin);
  line.end = line.whole = line_end(block, begin);
  if (line.payload != nullptr || block[line.end - 1] != '\n') return line;
  std::string_view text = without_line_end(block.substr(begin, line.end - begin));
  if (const std::size_t size = entry_size(block.substr(begin))) {
    line.whole = begin + size;
    text = entry_of(block.substr(begin, size), arena);
  }
  line.wrapped = unwrap(text, Detail::beginning, arena, line.inside);
  if (line.wrapped) line.payload = recognise_within(line.inside.content, 0);
  return line;
}

// What the lines before one tell about it.
class Before {
 public:
  // Forgets all and learns from the last `lines` lines before `line`, but not from before `floor`,
  // where a group begins.
  void learn(std::string_view block, std::size_t floor, std::size_t line,
             std::size_t lines = kLinesBack) {
    *this = Before();
    floor = std::max(floor, line - std::min(line, kBytesBack));
    std::size_t from = line;
    for (std::size_t i = 0; i < lines && from > floor; ++i) {
      const std::size_t begin = line_begin(block, floor, from - 1);
      if (begin == floor && floor > 0 && block[floor - 1] != '\n') break;
      from = begin;
    }
    for (; from < line; from = last_.end) pass(read_line(block, from, arena_));
  }

  // Whether `line`, which follows those that were passed, starts a group.
  bool starts(const Line& line) const {
    if (line.payload != nullptr && !line.wrapped) return true;
    if (!line.wrapped || piece_open(line.begin)) return false;
    if (line.payload != nullptr) return true;
    const bool near = count_ - text_count_ < kLinesBack && line.begin - text_begin_ <= kBytesBack;
    return !looks_continued(line.inside.content) && !(text_ && near);
  }

  // The line is behind now.
  void pass(const Line& line) {
    last_ = line;
    if (line.payload != nullptr) {
      text_ = is_klog_text(line.payload);
      text_begin_ = line.begin;
      text_count_ = count_;
    }
    if (line.wrapped) note(line);
    if (line.payload != nullptr && !line.wrapped) pieces_ = {};
    ++count_;
  }

 private:
  // The last line of a stream, if it was a piece.
  struct Piece {
    const Envelope* envelope = nullptr;
    std::string_view stream;
    std::size_t begin = 0, count = 0;
  };

  // Whether the last line of any stream is a piece that is still waited for.
  bool piece_open(std::size_t line) const {
    return std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) {
      return piece.envelope != nullptr && count_ - piece.count <= kPieceLines &&
             line - piece.begin <= kBytesBack;
    });
  }

  void note(const Line& line) {
    const Wrapped& inside = line.inside;
    Piece* place = pieces_.data();  // the stream's own, or the oldest
    for (Piece& piece : pieces_) {
      const bool own = piece.envelope == inside.envelope && piece.stream == inside.stream;
      if (own || piece.count < place->count) place = &piece;
      if (!own) continue;
      piece = {};
      break;
    }
    if (inside.partial) *place = {inside.envelope, inside.stream, line.begin, count_};
  }

  Arena arena_;
  Line last_;
  std::size_t count_ = 1;  // of lines that were passed, and one: a place of count 0 is free
  bool text_ = false;      // the nearest start is klog text,
  std::size_t text_begin_ = 0, text_count_ = 0;  // and where it is
  std::array<Piece, 4> pieces_{};
};

// Whether the line at `begin` starts a group, judged by itself and what is before it.
bool starts_group(std::string_view block, std::size_t begin) {
  if (bare_start(block, begin) != nullptr) return true;
  Arena arena;
  const Line line = read_line(block, begin, arena);
  if (!line.wrapped) return false;
  if (line.payload == nullptr && looks_continued(line.inside.content)) return false;
  Before before;
  // To a start of a payload only an open piece matters.
  before.learn(block, 0, begin, line.payload != nullptr ? kPieceLines : kLinesBack);
  return before.starts(line);
}

// Appends the records of `text`, which `payload` starts.
void append_records(std::string_view text, const Payload& payload, Slices& slices) {
  const std::size_t first = slices.list.size();
  if (payload.split == nullptr || !payload.split(text, slices)) {
    slices.list.push_back({text, {}, nullptr, 0});
  }
  for (std::size_t i = first; i < slices.list.size(); ++i) slices.list[i].payload = &payload;
}

// ---- Groups of wrapped lines ------------------------------------------------------------------

// Gives each line of a group to the record that it belongs to.
class Partition {
 public:
  explicit Partition(std::string_view group) : group_(group) {}

  void run(Slices& slices) {
    for (std::size_t at = 0; at < group_.size();) {
      const Line line = read_line(group_, at, arena_);
      add(line);
      at = line.whole;
    }
    finish(slices, true);
  }

  // The same for the elements of an array; false when it has none.
  bool run_elements(Slices& slices) {
    std::vector<std::size_t> begins;
    JsonCursor cursor(group_);
    cursor.each_element([&] {
      cursor.peek();
      begins.push_back(cursor.position());
      return !cursor.skip().empty();
    });
    if (!begins.empty()) begins.front() = 0;
    for (std::size_t i = 0; i < begins.size(); ++i) {
      add(read_element(begins[i], i + 1 < begins.size() ? begins[i + 1] : group_.size()));
    }
    finish(slices, false);
    return !begins.empty();
  }

 private:
  Line read_element(std::size_t begin, std::size_t end) {
    Line line;
    line.begin = begin;
    line.end = line.whole = end;
    const std::string_view entry = entry_of(group_.substr(begin, end - begin), arena_);
    line.wrapped = unwrap(entry, Detail::all, arena_, line.inside);
    if (line.wrapped) line.payload = recognise_within(line.inside.content, 0);
    return line;
  }

  void finish(Slices& slices, bool lines) {
    for (const Open& open : open_) {
      const std::string_view bytes = bytes_of(open, slices);
      const bool batch = lines && open.may_be_batch && open.pieces.size() == 1;
      if (batch && split_wrapped(bytes, open.begin(), slices)) continue;
      slices.list.push_back({bytes, {}, nullptr, open.begin()});
    }
  }

  enum class Kind : std::uint8_t { text, json, plain };

  struct Open {
    const Envelope* envelope = nullptr;
    std::string_view stream;
    Kind kind = Kind::plain;
    bool partial = false;
    bool weak = false;
    bool may_be_batch = false;  // of records on one line
    std::vector<Extent> pieces;

    std::size_t begin() const { return pieces.front().begin; }
  };

  // Looking for a stream's record goes back over this many; more are not open at a time.
  static constexpr std::size_t kMostOpen = 64;

  void add(const Line& line) {
    if (!line.wrapped) return add_bare(line);
    Open* open = find(line.inside);
    const bool joins = open != nullptr && (open->partial || continues(line, *open));
    if (!joins) open = &begin_record(line);
    open->partial = line.inside.partial;
    append(*open, line);
  }

  static bool continues(const Line& line, const Open& open) {
    if (line.payload != nullptr || open.kind == Kind::json) return false;
    return open.kind == Kind::text || looks_continued(line.inside.content);
  }

  // A bare line belongs to what stands before it, unless it is a remark of journalctl's or begins
  // like a record of another stream.
  void add_bare(const Line& line) {
    if (Open* open = find_weak(line)) return append(*open, line);
    const bool remark = group_.substr(line.begin).starts_with("-- ");
    const bool stands_alone = open_.empty() || remark || open_[last_].kind == Kind::json;
    append(stands_alone ? begin_record(line) : open_[last_], line);
  }

  Open* find(const Wrapped& inside) {
    const std::size_t most = std::min(open_.size(), kMostOpen);
    for (std::size_t i = open_.size(); i > open_.size() - most; --i) {
      Open& open = open_[i - 1];
      if (open.envelope == inside.envelope && open.stream == inside.stream) return &open;
    }
    return nullptr;
  }

  Open* find_weak(const Line& line) {
    const std::size_t most = std::min(open_.size(), kMostOpen);
    for (std::size_t i = open_.size(); i > open_.size() - most; --i) {
      Open& open = open_[i - 1];
      if (open.weak && group_.substr(line.begin).starts_with(open.stream)) {
        return open.kind == Kind::json ? &begin_weak(open) : &open;
      }
    }
    return nullptr;
  }

  // A plain record of the stream that `open` is of.
  Open& begin_weak(const Open& open) {
    Open next;
    next.envelope = open.envelope;
    next.stream = open.stream;
    next.weak = true;
    return open_.emplace_back(std::move(next));
  }

  Open& begin_record(const Line& line) {
    Open& open = open_.emplace_back();
    open.weak = line.inside.weak;
    open.envelope = line.inside.envelope;
    open.stream = line.inside.stream;
    if (line.payload != nullptr) {
      open.kind = line.payload->json_line ? Kind::json : Kind::text;
      open.may_be_batch = line.payload->split != nullptr;
    }
    return open;
  }

  void append(Open& open, const Line& line) {
    last_ = static_cast<std::size_t>(&open - open_.data());
    if (!open.pieces.empty() && open.pieces.back().end == line.begin) {
      open.pieces.back().end = line.whole;
    } else {
      open.pieces.push_back({line.begin, line.whole});
    }
  }

  std::string_view bytes_of(const Open& open, Slices& slices) const {
    if (open.pieces.size() == 1) return open.pieces.front().of(group_);
    std::size_t size = 0;
    for (const Extent& piece : open.pieces) size += piece.end - piece.begin;
    char* const place = slices.arena.allocate(size + kPadding);
    char* out = place;
    for (const Extent& piece : open.pieces) {
      out += piece.of(group_).copy(out, piece.end - piece.begin);
    }
    std::memset(out, 0, kPadding);
    return {place, size};
  }

  std::string_view group_;
  Arena arena_;
  std::vector<Open> open_;
  std::size_t last_ = 0;  // what got the last line
};

std::size_t next_start(std::string_view block, std::size_t floor, std::size_t line) {
  const Payload* payload = nullptr;
  return next_start(block, floor, line, payload);
}

}  // namespace

const Payload* recognise_within(std::string_view block, std::size_t line) {
  const std::size_t size = block.size() - line;
  if (size >= kPadding) return recognise(block.data() + line);
  char head[kPadding] = {};
  block.copy(head, size, line);
  return recognise(head);
}

bool split_array(std::string_view text, Slices& slices) {
  return Partition(text).run_elements(slices);
}

bool tile(std::string_view text, std::size_t first, Slices& slices) {
  auto& list = slices.list;
  if (list.size() == first) return false;
  list[first].offset = 0;
  for (std::size_t i = first; i < list.size(); ++i) {
    const std::size_t end = i + 1 < list.size() ? list[i + 1].offset : text.size();
    list[i].raw = text.substr(list[i].offset, end - list[i].offset);
  }
  return true;
}

const Payload* bare_start(std::string_view block, std::size_t line) {
  const Payload* payload = recognise_within(block, line);
  if (payload == nullptr || payload->glance != nullptr) return payload;
  if (!begins_like_both(block.substr(line))) return payload;
  Arena arena;
  Wrapped inside;
  const std::string_view text = block.substr(line, line_end(block, line) - line);
  return unwrap(without_line_end(text), Detail::beginning, arena, inside) ? nullptr : payload;
}

std::size_t next_start(std::string_view block, std::size_t floor, std::size_t line,
                       const Payload*& payload) {
  Before before;
  bool learnt = false;
  Arena arena;
  while (line < block.size()) {
    payload = bare_start(block, line);
    if (payload != nullptr) return line;
    const Line here = read_line(block, line, arena);
    if (here.wrapped && !learnt) {
      before.learn(block, floor, line);
      learnt = true;
    }
    if (before.starts(here)) return line;
    if (learnt) before.pass(here);
    line = here.end;
  }
  return block.size();
}

std::size_t next_start(std::string_view block, std::size_t from) {
  std::size_t line = from;
  if (from > 0 && from < block.size() && block[from - 1] != '\n') line = line_end(block, from);
  return next_start(block, 0, line);
}

std::size_t last_start(std::string_view block, std::size_t after) {
  for (std::size_t end = block.size(); end > after;) {
    const std::size_t line = line_begin(block, after, end);
    if (line == after) break;
    const bool long_enough =
        block.size() - line >= kPadding && !begins_like_both(block.substr(line));
    const bool decided = end < block.size() || long_enough;
    if (line < block.size() && decided && starts_group(block, line)) return line;
    end = line - 1;
  }
  return after;
}

bool is_complete(std::string_view block, std::size_t group) {
  if (group >= block.size() || !block.ends_with('\n')) return false;
  Arena arena;
  const Line line = read_line(block, group, arena);
  const bool json = line.inside.json || (line.payload != nullptr && line.payload->json_line);
  return line.whole == block.size() && json && !line.inside.partial;
}

std::size_t last_line(std::string_view block) { return line_begin(block, 0, block.size()); }

bool wrapped_at(std::string_view block, std::size_t line) {
  Arena arena;
  return line < block.size() && read_line(block, line, arena).wrapped;
}

std::size_t content_begin(std::string_view block, std::size_t line) {
  constexpr std::size_t kHead = 64;  // in which the content begins; the line may be long
  Arena arena;
  Wrapped inside;
  const std::string_view head = block.substr(line, kHead);
  const std::string_view text = head.substr(0, head.find('\n'));
  const bool whole = unwrap_cri(text, Detail::beginning, arena, inside) && !inside.partial;
  if (!whole || inside.content.empty()) return line;
  return static_cast<std::size_t>(inside.content.data() - block.data());
}

bool hides(std::string_view block, std::size_t position) {
  // Nearly all marks are something else: beginnings of words, ends of whole lines in Docker's logs.
  const std::string_view before = block.substr(0, position);
  const bool stream = before.ends_with(" stdout") || before.ends_with(" stderr");
  const std::size_t begin = line_begin(block, 0, position);
  // Within an object over several lines. What it is its first line tells.
  if (block[begin] == '\t' || (block[begin] == ' ' && block[position] == '"')) return true;
  if (before.ends_with("\\n") || (block[position] == ' ' && !stream)) return false;
  Arena arena;
  const Line line = read_line(block, begin, arena);
  return line.wrapped && line.inside.hidden();
}

Extent group_at(std::string_view block, std::size_t position) {
  if (position >= block.size()) return {block.size(), block.size()};
  for (std::size_t end = position;;) {
    const std::size_t line = line_begin(block, 0, end);
    if (line == 0 || starts_group(block, line)) {
      return {line, next_start(block, line, line_end(block, position))};
    }
    end = line - 1;
  }
}

Extent group_from(std::string_view block, std::size_t begin) {
  if (begin >= block.size()) return {block.size(), block.size()};
  return {begin, next_start(block, begin, line_end(block, begin))};
}

void append_all(std::string_view group, const Payload* payload, Slices& slices) {
  if (payload == nullptr) return Partition(group).run(slices);
  const std::size_t end = payload->json_line ? line_end(group, 0) : group.size();
  append_records(group.substr(0, end), *payload, slices);
  if (end < group.size()) slices.list.push_back({group.substr(end), {}, nullptr, end});
}

void records(std::string_view group, Slices& slices) {
  slices.clear();
  if (!group.empty()) append_all(group, bare_start(group, 0), slices);
}

}  // namespace ktrace::format
