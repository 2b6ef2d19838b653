// Looks at followed folders again. A file that is there is a new log when its name is not that of a
// piece of a known one, which has a follower of its own (follow.cc), and when it is no file that
// was known by another name: a log may be moved out of the way under any name. Identities alone do
// not tell, because a new file may get that of one that was removed: it begins in another way.
//
// Of the files that klog --log_dir makes at one time that of the gravest lines comes first. It
// waits for one look, since it is a copy if the one that holds all lines is there then.

#include "ktrace/arrivals.h"

#include <map>
#include <set>

#include "finder.h"
#include "rotation.h"
#include "tree.h"

namespace ktrace::input {
namespace {

// So much of a file's beginning tells it from another.
constexpr std::size_t kHead = 256;

struct Seen {
  std::string path;
  std::uint64_t size = 0;
  std::string head;
};

std::string head_of(const std::string& path) {
  std::string head(kHead, '\0');
  auto file = open_path(path);
  const auto count = file ? file->read_at(0, head.data(), head.size()) : std::size_t{0};
  head.resize(count ? *count : 0);
  return head;
}

}  // namespace

struct Arrivals::State {
  bool is_known(const std::string& path) const;
  Seen see(const std::string& path, const Facts& facts) const;
  bool was_moved(const Seen& file, const Facts& facts) const;
  bool is_graver_copy(const std::string& path) const;
  bool waits(const std::string& path);

  std::vector<Naming> names;
  std::vector<std::string> folders;
  std::vector<std::string> met;    // all files, for the layout of the tree
  std::set<std::string> logs;      // as rotated_name() tells them
  std::map<Identity, Seen> files;  // at the last look
  std::set<std::string> waiting;   // for the next
};

bool Arrivals::State::is_known(const std::string& path) const {
  return logs.contains(rotated_name(path).log);
}

Seen Arrivals::State::see(const std::string& path, const Facts& facts) const {
  const auto before = files.find(facts.identity);
  const bool same = before != files.end() && before->second.path == path &&
                    before->second.size <= facts.size && before->second.head.size() == kHead;
  return {path, facts.size, same ? before->second.head : head_of(path)};
}

bool Arrivals::State::was_moved(const Seen& file, const Facts& facts) const {
  const auto before = files.find(facts.identity);
  return before != files.end() && before->second.path != file.path &&
         file.size >= before->second.size && file.head.starts_with(before->second.head);
}

// Whether klog --log_dir made it for graver lines, and the log that holds them all may be about to
// come.
bool Arrivals::State::waits(const std::string& path) {
  const auto name = log_dir_name(path);
  return name && name->severity != "INFO" && !is_graver_copy(path) && waiting.insert(path).second;
}

// Whether klog --log_dir made it for graver lines, and the log that holds them all is known.
bool Arrivals::State::is_graver_copy(const std::string& path) const {
  const auto name = log_dir_name(path);
  if (!name || name->severity == "INFO") return false;
  std::string log = rotated_name(path).log;
  const std::size_t at = log.rfind(name->severity);
  return at != log.npos && logs.contains(log.replace(at, name->severity.size(), "INFO"));
}

Arrivals::Arrivals(const std::vector<std::string>& paths, std::vector<Naming> names,
                   std::vector<std::string> met)
    : state_(std::make_unique<State>()) {
  state_->names = std::move(names);
  state_->met = std::move(met);
  for (const std::string& path : state_->met) state_->logs.insert(rotated_name(path).log);
  for (const std::string& path : paths) {
    const auto facts = facts_of(path);
    if (facts && facts->directory()) state_->folders.push_back(path);
  }
}
Arrivals::Arrivals(Arrivals&&) noexcept = default;
Arrivals& Arrivals::operator=(Arrivals&&) noexcept = default;
Arrivals::~Arrivals() = default;

bool Arrivals::possible() const { return !state_->folders.empty(); }

Opened Arrivals::look() {
  State& state = *state_;
  Finder finder(true);
  std::map<Identity, Seen> files;
  std::vector<std::string> tried;
  std::vector<Diagnostic> notes;
  for (const std::string& folder : state.folders) {
    for (const std::string& path : walk_tree(folder).files) {
      const auto facts = facts_of(path);
      if (!facts || files.contains(facts->identity)) continue;
      const Seen& file = files.emplace(facts->identity, state.see(path, *facts)).first->second;
      if (state.is_known(path) || state.waits(path)) continue;
      tried.push_back(path);
      if (state.was_moved(file, *facts)) continue;
      if (state.is_graver_copy(path)) {
        notes.push_back({Diagnostic::Level::note, path, 0,
                         "is taken for a copy of lines in the log INFO, and not followed"});
      } else {
        finder.add_found(path);
      }
    }
  }
  state.files = std::move(files);
  if (tried.empty()) return {};
  for (const std::string& path : tried) state.logs.insert(rotated_name(path).log);
  state.met.insert(state.met.end(), tried.begin(), tried.end());
  finder.names = state.met;
  Opened opened = open_found(std::move(finder), state.names, true);
  std::erase_if(opened.sources, [](const auto& source) { return !source->live(); });
  opened.diagnostics.insert(opened.diagnostics.end(), notes.begin(), notes.end());
  return opened;
}

}  // namespace ktrace::input
