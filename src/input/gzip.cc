// gzip (RFC 1952) by ISA-L, which decodes two to three times as fast as zlib.
//
// Unpacking can begin where a block of deflated data begins (RFC 1951, 3.2.3), which may be within
// a byte, when the 32 KiB that were unpacked before it are known. zlib stops at such places
// (inflate() with Z_BLOCK), so it makes the survey; members begin at such places, too, and nothing
// must be known there.
//
// A gzip file is a sequence of members; what they hold is joined. Each has a header, which is read
// here byte by byte (ISA-L 2.30 loses its place in one that comes in pieces), the deflated data,
// and a trailer, whose checksum and length ISA-L compares. Zeros between and behind members are
// padding (tapes, and tools that write whole blocks), as gzip itself has it. Anything else there is
// an error, though one that comes after all the data.

#include <algorithm>
#include <array>
#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include "chunked.h"
#include "encoding.h"
#include "little_endian.h"

namespace ktrace::input {
namespace {

constexpr std::string_view kName = "gzip";

// RFC 1952, 2.3: ten fixed bytes, then what the flags announce, in this order.
class Header {
 public:
  enum class State { more, complete, invalid };

  State take(std::uint8_t byte) {
    if (at_ < kFixed) {
      if (at_ < kMagic.size() && byte != kMagic[at_]) return State::invalid;
      if (at_ == 3) flags_ = byte;
      return ++at_ == kFixed ? next_field() : State::more;
    }
    return field_done(byte) ? next_field() : State::more;
  }

 private:
  enum Flag : std::uint8_t { checksum = 2, extra = 4, name = 8, comment = 16 };
  static constexpr std::size_t kFixed = 10;
  static constexpr std::array<std::uint8_t, 3> kMagic{0x1f, 0x8b, 8};

  State next_field() {
    for (const Flag flag : {extra, name, comment, checksum}) {
      if ((flags_ & flag) == 0) continue;
      flags_ = static_cast<std::uint8_t>(flags_ & ~flag);
      field_ = flag;
      at_ = kFixed;
      return State::more;
    }
    return State::complete;
  }

  bool field_done(std::uint8_t byte) {
    if (field_ == name || field_ == comment) return byte == 0;
    const std::size_t at = ++at_ - kFixed;
    if (field_ == checksum) return at == 2;
    if (at <= 2) length_ |= static_cast<std::size_t>(byte) << (8 * (at - 1));
    return at >= 2 && at == length_ + 2;
  }

  std::uint8_t flags_ = 0;
  Flag field_ = checksum;
  std::size_t at_ = 0;
  std::size_t length_ = 0;
};

// What must be known where a block begins.
struct BlockStart {
  static constexpr std::size_t kWindow = 32 << 10;

  std::uint8_t bits = 0;     // how many of the first byte, the upper ones, belong to the block
  std::uint32_t crc = 0;     // of what the member has given so far
  std::uint32_t length = 0;  // of that, modulo 2^32 as in its trailer
  std::string window;        // its end

  std::string encode() const {
    std::string state;
    append_number(state, bits, sizeof bits);
    append_number(state, crc, sizeof crc);
    append_number(state, length, sizeof length);
    uLongf size = ::compressBound(window.size());
    std::string packed(size, '\0');
    ::compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                reinterpret_cast<const Bytef*>(window.data()), window.size(), Z_BEST_COMPRESSION);
    return state.append(packed, 0, size);
  }

  bool decode(std::string_view state) {
    if (!take_number(state, bits) || !take_number(state, crc) || !take_number(state, length)) {
      return false;
    }
    window.resize(kWindow);
    uLongf size = window.size();
    const int code = ::uncompress(reinterpret_cast<Bytef*>(window.data()), &size,
                                  reinterpret_cast<const Bytef*>(state.data()), state.size());
    window.resize(size);
    return code == Z_OK && bits < 8;
  }
};

class Gzip : public Chunked {
 public:
  explicit Gzip(StreamPtr packed) : packed_(std::move(packed)) {}

