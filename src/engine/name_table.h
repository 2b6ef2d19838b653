// Names by number.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ktrace::engine {

/// Numbers for names, from 0, of which there are at most 65,536: all further ones count as the
/// last. Not thread-safe.
class NameTable {
 public:
  std::uint16_t number_of(std::string_view name);
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::uint16_t, std::less<>> numbers_;
  std::uint16_t last_ = 0;  // that was asked for
};

}  // namespace ktrace::engine
