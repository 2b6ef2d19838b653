// A sequence that grows in chunks.

#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace ktrace::trace::index {

/// Unlike a vector it moves nothing when it grows, so that its peak is its size; unlike a deque its
/// chunks are large, so that the table of them stays in the nearest cache.
template <typename T>
class Chunks {
 public:
  void push_back(const T& value) { emplace_back() = value; }

  /// Gives the new last one, which is still to be written.
  T& emplace_back() {
    if (size_ % kChunk == 0) chunks_.push_back(std::make_unique_for_overwrite<T[]>(kChunk));
    return (*this)[size_++];
  }

  T& operator[](std::size_t i) { return chunks_[i / kChunk][i % kChunk]; }
  const T& operator[](std::size_t i) const { return chunks_[i / kChunk][i % kChunk]; }
  T& back() { return (*this)[size_ - 1]; }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kChunk = 4096;

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace ktrace::trace::index
