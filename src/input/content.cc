// Archives have a magic (zip) or a header with a checksum of its own (tar: POSIX pax, "ustar
// Interchange Format"; it also holds for the older forms, which have no magic).
//
// Text is told by what it has not: the bytes that no logger prints. A log may hold a few of them
// all the same (a hole where a rotation cut, a component that printed what it was sent), so their
// share decides. Whether text is a log is not asked: every line is somebody's.

#include "content.h"

#include <algorithm>

namespace ktrace::input {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kTarHeader = 512;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumSize = 8;

// One byte in so many may be a control character.
constexpr std::size_t kControlShare = 16;

// So many bytes are counted in a byte.
constexpr std::size_t kCounted = 128;

bool is_zip(std::string_view head) {
  return head.starts_with("PK\x03\x04"sv) || head.starts_with("PK\x05\x06"sv);
}

// The header's bytes summed up, the checksum's own counted as spaces.
bool is_tar(std::string_view head) {
  if (head.size() < kTarHeader || head.front() == '\0') return false;
  std::uint64_t told = 0;
  for (const char digit : head.substr(kChecksumAt, kChecksumSize)) {
    if (digit >= '0' && digit <= '7') told = told * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  std::uint64_t sum = kChecksumSize * ' ';
  for (std::size_t i = 0; i < kTarHeader; ++i) {
    if (i < kChecksumAt || i >= kChecksumAt + kChecksumSize) {
      sum += static_cast<unsigned char>(head[i]);
    }
  }
  return sum == told;
}

// Whether more bytes would not change what `head` is taken for. A tar header has no line end among
// its names and numbers, a log has one soon.
bool decided(std::string_view head) {
  if (head.size() >= kSignature || is_zip(head) || find_encoding(head) != nullptr) return true;
  return !may_become_encoded(head) && !"PK\x03\x04"sv.starts_with(head) &&
         head.find('\n') != head.npos;
}

// Of what stands from \b to \r all but \v is printed. Without branches.
bool is_control(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  const bool printed = (value >= '\b') & (value <= '\r') & (value != '\v');
  return ((value < ' ') & !printed & (value != '\x1b')) | (value == 0x7f);
}

// Of so few bytes that a byte can count them: then many are compared at once.
std::size_t count_controls(std::string_view bytes) {
  std::uint8_t count = 0;
  for (const char byte : bytes) count = static_cast<std::uint8_t>(count + is_control(byte));
  return count;
}

}  // namespace

bool is_archive(std::string_view head) { return is_zip(head) || is_tar(head); }

std::string read_signature(Stream& stream) {
  std::string head(kSignature, '\0');
  std::size_t filled = 0;
  while (!decided(std::string_view(head).substr(0, filled))) {
    const auto count = stream.read(head.data() + filled, head.size() - filled);
    if (!count || *count == 0) break;
    filled += *count;
  }
  head.resize(filled);
  return head;
}

bool looks_like_text(std::string_view sample) {
  // Too few control characters among them: formats that begin with a line of text.
  for (const std::string_view magic :
       {"%PDF-"sv, "\x89PNG"sv, "\xff\xd8\xff"sv, "GIF8"sv, "LPKSHHRH"sv, "SQLite format 3\0"sv,
        "\x7f"
        "ELF"sv}) {
    if (sample.starts_with(magic)) return false;
  }
  std::size_t controls = 0;
  for (std::size_t at = 0; at < sample.size(); at += kCounted) {
    controls += count_controls(sample.substr(at, kCounted));
  }
  return controls * kControlShare <= sample.size();
}

}  // namespace ktrace::input
