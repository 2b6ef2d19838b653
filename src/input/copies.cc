// klog --log_dir writes PROGRAM.HOST.USER.log.SEVERITY.STAMP.PID for each severity. A line goes
// into the file of its severity and into those of the lesser ones, so that INFO holds all; but not
// with
// --one_output. The names are the same in both cases. So the first line of a file is looked for in
// the INFO files of the same run, and only when it is there the file is a copy: it stands near the
// beginning as a rule, and when it does not exist the search costs one more reading of them.

#include "copies.h"

#include <algorithm>
#include <map>

#include "rotation.h"

namespace ktrace::input {
namespace {

constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kLongestLine = 64 << 10;

bool is_klog_line(std::string_view line) {
  return line.size() > 5 && std::string_view("IWEF").find(line[0]) != line.npos &&
         line.substr(1, 4).find_first_not_of("0123456789") == line.npos && line[5] == ' ';
}

// The first line with a klog header; empty when there is none near the beginning.
std::string first_line(const Piece& piece) {
  auto stream = open_piece(piece);
  if (!stream) return {};
  const std::string head = read_head(**stream, kLongestLine);
  std::string_view rest(head);
  while (true) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos) return {};
    if (is_klog_line(rest.substr(0, end))) return std::string(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
  }
}

bool holds(const Piece& piece, const std::string& line) {
  auto stream = open_piece(piece);
  if (!stream) return false;
  std::string buffer(kBlock + line.size(), '\0');
  std::size_t kept = 0;  // the end of what was searched, where the line may have begun
  while (true) {
    const auto count = (*stream)->read(buffer.data() + kept, kBlock);
    if (!count || *count == 0) return false;
    const std::string_view bytes(buffer.data(), kept + *count);
    if (bytes.find(line) != bytes.npos) return true;
    kept = std::min(bytes.size(), line.size() - 1);
    std::copy(bytes.end() - static_cast<std::ptrdiff_t>(kept), bytes.end(), buffer.begin());
  }
}

}  // namespace

std::vector<Diagnostic> drop_copies(std::vector<Piece>& pieces) {
  std::map<std::string, std::vector<const Piece*>> infos;  // by run
  for (const Piece& piece : pieces) {
    const auto name = log_dir_name(piece.name);
    if (name && name->severity == "INFO") infos[name->run].push_back(&piece);
  }
  std::vector<Diagnostic> notes;
  if (infos.empty()) return notes;
  std::vector<bool> dropped(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto name = log_dir_name(pieces[i].name);
    if (!name || name->severity == "INFO" || !infos.contains(name->run)) continue;
    const std::string line = first_line(pieces[i]);
    for (const Piece* info : infos[name->run]) {
      if (line.empty() || !holds(*info, line)) continue;
      dropped[i] = true;
      notes.push_back({Diagnostic::Level::note, pieces[i].name, 0,
                       "its lines stand in " + info->name + ", too; they are read there"});
      break;
    }
  }
  std::size_t i = 0;
  std::erase_if(pieces, [&](const Piece&) { return dropped[i++]; });
  return notes;
}

}  // namespace ktrace::input
