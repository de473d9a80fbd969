#pragma once

#include <filesystem>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// The error of a system call on a file: "cannot `verb` `path`: <the system's text>", and where
/// there is one the next step. The code is errno's name (`ENOSPC`). Rights, a read-only filesystem
/// and wrong paths are of class user, a busy file or too little memory transient, everything else
/// (disk full, quota, I/O error) permanent.
arrow::Status ErrnoError(int error, std::string_view verb, const std::filesystem::path& path);

/// What flock answers where a filesystem has no locks, or none of directories.
bool IsWithoutLocks(int error);

/// Whether the rights forbade it (EACCES, EPERM).
bool IsDenied(const arrow::Status& status);

}  // namespace headrace
