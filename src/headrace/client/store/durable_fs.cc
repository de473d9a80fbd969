#include "headrace/client/store/durable_fs.h"

#include <thread>

namespace headrace {
namespace {

constexpr std::chrono::milliseconds kLockPause{5};

arrow::Status HeldTooLong(const std::filesystem::path& directory,
                          std::chrono::milliseconds patience) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience).count();
  return TransientError("another process has held the lock of " + directory.string() + " for " +
                        std::to_string(seconds) +
                        " s, in which it should do one step of a commit: look for one that hangs "
                        "(`fuser " +
                        directory.string() + "` names it), then run again");
}

}  // namespace

arrow::Result<DirectoryLock> DurableFs::Lock(const std::filesystem::path& directory,
                                             const LockWait& wait) const {
  const auto deadline = std::chrono::steady_clock::now() + wait.patience;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto lock, TryLock(directory));
    if (lock.has_value()) return std::move(*lock);
    if (wait.stop.stop_requested()) return InterruptedError();
    if (std::chrono::steady_clock::now() >= deadline) return HeldTooLong(directory, wait.patience);
    std::this_thread::sleep_for(kLockPause);
  }
}

}  // namespace headrace
