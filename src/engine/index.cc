// `index`: makes and refreshes the indexes of files. A file is read once, in parts, on all threads;
// what was seen in a part goes to the index when all parts before it have gone, so that little is
// held. What would make the index too large is given up on the way. A file that only grew is read
// from where its index ends; a compressed one is surveyed first, and then read like any other.

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "commands.h"
#include "index_scan.h"
#include "indexed.h"
#include "line_count.h"
#include "parallel.h"

namespace ktrace::engine {
namespace {

// File systems stamp modifications with a clock that ticks this often or faster. A change in the
// tick of the one before would not show.
constexpr Duration kTick = std::chrono::milliseconds(20);

// Parts that have been added: where one was, that is in memory and perhaps in the cache, another is
// read. Thread-safe.
class SpareParts {
 public:
  IndexPart take() {
    const std::lock_guard lock(mutex_);
    if (parts_.empty()) return {};
    IndexPart part = std::move(parts_.back());
    parts_.pop_back();
    return part;
  }

  void put(IndexPart part) {
    part.clear();
    const std::lock_guard lock(mutex_);
    parts_.push_back(std::move(part));
  }

  void drop() {
    const std::lock_guard lock(mutex_);
    parts_.clear();
    parts_.shrink_to_fit();
  }

 private:
  std::mutex mutex_;
  std::vector<IndexPart> parts_;
};

// One file's index in the making.
class Indexer {
 public:
  Indexer(Session& session, const Filter& filter, const IndexStore& store,
          std::vector<IndexWorker>& workers, input::Source& source)
      : session_(session), filter_(filter), store_(store), workers_(workers), source_(source) {}

  // An index can be written, there is a current one, or there can be none, as was reported.
  enum class Finding : std::uint8_t { read, current, none };

  Finding read() {
    if (!source_.file()) return leave_out();
    std::vector<Diagnostic> words;
    auto known = store_.find_own(source_, words);
    for (const Diagnostic& word : words) session_.report(word);
    if (known && known->current) return Finding::current;
    if (!source_.seekable()) {
      if (const Finding found = survey(); found != Finding::read) return found;
    }
    const auto facts = store_.facts_now(source_);
    if (!facts) return fail(facts.status());
    facts_ = *facts;
    let_clock_tick();
    std::uint64_t begin = 0;
    if (known) {
      if (take_over(*known)) begin = known->end;
    }
    scan(begin);
    return failed_.ok() ? Finding::read : fail(failed_);
  }

  // Once it has been read. Uses nothing that indexers of other sources use, and then holds little.
  Status write() {
    if (keeps_links_) keep_links();
    if (keeps_words_) keep_words();
    writer_.set_restarts(source_.restarts());
    Status status = writer_.finish(store_.path_for(facts_.path), facts_);
    writer_ = trace::IndexWriter();
    return status;
  }

  // Reports that it could not be written.
  Finding fail(const Status& status) {
    session_.report({Diagnostic::Level::error, source_.origin().name, 0, status.message()});
    return Finding::none;
  }

 private:
  static constexpr std::uint64_t kSmall = 64 << 10;

  // About, where there are many: how many times smaller links become, and the bits that a run of a
  // word takes.
  static constexpr std::size_t kLinksDeflate = 2, kBitsOfRun = 13;

  // `read` when the source can be read in parts now.
  Finding survey() {
    const auto before = source_.file();
    const auto meter = session_.meter("unpacking", before ? before->size : 0);
    const auto surveyed = source_.survey([&meter](std::uint64_t bytes) { meter->add(bytes); });
    if (!surveyed) return fail(surveyed.status());
    if (!*surveyed) return leave_out();
    const auto after = source_.file();
    const bool same = before && after && before->size == after->size &&
                      before->inode == after->inode && before->modified == after->modified;
    return same ? Finding::read : fail(Status::error("has changed while it was read"));
  }

  Finding leave_out() {
    session_.report({Diagnostic::Level::note, source_.origin().name, 0,
                     "not indexed: only files are, and compressed ones when they can be unpacked "
                     "in pieces"});
    return Finding::none;
  }

  void let_clock_tick() const {
    const Time modified{Duration(facts_.modified)};
    const Duration age = std::chrono::system_clock::now() - modified;
    if (age >= Duration::zero() && age < kTick) std::this_thread::sleep_for(kTick - age);
  }

