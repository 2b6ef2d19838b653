// Follows a log by looking at it again and again: sizes, identities, and the names in its folder.
// Any file system can do that, and it costs two system calls a look. How logs are rotated:
//
//   renamed    LOG becomes LOG.1 (or gets a date), a new LOG is made. The writer may go on in the
//   old
//              file until it is told, so the new one is turned to when there is something in it,
//              and when after that the old one has nothing more. Looks may come late: the files
//              that came and went as LOG between two of them are found by their names, and read in
//              their order.
//   truncated  LOG is copied to LOG.1, then emptied (logrotate's copytruncate). What was written
//              between the last look and the copy is read from the copy. The copy is known by what
//              stands in it where reading had come to; so is a LOG that was emptied and has grown
//              beyond that place again.
//   begun anew klog with --log_dir makes a file with a new date, the kubelet one with the number of
//   the
//              container's restart; the old one stays as it is.
//
// Files of a log are ordered by when they were last written to: a piece is finished before the next
// is begun. A piece that was compressed before it could be read is not found.

#include "follow.h"

#include <algorithm>
#include <filesystem>
#include <poll.h>
#include <system_error>

#include "encoding.h"
#include "names.h"
#include "rotation.h"

namespace ktrace::input {
namespace {

namespace fs = std::filesystem;

// How often a file is looked at.
constexpr auto kStep = std::chrono::milliseconds(10);

// How many bytes are kept to know a file again.
constexpr std::size_t kMark = 256;

// A file of the log, as it is called now.
struct Sibling {
  std::string path;
  Facts facts;
  RotatedName rotated;

