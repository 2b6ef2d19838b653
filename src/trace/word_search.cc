// What may be an identifier is found by its form (word_forms.h); then a bit tells whether any
// identifier may begin with these eight digits, and then a set is asked. Names begin with one of
// few words, as a rule with that of their owner; these are searched as literals, and the whole word
// around is looked up.

#include "ktrace/word_search.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "letters.h"
#include "word_forms.h"

namespace ktrace::trace {
namespace {

// The first eight digits, in lower case, as a number of few bits.
std::size_t short_hash(const char* digits) {
  std::uint64_t text = 0;
  std::memcpy(&text, digits, sizeof text);
  text |= 0x2020202020202020;
  return text * 0x9e3779b97f4a7c15 >> (64 - WordSearch::kShortHashBits);
}

// Those of `texts` that begin with no other one of them.
std::vector<std::string> shortest_heads(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  std::vector<std::string> heads;
  for (std::string& text : texts) {
    if (text.empty() || (!heads.empty() && text.starts_with(heads.back()))) continue;
    heads.push_back(std::move(text));
  }
  return heads;
}

}  // namespace

WordSearch::WordSearch(const std::vector<std::string>& ids, const std::vector<std::string>& names)
    : names_(names.begin(), names.end()) {
  std::vector<std::string> others;
  for (std::string id : ids) {
    if (has_uuid_form(id)) {
      beginnings_.set(short_hash(id.data()));
      uuids_.insert(id);
    } else if (is_hex_number(id)) {
      std::transform(id.begin(), id.end(), id.begin(), lower);
      beginnings_.set(short_hash(id.data()));
      hexes_.insert(id);
    } else {
      others.push_back(id);
    }
  }
  others = shortest_heads(std::move(others));
  if (!others.empty()) others_ = std::make_unique<LiteralSearch>(std::move(others), false);
  std::vector<std::string> heads = shortest_heads(names);
  if (!heads.empty()) heads_ = std::make_unique<LiteralSearch>(std::move(heads), false);
}

void WordSearch::find_ids(std::string_view block, std::vector<std::size_t>& positions) const {
  if (!uuids_.empty()) find_uuids(block, positions);
  if (!hexes_.empty()) find_hexes(block, positions);
  if (others_) others_->find_all(block, positions);
}

void WordSearch::find_uuids(std::string_view block, std::vector<std::size_t>& positions) const {
  std::string id(kUuid, ' ');
  each_uuid(block, [&](std::size_t at) {
    if (!beginnings_.test(short_hash(block.data() + at))) return;
    block.copy(id.data(), kUuid, at);
    if (uuids_.contains(id)) positions.push_back(at);
  });
}

void WordSearch::find_hexes(std::string_view block, std::vector<std::size_t>& positions) const {
  std::string id;
  const auto may_begin = [&](std::size_t at) {
    return beginnings_.test(short_hash(block.data() + at));
  };
  each_hex_number(block, may_begin, [&](std::size_t at, std::size_t size) {
    id.assign(block.substr(at, size));
    std::transform(id.begin(), id.end(), id.begin(), lower);
    if (hexes_.contains(id)) positions.push_back(at);
  });
}

void WordSearch::find_names(std::string_view block, std::vector<std::size_t>& positions) const {
  if (!heads_) return;
  std::vector<std::size_t> heads;
  heads_->find_all(block, heads);
  for (const std::size_t at : heads) {
    if (at > 0 && is_word(block[at - 1])) continue;
    std::size_t end = at;
    while (end < block.size() && is_word(block[end])) ++end;
    if (is_named(block.substr(at, end - at))) positions.push_back(at);
  }
}

bool WordSearch::is_named(std::string_view word) const {
  bool named = false;
  each_name_in(word,
               [&](std::string_view name) { return named = names_.contains(std::string(name)); });
  return named;
}

bool judged_by_ids(std::string_view line) {
  return line.starts_with("{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/") ||
         line.starts_with("{\"resourceSpans\"");
}

}  // namespace ktrace::trace
