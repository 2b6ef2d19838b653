// The original lines of each record, envelope and line ends included, byte for byte.
//
// Two things are changed, and only where they must be: a source that ends without a line end gets
// one, or the next record would be glued to it; and what a terminal would obey is shown instead.

#include "escape.h"
#include "ktrace/output.h"

namespace ktrace::output {
namespace {

class RawWriter final : public Writer {
 public:
  explicit RawWriter(bool terminal) : terminal_(terminal) {}

  void begin(std::span<const Origin* const>, std::string&) override {}

  void record(const Record& record, std::string& out) override {
    if (record.raw.empty()) return;
    if (terminal_) {
      append_visible(record.raw, Breaks::keep, out);
    } else {
      out += record.raw;
    }
    if (record.raw.back() != '\n') out += '\n';
  }

  void end(std::string&) override {}

 private:
  bool terminal_;
};

}  // namespace

std::unique_ptr<Writer> make_raw(const Style& style) {
  return std::make_unique<RawWriter>(style.terminal);
}

}  // namespace ktrace::output
