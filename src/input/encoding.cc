// The table of encodings, told apart by their first bytes:
//   gzip   RFC 1952, 2.3.1 (method 8, the only one there is)
//   zstd   RFC 8878, 3.1: a frame, or a skippable frame, whose magic has 16 values
//   xz     "The .xz File Format", 2.1.1.1
//   bzip2  "BZh", the block size, then the first block's or an empty stream's magic
//   lz4    "LZ4 Frame Format", and the legacy frames that `lz4 -l` writes
// A name says nothing: a.log may be compressed, and a.log.gz may not be any more.

#include "encoding.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace ktrace::input {
namespace {

using namespace std::string_view_literals;

constexpr std::array kGzip{"\x1f\x8b\x08"sv};
constexpr std::array kZstd{"\x28\xb5\x2f\xfd"sv, "?\x2a\x4d\x18"sv};
constexpr std::array kXz{"\xfd\x37\x7a\x58\x5a\x00"sv};
constexpr std::array kBzip2{"BZh?\x31\x41\x59\x26\x53\x59"sv, "BZh?\x17\x72\x45\x38\x50\x90"sv};
constexpr std::array kLz4{"\x04\x22\x4d\x18"sv, "\x02\x21\x4c\x18"sv};

constexpr std::array<Encoding, 5> kEncodings{
    {{"gzip", kGzip, decode_gzip, survey_gzip, resume_gzip},
     {"zstd", kZstd, decode_zstd, survey_zstd, resume_zstd},
     {"xz", kXz, decode_xz, survey_xz, resume_xz},
     {"bzip2", kBzip2, decode_bzip2},
     {"lz4", kLz4, decode_lz4}}};

// Whether `head` and `magic` agree as far as both go.
bool agree(std::string_view head, std::string_view magic) {
  const std::size_t size = std::min(head.size(), magic.size());
  return std::equal(magic.begin(), magic.begin() + static_cast<std::ptrdiff_t>(size), head.begin(),
                    [](char wanted, char found) { return wanted == '?' || wanted == found; });
}

}  // namespace

std::span<const Encoding> encodings() { return kEncodings; }

const Encoding* find_encoding(std::string_view head) {
  for (const Encoding& encoding : kEncodings) {
    for (const std::string_view magic : encoding.magics) {
      if (head.size() >= magic.size() && agree(head, magic)) return &encoding;
    }
  }
  return nullptr;
}

bool may_become_encoded(std::string_view head) {
  for (const Encoding& encoding : kEncodings) {
    for (const std::string_view magic : encoding.magics) {
      if (head.size() < magic.size() && agree(head, magic)) return true;
    }
  }
  return false;
}

Status truncated(std::string_view encoding) {
  return Status::error(fmt::format("{}: unexpected end of data", encoding));
}

Status corrupt(std::string_view encoding, std::string_view detail) {
  return Status::error(fmt::format("{}: corrupt data ({})", encoding, detail));
}

}  // namespace ktrace::input
