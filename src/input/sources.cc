// Two kinds of source: plain files that can be read anywhere, by many threads, and streams. Both
// are sequences of pieces, most of one piece only; a sequence with one stream in it is a stream.
// One of compressed files, however, can be read anywhere, too, once it is known where unpacking can
// begin.
//
// Files are many at times, descriptors are few. A stream is opened when it is read and closed at
// its end. A plain file is kept open when Piece says so; otherwise it is opened for each read, a
// hundredth of the time that reading a block takes, and must still be the file it was.

#include "sources.h"

#include <algorithm>
#include <filesystem>

#include "mapping.h"
#include "restarts.h"

namespace ktrace::input {

Result<Descriptor> reopen(const PlainFile& file) {
  auto opened = open_path(file.path);
  if (!opened) return opened;
  const auto facts = facts_of(*opened);
  if (!facts) return facts.status();
  if (facts->identity != file.identity) return Status::error("was replaced while it was read");
  return opened;
}

Result<std::size_t> read_file(const PlainFile& file, std::uint64_t offset, char* into,
                              std::size_t size) {
  const auto opened = file.held.open() ? Result<Descriptor>(Descriptor()) : reopen(file);
  if (!opened) return opened.status();
  auto count = (file.held.open() ? file.held : *opened).read_at(offset, into, size);
  if (count && *count == 0 && offset < file.size) {
    return Status::error("was cut short while it was read");
  }
  return count;
}

Result<StreamPtr> open_file(const PlainFile& file) {
  auto opened = reopen(file);
  if (!opened) return opened.status();
  const auto facts = facts_of(*opened);
  if (!facts) return facts.status();
  return stream_of(std::move(*opened), *facts);
}

namespace {

// The files that all pieces of a log stand in, one after the other.
class Stored {
 public:
  explicit Stored(const std::vector<Piece>& pieces) {
    for (const Piece& piece : pieces) {
      files_.push_back(piece.plain ? &*piece.plain : &*piece.packed);
      begins_.push_back(size_);
      size_ += files_.back()->size;
    }
  }

  std::uint64_t size() const { return size_; }

  // Of several files, the paths stand in lines, and the inode is a number that differs when any of
  // them but the last is another file, or in another state.
  std::optional<FileFacts> facts() const {
    FileFacts all;
    std::uint64_t state = 0;
    for (const PlainFile* file : files_) {
      std::error_code error;
      const auto path = std::filesystem::canonical(file->path, error);
      const auto facts = facts_of(file->path);
      const bool last = file == files_.back();
      if (error || !facts || facts->identity != file->identity) return {};
      if (!last && facts->size != file->size) return {};
      all.path.append(all.path.empty() ? "" : "\n").append(path.string());
      all.device = facts->identity.device;
      all.inode = state + facts->identity.inode;
      all.size += facts->size;
      all.modified = facts->modified;
      state = mixed(mixed(mixed(mixed(state, all.device), all.inode), facts->size),
                    static_cast<std::uint64_t>(facts->modified.time_since_epoch().count()));
    }
    return all;
  }

  // The last file may have grown since.
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) const {
    std::size_t filled = 0;
    while (filled < size) {
      auto count = read_one(offset + filled, into + filled, size - filled);
      if (!count && filled == 0) return count;
      if (!count || *count == 0) break;
      filled += *count;
    }
    return filled;
  }

  // Only at bytes of one file, and one that is kept open.
  bool look(std::uint64_t offset, std::size_t size, const Viewer& see) const {
    const std::size_t index = file_at(offset);
    const PlainFile& file = *files_[index];
    const std::uint64_t within = offset - begins_[index];
    return file.held.open() && within + size <= file.size && look_at(file.held, within, size, see);
  }

 private:
  std::size_t file_at(std::uint64_t offset) const {
    const auto behind = std::upper_bound(begins_.begin(), begins_.end(), offset);
    return static_cast<std::size_t>(behind - begins_.begin()) - 1;
  }

  Result<std::size_t> read_one(std::uint64_t offset, char* into, std::size_t size) const {
    const std::size_t index = file_at(offset);
    const PlainFile& file = *files_[index];
    const std::uint64_t within = offset - begins_[index];
    const bool last = &file == files_.back();
    if (!last) size = std::min<std::uint64_t>(size, file.size - within);
    return read_file(file, within, into, size);
  }

  static std::uint64_t mixed(std::uint64_t state, std::uint64_t value) {
    return (state ^ value) * 0x9e3779b97f4a7c15 + 1;
  }

