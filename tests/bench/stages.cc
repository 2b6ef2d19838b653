// ktrace-stages: the stages of ktrace's way through a log, one by one, on 16 MiB in memory.
//
//   ktrace-stages [--benchmark_filter=REGEX] …
//
// Each stage runs over a block of klog text and over one of JSON, as many bytes of the same corpus
// that ktrace-corpus writes, all components' records in one; the rates are bytes of the block per
// second. "bytes" copies the block: what memory allows. The stages do not add up to a command: grep
// runs the later ones only around hits.

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "corpus_render.h"
#include "ktrace/format.h"
#include "ktrace/identifiers.h"
#include "ktrace/literal_search.h"
#include "ktrace/record.h"

namespace ktrace::bench {
namespace {

constexpr std::size_t kBlock = 16 << 20;
constexpr std::uint64_t kSeed = 1;

// A block of whole records with its padding behind it.
struct Block {
  std::string bytes;
  std::string id;  // a trace ID that it holds
  std::size_t size = 0;
  std::size_t records = 0;

  std::string_view view() const { return {bytes.data(), size}; }
};

Block make_block(Render render) {
  Block block;
  Cluster cluster(kSeed, 1u << 30);
  LogCall call;
  while (block.bytes.size() < kBlock) {
    cluster.next(call);
    render(call, block.bytes);
    ++block.records;
  }
  block.id = cluster.trace_id(1);
  block.size = block.bytes.size();
  block.bytes.append(format::kPadding, '\0');
  return block;
}

const Block& text() {
  static const Block block = make_block(render_text);
  return block;
}

const Block& json() {
  static const Block block = make_block(render_json);
  return block;
}

std::vector<format::Slice> slices(std::string_view block) {
  std::vector<format::Slice> all;
  for (format::Walk walk(block); walk.next();) all.push_back(walk.slice());
  return all;
}

void report(benchmark::State& state, const Block& block) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block.size));
}

// Also of a stage that counts records: fast and wrong is not fast.
void report(benchmark::State& state, const Block& block, std::size_t records) {
  if (records != block.records) state.SkipWithError("found another number of records");
  report(state, block);
}

using GetBlock = const Block& (*)();

void bytes(benchmark::State& state, GetBlock get) {
  const Block& block = get();
  std::string copy(block.size, '\0');
  for (auto turn : state) {
    std::memcpy(copy.data(), block.bytes.data(), block.size);
    benchmark::ClobberMemory();
  }
  report(state, block);
}

void literal_search(benchmark::State& state, GetBlock get, bool any_case) {
  const Block& block = get();
  const trace::LiteralSearch search({block.id}, any_case);
  std::vector<std::size_t> positions;
  for (auto turn : state) {
    positions.clear();
    search.find_all(block.view(), positions);
    benchmark::DoNotOptimize(positions.size());
  }
  state.counters["hits"] = static_cast<double>(positions.size());
  constexpr std::array kVectors{"portable", "avx2", "avx512"};
  state.SetLabel(kVectors.at(static_cast<std::size_t>(widest_vectors())));
  report(state, block);
}

// From each record's start to the next.
void next_start(benchmark::State& state, GetBlock get) {
  const Block& block = get();
  std::size_t starts = 0;
  for (auto turn : state) {
    starts = 0;
    for (std::size_t at = 0; at < block.size; at = format::next_start(block.view(), at + 1)) {
      ++starts;
    }
  }
  report(state, block, starts);
}

void record_bounds(benchmark::State& state, GetBlock get) {
  const Block& block = get();
  std::size_t records = 0;
  for (auto turn : state) {
    records = 0;
    for (format::Walk walk(block.view()); walk.next();) ++records;
  }
  report(state, block, records);
}

void parse(benchmark::State& state, GetBlock get) {
  const Block& block = get();
  const std::vector<format::Slice> all = slices(block.view());
  Record record;
  for (auto turn : state) {
    for (const format::Slice& slice : all) {
      format::parse(slice, record);
      benchmark::DoNotOptimize(record.attributes.data());
    }
  }
  report(state, block, all.size());
}

// Parsing and then what `list` needs of a record.
void identifiers(benchmark::State& state, GetBlock get) {
  const Block& block = get();
  const std::vector<format::Slice> all = slices(block.view());
  Record record;
  std::vector<Identifier> found;
  for (auto turn : state) {
    for (const format::Slice& slice : all) {
      found.clear();
      format::parse(slice, record);
      trace::collect_identifiers(record, trace::KeySet::defaults(), found);
      benchmark::DoNotOptimize(found.data());
    }
  }
  report(state, block);
}

BENCHMARK_CAPTURE(bytes, text, text);
BENCHMARK_CAPTURE(bytes, json, json);
BENCHMARK_CAPTURE(literal_search, text, text, false);
BENCHMARK_CAPTURE(literal_search, text_any_case, text, true);
BENCHMARK_CAPTURE(literal_search, json, json, false);
BENCHMARK_CAPTURE(next_start, text, text);
BENCHMARK_CAPTURE(next_start, json, json);
BENCHMARK_CAPTURE(record_bounds, text, text);
BENCHMARK_CAPTURE(record_bounds, json, json);
BENCHMARK_CAPTURE(parse, text, text);
BENCHMARK_CAPTURE(parse, json, json);
BENCHMARK_CAPTURE(identifiers, text, text);
BENCHMARK_CAPTURE(identifiers, json, json);

}  // namespace
}  // namespace ktrace::bench

BENCHMARK_MAIN();
