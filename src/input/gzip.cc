// gzip (RFC 1952) by ISA-L, which decodes two to three times as fast as zlib.
//
// A gzip file is a sequence of members; what they hold is joined. Each has a header, which is read
// here byte by byte (ISA-L 2.30 loses its place in one that comes in pieces), the deflated data,
// and a trailer, whose checksum and length ISA-L compares. Zeros between and behind members are
// padding (tapes, and tools that write whole blocks), as gzip itself has it. Anything else there is
// an error, though one that comes after all the data.

#include <array>
#include <isa-l/igzip_lib.h>

#include "chunked.h"
#include "encoding.h"

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

class Gzip : public Chunked {
 public:
  explicit Gzip(StreamPtr packed) : packed_(std::move(packed)) {}

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
        default:
          count = inflate(into);
      }
    }
    if (count == 0 && !status_.ok()) return status_;
    return count;
  }

  enum class Place { between, header, data, end };

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
  bool first_ = true;  // no member's header is complete yet
  Status status_;
  std::array<char, 128 << 10> buffer_;
};

}  // namespace

StreamPtr decode_gzip(StreamPtr packed) { return std::make_unique<Gzip>(std::move(packed)); }

}  // namespace ktrace::input