  std::vector<const PlainFile*> files_;
  std::vector<std::uint64_t> begins_;  // of each file in the whole
  std::uint64_t size_ = 0;
};

class Files : public Source {
 public:
  Files(Origin origin, std::vector<Piece> pieces)
      : Source(std::move(origin)), pieces_(std::move(pieces)), stored_(pieces_) {}

  bool seekable() const override { return true; }
  std::uint64_t size() const override { return stored_.size(); }
  std::optional<Time> modified() const override { return pieces_.back().modified; }
  std::optional<FileFacts> file() const override { return stored_.facts(); }
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    return stored_.read(offset, into, size);
  }
  bool look(std::uint64_t offset, std::size_t size, const Viewer& see) override {
    return stored_.look(offset, size, see);
  }

 private:
  std::vector<Piece> pieces_;
  Stored stored_;
};

class Streams : public Source {
 public:
  Streams(Origin origin, std::vector<Piece> pieces)
      : Source(std::move(origin)), pieces_(std::move(pieces)) {
    const bool in_files = std::all_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
      return piece.plain || piece.packed;
    });
    if (in_files) stored_.emplace(pieces_);
  }

  bool seekable() const override { return unpacker_.has_value(); }
  std::uint64_t size() const override { return seekable() ? unpacker_->size() : 0; }
  std::optional<Time> modified() const override { return pieces_.back().modified; }
  std::uint32_t group() const override { return pieces_.back().group; }
  bool live() const override { return pieces_.size() == 1 && pieces_.front().live; }
  bool await(Duration patience) override {
    // What cannot be opened is told by read().
    return !live() || next_ == pieces_.size() || !open_next().ok() || current_->await(patience);
  }

  std::optional<FileFacts> file() const override {
    return stored_ ? stored_->facts() : std::nullopt;
  }
  Result<std::size_t> read_stored(std::uint64_t offset, char* into, std::size_t size) override {
    return stored_->read(offset, into, size);
  }
  std::uint64_t division(std::uint64_t offset) const override {
    return seekable() ? unpacker_->division(offset) : offset;
  }

  Result<bool> survey(const std::function<void(std::uint64_t bytes)>& read) override {
    if (!stored_) return false;
    auto found = Unpacker::survey(pieces_, read);
    if (!found) return found.status();
    unpacker_ = std::move(*found);
    return seekable();
  }
  std::string restarts() const override { return seekable() ? unpacker_->encode() : ""; }
  bool use_restarts(std::string_view restarts) override {
    if (stored_) unpacker_ = Unpacker::decode(pieces_, restarts);
    return seekable();
  }

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    Place place;
    return read_on(offset, into, size, place);
  }
  Result<std::size_t> read_on(std::uint64_t offset, char* into, std::size_t size,
                              Place& place) override {
    return seekable() ? unpacker_->read(offset, into, size, place) : read_next(into, size);
  }

 private:
  // A piece that cannot be read is no reason to leave out those behind it: its failure is told when
  // they are done.
  Result<std::size_t> read_next(char* into, std::size_t size) {
    if (size == 0) return std::size_t{0};
    while (next_ < pieces_.size()) {
      auto count = read_piece(into, size);
      if (count && *count > 0) return count;
      if (!count && failure_.ok()) failure_ = told(count.message());
      current_.reset();
      ++next_;
    }
    if (!failure_.ok()) return failure_;
    return std::size_t{0};
  }

  Status open_next() {
    if (current_ != nullptr) return {};
    auto opened = open_piece(pieces_[next_]);
    if (!opened) return opened.status();
    current_ = std::move(*opened);
    return {};
  }

  Result<std::size_t> read_piece(char* into, std::size_t size) {
    if (Status status = open_next(); !status.ok()) return status;
    return current_->read(into, size);
  }

  Status told(const std::string& words) const {
    return Status::error(pieces_.size() == 1 ? words : pieces_[next_].name + ": " + words);
  }

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;  // the piece that is read
  StreamPtr current_;
  Status failure_;
  std::optional<Stored> stored_;      // when all pieces stand in files
  std::optional<Unpacker> unpacker_;  // when it is known where unpacking can begin
};

}  // namespace

Result<StreamPtr> open_piece(const Piece& piece) {
  return piece.plain ? open_file(*piece.plain) : piece.open();
}

std::unique_ptr<Source> make_source(Origin origin, std::vector<Piece> pieces) {
  const bool plain = std::all_of(pieces.begin(), pieces.end(),
                                 [](const Piece& piece) { return piece.plain.has_value(); });
  if (plain) return std::make_unique<Files>(std::move(origin), std::move(pieces));
  return std::make_unique<Streams>(std::move(origin), std::move(pieces));
}

}  // namespace ktrace::input
