// Archives by libarchive: tar in all its forms, and zip read from front to back, as from a pipe.
//
// A member that is an archive is walked through, too, one level deep. Links, directories and
// devices are left out; what a link points to is a member of its own. Nothing is ever written to
// disk, so names need no care: they are only shown. Holes of sparse members are left out.
//
// The members of a compressed archive can only be read in their order. So each stream takes the
// shared walker along when that has not passed its member yet, and gives it back afterwards.

#include "members.h"

#include <archive_entry.h>

#include "content.h"
#include "reader.h"

namespace ktrace::input {
namespace {

// An archive in an archive is common (a must-gather with a tar of the node's logs); one more is
// not.
constexpr int kDeepest = 2;

constexpr std::string_view kKind = "archive";

std::string name_of(struct archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) name = archive_entry_pathname_utf8(entry);
  std::string_view text = name == nullptr ? "?" : name;
  while (text.starts_with("./")) text.remove_prefix(2);
  return std::string(text);
}

std::optional<Time> modified_of(struct archive_entry* entry) {
  if (archive_entry_mtime_is_set(entry) == 0) return std::nullopt;
  // A hostile number of seconds must not overflow nanoseconds.
  const std::chrono::seconds seconds(archive_entry_mtime(entry));
  if (seconds > std::chrono::floor<std::chrono::seconds>(Time::max().time_since_epoch()) ||
      seconds < std::chrono::ceil<std::chrono::seconds>(Time::min().time_since_epoch())) {
    return std::nullopt;
  }
  return Time(seconds);
}

}  // namespace

// Inner archives read from outer ones, and so end before them.
struct ArchiveWalker::Level {
  Level(std::unique_ptr<Level> outside, std::string path, StreamPtr bytes)
      : outer(std::move(outside)), name(std::move(path)), reader(std::move(bytes)) {
    archive_read_support_format_tar(reader.get());
    archive_read_support_format_zip_streamable(reader.get());
    opened = reader.open() == ARCHIVE_OK;
  }

  int depth() const { return outer == nullptr ? 1 : outer->depth() + 1; }

  std::unique_ptr<Level> outer;
  std::string name;  // empty for the outermost
  Reader reader;
  bool opened = false;
};

ArchiveWalker::ArchiveWalker(StreamPtr bytes)
    : top_(std::make_unique<Level>(nullptr, "", std::move(bytes))) {}
ArchiveWalker::~ArchiveWalker() = default;

bool ArchiveWalker::next() {
  member_.reset();
  while (top_ != nullptr) {
    struct archive_entry* entry = nullptr;
    const int code =
        top_->opened ? archive_read_next_header(top_->reader.get(), &entry) : ARCHIVE_FATAL;
    if (code == ARCHIVE_RETRY) continue;
    if (code == ARCHIVE_EOF) {
      top_ = std::move(top_->outer);
    } else if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
      leave_failed();
    } else if (enter(entry)) {
      ++count_;
      return true;
    }
  }
  return false;
}

void ArchiveWalker::leave_failed() {
  problem(top_->name, top_->reader.failure(kKind).message());
  top_ = std::move(top_->outer);
}

void ArchiveWalker::problem(std::string name, std::string message) {
  problems_.push_back({std::move(name), std::move(message)});
}

// Whether `entry` is a member to stop at.
bool ArchiveWalker::enter(struct archive_entry* entry) {
  if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
    return false;
  }
  name_ = (top_->name.empty() ? "" : top_->name + "!") + name_of(entry);
  modified_ = modified_of(entry);
  if (archive_entry_is_encrypted(entry) != 0) {
    problem(name_, "is encrypted");
    return false;
  }
  member_ = std::make_unique<Entry>(top_->reader, kKind);
  sample_ = read_head(*member_, kSample);
  if (const Encoding* encoding = find_encoding(sample_)) {
    member_ = encoding->decode(put_back(std::move(sample_), std::move(member_)));
    sample_ = read_head(*member_, kSample);
  }
  sample_left_ = sample_;
  if (!is_archive(sample_)) return true;
  if (top_->depth() == kDeepest) {
    problem(name_, "is an archive too deep inside archives, and was left out");
    return false;
  }
  top_ = std::make_unique<Level>(std::move(top_), name_,
                                 put_back(std::move(sample_), std::move(member_)));
  return false;
}

std::uint64_t ArchiveWalker::position() const {
  const Level* outermost = top_.get();
  while (outermost->outer != nullptr) outermost = outermost->outer.get();
  return static_cast<std::uint64_t>(archive_filter_bytes(outermost->reader.get(), 0));
}

Result<std::size_t> ArchiveWalker::read(char* into, std::size_t size) {
  if (!sample_left_.empty()) return take(sample_left_, into, size);
  return member_->read(into, size);
}

namespace {

// What the members of one archive share.
class Shared {
 public:
  explicit Shared(Opener open) : open_(std::move(open)) {}

  // A walker that stands at the member `index`.
  Result<std::unique_ptr<ArchiveWalker>> take_to(std::size_t index, const std::string& name) {
    auto walker = std::move(idle_);
    if (walker == nullptr || walker->count() > index) {
      auto bytes = open_();
      if (!bytes) return bytes.status();
      walker = std::make_unique<ArchiveWalker>(std::move(*bytes));
    }
    while (walker->count() <= index) {
      if (!walker->next()) return Status::error(lost(*walker));
    }
    if (walker->name() != name) return Status::error("the archive was changed while it was read");
    return walker;
  }

  void give_back(std::unique_ptr<ArchiveWalker> walker) {
    if (idle_ == nullptr || idle_->count() < walker->count()) idle_ = std::move(walker);
  }

 private:
  static std::string lost(const ArchiveWalker& walker) {
    return walker.problems().empty() ? "is not in the archive any more"
                                     : walker.problems().back().message;
  }

  Opener open_;
  std::unique_ptr<ArchiveWalker> idle_;
};

class MemberStream : public Stream {
 public:
  MemberStream(std::shared_ptr<Shared> shared, std::unique_ptr<ArchiveWalker> walker)
      : shared_(std::move(shared)), walker_(std::move(walker)) {}
  ~MemberStream() override { shared_->give_back(std::move(walker_)); }

  Result<std::size_t> read(char* into, std::size_t size) override {
    return walker_->read(into, size);
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<ArchiveWalker> walker_;
};

Opener opener_of(std::shared_ptr<Shared> shared, std::size_t index, const std::string& name) {
  return [shared = std::move(shared), index, name]() -> Result<StreamPtr> {
    auto walker = shared->take_to(index, name);
    if (!walker) return walker.status();
    return StreamPtr(std::make_unique<MemberStream>(shared, std::move(*walker)));
  };
}

}  // namespace

std::vector<Member> list_members(const Opener& open,
                                 std::vector<ArchiveWalker::Problem>& problems) {
  std::vector<Member> members;
  auto bytes = open();
  if (!bytes) {
    problems.push_back({"", bytes.message()});
    return members;
  }
  const auto shared = std::make_shared<Shared>(open);
  ArchiveWalker walker(std::move(*bytes));
  while (walker.next()) {
    const std::size_t index = walker.count() - 1;
    members.push_back({walker.name(), walker.modified(), looks_like_text(walker.sample()),
                       walker.position(), opener_of(shared, index, walker.name())});
  }
  problems = walker.problems();
  return members;
}

}  // namespace ktrace::input
