#pragma once

#include <filesystem>
#include <functional>

#include "headrace/client/store/durable_fs.h"

namespace headrace {

/// How often a directory is made again that another process removed, being empty, before it could
/// be locked. The other one is about to lock as well, so a millisecond apart is often enough.
inline constexpr int kLockAttempts = 1000;

/// Makes a directory and uses it, both again while `use` fails because another process removed the
/// directory in between, being empty (code ENOENT), up to kLockAttempts times. Where it cannot be
/// made there is no second attempt.
arrow::Status MakeAndUse(const std::function<arrow::Status()>& make,
                         const std::function<arrow::Status()>& use);

/// Makes `directory` where it is not there, and locks it, waiting for other holders.
arrow::Result<DirectoryLock> MakeAndLock(DurableFs& fs, const std::filesystem::path& directory);

/// Removes `directory` if it is empty and nobody holds it: who locked it is about to use it.
arrow::Status RemoveIfEmptyAndFree(DurableFs& fs, const std::filesystem::path& directory);

}  // namespace headrace
