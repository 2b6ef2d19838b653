// Walks in two rounds. The first takes what is really there; links wait. The second takes what the
// links lead to, if it was not met before, and so on until no link is left.

#include "tree.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "file.h"

namespace ktrace::input {
namespace {

namespace fs = std::filesystem;

class Walk {
 public:
  Tree run(const std::string& root) {
    visit(root);
    // links_ grows while links to directories are followed.
    for (std::size_t i = 0; i < links_.size(); ++i) visit(std::string(links_[i]));
    std::sort(tree_.files.begin(), tree_.files.end());
    return std::move(tree_);
  }

 private:
  // Not recursive: folders can be nested deeper than a stack is.
  void visit(const std::string& path) {
    std::vector<std::string> waiting{path};
    while (!waiting.empty()) {
      const std::string next = std::move(waiting.back());
      waiting.pop_back();
      see(next, waiting);
    }
  }

  void see(const std::string& path, std::vector<std::string>& waiting) {
    const auto facts = facts_of(path);
    if (!facts || (!facts->directory() && !facts->regular())) {
      ++tree_.others;
    } else if (!met_.insert(facts->identity).second) {
      return;
    } else if (facts->regular()) {
      tree_.files.push_back(path);
    } else {
      list(path, waiting);
    }
  }

  void list(const std::string& folder, std::vector<std::string>& waiting) {
    std::error_code error;
    std::vector<std::string> here, links;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code unknown;
      (entry->is_symlink(unknown) ? links : here).push_back(entry->path().string());
    }
    if (error) {
      const std::string words = system_error(error.value()).message();
      tree_.diagnostics.push_back({Diagnostic::Level::error, folder, 0, words});
    }
    // The last is seen first. Of two names of one file the lesser one counts.
    std::sort(here.begin(), here.end(), std::greater<>());
    waiting.insert(waiting.end(), here.begin(), here.end());
    std::sort(links.begin(), links.end());
    links_.insert(links_.end(), links.begin(), links.end());
  }

  Tree tree_;
  std::vector<std::string> links_;
  std::set<Identity> met_;
};

}  // namespace

Tree walk_tree(const std::string& root) { return Walk().run(root); }

}  // namespace ktrace::input
