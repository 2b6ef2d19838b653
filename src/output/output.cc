// The tables of output formats, and the buffer in front of a file descriptor.
//
// A writer is one file that ends with its factory, and one row here. The sink knows nothing of
// records: it writes bytes out in large pieces, and once that has failed it drops what comes. Who
// owns the sink asks whether the reader has merely gone (closed) or something is wrong (status).
// SIGPIPE is the program's to ignore.

#include "ktrace/output.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <system_error>
#include <unistd.h>

namespace ktrace::output {

// ---- Sink -------------------------------------------------------------------------------------

namespace {

/// Room for what is written at once and the record that fills it up.
constexpr std::size_t kUsualCapacity = 512 * 1024;

/// A buffer that one huge record has blown up is given back.
constexpr std::size_t kKeptCapacity = 4 * 1024 * 1024;

/// Another process may have made a shared terminal or pipe non-blocking: wait as if it had not.
bool wait_writable(int descriptor) {
  pollfd waiting{descriptor, POLLOUT, 0};
  return poll(&waiting, 1, -1) >= 0 || errno == EINTR;
}

bool is_transient(int descriptor) {
  if (errno == EINTR) return true;
  return (errno == EAGAIN || errno == EWOULDBLOCK) && wait_writable(descriptor);
}

/// Returns 0, or the error number.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0) {
      return EIO;  // promised not to happen; an endless loop would be worse
    } else if (!is_transient(descriptor)) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

Sink::Sink(int descriptor) : descriptor_(descriptor) {
  buffer_.reserve(kUsualCapacity);
#ifdef F_SETPIPE_SZ
  // Where that is a pipe, as much as is written at once does not wait for its reader.
  (void)fcntl(descriptor, F_SETPIPE_SZ, static_cast<int>(kUsualCapacity));
#endif
}

bool Sink::flush() {
  if (!failed()) error_ = write_all(descriptor_, buffer_);
  buffer_.clear();
  if (buffer_.capacity() > kKeptCapacity) {
    buffer_.shrink_to_fit();
    buffer_.reserve(kUsualCapacity);
  }
  return !failed();
}

bool Sink::closed() const { return error_ == EPIPE; }

bool Sink::abandoned() const {
  pollfd reader{descriptor_, 0, 0};
  return poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0;
}

Status Sink::status() const {
  return failed() ? Status::error(std::generic_category().message(error_)) : Status();
}

// ---- Formats ----------------------------------------------------------------------------------

std::unique_ptr<Writer> make_text(const Style& style);
std::unique_ptr<Writer> make_json(const Style& style);
std::unique_ptr<Writer> make_chrome(const Style& style);
std::unique_ptr<Writer> make_raw(const Style& style);
std::unique_ptr<ListWriter> make_list_text(const Style& style);
std::unique_ptr<ListWriter> make_list_json(const Style& style);
std::unique_ptr<CheckWriter> make_check_text(const Style& style);
std::unique_ptr<CheckWriter> make_check_json(const Style& style);
void write_diff_text(const StoryDiff& diff, const Style& style, std::string& out);
void write_diff_json(const StoryDiff& diff, const Style& style, std::string& out);

namespace {

constexpr Format kFormats[] = {
    {"text", "a timeline to read, one record after the other", false, false, make_text},
    {"json", "JSON Lines, one object a record", true, false, make_json},
    {"chrome", "a trace for Perfetto and chrome://tracing", true, false, make_chrome},
    {"raw", "the original lines of each record", false, true, make_raw},
};

constexpr ListFormat kListFormats[] = {
    {"text", "a table to read", make_list_text},
    {"json", "JSON Lines, one object a trace", make_list_json},
};

constexpr CheckFormat kCheckFormats[] = {
    {"text", "a report to read", make_check_text},
    {"json", "JSON Lines, one object a source and a last one for all", make_check_json},
};

constexpr DiffFormat kDiffFormats[] = {
    {"text", "a table to read", write_diff_text},
    {"json", "JSON Lines, one object a step and a last one for all", write_diff_json},
};

template <typename Row>
const Row* find_named(std::span<const Row> table, std::string_view name) {
  for (const Row& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

std::span<const Format> formats() { return kFormats; }

const Format* find_format(std::string_view name) { return find_named(formats(), name); }

void TraceRows::survey(const See& see) const {
  TraceRow row;
  for (std::size_t i = 0; i < size(); ++i) {
    make(i, row);
    see(0, row);
  }
}

std::span<const ListFormat> list_formats() { return kListFormats; }

const ListFormat* find_list_format(std::string_view name) {
  return find_named(list_formats(), name);
}

std::span<const CheckFormat> check_formats() { return kCheckFormats; }

const CheckFormat* find_check_format(std::string_view name) {
  return find_named(check_formats(), name);
}

std::span<const DiffFormat> diff_formats() { return kDiffFormats; }

const DiffFormat* find_diff_format(std::string_view name) {
  return find_named(diff_formats(), name);
}

}  // namespace ktrace::output
