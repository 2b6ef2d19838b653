// Compressed data and archives for tests, made by libarchive; and a folder of files that goes away.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "ktrace/input.h"

namespace ktrace {

/// A member of an archive.
struct Packable {
  std::string name;
  std::string bytes;
  mode_t type = AE_IFREG;
  std::string link;  ///< where a link leads
};

/// `members` as an archive of `format`, compressed by `filter`.
inline std::string archive_of(const std::vector<Packable>& members, int format = ARCHIVE_FORMAT_TAR,
                              int filter = ARCHIVE_FILTER_NONE) {
  std::string bytes(1 << 20, '\0');
  for (const Packable& member : members) bytes.resize(bytes.size() + 2 * member.bytes.size());
  struct archive* archive = archive_write_new();
  archive_write_set_format(archive, format);
  archive_write_add_filter(archive, filter);
  archive_write_set_bytes_in_last_block(archive, 1);
  std::size_t used = 0;
  archive_write_open_memory(archive, bytes.data(), bytes.size(), &used);
  struct archive_entry* entry = archive_entry_new();
  for (const Packable& member : members) {
    archive_entry_clear(entry);
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_filetype(entry, member.type);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.bytes.size()));
    archive_entry_set_mtime(entry, 1700000000, 0);
    if (!member.link.empty()) archive_entry_set_symlink(entry, member.link.c_str());
    EXPECT_EQ(archive_write_header(archive, entry), ARCHIVE_OK) << archive_error_string(archive);
    archive_write_data(archive, member.bytes.data(), member.bytes.size());
  }
  archive_entry_free(entry);
  EXPECT_EQ(archive_write_close(archive), ARCHIVE_OK) << archive_error_string(archive);
  archive_write_free(archive);
  bytes.resize(used);
  return bytes;
}

/// `bytes` compressed by `filter`.
inline std::string packed(int filter, const std::string& bytes) {
  return archive_of({{"data", bytes, AE_IFREG, ""}}, ARCHIVE_FORMAT_RAW, filter);
}

struct Filter {
  const char* name;
  int code;
};
inline constexpr Filter kFilters[] = {{"gzip", ARCHIVE_FILTER_GZIP},
                                      {"zstd", ARCHIVE_FILTER_ZSTD},
                                      {"xz", ARCHIVE_FILTER_XZ},
                                      {"bzip2", ARCHIVE_FILTER_BZIP2},
                                      {"lz4", ARCHIVE_FILTER_LZ4}};

/// A folder in which tests put files.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ktrace-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name = "") const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }

  /// Writes a file, and the folders it is in. Gives its path.
  std::string put(const std::string& name, const std::string& bytes = "a line\n") const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path(name);
  }

  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::filesystem::create_symlink(target, path_ / name);
  }

 private:
  std::filesystem::path path_;
};

/// All bytes of `source`, and what read() said at last when it was no end.
inline std::pair<std::string, std::string> drain(input::Source& source, std::size_t step = 4096) {
  std::string bytes;
  std::string chunk(step, '\0');
  while (true) {
    const auto count = source.read(bytes.size(), chunk.data(), chunk.size());
    if (!count) return {bytes, count.message()};
    if (*count == 0) return {bytes, ""};
    bytes.append(chunk, 0, *count);
  }
}

/// The names of `opened` without the folder's path.
inline std::vector<std::string> names_in(const input::Opened& opened, const Folder& folder) {
  std::vector<std::string> names;
  for (const auto& source : opened.sources) {
    const std::string& name = source->origin().name;
    const std::string head = folder.path() + "/";
    names.push_back(name.starts_with(head) ? name.substr(head.size()) : name);
  }
  return names;
}

}  // namespace ktrace