  // What the old index says of the records that cannot have changed. When it turns out to be
  // damaged, the index is made anew.
  bool take_over(KnownIndex& known) {
    const Status status = known.reader.for_each([&](const trace::Occurrence& occurrence) {
      if (occurrence.offset >= known.end) return false;
      writer_.add(occurrence);
      return true;
    });
    if (!status.ok() || !take_over_links(known) || !take_over_words(known)) {
      writer_ = trace::IndexWriter();
      links_ = {};
      words_ = {};
      keeps_links_ = keeps_words_ = true;
      return false;
    }
    facts_.divisible = known.reader.facts().divisible;
    constexpr std::uint64_t kStep = trace::IndexFacts::kLineStep;
    const std::uint64_t step = known.end / kStep;
    lines_.counts = known.reader.facts().lines;
    lines_.counts.resize(step);
    lines_.count(bytes_at(source_, step * kStep, known.end % kStep), step * kStep);
    return true;
  }

  // Links that would take much room are left out, and `story` reads the log for them: of log lines
  // that costs little, of JSON much.
  std::uint64_t most_of_links(std::uint64_t read) const { return kSmall + read / links_share_; }

  // Where every record names something of its own, to read the log costs less than to tell where.
  static std::uint64_t most_of_words(std::uint64_t read) { return kSmall + read / 500; }

  // What takes too much room in the log up to `read` is not looked for in the rest.
  void give_up(std::uint64_t read) {
    if (links_.size() / kLinksDeflate > most_of_links(read)) {
      keeps_links_ = false;
      links_ = {};
    }
    if (words_.runs() * kBitsOfRun / 8 > most_of_words(read)) {
      keeps_words_ = false;
      words_ = {};
    }
  }

  void keep_links() {
    std::string links = links_.finish();
    if (links.size() <= most_of_links(facts_.indexed)) writer_.set_links(std::move(links));
  }

  bool take_over_links(KnownIndex& known) {
    const auto stored = known.reader.links();
    keeps_links_ = !stored || !stored->empty();
    if (!keeps_links_) return true;
    Arena text;
    std::vector<trace::StoredLink> links;
    if (!stored || !trace::decode_links(*stored, 0, text, links)) return false;
    for (const trace::StoredLink& stored_link : links) {
      if (stored_link.link.evidence.offset < known.end) links_.add(stored_link);
    }
    return true;
  }

  void keep_words() {
    std::string words = words_.finish();
    if (words.size() <= most_of_words(facts_.indexed)) writer_.set_words(std::move(words));
  }

  bool take_over_words(KnownIndex& known) {
    const auto words = known.reader.words();
    keeps_words_ = !words || !words->empty();
    if (!keeps_words_) return true;
    const std::uint64_t end = known.end / trace::kWordStep;
    return words && trace::decode_words(
                        *words, [&](std::uint32_t hash, std::uint64_t first, std::uint64_t last) {
                          for (std::uint64_t step = first; step <= std::min(last, end); ++step) {
                            words_.add(step << trace::kWordBits | hash);
                          }
                        });
  }

  void scan(std::uint64_t begin) {
    links_share_ = bytes_at(source_, 0, 1) == "{" ? 32 : 200;
    add_parts(source_, 0, begin, session_.query().block_size, parts_);
    const auto meter = session_.watch(parts_, "indexing");
    seen_.resize(parts_.size());
    done_.resize(parts_.size());
    const Calendars undated(1);
    ListSearch search{session_.query(), session_.keys(), filter_, undated};
    search.for_index = true;
    const IndexScan scan(search, source_, keeps_words_, keeps_links_);
    for_each_task(workers_, parts_.size(), [&](IndexWorker& worker, std::size_t task) {
      seen_[task] = spare_.take();
      scan.read(worker, *parts_[task], seen_[task]);
      hand_over(task);
    });
    spare_.drop();
    session_.report_parts(parts_);
    facts_.lines = lines_.counts;
  }

  // While a thread adds parts, others leave theirs to it and read on, unless it has fallen behind.
  void hand_over(std::size_t task) {
    std::unique_lock lock(mutex_);
    done_[task] = true;
    ++ready_;
    const auto keeps_up = [this] { return !adding_ || ready_ <= workers_.size(); };
    if (adding_) return added_.wait(lock, keeps_up);
    adding_ = true;
    for (; next_ < parts_.size() && done_[next_]; ++next_, --ready_) {
      lock.unlock();
      add(*parts_[next_], seen_[next_]);
      spare_.put(std::move(seen_[next_]));
      lock.lock();
      added_.notify_all();
    }
    adding_ = false;
    added_.notify_all();
  }

  void add(const Part& part, IndexPart& seen) {
    if (failed_.ok()) failed_ = part.status;
    const bool as_written = seen.spellings.size() < kMostSpellings && !seen.respelt;
    facts_.divisible = facts_.divisible && as_written;
    lines_.add(part.lines);
    add_occurrences(seen);
    if (keeps_words_) words_.add(seen.words);
    if (keeps_links_) {
      for (const trace::StoredLink& link : seen.links.links) links_.add(link);
    }
    give_up(part.end);
  }

