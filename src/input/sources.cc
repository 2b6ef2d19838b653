// Two kinds of source: plain files that can be read anywhere, by many threads, and streams. Both
// are sequences of pieces, most of one piece only; a sequence with one stream in it is a stream.
//
// Files are many at times, descriptors are few. A stream is opened when it is read and closed at
// its end. A plain file is kept open when Piece says so; otherwise it is opened for each read, a
// hundredth of the time that reading a block takes, and must still be the file it was.

#include "sources.h"

#include <algorithm>
#include <filesystem>

namespace ktrace::input {

Result<Descriptor> reopen(const PlainFile& file) {
  auto opened = open_path(file.path);
  if (!opened) return opened;
  const auto facts = facts_of(*opened);
  if (!facts) return facts.status();
  if (facts->identity != file.identity) return Status::error("was replaced while it was read");
  return opened;
}

namespace {

Result<std::size_t> read_plain(const PlainFile& file, std::uint64_t offset, char* into,
                               std::size_t size) {
  if (file.held.open()) return file.held.read_at(offset, into, size);
  const auto opened = reopen(file);
  if (!opened) return opened.status();
  return opened->read_at(offset, into, size);
}

class Files : public Source {
 public:
  Files(Origin origin, std::vector<Piece> pieces)
      : Source(std::move(origin)), pieces_(std::move(pieces)) {
    for (const Piece& piece : pieces_) {
      begins_.push_back(size_);
      size_ += piece.plain->size;
    }
  }

  bool seekable() const override { return true; }
  std::uint64_t size() const override { return size_; }
  std::optional<Time> modified() const override { return pieces_.back().modified; }

  // Of several pieces, the paths stand in lines, and the inode is a number that differs when any of
  // them but the last is another file, or in another state.
  std::optional<FileFacts> file() const override {
    FileFacts all;
    std::uint64_t state = 0;
    for (const Piece& piece : pieces_) {
      const PlainFile& file = *piece.plain;
      std::error_code error;
      const auto path = std::filesystem::canonical(file.path, error);
      const auto facts = facts_of(file.path);
      const bool last = &piece == &pieces_.back();
      if (error || !facts || facts->identity != file.identity) return {};
      if (!last && facts->size != file.size) return {};
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

  // The last piece may have grown since.
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    std::size_t filled = 0;
    while (filled < size) {
      auto count = read_piece(offset + filled, into + filled, size - filled);
      if (!count && filled == 0) return count;
      if (!count || *count == 0) break;
      filled += *count;
    }
    return filled;
  }

 private:
  Result<std::size_t> read_piece(std::uint64_t offset, char* into, std::size_t size) {
    const auto behind = std::upper_bound(begins_.begin(), begins_.end(), offset);
    const auto index = static_cast<std::size_t>(behind - begins_.begin()) - 1;
    const PlainFile& file = *pieces_[index].plain;
    const std::uint64_t within = offset - begins_[index];
    if (behind != begins_.end()) size = std::min<std::uint64_t>(size, file.size - within);
    auto count = read_plain(file, within, into, size);
    if (count && *count == 0 && within < file.size) {
      return Status::error("was cut short while it was read");
    }
    return count;
  }

  static std::uint64_t mixed(std::uint64_t state, std::uint64_t value) {
    return (state ^ value) * 0x9e3779b97f4a7c15 + 1;
  }

  std::vector<Piece> pieces_;
  std::vector<std::uint64_t> begins_;  // of each piece in the whole
  std::uint64_t size_ = 0;
};

class Streams : public Source {
 public:
  Streams(Origin origin, std::vector<Piece> pieces)
      : Source(std::move(origin)), pieces_(std::move(pieces)) {}

  bool seekable() const override { return false; }
  std::uint64_t size() const override { return 0; }
  std::optional<Time> modified() const override { return pieces_.back().modified; }
  std::uint32_t group() const override { return pieces_.back().group; }
  bool live() const override { return pieces_.size() == 1 && pieces_.front().live; }
  bool await(Duration patience) override {
    // What cannot be opened is told by read().
    return !live() || next_ == pieces_.size() || !open_next().ok() || current_->await(patience);
  }

  // A piece that cannot be read is no reason to leave out those behind it: its failure is told when
  // they are done.
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    (void)offset;
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

 private:
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
};

}  // namespace

Result<StreamPtr> open_piece(const Piece& piece) {
  if (!piece.plain) return piece.open();
  auto opened = reopen(*piece.plain);
  if (!opened) return opened.status();
  const auto facts = facts_of(*opened);
  if (!facts) return facts.status();
  return stream_of(std::move(*opened), *facts);
}

std::unique_ptr<Source> make_source(Origin origin, std::vector<Piece> pieces) {
  const bool plain = std::all_of(pieces.begin(), pieces.end(),
                                 [](const Piece& piece) { return piece.plain.has_value(); });
  if (plain) return std::make_unique<Files>(std::move(origin), std::move(pieces));
  return std::make_unique<Streams>(std::move(origin), std::move(pieces));
}

}  // namespace ktrace::input