  Gzip(StreamPtr packed, BlockStart start)
      : packed_(std::move(packed)), place_(Place::resumed), start_(std::move(start)) {}

 private:
  Result<std::size_t> decode(char* into) override {
    std::size_t count = 0;
    while (count == 0 && status_.ok() && place_ != Place::end) {
      switch (place_) {
        case Place::between:
          find_member();
          break;
        case Place::header:
          read_header();
          break;
        case Place::resumed:
          resume();
          break;
        default:
          count = inflate(into);
      }
    }
    if (count == 0 && !status_.ok()) return status_;
    return count;
  }

  enum class Place { resumed, between, header, data, end };

  // Reads some more when nothing is left. False at the end and when that failed.
  bool have_input() {
    if (state_.avail_in > 0) return true;
    // How much a damaged member still gives depends on how it comes: always in the same pieces.
    const auto count = read_all(*packed_, buffer_.data(), buffer_.size());
    if (!count) status_ = count.status();
    if (!count || *count == 0) return false;
    state_.next_in = reinterpret_cast<std::uint8_t*>(buffer_.data());
    state_.avail_in = static_cast<std::uint32_t>(*count);
    return true;
  }

  std::uint8_t next_byte() {
    --state_.avail_in;
    return *state_.next_in++;
  }

  void find_member() {
    if (!have_input()) {
      place_ = Place::end;
    } else if (*state_.next_in != 0 || first_) {
      place_ = Place::header;
      header_ = Header();
    } else {
      next_byte();
    }
  }

  void read_header() {
    Header::State state = Header::State::more;
    while (state == Header::State::more && have_input()) state = header_.take(next_byte());
    if (!status_.ok()) return;
    if (state == Header::State::more) status_ = truncated(kName);
    if (state == Header::State::invalid) status_ = corrupt(kName, behind_first());
    if (state == Header::State::complete) begin_data();
  }

  std::string_view behind_first() const {
    return first_ ? "invalid header" : "something else follows the compressed data";
  }

  void begin_data() {
    const std::uint32_t available = state_.avail_in;
    std::uint8_t* const next = state_.next_in;
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;
    state_.avail_in = available;
    state_.next_in = next;
    place_ = Place::data;
    first_ = false;
  }

  // The first byte may hold the end of the block before.
  void resume() {
    if (!have_input()) {
      if (status_.ok()) status_ = truncated(kName);
      return;
    }
    const unsigned first = start_.bits > 0 ? next_byte() : 0;
    begin_data();
    state_.crc = start_.crc;
    state_.total_out = start_.length;
    state_.read_in = first >> (8 - start_.bits);
    state_.read_in_length = start_.bits;
    isal_inflate_set_dict(&state_, reinterpret_cast<std::uint8_t*>(start_.window.data()),
                          static_cast<std::uint32_t>(start_.window.size()));
  }

  std::size_t inflate(char* into) {
    const bool ended = !have_input();
    state_.next_out = reinterpret_cast<std::uint8_t*>(into);
    state_.avail_out = kChunk;
    // Without input this gives what the decoder still holds.
    const int code = isal_inflate(&state_);
    const std::size_t count = kChunk - state_.avail_out;
    if (state_.block_state == ISAL_BLOCK_FINISH) {
      place_ = Place::between;
    } else if (code != ISAL_DECOMP_OK) {
      status_ = corrupt(kName, words(code));
    } else if (ended && count == 0 && status_.ok()) {
      status_ = truncated(kName);
    }
    if (code == ISAL_INCORRECT_CHECKSUM) status_ = corrupt(kName, words(code));
    return count;
  }

  static std::string_view words(int code) {
    switch (code) {
      case ISAL_INVALID_BLOCK:
        return "invalid block";
      case ISAL_INVALID_SYMBOL:
        return "invalid symbol";
      case ISAL_INVALID_LOOKBACK:
        return "invalid distance";
      case ISAL_INCORRECT_CHECKSUM:
        return "wrong checksum";
      default:
        return "it cannot be decoded";
    }
  }

