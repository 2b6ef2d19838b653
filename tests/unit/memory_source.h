// Sources whose bytes stand in memory, for tests.

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

  /// A read that would reach `offset` ends there, and the next one fails.
  void fail_at(std::uint64_t offset) { fails_at_ = offset; }

  /// More bytes.
  void append(const std::string& bytes) { bytes_ += bytes; }

  /// Its bytes may be looked at where they are.
  void show() { shows_ = true; }

  bool look(std::uint64_t offset, std::size_t size, const input::Viewer& see) override {
    if (!shows_ || offset + size > bytes_.size()) return false;
    see(std::string_view(bytes_).substr(offset, size));
    return true;
  }

  bool await(Duration patience) override {
    (void)patience;
    return seekable_ || position_ < bytes_.size();
  }

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    if (!seekable_) offset = position_;
    if (offset >= fails_at_) return Status::error("Input/output error");
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::uint64_t end = std::min<std::uint64_t>(bytes_.size(), fails_at_);
    size = std::min({size, most_per_read_, static_cast<std::size_t>(end - offset)});
    std::memcpy(into, bytes_.data() + offset, size);
    position_ = offset + size;
    return size;
  }

 private:
  std::string bytes_;
  bool seekable_;
  bool shows_ = false;
  std::size_t most_per_read_;
  std::uint64_t position_ = 0;
  std::uint64_t fails_at_ = ~std::uint64_t{0};
};

/// Loses what it shows, all `every`-th times; what is shown then becomes nonsense, or zeros.
class LosingSource : public MemorySource {
 public:
  LosingSource(const std::string& text, unsigned every) : MemorySource(text), every_(every) {}

  unsigned shown() const { return shown_; }

  bool look(std::uint64_t offset, std::size_t size, const input::Viewer& see) override {
    const bool lost = ++shown_ % every_ == 0;
    return MemorySource::look(offset, size,
                              [&](std::string_view bytes) {
                                if (!lost) return see(bytes);
                                std::string other(bytes.substr(bytes.size() / 3));
                                other.insert(0, bytes.substr(0, bytes.size() / 3));
                                if (shown_ % 2 == 0)
                                  other.replace(bytes.size() / 2, size, bytes.size() / 2, '\0');
                                other.resize(bytes.size());
                                see(other);
                              }) &&
           !lost;
  }

 private:
  const unsigned every_;
  unsigned shown_ = 0;
};

}  // namespace ktrace
