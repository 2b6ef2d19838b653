// The members of a tar or zip archive, one after the other.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ktrace/status.h"
#include "ktrace/time.h"
#include "stream.h"

struct archive_entry;  // libarchive's

namespace ktrace::input {

/// Walks through the files in an archive, and through those in archives that are its members.
/// What is compressed, the archive or its members, is unpacked while it is read. Not thread-safe.
class ArchiveWalker {
 public:
  explicit ArchiveWalker(StreamPtr bytes);
  ~ArchiveWalker();
  ArchiveWalker(const ArchiveWalker&) = delete;
  ArchiveWalker& operator=(const ArchiveWalker&) = delete;

  /// Moves to the next member that is a file. False at the end, and when nothing more could be
  /// read: then problems() ends with the reason.
  bool next();

  /// How often next() has found a member.
  std::size_t count() const { return count_; }

  /// Of the member: "path/in/archive", or "inner.tar!path/in/it". Only a name, whatever it says.
  const std::string& name() const { return name_; }
  std::optional<Time> modified() const { return modified_; }

  /// How many bytes of the archive, unpacked, stand before it.
  std::uint64_t position() const;

  /// The member's beginning, up to kSample bytes.
  const std::string& sample() const { return sample_; }

  /// Reads on in the member; the sample is part of it.
  Result<std::size_t> read(char* into, std::size_t size);

  /// What could not be read so far: the member's name (empty: the archive itself) and why.
  struct Problem {
    std::string name;
    std::string message;
  };
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  struct Level;

  bool enter(struct archive_entry* entry);
  void leave_failed();
  void problem(std::string name, std::string message);

  std::unique_ptr<Level> top_;  // the innermost archive
  std::size_t count_ = 0;
  std::string name_;
  std::optional<Time> modified_;
  std::string sample_;
  std::string_view sample_left_;
  StreamPtr member_;  // behind the sample
  std::vector<Problem> problems_;
};

/// What is known of a member before it is read.
struct Member {
  std::string name;
  std::optional<Time> modified;
  bool text = false;
  std::uint64_t position = 0;  ///< how many bytes of the archive must be unpacked to get to it
  Opener open;                 ///< its bytes, unpacked
};

/// The members of the archive that `open` gives the bytes of, in their order, from one pass over
/// it. All streams that the members' openers make share one walker: they are for one thread, and
/// cheap when they are read to the end one after the other in the order of the members. In any
/// other order they give the same bytes, after walking through the archive again.
std::vector<Member> list_members(const Opener& open, std::vector<ArchiveWalker::Problem>& problems);

}  // namespace ktrace::input