  StreamPtr packed_;
  inflate_state state_{};
  Header header_;
  Place place_ = Place::between;
  BlockStart start_;   // where it is resumed
  bool first_ = true;  // no member's header is complete yet
  Status status_;
  std::array<char, 128 << 10> buffer_;
};

// Unpacks everything once. What zlib takes for damage may be none for ISA-L, but not the other way
// round.
class Survey {
 public:
  explicit Survey(const Packed& packed) : packed_(packed), in_(128 << 10), out_(128 << 10) {
    begun_ = ::inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK;
  }
  ~Survey() { ::inflateEnd(&stream_); }
  Survey(const Survey&) = delete;
  Survey& operator=(const Survey&) = delete;

  Result<Restarts> run() {
    if (!begun_) return corrupt(kName, "out of memory");
    found_.places.push_back({});
    while (status_.ok() && !done_) {
      if (in_member_) {
        inflate();
      } else {
        find_member();
      }
    }
    if (!status_.ok()) return status_;
    return std::move(found_);
  }

 private:
  static constexpr int kGzipOnly = 16;  // zlib.h, inflateInit2()

  bool have_input() {
    if (stream_.avail_in > 0) return true;
    const auto count = packed_.read_at(read_, in_.data(), in_.size());
    if (!count) status_ = count.status();
    if (!count || *count == 0) return false;
    read_ += *count;
    stream_.next_in = reinterpret_cast<Bytef*>(in_.data());
    stream_.avail_in = static_cast<uInt>(*count);
    return true;
  }

  std::uint64_t position() const { return read_ - stream_.avail_in; }

  bool due() const { return found_.size >= found_.places.back().unpacked + kRestartStep; }

  void find_member() {
    done_ = !have_input();
    if (done_) return;
    if (*stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
      return;
    }
    if (due()) found_.places.push_back({position(), found_.size, {}});
    ::inflateReset(&stream_);
    in_member_ = true;
  }

  void inflate() {
    if (!have_input() && status_.ok()) status_ = truncated(kName);
    if (!status_.ok()) return;
    stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
    stream_.avail_out = static_cast<uInt>(out_.size());
    const int code = ::inflate(&stream_, Z_BLOCK);
    found_.size += out_.size() - stream_.avail_out;
    if (code == Z_STREAM_END) {
      in_member_ = false;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      status_ = corrupt(kName, stream_.msg == nullptr ? "it cannot be decoded" : stream_.msg);
    } else if (due() && at_block()) {
      note_block();
    }
  }

  // zlib.h, inflate(): 128 when it stopped behind a block or a header, 64 when within the last one.
  bool at_block() const { return (stream_.data_type & 128) != 0 && (stream_.data_type & 64) == 0; }

  void note_block() {
    BlockStart start;
    start.bits = static_cast<std::uint8_t>(stream_.data_type & 7);
    start.crc = static_cast<std::uint32_t>(stream_.adler);
    start.length = static_cast<std::uint32_t>(stream_.total_out);
    start.window.resize(BlockStart::kWindow);
    uInt size = 0;
    ::inflateGetDictionary(&stream_, reinterpret_cast<Bytef*>(start.window.data()), &size);
    start.window.resize(size);
    found_.places.push_back({position() - (start.bits > 0), found_.size, start.encode()});
  }

  const Packed& packed_;
  std::vector<char> in_, out_;
  z_stream stream_{};
  bool begun_ = false;
  bool in_member_ = true;
  bool done_ = false;
  std::uint64_t read_ = 0;
  Restarts found_;
  Status status_;
};

}  // namespace

StreamPtr decode_gzip(StreamPtr packed) { return std::make_unique<Gzip>(std::move(packed)); }

Result<Restarts> survey_gzip(const Packed& packed) { return Survey(packed).run(); }

StreamPtr resume_gzip(StreamPtr packed, const Restart& restart) {
  BlockStart start;
  if (!start.decode(restart.state)) return decode_gzip(std::move(packed));
  return std::make_unique<Gzip>(std::move(packed), std::move(start));
}

}  // namespace ktrace::input
