#pragma once

#include <cstdint>
#include <optional>

#include "headrace/client/sqlite/database.h"

namespace headrace::sqlite {

/// A file by what its name does not tell: one name may lead to different files at two times. No two
/// files that exist, or are still open somewhere, share an identity.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
};

/// The files behind a connection.
struct OpenedFile {
  FileIdentity main;
  std::optional<FileIdentity> log;  ///< What lies at the name of the `-wal`.

  bool operator==(const OpenedFile&) const = default;
};

/// The file that `database` has open; nullopt where its name leads to another by now, or to none.
/// Touches no file but by stat: a file that this process opens and closes by itself would lose the
/// locks that SQLite holds on it.
std::optional<OpenedFile> FindOpenedFile(const SqliteDatabase& database);

}  // namespace headrace::sqlite
