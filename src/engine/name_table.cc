// Nearly always the name is that which was asked for before.

#include "name_table.h"

namespace ktrace::engine {

std::uint16_t NameTable::number_of(std::string_view name) {
  if (last_ < names_.size() && names_[last_] == name) return last_;
  const auto known = numbers_.find(name);
  if (known != numbers_.end()) return last_ = known->second;
  if (names_.size() > UINT16_MAX) return last_ = UINT16_MAX;
  last_ = static_cast<std::uint16_t>(names_.size());
  names_.emplace_back(name);
  numbers_.emplace(name, last_);
  return last_;
}

}  // namespace ktrace::engine
