// What a record tells about an operation.

#pragma once

#include "ktrace/record.h"

namespace ktrace::format {

/// Sets `record.duration` when the record reports a finished request or operation, and adds the
/// attributes of request lines that write them in words. Message and attributes must be there.
void describe_request(Record& record);

}  // namespace ktrace::format
