// A source whose bytes stand in memory, for tests.

#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "ktrace/input.h"

namespace ktrace {

class MemorySource : public input::Source {
 public:
  explicit MemorySource(std::string bytes, bool seekable = true, std::size_t most_per_read = ~0u)
      : Source({"memory", "", ""}),
        bytes_(std::move(bytes)),
        seekable_(seekable),
        most_per_read_(most_per_read) {}

  bool seekable() const override { return seekable_; }
  std::uint64_t size() const override { return bytes_.size(); }
  std::optional<Time> modified() const override { return std::nullopt; }

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    if (!seekable_) offset = position_;
    if (offset >= bytes_.size()) return std::size_t{0};
    size = std::min({size, most_per_read_, bytes_.size() - static_cast<std::size_t>(offset)});
    std::memcpy(into, bytes_.data() + offset, size);
    position_ = offset + size;
    return size;
  }

 private:
  std::string bytes_;
  bool seekable_;
  std::size_t most_per_read_;
  std::uint64_t position_ = 0;
};

}  // namespace ktrace
