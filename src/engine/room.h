// Memory for many plain values.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <type_traits>
#include <vector>

namespace ktrace::engine {

/// Unlike a vector's, its memory is first touched by the threads that write the values: the system
/// takes as long to hand it out as they need to fill it.
template <typename T>
class Room {
 public:
  /// All bytes are 0 if `zero`; otherwise a value is to be set before it is read.
  explicit Room(std::size_t size = 0, bool zero = false)
      : memory_(allocate(size, zero)), size_(size) {}

  T& operator[](std::size_t i) { return memory_.get()[i]; }
  const T& operator[](std::size_t i) const { return memory_.get()[i]; }
  T* begin() { return memory_.get(); }
  T* end() { return begin() + size_; }
  const T* begin() const { return memory_.get(); }
  const T* end() const { return begin() + size_; }
  std::size_t size() const { return size_; }

  /// Forgets the values from `size` on.
  void cut(std::size_t size) { size_ = std::min(size_, size); }

 private:
  static_assert(std::is_trivially_copyable_v<T>);

  static T* allocate(std::size_t size, bool zero) {
    const std::size_t count = std::max<std::size_t>(size, 1);
    void* const memory = zero                              ? std::calloc(count, sizeof(T))
                         : count * sizeof(T) >= kLargePage ? large(count * sizeof(T))
                                                           : std::malloc(count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }

  // In large pages, if the system has them, of which fewer are to be fetched.
  static void* large(std::size_t size) {
    const std::size_t whole = (size + kLargePage - 1) / kLargePage * kLargePage;
    void* const memory = std::aligned_alloc(kLargePage, whole);
#ifdef MADV_HUGEPAGE
    if (memory != nullptr) (void)madvise(memory, whole, MADV_HUGEPAGE);
#endif
    return memory;
  }

  static constexpr std::size_t kLargePage = 2 << 20;

  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };

  std::unique_ptr<T[], Free> memory_;
  std::size_t size_;
};

/// Leaves `values` empty and without memory, which they would keep if {} were assigned to them.
template <typename T>
void give_back(std::vector<T>& values) {
  std::vector<T>().swap(values);
}

}  // namespace ktrace::engine