  auto place() const { return std::tuple(facts.modified, rotated.place()); }
  friend bool operator==(const Sibling& a, const Sibling& b) {
    return a.path == b.path && a.facts.identity == b.facts.identity;
  }
};

// The files in the folder of `path` that are pieces of its log, oldest first.
std::vector<Sibling> siblings_of(const std::string& path) {
  const std::string log = rotated_name(path).log;
  const fs::path folder = fs::path(path).parent_path();
  std::vector<Sibling> siblings;
  std::error_code error;
  for (fs::directory_iterator entry(folder.empty() ? "." : folder, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = (folder / entry->path().filename()).string();
    Sibling sibling{name, {}, rotated_name(name)};
    if (sibling.rotated.log != log) continue;
    const auto facts = facts_of(name);
    if (!facts || !facts->seekable()) continue;
    sibling.facts = *facts;
    siblings.push_back(std::move(sibling));
  }
  std::sort(siblings.begin(), siblings.end(),
            [](const Sibling& a, const Sibling& b) { return a.place() < b.place(); });
  return siblings;
}

bool holds_at(const Descriptor& file, std::uint64_t offset, const std::string& bytes) {
  std::string found(bytes.size(), '\0');
  const auto count = file.read_at(offset, found.data(), found.size());
  return count && *count == found.size() && found == bytes;
}

std::string head_of(const Descriptor& file) {
  std::string head(kMark, '\0');
  const auto count = file.read_at(0, head.data(), head.size());
  head.resize(count ? *count : 0);
  return head;
}

// The file that a log is written to, and those that follow it.
class LiveFile {
 public:
  explicit LiveFile(const PlainFile& file)
      : path_(file.path),
        names_change_(rotated_name(file.path).log != file.path),
        identity_(file.identity) {}

  // Whether read() would give bytes, of this file or of one that came after it.
  bool has_more() {
    if (grew()) return true;
    const auto facts = facts_of(file_);
    if (facts && facts->size < offset_) return go_on_in_copy();
    // A file that came later is there before this one is looked at for the last time.
    return may_be_succeeded() && find_successor() && (grew() || enter_successor());
  }

  Result<std::size_t> read(char* into, std::size_t size) {
    auto count = file_.read_at(offset_, into, size);
    if (!count) return count;
    const std::size_t kept = std::min(*count, kMark);
    if (kept == 0) return count;
    offset_ += *count;
    mark_.assign(into + *count - kept, kept);
    mark_at_ = offset_ - kept;
    return count;
  }

  void open(Descriptor file) { file_ = std::move(file); }

  /// How it was cut, in words; empty when it was not.
  std::string take_news() { return std::exchange(news_, {}); }

 private:
  struct Successor {
    Descriptor file;
    Identity identity;
    std::string head;
  };

  // False, too, when the bytes before are not the ones that were read.
  bool grew() {
    const auto facts = facts_of(file_);
    if (!facts || facts->size <= offset_) return false;
    if (!holds_at(file_, mark_at_, mark_)) return go_on_in_copy();
    // It may be emptied and written to again before its first bytes are read.
    if (mark_.empty()) mark_ = head_of(file_);
    return true;
  }

  // The file was emptied. Its copy, if there is one, has what was not read yet.
  bool go_on_in_copy() {
    for (Sibling& sibling : siblings_of(path_)) {
      if (sibling.facts.identity == identity_ || sibling.facts.size < offset_) continue;
      auto copy = open_path(sibling.path);
      if (!copy || !holds_at(*copy, mark_at_, mark_)) continue;
      turn_to(std::move(*copy), sibling.facts.identity);
      return sibling.facts.size > offset_;
    }
    news_ = "was cut short, and is read from its beginning";
    begin_at_head();
    return false;
  }

  // Whether the log's name leads to another file with something in it; or its folder has changed,
  // if it is a log whose newest file has a name of its own.
  bool may_be_succeeded() {
    const auto facts = facts_of(path_);
    if (facts && facts->identity != identity_ && facts->size > 0) return true;
    if (!names_change_) return false;
    const fs::path parent = fs::path(path_).parent_path();
    const auto folder = facts_of(parent.empty() ? "." : parent.string());
    if (!folder || folder->modified == folder_modified_) return false;
    folder_modified_ = folder->modified;
    return true;
  }

  // Finds the oldest file that is newer than this one and not empty. Names move while they are
  // listed, and the log may be copied and emptied: what was found is only believed when all names
  // are still the same behind it.
  bool find_successor() {
    const auto facts = facts_of(file_);
    if (!facts) return false;
    const auto siblings = siblings_of(path_);
    const auto self = std::find_if(siblings.begin(), siblings.end(), [&](const Sibling& sibling) {
      return sibling.facts.identity == identity_;
    });
    auto next = siblings.begin();
    if (self != siblings.end()) {
      next = self + 1;
    } else {
      // It was removed.
      next = std::find_if(siblings.begin(), siblings.end(), [&](const Sibling& sibling) {
        return sibling.path == path_ || sibling.facts.modified > facts->modified;
      });
    }
    for (; next != siblings.end(); ++next) {
      auto opened = open_path(next->path);
      if (!opened) return look_again();
      const auto found = facts_of(*opened);
      if (!found || found->identity != next->facts.identity) return look_again();
      std::string head = head_of(*opened);
      if (head.empty()) return look_again();  // it was emptied since it was listed
      if (find_encoding(head) != nullptr) continue;
      successor_ = {std::move(*opened), found->identity, std::move(head)};
      return siblings == siblings_of(path_) || look_again();
    }
    return false;
  }

  // Also when the folder does not change. False.
  bool look_again() {
    folder_modified_ = {};
    return false;
  }

  // It is known by its head from now on: it may be emptied before it is read.
  bool enter_successor() {
    turn_to(std::move(successor_.file), successor_.identity);
    begin_at_head();
    mark_ = std::move(successor_.head);
    return grew();
  }

  void begin_at_head() {
    offset_ = mark_at_ = 0;
    mark_.clear();
  }

  void turn_to(Descriptor file, Identity identity) {
    file_ = std::move(file);
    identity_ = identity;
    folder_modified_ = {};
  }

  std::string path_;
  bool names_change_;  // as with klog's --log_dir and the kubelet's N.log
  Descriptor file_;
  Identity identity_;
  std::uint64_t offset_ = 0;
  std::string mark_;  // bytes that stand before offset_, or at the head when nothing was read yet
  std::uint64_t mark_at_ = 0;
  Successor successor_;
  Time folder_modified_{};
  std::string news_;
};

class Followed : public Source {
 public:
  Followed(Origin origin, std::vector<Piece> pieces)
      : Source(std::move(origin)),
        modified_(pieces.back().modified),
        newest_(std::move(*pieces.back().plain)),
        log_(newest_) {
    pieces.pop_back();
    if (!pieces.empty()) older_ = make_source(this->origin(), std::move(pieces));
  }

  bool seekable() const override { return false; }
  std::uint64_t size() const override { return 0; }
  std::optional<Time> modified() const override { return modified_; }
  bool live() const override { return true; }

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    if (older_ != nullptr) {
      auto count = older_->read(offset, into, size);
      if (count && *count > 0) return count;
      if (!count) news_.push_back({Diagnostic::Level::error, origin().name, 0, count.message()});
      older_.reset();
    }
    if (Status status = begin(); !status.ok()) return status;
    while (true) {
      // It may be cut between the look and the reading.
      auto count = await(kStep) ? log_.read(into, size) : std::size_t{0};
      if (!count || *count > 0) return count;
    }
  }

  bool await(Duration patience) override {
    // What cannot be opened is told by read().
    if (older_ != nullptr || !begin().ok()) return true;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!log_.has_more()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      ::poll(nullptr, 0, static_cast<int>(kStep.count()));
    }
    return true;
  }

  std::vector<Diagnostic> news() override {
    auto news = std::exchange(news_, {});
    const std::string cut = log_.take_news();
    if (!cut.empty()) news.push_back({Diagnostic::Level::warning, origin().name, 0, cut});
    return news;
  }

 private:
  Status begin() {
    if (begun_) return {};
    auto opened =
        newest_.held.open() ? Result<Descriptor>(std::move(newest_.held)) : reopen(newest_);
    if (!opened) return opened.status();
    log_.open(std::move(*opened));
    begun_ = true;
    return {};
  }

  std::optional<Time> modified_;
  std::unique_ptr<Source> older_;  // pieces, until they are read
  PlainFile newest_;
  LiveFile log_;
  bool begun_ = false;
  std::vector<Diagnostic> news_;
};

}  // namespace

std::unique_ptr<Source> make_followed(Origin origin, std::vector<Piece> pieces) {
  return std::make_unique<Followed>(std::move(origin), std::move(pieces));
}

}  // namespace ktrace::input
