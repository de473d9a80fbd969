#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>

#include "headrace/client/store/durable_fs.h"

namespace headrace {

/// How often a directory is made again that another process removed, being empty, before it could
/// be locked. The other one is about to lock as well, so a millisecond apart is often enough.
inline constexpr int kLockAttempts = 1000;

struct LockedDirectory {
  DirectoryLock lock;
  bool made = false;  ///< It was not there.
};

/// Makes `directory` where it is not there, and locks it, waiting for other holders as
/// DurableFs::Lock does. Made and locked at once, it is made durable after that: a cleaner looks
/// for empty ones that nobody holds.
arrow::Result<LockedDirectory> MakeAndLock(DurableFs& fs, const std::filesystem::path& directory,
                                           const std::stop_token& stop);

/// The same, without waiting: nothing where somebody holds it.
arrow::Result<std::optional<DirectoryLock>> MakeAndTryLock(DurableFs& fs,
                                                           const std::filesystem::path& directory);

}  // namespace headrace
