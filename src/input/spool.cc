// One place for all that has to be kept: sources that are streams, when a command reads them twice,
// and archives that come through a pipe, whose members must be known before they can be read. Of
// these the pipe is kept as it comes, compressed if it is, never what it unpacks to.
//
// What does not stay in memory is compressed again, in pieces that can be read one by one: logs by
// a factor of ten, so that what was unpacked does not fill a disk.

#include "ktrace/spool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
#include <vector>
#include <zstd.h>

#include <fmt/format.h>

#include "file.h"
#include "spool.h"

namespace ktrace::input {
namespace {

constexpr std::size_t kArchiveInMemory = 8 << 20;
constexpr std::size_t kChunk = 256 << 10;

// How much is compressed as one piece, which is unpacked for whatever is read of it; and how: as
// fast as a disk writes.
constexpr std::size_t kPiece = 64 << 10;
constexpr int kLevel = 1;

// What stands in the file of a piece. All pieces are of kPiece bytes unpacked.
struct PackedPiece {
  std::uint64_t offset;
  std::uint32_t size;
};

std::string temporary_folder() {
  const char* folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

Descriptor nameless_file(const std::string& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.open()) return file;
  // Not every file system can do that.
  std::string name = folder + "/ktrace-XXXXXX";
  Descriptor named(::mkostemp(name.data(), O_CLOEXEC));
  if (named.open()) ::unlink(name.c_str());
  return named;
}

}  // namespace

struct Spool::State {
  Status open_file();
  Status pack();
  Status write(std::string_view bytes);
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) const;
  Result<std::size_t> read_piece(std::size_t index, std::size_t from, char* into,
                                 std::size_t size) const;

  std::size_t in_memory = 0;
  std::string memory;  // the beginning
  Descriptor file;     // what comes then; open only when there is any
  std::uint64_t file_size = 0;
  std::vector<PackedPiece> pieces;
  std::string packed;
  std::string last;  // behind the pieces, less than one
};

Status Spool::State::open_file() {
  const std::string folder = temporary_folder();
  file = nameless_file(folder);
  if (file.open()) return {};
  return Status::error(
      fmt::format("cannot keep it in {}: {}", folder, system_error(errno).message()));
}

// Moves `last`, which is a whole piece, to the file.
Status Spool::State::pack() {
  packed.resize(ZSTD_compressBound(kPiece));
  const std::size_t size =
      ZSTD_compress(packed.data(), packed.size(), last.data(), last.size(), kLevel);
  if (ZSTD_isError(size)) {
    return Status::error(fmt::format("cannot compress it: {}", ZSTD_getErrorName(size)));
  }
  pieces.push_back({file_size, static_cast<std::uint32_t>(size)});
  last.clear();
  return write(std::string_view(packed).substr(0, size));
}

Status Spool::State::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Status::error("cannot keep it in a temporary file: " + system_error(errno).message());
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    file_size += static_cast<std::uint64_t>(count);
  }
  return {};
}

// Gives what one piece, or what is in memory, has of it.
Result<std::size_t> Spool::State::read(std::uint64_t offset, char* into, std::size_t size) const {
  if (offset < memory.size()) return std::string_view(memory).copy(into, size, offset);
  offset -= memory.size();
  const auto index = static_cast<std::size_t>(offset / kPiece);
  const auto from = static_cast<std::size_t>(offset % kPiece);
  if (index < pieces.size()) return read_piece(index, from, into, size);
  return index == pieces.size() && from < last.size() ? last.copy(into, size, from)
                                                      : std::size_t{0};
}

Result<std::size_t> Spool::State::read_piece(std::size_t index, std::size_t from, char* into,
                                             std::size_t size) const {
  const PackedPiece& piece = pieces[index];
  std::string bytes(piece.size, '\0');
  auto count = file.read_at(piece.offset, bytes.data(), bytes.size());
  if (!count) return count;
  // A whole piece is unpacked where it is wanted.
  const bool whole = from == 0 && size >= kPiece;
  std::string unpacked(whole ? 0 : kPiece, '\0');
  const std::size_t got =
      ZSTD_decompress(whole ? into : unpacked.data(), kPiece, bytes.data(), *count);
  if (got != kPiece) return Status::error("its temporary file was damaged");
  return whole ? kPiece : unpacked.copy(into, size, from);
}

