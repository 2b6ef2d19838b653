// Paths to sources: streams of bytes with a name, a component and a node.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/record.h"
#include "ktrace/status.h"

namespace ktrace::input {

/// What tells one state of a file from all others.
struct FileFacts {
  std::string path;  ///< without links, from the root
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  Time modified{};
};

/// Where a reader of one source stands: what it keeps from one read to the next, so that reading on
/// from there, or a little before it, costs little where bytes must be unpacked. For one thread.
struct Place {
  class State {
   public:
    virtual ~State() = default;
  };
  std::unique_ptr<State> state;
};

/// Is shown bytes that may change, or become zeros, while it looks.
using Viewer = std::function<void(std::string_view bytes)>;

/// One stream of bytes. read() and look() of a seekable source may be called by several threads at
/// once; all else is for one thread. What is known of a source is known once it is opened; its
/// bytes are unpacked, and files are opened, while it is read.
class Source {
 public:
  virtual ~Source() = default;

  const Origin& origin() const { return origin_; }

  /// Whether bytes can be read at any offset. Otherwise read() must be called with the offset at
  /// which the call before it ended.
  virtual bool seekable() const = 0;

  /// The length in bytes when the source was opened; only when seekable.
  virtual std::uint64_t size() const = 0;

  /// Sources of one group, when it is not 0, have something in common (the archive whose members
  /// they are): one thread must read them, and it is fast only when it reads them to their ends one
  /// after the other, in the order in which they were opened. In any other order it is right, too.
  virtual std::uint32_t group() const { return 0; }

  /// When the source was last written to; empty for a pipe that does not tell.
  virtual std::optional<Time> modified() const = 0;

  /// The file whose bytes these are, compressed or not, as it is now, or all files of a rotated log
  /// as one; empty when there is no such file (pipes, members of archives), or it was replaced.
  virtual std::optional<FileFacts> file() const { return std::nullopt; }

  /// Reads up to `size` bytes at `offset` into `into`. Gives the count, 0 only at the end.
  virtual Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) = 0;

  /// The same, for a reader that stands at `place`.
  virtual Result<std::size_t> read_on(std::uint64_t offset, char* into, std::size_t size,
                                      Place& place) {
    (void)place;
    return read(offset, into, size);
  }

  /// Shows `see` the `size` bytes at `offset` where they are, when that costs less than to read
  /// them. As they may change under the look, two looks at one byte can differ: what a parser is to
  /// read is copied first. False when they are not to be had in this way, or not all of them: then
  /// what was seen tells nothing.
  virtual bool look(std::uint64_t offset, std::size_t size, const Viewer& see) {
    (void)offset, (void)size, (void)see;
    return false;
  }

  /// As read(), of the bytes of file() as they are stored.
  virtual Result<std::size_t> read_stored(std::uint64_t offset, char* into, std::size_t size) {
    return read(offset, into, size);
  }

  /// The first offset that is not before `offset` from where on reading begins at little cost.
  virtual std::uint64_t division(std::uint64_t offset) const { return offset; }

  /// Reads all of a source that is not seekable and has a file(), to learn where unpacking can
  /// begin; then it is seekable. False when it can begin in too few places. An error when
  /// something is damaged. `read` is told of bytes as they are read, as they are stored.
  virtual Result<bool> survey(const std::function<void(std::uint64_t bytes)>& read) {
    (void)read;
    return false;
  }

  /// What a survey has found, of a source that is seekable by it; otherwise empty.
  virtual std::string restarts() const { return {}; }

  /// Makes a source seekable by what restarts() gave of the same bytes. False, and nothing is
  /// changed, when it cannot be of these.
  virtual bool use_restarts(std::string_view restarts) {
    (void)restarts;
    return false;
  }

  /// Whether its next bytes may come long after the ones before: a pipe, or a file that is
  /// followed.
  virtual bool live() const { return false; }

  /// Waits until read() has something to give at once: bytes, the end, or an error. False when
  /// `patience` is over before.
  virtual bool await(Duration patience) {
    (void)patience;
    return true;
  }

  /// What the user should know of what happened to it since the last call.
  virtual std::vector<Diagnostic> news() { return {}; }

 protected:
  explicit Source(Origin origin) : origin_(std::move(origin)) {}

 private:
  Origin origin_;
};

/// Names the component (and node) of the sources whose path matches `pattern`: --as.
struct Naming {
  std::string
      pattern;  ///< a glob, matched against the whole path and against its last part; empty: all
  std::string component;
  std::string node;
};

/// Whether `path`, or its last part, matches the glob `pattern`; an empty pattern matches all.
bool path_matches(const std::string& pattern, const std::string& path);

/// The component and node that a file's name tells: kube-apiserver.log, kubelet-node1.log,
/// kube-apiserver.HOST.USER.log.INFO.20240201-175037.1 (klog --log_dir).
Origin origin_of(const std::string& path);

/// What could be opened, in the order given, and words about the rest.
struct Opened {
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> met;  ///< the names of all files that were met, logs or not
};

/// Opens `paths`; "-" is standard input (descriptor 0). With `follow` a log whose newest piece is
/// an uncompressed file goes on with what will be written to it: its source is a stream without an
/// end, through any number of rotations.
Opened open(const std::vector<std::string>& paths, const std::vector<Naming>& names,
            bool follow = false);

}  // namespace ktrace::input
