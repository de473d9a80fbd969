#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "headrace/client/store/errno_error.h"
#include "headrace/journal/journal.h"
#include "headrace/journal/state_folder.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/table_ref.h"
#include "headrace/model/utc_time.h"

namespace headrace {
namespace {

constexpr mode_t kLockFileMode = 0644;

/// A full disk is nothing that the job or the rights could be changed for.
arrow::Status CannotLock(const std::filesystem::path& file, int error) {
  const std::string text =
      "cannot use the lock file " + file.string() + ": " + std::strerror(error);
  if (error == ENOSPC) return PermanentError(text + "; free space on its filesystem", "ENOSPC");
  if (error == EDQUOT) {
    return PermanentError(text + "; free space on its filesystem or raise the quota", "EDQUOT");
  }
  if (IsWithoutLocks(error)) {
    return UserError(text + "; its filesystem has no locks: choose a local folder for `state:`");
  }
  return UserError(text + "; check `state:` and the rights on that folder");
}

/// Looks at the lock or its file again, a millisecond apart, for a second at most.
constexpr int kMostTries = 1000;
constexpr auto kBetweenTries = std::chrono::milliseconds(1);

/// What the holder wrote into its lock file: for people only, the kernel's lock is what counts. It
/// writes right after it has the lock.
std::string ReadHolder(int fd) {
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    std::array<char, 256> text{};
    const ssize_t length = pread(fd, text.data(), text.size(), 0);
    std::string holder(text.data(), length > 0 ? static_cast<size_t>(length) : 0);
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    if (!holder.empty()) return holder;
    std::this_thread::sleep_for(kBetweenTries);
  }
  return "a process that has not yet said who it is";
}

arrow::Status HeldBy(const std::string& holder, const std::string& job) {
  return UserError("job \"" + job + "\" is being run by " + holder +
                   "; wait for it to end, or stop it");
}

/// Takes the lock for its own; false, with errno, where it is held or cannot be taken. Who
/// only looks has it shared for a moment, which is no holder: it is waited for, but not for ever.
bool LockExclusively(int fd) {
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK || flock(fd, LOCK_SH | LOCK_NB) != 0) return false;
    flock(fd, LOCK_UN);
    std::this_thread::sleep_for(kBetweenTries);
  }
  errno = EWOULDBLOCK;
  return false;
}

std::filesystem::path LockFile(const std::filesystem::path& state, const std::string& job) {
  return state / (PercentEncode(job) + ".lock");
}

std::string DescribeSelf() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return "pid " + std::to_string(getpid()) + " on " + host.data() + " since " +
         UtcSeconds(std::chrono::system_clock::now()) + "\n";
}

}  // namespace

arrow::Result<std::optional<std::string>> JobLock::Holder(const std::filesystem::path& state,
                                                          const std::string& job) {
  const std::filesystem::path file = LockFile(state, job);
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return std::nullopt;
    return CannotLock(file, errno);
  }
  const JobLock lock(fd);
  // A shared lock, let go at once: two processes that only look do not see each other.
  if (flock(fd, LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  if (errno != EWOULDBLOCK) return CannotLock(file, errno);
  return ReadHolder(fd);
}

arrow::Status JobLock::CheckFree(const std::filesystem::path& state, const std::string& job) {
  ARROW_ASSIGN_OR_RAISE(const std::optional<std::string> holder, Holder(state, job));
  return holder.has_value() ? HeldBy(*holder, job) : arrow::Status::OK();
}

arrow::Result<JobLock> JobLock::Acquire(const std::filesystem::path& state,
                                        const std::string& job) {
  ARROW_RETURN_NOT_OK(MakeStateFolder(state));
  const std::filesystem::path file = LockFile(state, job);
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kLockFileMode);
  if (fd < 0) return CannotLock(file, errno);
  JobLock lock(fd);
  if (!LockExclusively(fd)) {
    return errno == EWOULDBLOCK ? HeldBy(ReadHolder(fd), job) : CannotLock(file, errno);
  }
  const std::string self = DescribeSelf();
  if (ftruncate(fd, 0) != 0 || pwrite(fd, self.data(), self.size(), 0) < 0) {
    return CannotLock(file, errno);
  }
  return lock;
}

JobLock::JobLock(JobLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

JobLock& JobLock::operator=(JobLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

JobLock::~JobLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace headrace
