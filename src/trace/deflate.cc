// Deflating and inflating by ISA-L, which counts in 32 bits; hence the pieces.

#include "deflate.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <isa-l/igzip_lib.h>
#include <vector>

#include "index_layout.h"

namespace ktrace::trace::index {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 30;

// No deflated byte stands for more: there are at least two bits for 258 bytes.
constexpr std::size_t kMostOfAByte = 1032;

// ISA-L reads its input only.
std::uint8_t* bytes_of(std::string_view bytes) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
}

std::string deflate_piece(std::string_view bytes) {
  std::vector<std::uint8_t> memory(ISAL_DEF_LVL3_DEFAULT);
  std::string out(bytes.size() + bytes.size() / 8 + 1024, '\0');  // more than can be made
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.level = 3;
  stream.level_buf = memory.data();
  stream.level_buf_size = static_cast<std::uint32_t>(memory.size());
  stream.end_of_stream = 1;
  stream.next_in = bytes_of(bytes);
  stream.avail_in = static_cast<std::uint32_t>(bytes.size());
  stream.next_out = bytes_of(out);
  stream.avail_out = static_cast<std::uint32_t>(out.size());
  [[maybe_unused]] const int done = isal_deflate_stateless(&stream);
  assert(done == COMP_OK);
  out.resize(out.size() - stream.avail_out);
  return out;
}

// Appends to `out`. False when the bytes are not what makes `size` of them.
bool inflate_piece(std::string_view bytes, std::uint64_t size, std::string& out) {
  if (size > kPiece || size / kMostOfAByte > bytes.size()) return false;
  const std::size_t before = out.size();
  out.resize(before + size);
  inflate_state stream;
  isal_inflate_init(&stream);
  stream.next_in = bytes_of(bytes);
  stream.avail_in = static_cast<std::uint32_t>(bytes.size());
  stream.next_out = bytes_of(out) + before;
  stream.avail_out = static_cast<std::uint32_t>(size);
  return isal_inflate_stateless(&stream) == ISAL_DECOMP_OK && stream.avail_out == 0;
}

}  // namespace

std::string deflate(std::string_view bytes) {
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kPiece))) {
    const std::string_view piece = bytes.substr(0, kPiece);
    append_varint(out, piece.size());
    append_string(out, deflate_piece(piece));
  }
  return out;
}

std::optional<std::string> inflate(std::string_view bytes) {
  Bytes in(bytes);
  std::string out;
  while (!in.empty()) {
    const std::uint64_t size = in.varint();
    const std::string_view piece = in.string();
    if (in.failed() || piece.size() > UINT32_MAX || !inflate_piece(piece, size, out)) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace ktrace::trace::index
