// An index of any occurrences gives the right answers; damaged, the right ones or none; damaged
// with checksums that fit, any answer, but it ends and touches no foreign memory. The first byte of
// the input says which of these, and whether the rest is the damage or a whole file. Few inputs
// make several blocks, and an input asks for few of its identifiers: what counts is how many inputs
// are tried.
//
// Links are deflated, and damage to that seldom gets as far as what decodes them: so links are also
// damaged before they are.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "deflate.h"
#include "index_layout.h"
#include "ktrace/calendar.h"
#include "ktrace/identifiers.h"
#include "ktrace/index.h"
#include "ktrace/stored_links.h"
#include "ktrace/word_places.h"

namespace {

using ktrace::Duration;
using ktrace::Result;
using ktrace::Severity;
using ktrace::Stamp;
using ktrace::Status;
using ktrace::Time;
using namespace ktrace::trace;
using ktrace::trace::index::checksum;

void require(bool condition) {
  if (!condition) std::abort();
}

class Input {
 public:
  explicit Input(std::string_view rest) : rest_(rest) {}

  std::uint64_t number(unsigned bytes) {
    std::uint64_t value = 0;
    for (; bytes > 0 && !rest_.empty(); --bytes) {
      value = value << 8 | static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
    }
    return value;
  }
  std::string text(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return std::string(taken);
  }
  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

struct Item {
  std::string id, key;
  std::uint64_t offset;
  Stamp stamp;
  Severity severity;
};

std::string any_id(Input& input) {
  const std::uint64_t kind = input.number(1);
  const std::uint64_t a = input.number(kind & 8 ? 8 : 1), b = input.number(kind & 16 ? 8 : 0);
  switch (kind % 4) {
    case 0:
      return kind & 32   ? fmt::format("{:016X}{:016X}", b, a)
             : kind & 64 ? fmt::format("{:016x}{:016X}", b, a)
                         : fmt::format("{:016x}{:016x}", b, a);
    case 1:
      return fmt::format("{:08x}-0000-4000-8000-{:012x}", a & 0xffffffff, b & 0xffffffffffff);
    case 2:
      return fmt::format("{:08x}-1000-1000-0000-{:012x}", a & 0xffffffff, b & 0xffffffffffff);
    default:
      return input.text(1 + a % 40) + "x";
  }
}

Stamp any_stamp(Input& input) {
  Stamp stamp;
  stamp.kind = static_cast<Stamp::Kind>(input.number(1) % 3);
  if (stamp.kind == Stamp::Kind::yearless) {
    stamp.month = static_cast<std::uint8_t>(1 + input.number(1) % 12);
    stamp.day = static_cast<std::uint8_t>(1 + input.number(1) % 31);
    stamp.time_of_day = Duration(input.number(6) % 86'401'000'000'000);
  } else if (stamp.kind == Stamp::Kind::absolute) {
    stamp.time = Time(Duration(static_cast<std::int64_t>(input.number(8))));
  }
  return stamp;
}

// With `many`, one in 16 is repeated until there are several blocks, and others follow it until
// there are several leaves.
std::vector<Item> any_items(Input& input, bool many) {
  std::vector<Item> items;
  std::uint64_t offset = 0;
  for (std::uint64_t left = 1 + input.number(1); left > 0 && !input.empty(); --left) {
    const std::uint64_t how = input.number(1);
    offset += how % 4 == 0 ? 0 : input.number(2);
    const Item item{any_id(input), how % 2 == 0 ? "traceID" : "audit-ID", offset, any_stamp(input),
                    static_cast<Severity>(how / 8 % 5)};
    const bool repeat = many && how % 16 == 5 && items.size() < 3000;
    items.insert(items.end(), repeat ? 900 : 1, item);
    for (std::uint64_t i = 0; repeat && i < 600; ++i) {
      items.push_back(item);
      items.back().id = fmt::format("{:016x}{:016x}", offset * i, i);
    }
  }
  return items;
}

// A file in memory with the given bytes. Lives as long as the object.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("index", MFD_CLOEXEC)) {
    require(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

std::string index_of(const std::vector<Item>& items) {
  static const std::string path = fmt::format("/dev/shm/fuzz-{}.ktrace-index", ::getpid());
  IndexWriter writer;
  for (const Item& item : items) {
    writer.add({item.id, item.key, item.offset, item.stamp, item.severity, {}});
  }
  require(writer.finish(path, {}).ok());
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::string bytes(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0);
  require(file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())).good());
  std::remove(path.c_str());
  return bytes;
}

StoredLink any_link(Input& input, ktrace::Arena& arena) {
  const auto text = [&] {
    return arena.keep(input.number(1) % 4 == 0 ? std::string() : any_id(input));
  };
  const auto thing = [&] {
    const auto kind = static_cast<Thing::Kind>(input.number(1) % 5);
    return Thing{kind, text(), text(), text(), text()};
  };
  StoredLink stored;
  Link& link = stored.link;
  link.kind = static_cast<std::uint8_t>(input.number(1) % link_kinds().size());
  link.from = thing();
  link.to = thing();
  link.effect = static_cast<Effect>(input.number(1) % 5);
  link.version = text();
  link.ready = input.number(1) % 2 != 0;
  link.evidence.offset = input.number(8);
  link.time = Time(Duration(static_cast<std::int64_t>(input.number(8))));
  stored.stamp = any_stamp(input);
  stored.by_calendar = input.number(1) % 2 != 0;
  return stored;
}

std::string encoded(const std::vector<StoredLink>& links) {
  LinkEncoder encoder;
  for (const StoredLink& link : links) encoder.add(link);
  return encoder.finish();
}

// What can be decoded can be encoded again, and is the same if it was not damaged.
void check_links(const std::string& bytes, bool damaged) {
  ktrace::Arena arena;
  std::vector<StoredLink> links;
  std::vector<Link> dated;
  const bool good = decode_links(bytes, 0, arena, links);
  require(decode_links(bytes, 0, Calendar(), arena, dated) == good);
  require(good || damaged);
  if (!good) return;
  const std::string again = encoded(links);
  require(damaged ? decode_links(again, 0, arena, links) : again == bytes);
}

// All questions, without regard to the answers.
void ask(const std::string& path, const std::string& id) {
  Result<IndexReader> reader = IndexReader::open(path);
  if (!reader) return;
  for (const char* beginning : {"", "0", "00000000", "x"}) {
    (void)reader->find({beginning, true});
  }
  (void)reader->find({id, false});
  (void)reader->restarts();
  std::size_t sum = 0;
  if (const auto links = reader->links()) check_links(*links, true);
  if (const auto words = reader->words()) {
    (void)decode_words(*words, [&](std::uint32_t hash, std::uint64_t first, std::uint64_t last) {
      sum += hash + first + last;
    });
  }
  (void)reader->for_each([&](const Occurrence& one) {
    for (const char c : one.id) sum += static_cast<unsigned char>(c);
    sum += one.key.size();
    return true;
  });
  volatile std::size_t sink = sum;
  (void)sink;
}

void check_find(IndexReader& reader, const std::vector<Item>& items, const Lookup& lookup) {
  const Result<std::vector<std::uint64_t>> found = reader.find(lookup);
  if (!found) return;
  std::vector<std::uint64_t> expected;
  for (const Item& item : items) {
    if (!expected.empty() && expected.back() == item.offset) continue;
    if (lookup.prefix ? identifier_begins(item.id, lookup.id)
                      : same_identifier(item.id, lookup.id)) {
      expected.push_back(item.offset);
    }
  }
  require(*found == expected);
}

// Right answers, or errors when the file may be damaged.
void check(const std::string& bytes, const std::vector<Item>& items, bool damaged) {
  const MemoryFile file(bytes);
  Result<IndexReader> reader = IndexReader::open(file.path());
  require(reader.ok() || damaged);
  if (!reader) return;
  // Which ones depends on the index, so that over many inputs it is any.
  const std::size_t step = items.size() / 2 + 1;
  for (std::size_t i = checksum(bytes) % step; i < items.size(); i += step) {
    check_find(*reader, items, {items[i].id, false});
    check_find(*reader, items, {items[i].id.substr(0, 6), true});
  }
  std::size_t at = 0;
  bool right = true;
  const Status status = reader->for_each([&](const Occurrence& one) {
    if (at == items.size()) return right = false;
    const Item& item = items[at++];
    right &= one.id == item.id && one.key == item.key && one.offset == item.offset &&
             one.stamp == item.stamp && one.severity == item.severity;
    return true;
  });
  require(damaged || status.ok());
  require(!status || (right && at == items.size()));
}

// Makes all checksums fit, as far as the parts can still be found.
void reseal(std::string& bytes) {
  using namespace ktrace::trace::index;
  if (bytes.size() < kHeaderSize) return;
  const std::string_view view = bytes;
  Bytes in(view.substr(kMagic.size() + 4));
  Header header{bytes.size(), (in.fixed(8), in.fixed(8)), {}, {}, {}, {}, {}};
  const auto part = [&in, &bytes] {
    Part taken;
    taken.position = std::min<std::uint64_t>(in.fixed(8), bytes.size());
    taken.length = std::min<std::uint64_t>(in.fixed(8), bytes.size() - taken.position);
    in.fixed(4);
    return taken;
  };
  header.directory = part();
  header.facts = part();
  header.links = part();
  header.words = part();
  header.restarts = part();
  const auto sum = [&bytes](Part& one) {
    if (one.position > bytes.size() || one.length > bytes.size() - one.position) return;
    one.crc = checksum(std::string_view(bytes).substr(one.position, one.length));
  };
  const std::string_view old = view.substr(header.directory.position, header.directory.length);
  Result<Directory> directory = decode_directory(old, bytes.size());
  if (directory) {
    for (Part& block : directory->blocks) sum(block);
    for (DictionaryPage& page : directory->dictionary) sum(page.part);
    for (LeafPage& page : directory->leaves) sum(page.part);
    const std::string sealed = encode(*directory);
    if (sealed.size() == old.size()) bytes.replace(header.directory.position, old.size(), sealed);
  }
  sum(header.directory);
  sum(header.facts);
  sum(header.links);
  sum(header.words);
  sum(header.restarts);
  bytes.replace(0, kHeaderSize, encode(header));
}

void patch(Input& input, std::string& bytes) {
  while (!input.empty()) {
    const std::uint64_t at = input.number(2) % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(input.number(1)));
  }
}

