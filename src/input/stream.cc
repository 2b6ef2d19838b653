// Looking at the beginning of a stream without losing it. A failure during the look is kept: the
// stream tells it when it is read up to that place.

#include "stream.h"

#include <algorithm>
#include <cstring>

namespace ktrace::input {
namespace {

class Rejoined : public Stream {
 public:
  Rejoined(std::string head, StreamPtr rest)
      : head_(std::move(head)), left_(head_), rest_(std::move(rest)) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    return left_.empty() ? rest_->read(into, size) : take(left_, into, size);
  }

  std::uint64_t skip(std::uint64_t count) override {
    return left_.empty() ? rest_->skip(count) : 0;
  }

  bool await(Duration patience) override { return !left_.empty() || rest_->await(patience); }

 private:
  std::string head_;
  std::string_view left_;  // of head_
  StreamPtr rest_;
};

}  // namespace

std::size_t take(std::string_view& from, char* into, std::size_t size) {
  const std::size_t count = std::min(size, from.size());
  if (count > 0) std::memcpy(into, from.data(), count);
  from.remove_prefix(count);
  return count;
}

Result<std::size_t> read_all(Stream& stream, char* into, std::size_t size) {
  std::size_t filled = 0;
  while (filled < size) {
    auto count = stream.read(into + filled, size - filled);
    if (!count && filled == 0) return count;
    if (!count || *count == 0) break;
    filled += *count;
  }
  return filled;
}

std::string read_head(Stream& stream, std::size_t size) {
  std::string head(size, '\0');
  const auto count = read_all(stream, head.data(), size);
  head.resize(count ? *count : 0);
  return head;
}

StreamPtr put_back(std::string head, StreamPtr rest) {
  return std::make_unique<Rejoined>(std::move(head), std::move(rest));
}

}  // namespace ktrace::input