Spool::Spool(std::size_t in_memory) : state_(std::make_unique<State>()) {
  state_->in_memory = in_memory;
}
Spool::~Spool() = default;

Status Spool::append(std::string_view bytes) {
  State& state = *state_;
  if (!state.file.open()) {
    if (state.memory.size() + bytes.size() <= state.in_memory) {
      state.memory += bytes;
      return {};
    }
    if (Status status = state.open_file(); !status.ok()) return status;
  }
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kPiece - state.last.size());
    state.last += bytes.substr(0, count);
    bytes.remove_prefix(count);
    if (state.last.size() < kPiece) continue;
    if (Status status = state.pack(); !status.ok()) return status;
  }
  return {};
}

std::uint64_t Spool::size() const {
  return state_->memory.size() + state_->pieces.size() * kPiece + state_->last.size();
}

Result<std::size_t> Spool::read(std::uint64_t offset, char* into, std::size_t size) const {
  std::size_t filled = 0;
  while (filled < size) {
    auto count = state_->read(offset + filled, into + filled, size - filled);
    if (!count && filled == 0) return count;
    if (!count || *count == 0) break;
    filled += *count;
  }
  return filled;
}

namespace {

// What is kept of one source.
class Spooled : public Source {
 public:
  Spooled(const Source& original, const Spool& spool)
      : Source(original.origin()),
        spool_(spool),
        begin_(spool.size()),
        modified_(original.modified()) {}

  bool seekable() const override { return true; }
  std::uint64_t size() const override { return size_; }
  std::optional<Time> modified() const override { return modified_; }

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    if (offset >= size_) return std::size_t{0};
    return spool_.read(begin_ + offset, into, std::min<std::uint64_t>(size, size_ - offset));
  }

  // All that was kept since this was made belongs to it.
  void end() { size_ = spool_.size() - begin_; }

 private:
  const Spool& spool_;
  std::uint64_t begin_;
  std::uint64_t size_ = 0;
  std::optional<Time> modified_;
};

// An archive that came through a pipe.
struct Kept {
  Spool spool{kArchiveInMemory};
  Status status;  // how the pipe ended
};

class Replay : public Stream {
 public:
  explicit Replay(std::shared_ptr<const Kept> kept) : kept_(std::move(kept)) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    auto count = kept_->spool.read(offset_, into, size);
    if (count) offset_ += *count;
    if (count && *count == 0 && size > 0 && !kept_->status.ok()) return kept_->status;
    return count;
  }

  std::uint64_t skip(std::uint64_t count) override {
    const std::uint64_t skipped = std::min(count, kept_->spool.size() - offset_);
    offset_ += skipped;
    return skipped;
  }

 private:
  std::shared_ptr<const Kept> kept_;
  std::uint64_t offset_ = 0;
};

}  // namespace

std::unique_ptr<Source> spooled(Source& source, Spool& spool, Status& failure) {
  auto kept = std::make_unique<Spooled>(source, spool);
  std::string chunk(kChunk, '\0');
  std::uint64_t offset = 0;
  while (failure.ok()) {
    const auto count = source.read(offset, chunk.data(), chunk.size());
    if (!count) failure = count.status();
    if (!count || *count == 0) break;
    offset += *count;
    failure = spool.append(std::string_view(chunk).substr(0, *count));
  }
  kept->end();
  return kept;
}

Result<Opener> spool(StreamPtr pipe) {
  auto kept = std::make_shared<Kept>();
  std::string chunk(kChunk, '\0');
  while (true) {
    const auto count = pipe->read(chunk.data(), chunk.size());
    if (!count) kept->status = count.status();
    if (!count || *count == 0) break;
    const std::string_view bytes(chunk.data(), *count);
    if (Status status = kept->spool.append(bytes); !status.ok()) return status;
  }
  return Opener(
      [kept]() -> Result<StreamPtr> { return StreamPtr(std::make_unique<Replay>(kept)); });
}

}  // namespace ktrace::input