  void add_occurrences(const IndexPart& part) {
    // By key: the component with which it came last, and the number that the writer gave both.
    std::array<std::pair<std::uint32_t, std::uint16_t>, kMostSpellings> recent;
    recent.fill({~0U, 0});
    auto number = part.numbers.begin();
    for (const SeenPart::Undated& undated : part.seen.undated) {
      const Observation& seen = part.seen.seen[undated.observation];
      auto& [component, key] = recent[seen.key];
      if (component != seen.component) {
        component = seen.component;
        key = writer_.number_of(part.spellings[seen.key], part.components.names()[component]);
      }
      trace::ReadId id;
      if (seen.trace == trace::kNoNumber) {
        id = {{}, number->high, number->low, number->form};
        ++number;
      } else {
        id = part.ids.read(seen.trace);
      }
      writer_.add(key, undated.offset, undated.stamp, seen.severity, id);
    }
  }

  Session& session_;
  const Filter& filter_;
  const IndexStore& store_;
  std::vector<IndexWorker>& workers_;
  input::Source& source_;
  trace::IndexFacts facts_;
  trace::IndexWriter writer_;
  trace::LinkEncoder links_;
  trace::WordEncoder words_;
  std::atomic<bool> keeps_links_ = true, keeps_words_ = true;
  std::uint64_t links_share_ = 1;
  LineSteps lines_;
  Parts parts_;
  Status failed_;
  SpareParts spare_;

  std::vector<IndexPart> seen_;

  std::mutex mutex_;  // of what follows
  std::vector<bool> done_;
  std::size_t next_ = 0;   // parts before this have been added
  std::size_t ready_ = 0;  // parts that are done and have not been added
  bool adding_ = false;    // whether a thread is in add(), which changes the rest
  std::condition_variable added_;
};

// Writes indexes while further sources are read, each on a thread of its own, unless there is but
// one thread. No more of them wait in memory than there are threads. Reports are in the order in
// which writing began.
class IndexesToWrite {
 public:
  explicit IndexesToWrite(std::size_t threads) : threads_(threads) {}

  void write(std::unique_ptr<Indexer> indexer) {
    while (count_unwritten() == threads_) finish_first();
    Index& index = begun_.emplace_back();
    index.indexer = std::move(indexer);
    const auto write = [&index] {
      index.status = index.indexer->write();
      index.written = true;
    };
    if (threads_ == 1) return write();
    index.thread = std::jthread(write);
  }

  // Waits for all. Gives whether any has been written.
  bool finish() {
    while (!begun_.empty()) finish_first();
    return any_;
  }

 private:
  struct Index {
    std::unique_ptr<Indexer> indexer;
    Status status;
    std::atomic<bool> written = false;
    std::jthread thread;  // last, since it uses the others
  };

  std::size_t count_unwritten() const {
    const auto is_unwritten = [](const Index& index) { return !index.written; };
    return static_cast<std::size_t>(std::count_if(begun_.begin(), begun_.end(), is_unwritten));
  }

  void finish_first() {
    Index& first = begun_.front();
    if (first.thread.joinable()) first.thread.join();
    if (first.status.ok()) {
      any_ = true;
    } else {
      first.indexer->fail(first.status);
    }
    begun_.pop_front();
  }

  const std::size_t threads_;
  bool any_ = false;
  std::list<Index> begun_;  // in which they stay where they are
};

// The largest files first: what is left to be written when all have been read is then little.
std::vector<input::Source*> in_order_of_size(std::vector<input::Source*> sources) {
  const auto size = [](input::Source* source) {
    const auto file = source->file();
    return file ? file->size : 0;
  };
  std::vector<std::pair<std::uint64_t, input::Source*>> sized;
  for (input::Source* source : sources) sized.emplace_back(size(source), source);
  std::stable_sort(sized.begin(), sized.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::transform(sized.begin(), sized.end(), sources.begin(),
                 [](const auto& one) { return one.second; });
  return sources;
}

}  // namespace

Outcome run_index(Session& session, const Filter& filter) {
  const IndexStore& store = session.indexes();
  if (Status status = store.make_directory(); !status.ok()) return session.fail(status.message());
  std::vector<IndexWorker> workers(thread_count(session.query().threads));
  IndexesToWrite indexes(workers.size());
  bool any = false;
  for (input::Source* source : in_order_of_size(session.sources())) {
    auto indexer = std::make_unique<Indexer>(session, filter, store, workers, *source);
    const Indexer::Finding found = indexer->read();
    any = any || found == Indexer::Finding::current;
    if (found == Indexer::Finding::read) indexes.write(std::move(indexer));
  }
  const bool written = indexes.finish();
  return session.outcome(any || written);
}

}  // namespace ktrace::engine
