// Batches in envelopes: one wrapped line that holds many spans, or a list of objects.
//
// Each of its records is a slice of its own, as it is where the line stands bare. Its raw bytes are
// the part of the line, or of the pieces that the envelope has made of it, in which it stands. They
// cannot be read by themselves: so all that the envelope tells, and the record's own text, stand in
// the slice's context:
//
//   context = Part { text }     as many texts as Part has sizes, the record's own the last

#include "batches.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>

#include "framing.h"
#include "line_ends.h"

namespace ktrace::format {
namespace {

constexpr std::size_t kTexts = 8;

struct Part {
  const Envelope* envelope = nullptr;
  const Payload* payload = nullptr;
  Severity severity = Severity::unspecified;
  std::array<std::uint32_t, kTexts> sizes{};
};
static_assert(std::is_trivially_copyable_v<Part>);

std::string_view pack(const Wrapped& envelope, const Payload& payload, const Slice& slice,
                      Arena& arena) {
  const std::array<std::string_view, kTexts> texts{
      envelope.time, envelope.component, envelope.node, envelope.trace,
      envelope.span, envelope.audit,     slice.context, without_line_end(slice.raw)};
  Part part{envelope.envelope, &payload, envelope.severity, {}};
  std::size_t size = sizeof part;
  for (std::size_t i = 0; i < kTexts; ++i) {
    part.sizes[i] = static_cast<std::uint32_t>(texts[i].size());
    size += texts[i].size();
  }
  char* const out = arena.allocate(size + kPadding);
  std::memcpy(out, &part, sizeof part);
  char* at = out + sizeof part;
  for (const std::string_view text : texts) at += text.copy(at, text.size());
  std::memset(at, 0, kPadding);
  return {out, size};
}

// ---- Where the bytes of a content stand -------------------------------------------------------

// Goes forward through the content of one line, which may stand there with JSON's escapes.
class Content {
 public:
  Content(std::string_view line, std::string_view content) : line_(line) {
    const std::less_equal<> before;
    const char* const end = line.data() + line.size();
    plain_ = before(line.data(), content.data()) && before(content.data() + content.size(), end);
    at_ = plain_ ? static_cast<std::size_t>(content.data() - line.data()) : begin_of(content);
  }

  // Where the byte at `position` of the content begins; npos when that cannot be told. Positions
  // must not go back.
  std::size_t find(std::size_t position) {
    if (at_ == line_.npos) return at_;
    if (plain_) return at_ + position;
    while (passed_ < position && at_ < line_.size()) pass();
    return passed_ == position ? at_ : line_.npos;
  }

 private:
  std::size_t begin_of(std::string_view content) const {
    constexpr std::string_view kLog = "{\"log\":\"";
    if (line_.starts_with(kLog)) return kLog.size();
    // Batches begin with a brace and a quote.
    return content.starts_with("{\"") ? line_.find("\"{\\\"") + 1 : line_.npos;
  }

  void pass() {
    if (line_[at_] != '\\') {
      ++at_;
      ++passed_;
      return;
    }
    const std::uint32_t code = unit(at_);
    const bool high = code >= 0xD800 && code < 0xDC00;
    const std::uint32_t low = high ? unit(at_ + 6) : 0;
    const bool pair = low >= 0xDC00 && low < 0xE000;
    passed_ += code < 0x80 ? 1 : code < 0x800 ? 2 : pair ? 4 : 3;
    at_ += code == 0 ? 2 : pair ? 12 : 6;
  }

  // The number in "\uXXXX" at `at`; 0 when there is none.
  std::uint32_t unit(std::size_t at) const {
    std::uint32_t code = 0;
    if (line_.substr(std::min(at, line_.size())).starts_with("\\u") && at + 6 <= line_.size()) {
      std::from_chars(line_.data() + at + 2, line_.data() + at + 6, code, 16);
    }
    return code;
  }

  std::string_view line_;
  bool plain_ = false;
  std::size_t at_ = 0, passed_ = 0;
};

// Where in `raw`, one or more wrapped lines, the slices of its content begin. False when that
// cannot be told.
bool locate(std::string_view raw, const std::vector<Slice>& slices, Arena& arena,
            std::vector<std::size_t>& places) {
  std::size_t passed = 0;
  places.assign(1, 0);
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t end = line_end(raw, at);
    const std::string_view line = without_line_end(raw.substr(at, end - at));
    Wrapped wrapped;
    if (!unwrap(line, Detail::all, arena, wrapped)) return false;
    Content content(line, wrapped.content);
    while (places.size() < slices.size()) {
      const std::size_t position = slices[places.size()].offset;
      if (position >= passed + wrapped.content.size()) break;
      const std::size_t place = content.find(position - passed);
      if (place == line.npos) return false;
      places.push_back(at + place);
    }
    passed += wrapped.content.size();
    at = end;
  }
  return places.size() == slices.size();
}

bool starts_nothing(const char*) { return false; }
bool parse_nothing(Record&) { return false; }

constexpr Payload kPart{"", "", starts_nothing, true, parse_nothing, nullptr};

}  // namespace

bool split_wrapped(std::string_view raw, std::size_t offset, Slices& slices) {
  Record whole;
  Wrapped envelope;
  whole.raw = raw;
  if (!unwrap_record(whole, envelope)) return false;
  const Payload* const payload = recognise_within(whole.payload, 0);
  Slices parts;
  if (envelope.json || payload == nullptr || payload->split == nullptr) return false;
  if (!payload->split(whole.payload, parts) || parts.list.size() < 2) return false;
  std::vector<std::size_t> places;
  if (!locate(raw, parts.list, whole.arena, places)) return false;
  places.push_back(raw.size());
  for (std::size_t i = 0; i < parts.list.size(); ++i) {
    slices.list.push_back({raw.substr(places[i], places[i + 1] - places[i]),
                           pack(envelope, *payload, parts.list[i], slices.arena), &kPart,
                           offset + places[i]});
  }
  return true;
}

const Payload* open_part(const Payload* payload, Record& record, Wrapped& envelope) {
  if (payload != &kPart) return nullptr;
  Part part;
  std::memcpy(&part, record.context.data(), sizeof part);
  std::string_view rest = record.context.substr(sizeof part);
  std::array<std::string_view, kTexts> texts;
  for (std::size_t i = 0; i < kTexts; ++i) {
    texts[i] = rest.substr(0, part.sizes[i]);
    rest.remove_prefix(part.sizes[i]);
  }
  envelope = {};
  envelope.envelope = part.envelope;
  envelope.severity = part.severity;
  std::tie(envelope.time, envelope.component, envelope.node, envelope.trace, envelope.span,
           envelope.audit, record.context, envelope.content) = std::tuple_cat(texts);
  return part.payload;
}

}  // namespace ktrace::format
