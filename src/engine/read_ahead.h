// A source that a thread of its own reads: unpacking goes on while what was unpacked is searched.

#pragma once

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "ktrace/input.h"

namespace ktrace::engine {

/// Gives the bytes of a source that is read once, from its beginning to its end, and is not live.
/// For one thread.
class ReadAhead : public input::Source {
 public:
  /// `source` outlives this, and nobody else reads it meanwhile.
  explicit ReadAhead(input::Source& source);
  ~ReadAhead() override;
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  bool seekable() const override { return false; }
  std::uint64_t size() const override { return 0; }
  std::optional<Time> modified() const override { return source_.modified(); }
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override;

 private:
  // What was read at once, which is not much: it is to be read again from the cache.
  struct Piece {
    std::vector<char> bytes;
    std::size_t size = 0;  // 0: the end, or what `status` says
    Status status;
  };

  void run();

  input::Source& source_;
  std::array<Piece, 4> pieces_;
  std::uint64_t filled_ = 0, emptied_ = 0;  // how many pieces were; both under the mutex
  bool stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t given_ = 0;  // of the piece that is being given
  std::thread thread_;
};

}  // namespace ktrace::engine
