// Dictionary pages of an index; see index_dictionary.h.

#include "index_dictionary.h"

#include <algorithm>

namespace ktrace::trace::index {

void DictionaryWriter::add(std::string_view id, std::span<const std::uint32_t> blocks) {
  if (page_.empty()) {
    first_ = id;
    before_.clear();
  }
  const std::size_t most = std::min({id.size(), before_.size(), kLongestShared});
  const auto kept = static_cast<std::size_t>(
      std::mismatch(id.begin(), id.begin() + static_cast<std::ptrdiff_t>(most), before_.begin())
          .first -
      id.begin());
  append_varint(page_, kept);
  append_string(page_, id.substr(kept));
  append_varint(page_, blocks.size());
  std::uint32_t before = 0;
  for (const std::uint32_t block : blocks) {
    append_varint(page_, block - before);
    before = block;
  }
  before_ = id;
  ++rank_;
}

void DictionaryWriter::clear() {
  page_.clear();
  first_rank_ = rank_;
}

bool DictionaryReader::next_id() {
  if (in_.empty()) return false;
  const std::uint64_t kept = in_.varint();
  const std::string_view rest = in_.string();
  damaged_ = kept > std::min(id_.size(), kLongestShared);
  if (failed()) return false;
  id_.resize(kept);
  id_ += rest;
  return true;
}

}  // namespace ktrace::trace::index
