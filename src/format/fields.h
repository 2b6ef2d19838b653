// What a transport knows of one entry: values by name.

#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "ktrace/arena.h"
#include "ktrace/record.h"

namespace ktrace::format {

struct Wrapped;

/// The members of one JSON object, or fields that were added one by one. Views live as long as the
/// arena and what was read.
class Fields {
 public:
  explicit Fields(Arena& arena) : arena_(arena) {}

  /// Forgets all and reads the members of `object`. False when it is none.
  bool read(std::string_view object);

  void add(std::string_view key, std::string_view text) { list_.push_back({key, text}); }

  /// The first of that name; null when there is none.
  const Attribute* find(std::string_view key) const;

  bool has(std::string_view key) const { return find(key) != nullptr; }

  /// A string or a number; empty when there is none.
  std::string_view text(std::string_view key) const;

  /// The text of the first of `keys` that has one.
  std::string_view first_of(std::initializer_list<std::string_view> keys) const;

  /// The text of an object; empty when there is none.
  std::string_view object(std::string_view key) const;

  static bool is_object(const Attribute& member) {
    return member.type == Attribute::Type::json && member.value.starts_with('{');
  }

 private:
  Arena& arena_;
  std::vector<Attribute> list_;
};

/// What the fields of an entry of journald tell.
void set_journal(const Fields& fields, Arena& arena, Wrapped& wrapped);

bool contains(std::string_view line, std::string_view word);

/// "kubelet" of "kubelet.service"
inline std::string_view unit_name(std::string_view unit) {
  return unit.substr(0, unit.find(".service"));
}

}  // namespace ktrace::format
