#include "headrace/destination/parquet/lake_lock.h"

#include <chrono>
#include <thread>
#include <utility>

namespace headrace {
namespace {

namespace fs = std::filesystem;

/// False where it is there. The directory above is durable, also where it was made by a process
/// that was killed.
arrow::Result<bool> MakeWithParents(DurableFs& fs, const fs::path& directory) {
  ARROW_RETURN_NOT_OK(fs.CreateDirectories(directory.parent_path()));
  auto made = fs.MakeDirectory(directory);
  if (CodeOf(made.status()) != "ENOENT") return made;
  ARROW_RETURN_NOT_OK(fs.CreateDirectories(directory));  // Somebody removed what is above it.
  return true;
}

/// Makes `directory` and locks it by `lock`, both again while another process removes it, being
/// empty, in between. Where it cannot be made there is no second attempt. `made`: it was not there.
template <typename LockIt>
auto MakeAndLockBy(DurableFs& fs, const fs::path& directory, LockIt lock, bool& made)
    -> decltype(lock()) {
  const fs::path parent = directory.parent_path();
  for (int attempt = 1;; ++attempt) {
    ARROW_ASSIGN_OR_RAISE(made, MakeWithParents(fs, directory));
    auto locked = lock();
    if (locked.ok()) ARROW_RETURN_NOT_OK(fs.SyncDirectory(parent));
    if (CodeOf(locked.status()) != "ENOENT" || attempt == kLockAttempts) return locked;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

arrow::Result<LockedDirectory> MakeAndLock(DurableFs& fs, const fs::path& directory,
                                           const std::stop_token& stop) {
  LockedDirectory locked;
  ARROW_ASSIGN_OR_RAISE(
      locked.lock,
      MakeAndLockBy(
          fs, directory, [&] { return fs.Lock(directory, {.stop = stop}); }, locked.made));
  return locked;
}

arrow::Result<std::optional<DirectoryLock>> MakeAndTryLock(DurableFs& fs,
                                                           const fs::path& directory) {
  bool made = false;
  return MakeAndLockBy(fs, directory, [&] { return fs.TryLock(directory); }, made);
}

}  // namespace headrace
