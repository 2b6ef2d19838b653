// Any bytes: records tile the block, and whatever is read keeps the promises of the record.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "ktrace/format.h"

namespace {

using ktrace::Attribute;
using ktrace::Record;
namespace format = ktrace::format;

void require(bool condition) {
  if (!condition) std::abort();
}

// Every byte of a view can be read; with the address sanitizer this finds views that dangle.
void touch(std::string_view view) {
  unsigned sum = 0;
  for (const char c : view) sum += static_cast<unsigned char>(c);
  volatile unsigned sink = sum;
  (void)sink;
}

void check_json(std::string_view value) {
  simdjson::dom::parser parser;
  // Wrapped, since numbers that fit no machine word are valid JSON that simdjson does not read.
  const bool container = value.front() == '{' || value.front() == '[';
  if (container) {
    require(parser.parse(simdjson::padded_string(value)).error() == simdjson::SUCCESS);
  } else {
    require(!value.empty() && value.find_first_not_of("0123456789+-.eEtrufalsn") == value.npos);
  }
}

void check_record(const format::Slice& slice, Record& record) {
  const std::string_view raw = slice.raw;
  format::parse(slice, record);
  require(record.raw == raw && record.raw.data() == raw.data());
  const bool bare = record.payload.data() == raw.data();
  // A byte that is no UTF-8 is replaced by three.
  require((bare || !record.envelope.empty()) && record.payload.size() <= 3 * raw.size());
  touch(record.payload);
  touch(record.component);
  touch(record.node);
  require(!record.format.empty());
  touch(record.caller);
  touch(record.message);
  for (const Attribute& attribute : record.attributes) {
    touch(attribute.key);
    touch(attribute.value);
    if (attribute.type == Attribute::Type::json) check_json(attribute.value);
    require(record.find(attribute.key) == &attribute);
  }
  (void)format::dated_evidence(raw);
  Record scratch;
  require(format::glance(slice, false, scratch).stamp == record.stamp);
}

void check_bounds(std::string_view block, format::Extent extent, std::size_t position) {
  const format::Extent same = format::group_at(block, position);
  require(same.begin == extent.begin && same.end == extent.end);
}

// Each byte of a group is in the raw bytes of one slice.
void check_records(std::string_view group, format::Slices& slices, Record& record) {
  format::records(group, slices);
  require(!slices.list.empty() && slices.list.front().offset == 0);
  std::size_t size = 0;
  for (std::size_t i = 0; i < slices.list.size(); ++i) {
    const format::Slice& slice = slices.list[i];
    require(!slice.raw.empty() && slice.raw.front() == group[slice.offset]);
    require(i == 0 || slice.offset > slices.list[i - 1].offset);
    size += slice.raw.size();
    check_record(slice, record);
  }
  require(size == group.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  // What lies in the padding must not matter, so it repeats what the formats look for.
  while (bytes.size() < size + format::kPadding) bytes += "0:45.041587 1 a.go:1] \"ts\":1}\n";
  const std::string_view block(bytes.data(), size);
  Record record;
  format::Slices slices;
  std::size_t at = 0;
  while (at < size) {
    const format::Extent extent = format::group_from(block, at);
    require(extent.begin == at && extent.end > at && extent.end <= size);
    check_bounds(block, extent, extent.begin);
    check_bounds(block, extent, (extent.begin + extent.end) / 2);
    check_bounds(block, extent, extent.end - 1);
    check_records(extent.of(block), slices, record);
    at = extent.end;
  }
  const std::size_t last = format::last_start(block, 0);
  require(last == 0 || format::next_start(block, last) == last);
  return 0;
}
