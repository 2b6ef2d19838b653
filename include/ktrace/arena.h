// A bump allocator for the decoded strings of a record.
//
// Most values of a record are views of its original bytes. Those that had to be decoded (escapes,
// joined lines) live here, at addresses that stay valid until clear(). One arena is reused for many
// records, so that parsing allocates nothing once it is warm.

#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace ktrace {

/// Not thread-safe. Views into it die with clear() or with the arena.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  /// Room for `size` bytes, not aligned.
  char* allocate(std::size_t size) {
    if (size > left_) grow(size);
    char* place = next_;
    next_ += size;
    left_ -= size;
    return place;
  }

  /// Gives back the last `unused` bytes of the newest allocation.
  void shrink(std::size_t unused) {
    next_ -= unused;
    left_ += unused;
  }

  /// A copy of `text` that lives as long as the arena's contents.
  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    char* place = allocate(text.size());
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }

  /// Forgets all contents; one chunk of usual size is kept for reuse.
  void clear() {
    if (chunks_.empty()) return;
    chunks_.resize(1);
    next_ = chunks_.front().get();
    left_ = first_size_;
  }

 private:
  static constexpr std::size_t kChunk = 16 * 1024;

  void grow(std::size_t size) {
    const std::size_t capacity = size > kChunk ? size : kChunk;
    // An outsized first chunk would be held for ever: start with one of the usual size.
    if (chunks_.empty() && capacity > kChunk) add_chunk(kChunk);
    add_chunk(capacity);
  }

  void add_chunk(std::size_t capacity) {
    chunks_.push_back(std::unique_ptr<char[]>(new char[capacity]));
    if (chunks_.size() == 1) first_size_ = capacity;
    next_ = chunks_.back().get();
    left_ = capacity;
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t first_size_ = 0;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace ktrace
