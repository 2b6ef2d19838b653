// Keys and values in the text of klog messages, old and new.

#pragma once

#include <string_view>
#include <vector>

#include "ktrace/record.h"

namespace ktrace::format {

/// Reads the pairs that klog's structured calls print behind the message (` key=value` each) and
/// appends them to `record.attributes`. Returns what is left of `text` from the first place that is
/// no such pair; empty when everything was read. kPadding readable bytes must follow `text`.
std::string_view read_pairs(std::string_view text, Record& record);

/// Moves the pairs that stand before and behind the words of a printf message to
/// `record.attributes` and returns the words.
std::string_view take_printf_pairs(std::string_view message, Record& record);

/// Of attributes with equal keys keeps only the last.
void keep_last_of_equal_keys(std::vector<Attribute>& attributes);

}  // namespace ktrace::format
