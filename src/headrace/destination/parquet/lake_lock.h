#pragma once

#include <filesystem>
#include <functional>

#include "headrace/client/store/durable_fs.h"

namespace headrace {

/// How often a directory is made again that another process removed, being empty, before it could
/// be locked. The other one is about to lock as well, so a millisecond apart is often enough.
inline constexpr int kLockAttempts = 1000;

/// Does `step`, which uses a directory that it has just made, again while it fails because another
/// process removed that one, being empty (code ENOENT), up to kLockAttempts times.
arrow::Status RepeatWhileRemoved(const std::function<arrow::Status()>& step);

/// Makes `directory` where it is not there, and locks it, waiting for other holders.
arrow::Result<DirectoryLock> MakeAndLock(DurableFs& fs, const std::filesystem::path& directory);

/// Removes `directory` if it is empty and nobody holds it: who locked it is about to use it.
arrow::Status RemoveIfEmptyAndFree(DurableFs& fs, const std::filesystem::path& directory);

}  // namespace headrace
