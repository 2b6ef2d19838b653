// The index of a log file: what was put in is what is found, or there is an error.

#include "ktrace/index.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "index_bits.h"
#include "ktrace/identifiers.h"
#include "stamps.h"

namespace ktrace::trace {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using Offsets = std::vector<std::uint64_t>;

// ---- Occurrences that own their strings --------------------------------------------------------

struct Item {
  std::string id, key;
  std::uint64_t offset = 0;
  Stamp stamp;
  Severity severity = Severity::info;
  std::string component = {};

  Occurrence view() const { return {id, key, offset, stamp, severity, component}; }
  friend bool operator==(const Item&, const Item&) = default;
};

// Tests tell items apart by what they print.
void PrintTo(const Item& item, std::ostream* out) {
  *out << fmt::format("{} {} {} @{} {}:{}", item.component, item.key, item.id, item.offset,
                      static_cast<int>(item.stamp.kind),
                      item.stamp.time.time_since_epoch().count());
}

Stamp absolute(std::int64_t nanoseconds) {
  Stamp stamp;
  stamp.kind = Stamp::Kind::absolute;
  stamp.time = Time(Duration(nanoseconds));
  return stamp;
}

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kAudit = "d1d6bcff-aee5-45b0-a885-3d5a601c7205";

// A few records of every kind.
std::vector<Item> small_log() {
  using std::chrono::microseconds;
  const Stamp first = yearless(11, 22, microseconds(60'645'041'587));
  const Stamp second = yearless(12, 31, std::chrono::hours(24) + microseconds(999'999));
  return {
      {kTrace, "traceID", 0, first, Severity::info},
      {kAudit, "audit-ID", 0, first, Severity::info},
      {kTrace, "trace_id", 300, second, Severity::error},
      {"00000000-0000-0000-0000-000000000001", "auditID", 450, absolute(-1), Severity::fatal},
      {"111", "reqID", 500, {}, Severity::unspecified},
      {"D1D6BCFF-AEE5-45B0-A885-3D5A601C7205", "audit-ID", 600, absolute(1717999200027948000), {}},
      {"111", "requestID", 600, absolute(1717999200027948000), {}},
      {"111222", "requestID", 1ull << 60, yearless(1, 1, {}), Severity::warning},
  };
}

IndexFacts some_facts() {
  return {"/var/log/kube-apiserver.log", 1ull << 40,         -5,   7, 8, 1000, 900, ~0ull, 1, 3,
          {"traceid", "auditid"},        {700, 0, 65536, 1}, false};
}

const std::string kLinks = "what records tell of links";
const std::string kWords = "where words stand";
const std::string kRestarts = "where unpacking can begin";

// ---- A directory for each test
// -------------------------------------------------------------------

class Index : public testing::Test {
 protected:
  Index() {
    std::string name = (fs::temp_directory_path() / "index-test-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    path_ = (directory_ / "log.ktrace-index").string();
  }
  ~Index() override { fs::remove_all(directory_); }

  Status write(const std::vector<Item>& items, const IndexFacts& facts = {}) {
    IndexWriter writer;
    for (const Item& item : items) writer.add(item.view());
    writer.set_links(kLinks);
    writer.set_words(kWords);
    writer.set_restarts(kRestarts);
    return writer.finish(path_, facts);
  }

  IndexReader open() {
    Result<IndexReader> reader = IndexReader::open(path_);
    EXPECT_TRUE(reader.ok());
    return std::move(*reader);
  }

  Offsets find(const std::string& id) { return *open().find({id, false}); }
  Offsets find_prefix(const std::string& id) { return *open().find({id, true}); }

  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void put_bytes(std::string_view content) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << content;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  fs::path directory_;
  std::string path_;
};

// What for_each gives; the status is kept in `status`.
std::vector<Item> all(IndexReader& reader, Status& status) {
  std::vector<Item> items;
  status = reader.for_each([&](const Occurrence& one) {
    items.push_back({std::string(one.id), std::string(one.key), one.offset, one.stamp, one.severity,
                     std::string(one.component)});
    return true;
  });
  return items;
}

std::vector<Item> all(IndexReader reader) {
  Status status;
  std::vector<Item> items = all(reader, status);
  EXPECT_TRUE(status.ok());
  return items;
}

// ---- What is found
// -------------------------------------------------------------------------------

TEST_F(Index, GivesBackAllOccurrencesInOrder) {
  ASSERT_TRUE(write(small_log()).ok());
  EXPECT_EQ(all(open()), small_log());
  EXPECT_EQ(open().size(), small_log().size());
}

TEST_F(Index, FindsEachRecordOfAnIdentifierOnce) {
  ASSERT_TRUE(write(small_log()).ok());
  EXPECT_THAT(find(kTrace), ElementsAre(0, 300));
  EXPECT_THAT(find(kAudit), ElementsAre(0));
  EXPECT_THAT(find("111"), ElementsAre(500, 600));
  EXPECT_THAT(find("111222"), ElementsAre(1ull << 60));
  EXPECT_THAT(find("11"), IsEmpty());
  EXPECT_THAT(find(""), IsEmpty());
  EXPECT_THAT(find("00000000000000000000000000000001"), IsEmpty());  // that one has hyphens
}

TEST_F(Index, ComparesOnly32HexDigitsWithoutCase) {
  ASSERT_TRUE(write(small_log()).ok());
  EXPECT_THAT(find("4BF92F3577B34DA6A3CE929D0E0E4736"), ElementsAre(0, 300));
  EXPECT_THAT(find("D1D6BCFF-AEE5-45B0-A885-3D5A601C7205"), ElementsAre(600));
  EXPECT_THAT(find_prefix("4BF92F"), ElementsAre(0, 300));
  EXPECT_THAT(find_prefix("D1D6BCFF-"), ElementsAre(600));
}

TEST_F(Index, KeepsTheSpellingOfIdentifiersThatAreTheSame) {
  const std::string upper = "4BF92F3577B34DA6A3CE929D0E0E4736";
  const std::string mixed = "4bf92f3577b34da6A3CE929D0E0E4736";
  std::vector<Item> items{
      {upper, "traceID", 1, {}, {}}, {kTrace, "traceID", 2, {}, {}}, {mixed, "traceID", 3, {}, {}}};
  // Far enough apart that one of the spellings is in several blocks.
  for (unsigned i = 4; i < 6000; ++i) items.push_back({kAudit, "auditID", i, {}, {}});
  items.push_back({kTrace, "traceID", 6000, {}, {}});
  ASSERT_TRUE(write(items).ok());
  EXPECT_EQ(all(open()), items);
  for (const std::string& id : {upper, mixed, kTrace}) {
    EXPECT_THAT(find(id), ElementsAre(1, 2, 3, 6000));
    EXPECT_THAT(find_prefix(id.substr(0, 8)), ElementsAre(1, 2, 3, 6000));
  }
}

TEST_F(Index, FindsByPrefix) {
  ASSERT_TRUE(write(small_log()).ok());
  EXPECT_THAT(find_prefix("111"), ElementsAre(500, 600, 1ull << 60));
  EXPECT_THAT(find_prefix("d1d6bcff-aee5-4"), ElementsAre(0));
  EXPECT_THAT(find_prefix("d1d6bcffaee54"), IsEmpty());
  EXPECT_THAT(find_prefix("00000000-0000"), ElementsAre(450));
  EXPECT_THAT(find_prefix(kTrace), ElementsAre(0, 300));
  EXPECT_THAT(find_prefix(kTrace + "0"), IsEmpty());
  EXPECT_EQ(find_prefix("").size(), 6u);
}

TEST_F(Index, MayBeEmpty) {
  ASSERT_TRUE(write({}, some_facts()).ok());
  EXPECT_THAT(all(open()), IsEmpty());
  EXPECT_THAT(find(kTrace), IsEmpty());
  EXPECT_EQ(open().facts(), some_facts());
}

TEST_F(Index, StopsWhenAskedTo) {
  ASSERT_TRUE(write(small_log()).ok());
  int given = 0;
  EXPECT_TRUE(open().for_each([&](const Occurrence&) { return ++given < 3; }).ok());
  EXPECT_EQ(given, 3);
}

// Logs of several blocks, each with identifiers of another make.
std::vector<Item> large_log(unsigned seed) {
  std::mt19937_64 random(seed);
  const auto hex = [&] { return fmt::format("{:016x}{:016x}", random(), random()); };
  std::deque<std::string> recent{hex()};
  std::vector<Item> items;
  std::uint64_t offset = 0;
  std::int64_t time = 1717999200'000000000;
  for (int i = 0; i < 9000; ++i) {
    std::string id;
    switch (random() % 8) {
      case 0:
        id = hex();
        if (random() % 4 == 0) std::transform(id.begin(), id.end(), id.begin(), ::toupper);
        recent.push_back(id);
        break;
      case 1:
        id = fmt::format("{:032x}", random());  // a 64-bit trace ID, filled up with zeros
        break;
      case 2:
        id = fmt::format("request-of-the-year-2026-on-the-day-11-22-{}", random() % 3000);
        break;
      case 3:
        id = fmt::format("{:08x}-0000-0000-0000-000000000000", i / 3);
        break;
      case 4:
      case 5:
        id = recent[random() % recent.size()];
        break;
      default:
        id = fmt::format("{:08x}-{:04x}-4{:03x}-8000-{:012x}", random() & 0xffffffff,
                         random() & 0xffff, random() & 0xfff, random() & 0xffffffffffff);
    }
    if (recent.size() > 50) recent.pop_front();
    const bool same = !items.empty() && random() % 3 == 0;
    offset += same ? 0 : random() % 1000;
    time += same ? 0 : static_cast<std::int64_t>(random() % 5'000'000) - 1'000'000;
    const Stamp stamp = random() % 2 == 0 ? absolute(time / 1000 * 1000) : absolute(time);
    items.push_back({id, random() % 2 == 0 ? "traceID" : "audit-ID", offset, stamp,
                     static_cast<Severity>(random() % 5)});
  }
  return items;
}

Offsets expected(const std::vector<Item>& items, const std::string& id, bool prefix) {
  std::set<std::uint64_t> offsets;
  for (const Item& item : items) {
    const bool match = prefix ? identifier_begins(item.id, id) : same_identifier(item.id, id);
    if (match) offsets.insert(item.offset);
  }
  return {offsets.begin(), offsets.end()};
}

TEST_F(Index, AgreesWithASearchThroughAllOccurrences) {
  for (const unsigned seed : {1u, 2u}) {
    const std::vector<Item> items = large_log(seed);
    ASSERT_TRUE(write(items).ok());
    EXPECT_TRUE(all(open()) == items);
    IndexReader reader = open();
    for (std::size_t i = 0; i < items.size(); i += 53) {
      const std::string& id = items[i].id;
      ASSERT_EQ(*reader.find({id, false}), expected(items, id, false)) << id;
      for (const std::size_t length : {std::size_t{6}, id.size() - 1}) {
        const std::string beginning = id.substr(0, length);
        ASSERT_EQ(*reader.find({beginning, true}), expected(items, beginning, true)) << beginning;
      }
      std::string other = id;
      other.back() = other.back() == '0' ? '1' : '0';
      ASSERT_EQ(*reader.find({other, false}), expected(items, other, false)) << other;
    }
  }
}

// Alone in a block, in a block twice, and in several blocks.
TEST_F(Index, TellsSpellingsOfOneNumberApart) {
  const std::string hex = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string upper = "4BF92F3577B34DA6A3CE929D0E0E4736";
  const std::string uuid = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736";
  std::vector<Item> items;
  const auto add = [&items](const std::string& id) {
    items.push_back({id, "traceID", items.size(), {}, {}});
  };
  for (const auto& ids : std::vector<std::vector<std::string>>{
           {hex, upper}, {uuid, hex, uuid}, {}, {hex, hex, upper}, {}}) {
    for (const std::string& id : ids) add(id);
    for (int i = 0; i < 2048; ++i) add(fmt::format("{:032x}", items.size() * 0x9e3779b97f4a7c15));
  }
  ASSERT_TRUE(write(items).ok());
  EXPECT_EQ(all(open()), items);
  for (const std::string& id : {hex, upper, uuid, items[5000].id}) {
    EXPECT_EQ(find(id), expected(items, id, false)) << id;
  }
}

TEST_F(Index, FindsManyAsItFindsEach) {
  const std::vector<Item> items = large_log(3);
  ASSERT_TRUE(write(items).ok());
  IndexReader reader = open();
  for (const std::size_t step : {std::size_t{1}, std::size_t{97}, items.size() / 2}) {
    std::vector<Lookup> lookups{{"no such", false}, {items.back().id.substr(0, 6), true}};
    std::set<std::uint64_t> each;
    for (std::size_t i = 0; i < items.size() && lookups.size() < 500; i += step) {
      lookups.push_back({items[i].id, false});
    }
    for (const Lookup& lookup : lookups) {
      const auto found = reader.find(lookup);
      ASSERT_TRUE(found.ok());
      each.insert(found->begin(), found->end());
    }
    EXPECT_EQ(*reader.find_any(lookups), Offsets(each.begin(), each.end())) << step;
  }
  EXPECT_TRUE(reader.find_any({})->empty());
}

TEST_F(Index, HoldsLongAndOddIdentifiers) {
  std::vector<Item> items;
  for (int i = 0; i < 300; ++i) {
    items.push_back({std::string(2000, 'x') + std::to_string(i),
                     "reqID",
                     10u * static_cast<unsigned>(i),
                     {},
                     {}});
  }
  items.push_back({std::string(1 << 20, 'y'), "reqID", 5000, {}, {}});
  items.push_back({std::string("\0\xff\n", 3), "", 5001, {}, {}});
  ASSERT_TRUE(write(items).ok());
  EXPECT_EQ(all(open()), items);
  for (const Item& item : items) EXPECT_THAT(find(item.id), ElementsAre(item.offset));
  EXPECT_EQ(find_prefix(std::string(2000, 'x')).size(), 300u);
  EXPECT_THAT(find_prefix(std::string(2000, 'x') + "29"), testing::SizeIs(11));
}

TEST_F(Index, KeepsTimesAtTheEndsOfTheirRange) {
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::vector<Item> items;
  for (const std::int64_t time : {least, most, std::int64_t{0}, most, least, std::int64_t{-1}}) {
    items.push_back({kTrace, "traceID", items.size(), absolute(time), Severity::info});
  }
  ASSERT_TRUE(write(items).ok());
  EXPECT_EQ(all(open()), items);
}

TEST_F(Index, IsSmall) {
  // One audit ID a record cannot take less than its 122 bits; what is around it is little.
  std::mt19937_64 random(1);
  std::vector<Item> items;
  for (unsigned i = 0; i < 20000; ++i) {
    const std::string id = fmt::format("{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
                                       random() & 0xffffffff, random() & 0xffff, random() & 0xfff,
                                       random() & 0xfff, random() & 0xffffffffffff);
    const auto time = std::chrono::microseconds(std::uint64_t{i} * 1000 + random() % 1000);
    items.push_back({id, "audit-ID", i * 400 + random() % 400, yearless(6, 10, time), {}});
  }
  ASSERT_TRUE(write(items).ok());
  EXPECT_LT(bytes().size(), 20000u * 21);
}

// ---- Facts, and going on
// ---------------------------------------------------------------------------

TEST_F(Index, KeepsTheFacts) {
  ASSERT_TRUE(write(small_log(), some_facts()).ok());
  EXPECT_EQ(open().facts(), some_facts());
  EXPECT_EQ(*open().links(), kLinks);
  EXPECT_EQ(*open().words(), kWords);
  EXPECT_EQ(*open().restarts(), kRestarts);
}

TEST_F(Index, ContinuedIsAsIfMadeAtOnce) {
  const std::vector<Item> items = large_log(3);
  ASSERT_TRUE(write(items, some_facts()).ok());
  const std::string at_once = bytes();

  const auto half = items.begin() + 4000;
  ASSERT_TRUE(write({items.begin(), half}).ok());
  IndexWriter writer;
  IndexReader old = open();
  ASSERT_TRUE(old.for_each([&](const Occurrence& one) {
                   writer.add(one);
                   return true;
                 })
                  .ok());
  for (auto item = half; item != items.end(); ++item) writer.add(item->view());
  writer.set_links(*old.links());
  writer.set_words(*old.words());
  writer.set_restarts(*old.restarts());
  ASSERT_TRUE(writer.finish(path_, some_facts()).ok());
  EXPECT_TRUE(bytes() == at_once);
}

TEST_F(Index, GoesOnReadingWhatItOpened) {
  ASSERT_TRUE(write(small_log()).ok());
  IndexReader reader = open();
  ASSERT_TRUE(write({}).ok());
  EXPECT_THAT(*reader.find({kTrace, false}), ElementsAre(0, 300));
}

TEST_F(Index, RefusesRecordsOutOfOrder) {
  EXPECT_FALSE(write({{"a", "traceID", 2, {}, {}}, {"b", "traceID", 1, {}, {}}}).ok());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Index, TellsWhatRecordsTellOfTheirComponents) {
  const std::vector<Item> items{{"a", "auditID", 1, {}, Severity::info, "kube-apiserver"},
                                {"a", "auditID", 2, {}, Severity::info, ""},
                                {"b", "auditID", 3, {}, Severity::info, "kubelet"},
                                {"b", "auditID", 4, {}, Severity::info, "kube-apiserver"}};
  EXPECT_TRUE(write(items).ok());
  EXPECT_EQ(all(open()), items);
}

TEST(KeysOfAnOccurrence, AreAddedOnceInAnyOfTheirSpellings) {
  using namespace std::string_view_literals;
  EXPECT_EQ(with_key("traceID", "trace_id"), "traceID");
  EXPECT_EQ(with_key("traceID", "reqID"), "traceID\0reqID"sv);
  EXPECT_EQ(with_key("traceID\0reqID"sv, "REQ-ID"), "traceID\0reqID"sv);
  EXPECT_EQ(first_key("traceID\0reqID"sv, KeySet({"reqid", "traceid"})), "traceID");
  EXPECT_EQ(first_key("traceID\0reqID"sv, KeySet({"reqid"})), "reqID");
  EXPECT_EQ(first_key("traceID\0reqID"sv, KeySet({"auditid"})), "");
}

TEST_F(Index, GivesWhatStandsUnderSomeKeys) {
  const std::vector<Item> items{
      {kTrace, std::string("traceID\0reqID", 13), 1, {}, {}},
      {kAudit, "auditID", 1, {}, {}},
      {kAudit, "auditID", 2, absolute(5), {}},
      {"111", "REQ-ID", 2, absolute(5), {}},
      {kAudit, "request-id", 3, absolute(6), {}},
  };
  ASSERT_TRUE(write(items).ok());
  EXPECT_EQ(all(open()), items);
  std::vector<Item> given;
  const auto take = [&](const Occurrence& one) {
    given.push_back({std::string(one.id), std::string(one.key), one.offset, one.stamp, {}});
    return true;
  };
  EXPECT_TRUE(open().for_each_under(KeySet({"reqID", "requestID"}), take).ok());
  EXPECT_THAT(given, ElementsAre(Item{kTrace, "reqID", 1, {}, {}},
                                 Item{"111", "REQ-ID", 2, absolute(5), {}},
                                 Item{kAudit, "request-id", 3, absolute(6), {}}));
}

TEST_F(Index, RefusesMoreSpellingsThanATagCanTell) {
  std::vector<Item> items;
  for (unsigned i = 0; i < 1024; ++i) items.push_back({"a", fmt::format("key{}", i), i, {}, {}});
  EXPECT_TRUE(write(items).ok());
  EXPECT_EQ(all(open()), items);
  items.push_back({"a", "one more", 5000, {}, {}});
  EXPECT_FALSE(write(items).ok());
}

// ---- Damage
// ----------------------------------------------------------------------------------------

// Every question to an index of small_log(): the right answer or an error.
void expect_right_or_refused(const std::string& path, const std::string& what) {
  Result<IndexReader> reader = IndexReader::open(path);
  if (!reader) return;
  const std::vector<Item> items = small_log();
  for (const Item& item : items) {
    const Result<Offsets> found = reader->find({item.id, false});
    if (found) {
      EXPECT_EQ(*found, expected(items, item.id, false)) << what;
    }
  }
  const Result<Offsets> found = reader->find({"111", true});
  if (found) {
    EXPECT_EQ(*found, expected(items, "111", true)) << what;
  }
  Status status;
  const std::vector<Item> given = all(*reader, status);
  if (status) {
    EXPECT_EQ(given, items) << what;
  }
  const Result<std::string> links = reader->links();
  if (links) {
    EXPECT_EQ(*links, kLinks) << what;
  }
  const Result<std::string> words = reader->words();
  if (words) {
    EXPECT_EQ(*words, kWords) << what;
  }
  const Result<std::string> restarts = reader->restarts();
  if (restarts) {
    EXPECT_EQ(*restarts, kRestarts) << what;
  }
  EXPECT_EQ(reader->facts(), some_facts()) << what;
}

TEST_F(Index, WithAnyByteChangedIsRightOrRefused) {
  ASSERT_TRUE(write(small_log(), some_facts()).ok());
  const std::string whole = bytes();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ change);
      put_bytes(damaged);
      expect_right_or_refused(path_, fmt::format("byte {} ^ {}", i, change));
    }
  }
}

TEST_F(Index, CutAtAnyLengthOrTooLongIsRefused) {
  ASSERT_TRUE(write(small_log(), some_facts()).ok());
  const std::string whole = bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    put_bytes(std::string_view(whole).substr(0, length));
    EXPECT_FALSE(IndexReader::open(path_).ok()) << length;
  }
  put_bytes(whole + '\0');
  EXPECT_FALSE(IndexReader::open(path_).ok());
}

TEST_F(Index, SaysWhyItIsRefused) {
  const auto refusal = [this] { return IndexReader::open(path_).message(); };
  EXPECT_EQ(refusal(), "No such file or directory");
  put_bytes("I1122 16:50:45.041587       1 a.go:1] \"a log\"\n");
  EXPECT_EQ(refusal(), "this is no index of ktrace");
  put_bytes("");
  EXPECT_EQ(refusal(), "this is no index of ktrace");
  put_bytes("KTRACEIX");
  EXPECT_EQ(refusal(), "the index is damaged");
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_EQ(refusal(), "the index is no regular file");
}

// ---- Files
// -----------------------------------------------------------------------------------------

TEST_F(Index, LeavesNothingButTheIndex) {
  ASSERT_TRUE(write(small_log()).ok());
  ASSERT_TRUE(write(small_log()).ok());
  EXPECT_THAT(names(), ElementsAre("log.ktrace-index"));
}

TEST_F(Index, RemovesWhatKilledWritersLeftAndNothingElse) {
  for (const char* name : {"a.ktrace-index.tmp-abcdef", "b.ktrace-index.tmp-abcdef",
                           "c.ktrace-index", "d.tmp-abcdef", "ktrace-index.tmp-abcdef"}) {
    std::ofstream(directory_ / name) << "left";
  }
  const int alive =
      ::open((directory_ / "b.ktrace-index.tmp-abcdef").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(alive, LOCK_EX), 0);
  ASSERT_TRUE(write(small_log()).ok());
  ::close(alive);
  EXPECT_THAT(names(), testing::UnorderedElementsAre("b.ktrace-index.tmp-abcdef", "c.ktrace-index",
                                                     "d.tmp-abcdef", "ktrace-index.tmp-abcdef",
                                                     "log.ktrace-index"));
}

// Each removes what killed writers left, and must not take the others for such.
TEST_F(Index, IsWrittenBesideOthers) {
  const auto write_often = [&](int writer) {
    const std::string path = (directory_ / fmt::format("{}.ktrace-index", writer)).string();
    int written = 0;
    for (int i = 0; i < 100; ++i) written += IndexWriter().finish(path, {}).ok() ? 1 : 0;
    return written;
  };
  std::vector<std::future<int>> writers;
  for (int i = 0; i < 4; ++i) writers.push_back(std::async(std::launch::async, write_often, i));
  for (std::future<int>& writer : writers) EXPECT_EQ(writer.get(), 100);
}

TEST_F(Index, KeepsTheOldOneWhenTheNewOneCannotBeWritten) {
  EXPECT_FALSE(IndexWriter().finish((directory_ / "missing" / "a.ktrace-index").string(), {}).ok());
  fs::create_directories(fs::path(path_) / "in the way");
  EXPECT_FALSE(write(small_log()).ok());
  EXPECT_THAT(names(), ElementsAre("log.ktrace-index"));
}

TEST_F(Index, KilledAtAnyMomentLeavesAnIndexThatIsRight) {
  const std::vector<Item> before = large_log(4), after = large_log(5);
  ASSERT_TRUE(write(before).ok());
  std::mt19937 random(6);
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      while (write(after).ok() && write(before).ok()) continue;
      ::_exit(1);
    }
    ::usleep(static_cast<useconds_t>(random() % 20'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::vector<Item> found = all(open());
    EXPECT_TRUE(found == before || found == after);
  }
  ASSERT_TRUE(write(before).ok());
  EXPECT_THAT(names(), ElementsAre("log.ktrace-index"));
}

TEST(IndexName, HasAHashOfThePathAndItsLastPart) {
  EXPECT_EQ(cache_path("/c", "/var/log/kube-apiserver.log"),
            fmt::format("/c/{:016x}-kube-apiserver.log.ktrace-index",
                        content_hash("/var/log/kube-apiserver.log")));
  EXPECT_NE(cache_path("/c", "/a/kubelet.log"), cache_path("/c", "/b/kubelet.log"));
  EXPECT_THAT(cache_path("/c", "/a/\x1b[1m b\xff/c d\n"), testing::EndsWith("-c_d_.ktrace-index"));
  EXPECT_EQ(cache_path("/c", "/" + std::string(5000, 'x')).size(), 3 + 16 + 1 + 64 + 13);
}

TEST(ContentHash, IsFnv1aOf64Bits) {
  EXPECT_EQ(content_hash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(content_hash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(content_hash("foobar"), 0x85944171f73967e8u);
}

// ---- The width code
// ----------------------------------------------------------------------------------

struct Coded {
  std::string bytes;
  std::vector<std::uint64_t> numbers;
};

Coded code_and_read(const std::vector<std::uint64_t>& numbers) {
  Coded coded;
  BitWriter out(coded.bytes);
  WidthEncoder encoder;
  for (const std::uint64_t number : numbers) encoder.count(number);
  encoder.write_code(out);
  for (const std::uint64_t number : numbers) encoder.put(out, number);
  out.finish();
  const std::string padded = coded.bytes + std::string(kBitPadding, '\xff');
  BitReader in(std::string_view(padded).substr(0, coded.bytes.size()));
  WidthDecoder decoder;
  EXPECT_TRUE(decoder.read_code(in));
  for (std::size_t i = 0; i < numbers.size(); ++i) coded.numbers.push_back(decoder.get(in));
  EXPECT_FALSE(in.past_end());
  return coded;
}

TEST(WidthCode, GivesBackNumbersOfAllWidths) {
  std::vector<std::uint64_t> numbers{0, ~0ull};
  for (unsigned shift = 0; shift < 64; ++shift) {
    numbers.push_back(std::uint64_t{1} << shift);
    numbers.push_back((std::uint64_t{1} << shift) - 1);
  }
  EXPECT_EQ(code_and_read(numbers).numbers, numbers);
  EXPECT_THAT(code_and_read({}).numbers, IsEmpty());
}

TEST(WidthCode, LimitsWordsHoweverUnevenTheWidths) {
  // Frequencies as Fibonacci's numbers make the longest words.
  std::vector<std::uint64_t> numbers;
  for (std::size_t width = 0, count = 1, next = 1; width < 20; ++width) {
    numbers.insert(numbers.end(), count, (std::uint64_t{1} << width) >> 1);
    next = std::exchange(count, next) + next;
  }
  EXPECT_EQ(code_and_read(numbers).numbers, numbers);
}

TEST(WidthCode, TakesNoBitsForTheOnlyWidth) {
  const std::vector<std::uint64_t> ones(1000, 1);
  EXPECT_EQ(code_and_read(ones).bytes.size(), 2u);  // the code itself
  EXPECT_EQ(code_and_read(ones).numbers, ones);
}

}  // namespace
}  // namespace ktrace::trace
