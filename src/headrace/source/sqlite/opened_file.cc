#include "headrace/source/sqlite/opened_file.h"

#include <sqlite3.h>
#include <sys/stat.h>

namespace headrace::sqlite {
namespace {

std::optional<FileIdentity> FindNamed(const char* name) {
  struct stat found{};
  if (stat(name, &found) != 0) return std::nullopt;
  return FileIdentity{.device = found.st_dev, .inode = found.st_ino};
}

/// SQLite compares what it has open with what it finds at the name.
bool HasMoved(const SqliteDatabase& database) {
  int moved = 0;
  const int result =
      sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return result != SQLITE_OK || moved != 0;
}

}  // namespace

std::optional<OpenedFile> FindOpenedFile(const SqliteDatabase& database) {
  const char* const name = sqlite3_db_filename(database.handle(), "main");
  if (name == nullptr) return std::nullopt;
  const auto before = FindNamed(name);
  if (!before || HasMoved(database) || FindNamed(name) != before) return std::nullopt;
  return OpenedFile{.main = *before, .log = FindNamed(sqlite3_filename_wal(name))};
}

}  // namespace headrace::sqlite
