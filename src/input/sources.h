// What was found made into sources.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "encoding.h"
#include "file.h"
#include "ktrace/input.h"
#include "stream.h"

namespace ktrace::input {

/// A file, whose bytes can be read at any offset.
struct PlainFile {
  std::string path;
  Identity identity;
  std::uint64_t size = 0;
  Descriptor held;  ///< when it is kept open; otherwise it is opened for each read
};

/// A log that was found, or one rotated piece of it, with all that it takes to open it later.
struct Piece {
  std::string name;
  std::optional<Time> modified;
  std::uint32_t group = 0;          ///< as Source::group()
  std::uint64_t position = 0;       ///< in what the group has in common
  std::optional<PlainFile> plain;   ///< or else
  Opener open;                      ///< makes the stream of its bytes
  std::optional<PlainFile> packed;  ///< the file that holds all of them, compressed
  const Encoding* encoding = nullptr;
  bool live = false;  ///< a pipe, whose stream can be waited for
};

/// Opens `file` again, if its path still leads to it.
Result<Descriptor> reopen(const PlainFile& file);

/// As Descriptor::read_at(), but 0 within what the file had is an error: it was cut short.
Result<std::size_t> read_file(const PlainFile& file, std::uint64_t offset, char* into,
                              std::size_t size);

/// The bytes of `file`, from their beginning.
Result<StreamPtr> open_file(const PlainFile& file);

/// The bytes of `piece`, from their beginning.
Result<StreamPtr> open_piece(const Piece& piece);

/// The source whose bytes are those of `pieces`, one after the other; there is at least one. It is
/// as new as the last.
std::unique_ptr<Source> make_source(Origin origin, std::vector<Piece> pieces);

}  // namespace ktrace::input
