#include "headrace/destination/parquet/lake_lock.h"

#include <chrono>
#include <thread>

namespace headrace {

arrow::Status MakeAndUse(const std::function<arrow::Status()>& make,
                         const std::function<arrow::Status()>& use) {
  arrow::Status status;
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    ARROW_RETURN_NOT_OK(make());
    status = use();
    if (CodeOf(status) != "ENOENT") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return status;
}

arrow::Result<DirectoryLock> MakeAndLock(DurableFs& fs, const std::filesystem::path& directory) {
  DirectoryLock lock;
  ARROW_RETURN_NOT_OK(MakeAndUse([&] { return fs.CreateDirectories(directory); },
                                 [&] { return fs.Lock(directory).Value(&lock); }));
  return lock;
}

arrow::Status RemoveIfEmptyAndFree(DurableFs& fs, const std::filesystem::path& directory) {
  const auto lock = fs.TryLock(directory);
  if (CodeOf(lock.status()) == "ENOENT") return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(lock.status());
  return lock->has_value() ? fs.RemoveIfEmpty(directory) : arrow::Status::OK();
}

}  // namespace headrace
