#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/store/file_descriptor.h"
#include "headrace/client/store/file_store.h"
#include "headrace/model/error.h"

namespace headrace {

struct PathInfo {
  bool is_directory = false;
  int64_t bytes = 0;  ///< Of a file.
  std::chrono::system_clock::time_point modified;
};

/// What WriteFile adds to a name while it writes; a crash may leave such a file behind.
inline constexpr std::string_view kHalfWrittenSuffix = ".new";

/// How Lock waits for others.
struct LockWait {
  std::stop_token stop = {};
  std::chrono::milliseconds patience = std::chrono::seconds(60);
};

/// Held while the object lives; the kernel lets go when the process dies.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  explicit DirectoryLock(FileDescriptor fd) : fd_(std::move(fd)) {}

 private:
  FileDescriptor fd_;
};

/// The file operations that a commit is made of. Each either happened as a whole or did not; what
/// "durable" means is said per call: a rename is durable only after SyncDirectory of both parents.
/// An interface so that tests can fail or die at any one of them. Thread-safe. Errors are those of
/// ErrnoError.
class DurableFs : public FileStore {
 public:
  /// Makes the directory and its missing parents, durably.
  virtual arrow::Status CreateDirectories(const std::filesystem::path& path) = 0;

  /// Makes one directory, or finds it, which is false; code ENOENT without its parent, and where a
  /// link leads to nowhere. Not durable, SyncDirectory of the parent follows: for what is at once
  /// locked, so that no other process finds it free, or where one sync is enough for several.
  virtual arrow::Result<bool> MakeDirectory(const std::filesystem::path& path) = 0;

  /// Makes or replaces a small file, durably: readers and crashes find the old content or the new.
  virtual arrow::Status WriteFile(const std::filesystem::path& path, std::string_view content) = 0;

  /// Makes the names in the directory durable.
  virtual arrow::Status SyncDirectory(const std::filesystem::path& path) = 0;

  /// Moves a file or directory within the filesystem; code EEXIST if `to` is there.
  virtual arrow::Status RenameNoReplace(const std::filesystem::path& from,
                                        const std::filesystem::path& to) = 0;

  /// Swaps two paths in one step. False, and nothing done, where the filesystem cannot.
  virtual arrow::Result<bool> Exchange(const std::filesystem::path& left,
                                       const std::filesystem::path& right) = 0;

  /// Removes a directory if it is empty; otherwise, or if it is not there, does nothing.
  virtual arrow::Status RemoveIfEmpty(const std::filesystem::path& path) = 0;

  /// Nothing if the path is not there. Follows symbolic links.
  virtual arrow::Result<std::optional<PathInfo>> Stat(const std::filesystem::path& path) const = 0;

  /// Whether the path itself is a symbolic link, wherever that leads.
  virtual arrow::Result<bool> IsLink(const std::filesystem::path& path) const = 0;

  /// Names in a directory, sorted; empty if it is not there.
  virtual arrow::Result<std::vector<std::string>> List(const std::filesystem::path& path) const = 0;

  /// Whether the directory holds anything but `names`; false if it is not there. Looks no further
  /// than to the first such name.
  virtual arrow::Result<bool> HoldsOther(const std::filesystem::path& path,
                                         std::span<const std::string> names) const = 0;

  /// The content of a file, or nothing if it is not there.
  virtual arrow::Result<std::optional<std::string>> ReadFile(
      const std::filesystem::path& path) const = 0;

  /// Locks a directory against other holders (flock); nothing if somebody holds it. The directory
  /// that is locked is the one at the path when the call returns; code ENOENT if there is none.
  /// Class user where the filesystem has no such locks. On NFS Linux keeps them to itself: other
  /// machines do not see them.
  virtual arrow::Result<std::optional<DirectoryLock>> TryLock(
      const std::filesystem::path& directory) const = 0;

  /// The same, waiting for other holders: they have it for moments. Class transient where one of
  /// them still has it after the patience of `wait`; kInterruptedCode where one has it once its
  /// `stop` is stopped.
  arrow::Result<DirectoryLock> Lock(const std::filesystem::path& directory,
                                    const LockWait& wait) const;
};

/// The filesystem of this machine.
std::shared_ptr<DurableFs> MakeLocalFs();

}  // namespace headrace
