// Wrapped lines that hold several records.

#pragma once

#include <cstddef>
#include <string_view>

#include "envelope.h"
#include "ktrace/format.h"

namespace ktrace::format {

/// Appends a slice for each record that the content of `raw`, whole lines of one stream that stand
/// at `offset` of their group, holds. False, with nothing appended, when it is one record.
bool split_wrapped(std::string_view raw, std::size_t offset, Slices& slices);

/// When `payload` is that of such a slice: what reads the record's content, `envelope.content`.
/// Sets what the envelope tells, and the record's context. Otherwise null.
const Payload* open_part(const Payload* payload, Record& record, Wrapped& envelope);

}  // namespace ktrace::format
