// What a path is, is told by its first bytes: text, compressed text, an archive, a compressed
// archive. A file that was named is read whatever it is; one that was met in a directory or in an
// archive is left out when it looks like no text, and counted.
//
// A pipe cannot be looked at twice. What was read to look at it is put back in front of it; when it
// turns out to be an archive it is spooled, because members must be known before they are read.

#include "finder.h"

#include <algorithm>
#include <cerrno>
#include <sys/resource.h>

#include <fmt/format.h>

#include "content.h"
#include "little_endian.h"
#include "members.h"
#include "spool.h"
#include "tree.h"

namespace ktrace::input {
namespace {

// Passes bytes on and remembers them.
class Recorder : public Stream {
 public:
  explicit Recorder(StreamPtr stream) : stream_(std::move(stream)) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    auto count = stream_->read(into, size);
    if (count && recording_) bytes_.append(into, *count);
    return count;
  }

  void forget() {
    recording_ = false;
    bytes_ = std::string();
  }

  bool await(Duration patience) override { return stream_->await(patience); }

  // The whole stream once more. This one is not read any more.
  StreamPtr rewind() { return put_back(std::move(bytes_), std::move(stream_)); }

 private:
  StreamPtr stream_;
  std::string bytes_;
  bool recording_ = true;
};

// RFC 1952, 2.3.1: seconds, least significant byte first; 0 is none.
std::optional<Time> gzip_time(std::string_view head) {
  if (head.size() < 8 || !head.starts_with("\x1f\x8b")) return std::nullopt;
  head.remove_prefix(4);
  std::uint32_t seconds = 0;
  if (!take_number(head, seconds) || seconds == 0) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

StreamPtr decoded(StreamPtr stream, const Encoding* encoding) {
  return encoding == nullptr ? std::move(stream) : encoding->decode(std::move(stream));
}

Opener decoding(Opener open, const Encoding* encoding) {
  return [open = std::move(open), encoding]() -> Result<StreamPtr> {
    auto stream = open();
    if (!stream) return stream;
    return decoded(std::move(*stream), encoding);
  };
}

// A stream that exists already, and only once.
Opener once(StreamPtr stream) {
  return [shared = std::make_shared<StreamPtr>(std::move(stream))]() -> Result<StreamPtr> {
    if (*shared == nullptr) return Status::error("can be read only once");
    return std::move(*shared);
  };
}

}  // namespace

struct Finder::File {
  std::string path;
  bool named;  // by the user; otherwise it was met in a tree
  Descriptor descriptor;
  Facts facts;
};

void Finder::add(const std::string& path) {
  const auto facts = path == "-" ? Result<Facts>(Facts{}) : facts_of(path);
  if (!facts) {
    error(path, facts.message());
  } else if (facts->directory()) {
    add_tree(path);
  } else {
    add_file(path, true);
  }
}

void Finder::add_tree(const std::string& root) {
  const Tree tree = walk_tree(root);
  diagnostics.insert(diagnostics.end(), tree.diagnostics.begin(), tree.diagnostics.end());
  skipped_ = tree.others;
  for (const std::string& path : tree.files) add_file(path, false);
  note_skipped(root, skipped_);
}

void Finder::add_file(const std::string& path, bool named) {
  names.push_back(path);
  auto descriptor = open_path(path);
  if (!descriptor) return error(path, descriptor.message());
  const auto facts = facts_of(*descriptor);
  if (!facts) return error(path, facts.message());
  if (facts->directory()) return error(path, system_error(EISDIR).message());
  File file{path, named, std::move(*descriptor), *facts};
  if (!facts->regular()) return add_pipe(std::move(file));
  const auto [known, added] = met_.try_emplace(facts->identity, path);
  if (added) return add_regular(std::move(file));
  if (!named) return;
  diagnostics.push_back({Diagnostic::Level::note, path, 0,
                         known->second == path ? "is named twice and read once"
                                               : "is " + known->second + ", and read there"});
}

void Finder::add_regular(File file) {
  const Opener open = [path = file.path, facts = file.facts]() -> Result<StreamPtr> {
    auto again = open_path(path);
    if (!again) return again.status();
    return stream_of(std::move(*again), facts);
  };
  Piece piece;
  piece.name = file.path;
  piece.modified = file.facts.modified;
  piece.open = open;
  // Empty, or a file of /proc, which is never packed and may change while it is looked at.
  if (!file.facts.seekable() && !follow_) return pieces.push_back(std::move(piece));
  std::string sample(file.named ? kSignature : kSample, '\0');
  const auto count = file.descriptor.read_at(0, sample.data(), sample.size());
  if (!count) return error(file.path, count.message());
  sample.resize(*count);
  const Encoding* encoding = find_encoding(sample);
  if (encoding != nullptr) {
    const auto stream = decoding(open, encoding)();
    if (!stream) return error(file.path, stream.message());
    sample = read_head(**stream, file.named ? kSignature : kSample);
  }
  if (is_archive(sample)) return add_archive(file.path, decoding(open, encoding));
  if (!file.named && !looks_like_text(sample)) {
    ++skipped_;
    return;
  }
  PlainFile stored{file.path, file.facts.identity, file.facts.size, {}};
  if (encoding != nullptr) {
    piece.open = decoding(open, encoding);
    piece.packed = std::move(stored);
    piece.encoding = encoding;
  } else {
    piece.plain = std::move(stored);
    if (may_hold()) piece.plain->held = std::move(file.descriptor);
  }
  pieces.push_back(std::move(piece));
}

void Finder::add_pipe(File file) {
  auto recorder = std::make_unique<Recorder>(stream_of(std::move(file.descriptor), file.facts));
  Recorder& recorded = *recorder;
  const std::string head = read_signature(*recorder);
  const Encoding* encoding = find_encoding(head);
  StreamPtr stream = decoded(put_back(head, std::move(recorder)), encoding);
  std::string inner = encoding == nullptr ? head : read_signature(*stream);
  if (is_archive(inner)) {
    auto open = spool(recorded.rewind());
    if (!open) return error(file.path, open.message());
    return add_archive(file.path, decoding(std::move(*open), encoding));
  }
  recorded.forget();
  Piece piece;
  piece.name = file.path;
  piece.modified = gzip_time(head);
  // What a decoder holds back cannot be waited for.
  piece.live = encoding == nullptr;
  if (encoding != nullptr) stream = put_back(std::move(inner), std::move(stream));
  piece.open = once(std::move(stream));
  pieces.push_back(std::move(piece));
}

void Finder::add_archive(const std::string& path, const Opener& open) {
  std::vector<ArchiveWalker::Problem> problems;
  const std::vector<Member> members = list_members(open, problems);
  const std::uint32_t group = ++groups_;
  std::size_t others = 0;
  for (const Member& member : members) {
    const std::string name = path + "!" + member.name;
    names.push_back(name);
    if (member.text) {
      Piece piece;
      piece.name = name;
      piece.modified = member.modified;
      piece.group = group;
      piece.position = member.position;
      piece.open = member.open;
      pieces.push_back(std::move(piece));
    } else {
      ++others;
    }
  }
  for (const auto& problem : problems) {
    error(problem.name.empty() ? path : path + "!" + problem.name, problem.message);
  }
  note_skipped(path, others);
}

void Finder::error(const std::string& path, const std::string& words) {
  diagnostics.push_back({Diagnostic::Level::error, path, 0, words});
}

void Finder::note_skipped(const std::string& path, std::size_t count) {
  if (count == 0) return;
  diagnostics.push_back({Diagnostic::Level::note, path, 0,
                         count == 1
                             ? std::string("one file in it is no log and was skipped")
                             : fmt::format("{} files in it are no logs and were skipped", count)});
}

// Half of all descriptors may be kept; the other half is for streams and for everything else.
bool Finder::may_hold() {
  rlimit limit{};
  const rlim_t most = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / 2 : 0;
  return held_ < most && ++held_ > 0;
}

}  // namespace ktrace::input
