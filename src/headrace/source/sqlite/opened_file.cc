#include "headrace/source/sqlite/opened_file.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <array>

namespace headrace::sqlite {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

/// SQLite's file format, 1.3.6: four bytes, the most significant first.
constexpr int kChangeCounterOffset = 24;

std::optional<struct stat> Look(const char* name) {
  struct stat found{};
  if (stat(name, &found) != 0) return std::nullopt;
  return found;
}

FileIdentity IdentityOf(const struct stat& found) {
  return {.device = found.st_dev, .inode = found.st_ino};
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
  const auto before = Look(name);
  if (HasMoved(database)) return std::nullopt;
  const auto after = Look(name);
  if (!before || !after || IdentityOf(*before) != IdentityOf(*after)) return std::nullopt;
  OpenedFile file{.main = IdentityOf(*after), .log = {}};
  file.modified_nanos = after->st_mtim.tv_sec * kNanosPerSecond + after->st_mtim.tv_nsec;
  if (const auto log = Look(sqlite3_filename_wal(name))) file.log = IdentityOf(*log);
  return file;
}

std::optional<FileState> ReadFileState(const SqliteDatabase& database) {
  sqlite3_file* file = nullptr;
  const int result = sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_FILE_POINTER,
                                          static_cast<void*>(&file));
  if (result != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return std::nullopt;
  sqlite3_int64 size = 0;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK) return std::nullopt;
  std::array<unsigned char, 4> bytes{};
  const int read = file->pMethods->xRead(file, bytes.data(), bytes.size(), kChangeCounterOffset);
  // SQLite fills up with zeros.
  if (read != SQLITE_OK && read != SQLITE_IOERR_SHORT_READ) return std::nullopt;
  FileState state{.size = size};
  for (const unsigned char byte : bytes) state.change_counter = state.change_counter << 8U | byte;
  return state;
}

}  // namespace headrace::sqlite
