// The payload formats, one file each, as the table in format.cc knows them.

#pragma once

#include "ktrace/record.h"

namespace ktrace::format {

// Each pair fills one row: see Payload::starts and Payload::parse.

bool starts_klog_text(const char* line);
bool parse_klog_text(Record& record);

bool starts_klog_json(const char* line);
bool parse_klog_json(Record& record);

bool starts_json(const char* line);
bool parse_json(Record& record);

}  // namespace ktrace::format
