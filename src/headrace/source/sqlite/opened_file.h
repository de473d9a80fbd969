#pragma once

#include <cstdint>
#include <optional>

#include "headrace/client/sqlite/database.h"

/// Which file a connection reads, and whether somebody writes over it. Nothing here opens a file:
/// one that this process opens and closes by itself would lose the locks that SQLite holds on it.
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
  int64_t modified_nanos = 0;       ///< Of `main`.

  bool SameFilesAs(const OpenedFile& other) const { return main == other.main && log == other.log; }
};

/// The file that `database` has open; nullopt where its name leads to another by now, or to none.
std::optional<OpenedFile> FindOpenedFile(const SqliteDatabase& database);

/// What changes in a file with nearly everything that is written to it.
struct FileState {
  int64_t size = 0;
  uint32_t change_counter = 0;  ///< Of SQLite's file header; 0 in an empty file.

  bool operator==(const FileState&) const = default;
};

/// Of the file that `database` has open, whatever its name leads to, as it is now; nullopt where it
/// cannot be read.
std::optional<FileState> ReadFileState(const SqliteDatabase& database);

}  // namespace headrace::sqlite
