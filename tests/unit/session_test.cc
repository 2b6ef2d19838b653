// What a command tells of its sources.

#include "session.h"

#include <gtest/gtest.h>

#include "memory_source.h"

namespace ktrace::engine {
namespace {

std::vector<std::string> told_of(const Parts& parts) {
  std::vector<std::string> told;
  Surroundings around;
  around.report = [&](const Diagnostic& diagnostic) { told.push_back(diagnostic.message); };
  const Query query;
  Session(query, around).report_parts(parts);
  return told;
}

Parts parts_of(std::vector<MemorySource>& sources, std::size_t each) {
  Parts parts;
  for (std::uint32_t index = 0; index < sources.size(); ++index) {
    for (std::size_t i = 0; i < each; ++i) {
      parts.push_back(std::make_unique<Part>());
      parts.back()->source = &sources[index];
      parts.back()->index = index;
    }
  }
  return parts;
}

TEST(ReportParts, TellsOnceOfASourceWhyItsPartsFailed) {
  std::vector<MemorySource> sources(2, MemorySource(""));
  const Parts parts = parts_of(sources, 3);
  for (const std::size_t failed : {0U, 1U, 4U})
    parts[failed]->status = Status::error("was cut short");
  parts[2]->status = Status::error("Input/output error");
  EXPECT_EQ(told_of(parts),
            (std::vector<std::string>{"was cut short", "Input/output error", "was cut short"}));
}

TEST(ReportParts, TellsOnceOfASourceWithLongRecords) {
  std::vector<MemorySource> sources(2, MemorySource(""));
  const Parts parts = parts_of(sources, 3);
  parts[1]->long_records = 1;
  parts[1]->first_long_record = 70;
  parts[2]->long_records = 2;
  parts[2]->first_long_record = 90;
  parts[5]->long_records = 1;
  EXPECT_EQ(told_of(parts),
            (std::vector<std::string>{
                "records are longer than 8 MiB, read in pieces (the first at byte 70)",
                "a record is longer than 8 MiB, read in pieces (the first at byte 0)"}));
}

}  // namespace
}  // namespace ktrace::engine
