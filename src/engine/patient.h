// Pipes that may be live: read like a file to their end, or until it shows that they do not end.

#pragma once

#include <chrono>
#include <string>

#include "dating.h"
#include "ktrace/input.h"
#include "ktrace/query.h"

namespace ktrace::engine {

/// Where the reading of a source as a live one begins.
struct LiveStart {
  std::uint64_t offset = 0;
  std::uint64_t lines = 0;  ///< newlines before it
  Stamp stamp;              ///< of the last record before it that has one
  Evidence evidence;        ///< of what stands before it
};

/// Passes on the bytes of a pipe up to its end. It seems to end, too, at a line's end, when the
/// pipe is live: has been silent for half a second, or is empty and its last record is of just now.
/// So a pipe that gives a finished log is read whole, as a file is. For one thread.
class Patient : public input::Source {
 public:
  /// Both outlive this. `now`: when the program began.
  Patient(input::Source& pipe, const Query& query, Time now);

  bool seekable() const override { return false; }
  std::uint64_t size() const override { return 0; }
  std::optional<Time> modified() const override { return pipe_.modified(); }
  bool live() const override { return true; }
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override;
  bool await(Duration patience) override;

  /// Whether the end that was given is none.
  bool paused() const { return paused_; }

  /// Goes on after that end; from now on only the pipe's own end is one.
  LiveStart go_on();

 private:
  using Clock = std::chrono::steady_clock;

  void receive();
  bool wait();
  bool is_present();
  std::size_t give(char* into, std::size_t size);

  input::Source& pipe_;
  const Query& query_;
  Time began_;
  Clock::time_point began_clock_ = Clock::now();
  Clock::time_point checked_ = began_clock_;  // for is_present()
  std::string held_;                          // read, and from given_from_ on not given yet
  std::size_t given_from_ = 0;
  std::size_t whole_ = 0;  // of held_: whole lines
  std::uint64_t received_ = 0;
  LiveStart start_;     // offset and lines: of what was given
  std::string recent_;  // the end of what was received, and padding
  StreamWitness witness_;
  bool paused_ = false;
  bool going_on_ = false;
  bool ended_ = false;
  Status failure_;
};

}  // namespace ktrace::engine