void try_links(Input& input) {
  ktrace::Arena arena;
  std::vector<StoredLink> links;
  for (std::uint64_t left = input.number(1) % 8; left > 0; --left) {
    links.push_back(any_link(input, arena));
  }
  const std::string bytes = encoded(links);
  check_links(bytes, false);
  std::string inflated = *index::inflate(bytes);
  patch(input, inflated);
  check_links(index::deflate(inflated), true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({reinterpret_cast<const char*>(data), size});
  const std::uint64_t mode = input.number(1);
  if (mode % 16 == 11) {
    try_links(input);
    return 0;
  }
  if (mode % 4 == 3) {
    std::string bytes(input.rest());
    if (mode & 4) reseal(bytes);
    ask(MemoryFile(bytes).path(), "00000000000000000000000000000000");
    return 0;
  }
  const std::vector<Item> items = any_items(input, mode / 8 == 0);
  std::string bytes = index_of(items);
  if (mode % 4 == 0) {
    check(bytes, items, false);
    return 0;
  }
  const std::string whole = bytes;
  patch(input, bytes);
  if (mode % 4 == 1) {
    check(bytes, items, bytes != whole);
    return 0;
  }
  reseal(bytes);
  ask(MemoryFile(bytes).path(), items.empty() ? "" : items.back().id);
  return 0;
}
