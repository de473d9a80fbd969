#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "headrace/journal/journal.h"
#include "headrace/model/table_ref.h"
#include "headrace/model/utc_time.h"

namespace headrace {
namespace {

constexpr mode_t kLockFileMode = 0644;

arrow::Status CannotLock(const std::filesystem::path& file, int error) {
  return UserError("cannot use the lock file " + file.string() + ": " + std::strerror(error) +
                   "; check `state:` and the rights on that folder");
}

/// What the holder wrote into its lock file: for people only, the kernel's lock is what counts.
std::string ReadHolder(int fd) {
  std::array<char, 256> text{};
  const ssize_t length = pread(fd, text.data(), text.size(), 0);
  std::string holder(text.data(), length > 0 ? static_cast<size_t>(length) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "a process that has not yet said who it is" : holder;
}

arrow::Status HeldBy(int fd, const std::string& job) {
  return UserError("job \"" + job + "\" is being run by " + ReadHolder(fd) +
                   "; wait for it to end, or stop it");
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

arrow::Status JobLock::CheckFree(const std::filesystem::path& state, const std::string& job) {
  const std::filesystem::path file = LockFile(state, job);
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? arrow::Status::OK() : CannotLock(file, errno);
  const JobLock lock(fd);
  // A shared lock, let go at once: two processes that only look do not see each other.
  if (flock(fd, LOCK_SH | LOCK_NB) == 0) return arrow::Status::OK();
  return errno == EWOULDBLOCK ? HeldBy(fd, job) : CannotLock(file, errno);
}

arrow::Result<JobLock> JobLock::Acquire(const std::filesystem::path& state,
                                        const std::string& job) {
  std::error_code error;
  std::filesystem::create_directories(state, error);
  if (error) {
    return UserError("cannot make the state folder " + state.string() + ": " + error.message() +
                     "; check `state:` and the rights on the folders above it");
  }
  const std::filesystem::path file = LockFile(state, job);
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kLockFileMode);
  if (fd < 0) return CannotLock(file, errno);
  JobLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? HeldBy(fd, job) : CannotLock(file, errno);
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
