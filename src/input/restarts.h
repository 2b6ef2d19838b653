// Logs with compressed pieces, read at any offset.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "encoding.h"
#include "ktrace/input.h"
#include "sources.h"

namespace ktrace::input {

/// Reads pieces as one, each of which stands in a file. `pieces` must outlive it.
class Unpacker {
 public:
  /// Looks where unpacking can begin. Empty when that is in too few places to be of use. `told`
  /// is told of stored bytes as they are read.
  static Result<std::optional<Unpacker>> survey(
      const std::vector<Piece>& pieces, const std::function<void(std::uint64_t bytes)>& told);

  /// From what encode() gave; empty when that is of other pieces or damaged.
  static std::optional<Unpacker> decode(const std::vector<Piece>& pieces, std::string_view table);

  std::string encode() const;

  std::uint64_t size() const { return size_; }

  /// As Source::division() and Source::read_on(). Thread-safe.
  std::uint64_t division(std::uint64_t offset) const;
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size, Place& place) const;

 private:
  friend class Cursor;

  struct Part {
    const Piece* piece = nullptr;
    std::uint64_t begin = 0;  // in the whole
    Restarts restarts;        // none of a piece that is not compressed

    std::uint64_t end() const { return begin + restarts.size; }
  };

  explicit Unpacker(const std::vector<Piece>& pieces);
  void place_parts();
  bool of_use() const;
  const Part& part_at(std::uint64_t offset) const;

  std::vector<Part> parts_;
  std::uint64_t size_ = 0;
};

}  // namespace ktrace::input
