#pragma once

#include <filesystem>

#include "headrace/client/store/durable_fs.h"

namespace headrace {

/// How often a directory is made again that another process removed, being empty, before it could
/// be locked. Each such process does so once, when its own work ends.
inline constexpr int kLockAttempts = 100;

/// Makes `directory` where it is not there, and locks it, waiting for other holders.
arrow::Result<DirectoryLock> MakeAndLock(DurableFs& fs, const std::filesystem::path& directory);

}  // namespace headrace
