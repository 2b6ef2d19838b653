// How operations report failure, and how anything is reported to the user.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace ktrace {

/// The outcome of an operation that can fail: success, or words for the user.
class [[nodiscard]] Status {
 public:
  Status() = default;  ///< success

  static Status error(std::string message) {
    Status status;
    status.message_ = std::move(message);
    return status;
  }

  bool ok() const { return !message_; }
  explicit operator bool() const { return ok(); }

  /// What went wrong, without the program's or the file's name. Only when !ok().
  const std::string& message() const { return *message_; }

 private:
  std::optional<std::string> message_;
};

/// A value, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  const Status& status() const { return status_; }
  const std::string& message() const { return status_.message(); }

 private:
  std::optional<T> value_;
  Status status_;
};

/// One thing that the user is told beside the results.
struct Diagnostic {
  enum class Level : std::uint8_t {
    note,     ///< worth knowing; the results are whole
    warning,  ///< something in the input was odd; the results are whole
    error,    ///< something could not be read or written: exit status 2
  };

  Level level = Level::error;
  std::string path;        ///< empty when it is about no file
  std::uint64_t line = 0;  ///< 0 when it is about no line
  std::string message;
};

}  // namespace ktrace
