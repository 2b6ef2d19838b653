// The payload formats, one file each, as the table in format.cc knows them.

#pragma once

#include "ktrace/format.h"
#include "ktrace/record.h"

namespace ktrace::format {

// Each group fills one row: see Payload.

bool starts_klog_text(const char* line);
bool parse_klog_text(Record& record);
bool glance_klog_text(std::string_view raw, bool severity, Glance& glance);
bool starts_klog_text_glancing(const char* line, Glance& glance);

bool starts_klog_json(const char* line);
bool parse_klog_json(Record& record);
bool glance_klog_json(std::string_view raw, bool severity, Glance& glance);

bool starts_logrus(const char* line);
bool parse_logrus(Record& record);

bool starts_json(const char* line);
bool parse_json(Record& record);

bool starts_audit(const char* line);
bool parse_audit(Record& record);
bool skim_audit(Record& record);
bool glance_audit(std::string_view raw, bool severity, Glance& glance);

bool starts_audit_text(const char* line);
bool parse_audit_text(Record& record);

bool starts_object(const char* line);
bool split_objects(std::string_view text, Slices& slices);
bool parse_object(Record& record);

bool starts_object_lines(const char* line);
bool parse_object_lines(Record& record);

bool starts_otlp_spans(const char* line);
bool split_otlp_spans(std::string_view text, Slices& slices);
bool parse_otlp_span(Record& record);
bool glance_otlp_span(std::string_view raw, bool severity, Glance& glance);

bool starts_otlp_logs(const char* line);
bool split_otlp_logs(std::string_view text, Slices& slices);
bool parse_otlp_log(Record& record);

}  // namespace ktrace::format
