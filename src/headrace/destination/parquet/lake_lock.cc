#include "headrace/destination/parquet/lake_lock.h"

#include <chrono>
#include <thread>
#include <utility>

namespace headrace {
namespace {

namespace fs = std::filesystem;

/// Makes `directory` and locks it by `lock`, both again while another process removes it, being
/// empty, in between. Where it cannot be made there is no second attempt.
template <typename LockIt>
auto MakeAndLockBy(DurableFs& fs, const fs::path& directory, LockIt lock) -> decltype(lock()) {
  const fs::path parent = directory.parent_path();
  for (int attempt = 1;; ++attempt) {
    arrow::Status made = fs.MakeDirectory(directory);
    if (CodeOf(made) == "ENOENT") made = fs.CreateDirectories(directory);  // With its parents.
    ARROW_RETURN_NOT_OK(made);
    auto locked = lock();
    if (locked.ok()) ARROW_RETURN_NOT_OK(fs.SyncDirectory(parent));
    if (CodeOf(locked.status()) != "ENOENT" || attempt == kLockAttempts) return locked;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

arrow::Result<DirectoryLock> MakeAndLock(DurableFs& fs, const fs::path& directory) {
  return MakeAndLockBy(fs, directory, [&] { return fs.Lock(directory); });
}

arrow::Result<std::optional<DirectoryLock>> MakeAndTryLock(DurableFs& fs,
                                                           const fs::path& directory) {
  return MakeAndLockBy(fs, directory, [&] { return fs.TryLock(directory); });
}

}  // namespace headrace
