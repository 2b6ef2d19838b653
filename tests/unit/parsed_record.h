// A record parsed from a literal, for the tests of the payload formats.

#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "ktrace/format.h"

namespace ktrace {

// How a failed expectation shows them.
inline std::ostream& operator<<(std::ostream& out, const Attribute& attribute) {
  const std::string_view quote = attribute.type == Attribute::Type::string ? "'" : "";
  return out << attribute.key << '=' << quote << attribute.value << quote;
}

}  // namespace ktrace

namespace ktrace::format {

// A text with the padding that blocks have. It is not zero: what lies there must not matter.
class PaddedText {
 public:
  explicit PaddedText(std::string_view text) : bytes_(text), size_(text.size()) {
    bytes_.append("0:00.000000 1 x.go:1] \"}\":1,\"ts\":1}\n");
    bytes_.resize(size_ + kPadding, '"');
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::string bytes_;
  std::size_t size_;
};

class ParsedRecord {
 public:
  explicit ParsedRecord(std::string_view raw) : text_(raw) { parse(text_.view(), record_); }
  ParsedRecord(const ParsedRecord&) = delete;
  ParsedRecord& operator=(const ParsedRecord&) = delete;

  const Record& operator*() const { return record_; }
  const Record* operator->() const { return &record_; }

 private:
  PaddedText text_;
  Record record_;
};

inline Attribute text(std::string_view key, std::string_view value) {
  return {key, value, Attribute::Type::string};
}

inline Attribute json(std::string_view key, std::string_view value) {
  return {key, value, Attribute::Type::json};
}

using Attributes = std::vector<Attribute>;

}  // namespace ktrace::format
