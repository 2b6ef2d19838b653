// What the rest of the room needs of the framing.

#pragma once

#include <cstddef>
#include <string_view>

#include "ktrace/format.h"

namespace ktrace::format {

/// recognise() for a line that may reach the end of `block`: bytes behind that do not count.
const Payload* recognise_within(std::string_view block, std::size_t line);

/// Gives each slice from `first` on the bytes of `text` up to the next one; the first begins with
/// `text`. False when there are none.
bool tile(std::string_view text, std::size_t first, Slices& slices);

/// Sets what the envelope of the record's lines (record.raw) tells, and the payload inside. False
/// when the first line stands in none.
bool unwrap_record(Record& record, Wrapped& first);

/// The payload format that starts with the line, when that stands in no envelope.
const Payload* bare_start(std::string_view block, std::size_t line);

/// The first line at or after `line`, which begins a line, that starts a group. No group's end
/// before `floor` matters. `payload`: what bare_start() says of it.
std::size_t next_start(std::string_view block, std::size_t floor, std::size_t line,
                       const Payload*& payload);

/// Appends the records of a group that `payload` starts, or a wrapped line when it is null.
void append_all(std::string_view group, const Payload* payload, Slices& slices);

}  // namespace ktrace::format
