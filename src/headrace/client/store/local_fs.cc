#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "headrace/client/store/durable_fs.h"
#include "headrace/client/store/errno_error.h"
#include "headrace/client/store/file_output.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kDirectoryMode = 0777;  // Narrowed by the umask.
constexpr int kCreateAttempts = 100;
constexpr int kRemoveAttempts = 1000;
constexpr unsigned kNoReplaceFlag = 1;  // RENAME_NOREPLACE and RENAME_EXCHANGE of linux/fs.h.
constexpr unsigned kExchangeFlag = 2;

int RenameAt2(const fs::path& from, const fs::path& to, unsigned flags) {
  return static_cast<int>(
      ::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
}

/// renameat2 answers so where kernel or filesystem lack the flag.
bool IsUnsupported(int error) { return error == EINVAL || error == ENOSYS || error == ENOTSUP; }

arrow::Result<FileDescriptor> OpenDirectory(const fs::path& path, std::string_view verb) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, verb, path);
  return fd;
}

/// False where the directory that was opened has been removed, or replaced, before it was locked:
/// whoever looks at the path would see another one, or none.
bool IsStillThere(int fd, const fs::path& path) {
  struct stat opened{};
  struct stat there{};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &there) == 0 &&
         opened.st_dev == there.st_dev && opened.st_ino == there.st_ino;
}

fs::path ParentOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// A read of a whole file in the sizes that the file itself announces.
arrow::Result<std::string> ReadAll(int fd, const fs::path& path) {
  std::string content;
  std::array<char, 16 << 10> block;
  while (true) {
    const ssize_t bytes = ::read(fd, block.data(), block.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return ErrnoError(errno, "read", path);
    if (bytes == 0) return content;
    content.append(block.data(), static_cast<size_t>(bytes));
  }
}

/// Below a file there is nothing.
bool IsNotThere(int error) { return error == ENOENT || error == ENOTDIR; }

class LocalFs final : public DurableFs {
 public:
  arrow::Status CreateDirectories(const fs::path& path) override {
    // Another process may remove an empty parent just then, when its own work ends. More often
    // than that it is a path that cannot be, such as one through a link to nowhere.
    arrow::Status status;
    for (int attempt = 0; attempt < kCreateAttempts; ++attempt) {
      status = TryCreateDirectories(path);
      if (status.ok() || CodeOf(status) != "ENOENT") break;
    }
    return status;
  }

  arrow::Result<bool> MakeDirectory(const fs::path& path) override {
    if (::mkdir(path.c_str(), kDirectoryMode) == 0) return true;
    const int error = errno;
    if (error != EEXIST) return ErrnoError(error, "create directory", path);
    ARROW_ASSIGN_OR_RAISE(const auto info, Stat(path));
    if (!info.has_value()) return ErrnoError(ENOENT, "create directory", path);
    if (!info->is_directory) return ErrnoError(ENOTDIR, "create directory", path);
    return false;
  }

  arrow::Result<std::shared_ptr<DurableOutput>> CreateFile(const fs::path& path) override {
    return CreateFileOutput(path);
  }

  arrow::Status WriteFile(const fs::path& path, std::string_view content) override {
    fs::path temporary = path;
    temporary += kHalfWrittenSuffix;
    ARROW_RETURN_NOT_OK(RemoveAll(temporary));
    ARROW_ASSIGN_OR_RAISE(const auto output, CreateFileOutput(temporary));
    ARROW_RETURN_NOT_OK(output->Write(content.data(), static_cast<int64_t>(content.size())));
    ARROW_RETURN_NOT_OK(output->Seal());
    if (::rename(temporary.c_str(), path.c_str()) != 0) return ErrnoError(errno, "write", path);
    return SyncDirectory(ParentOf(path));
  }

  arrow::Status SyncDirectory(const fs::path& path) override {
    ARROW_ASSIGN_OR_RAISE(const FileDescriptor fd, OpenDirectory(path, "sync"));
    // Some network filesystems do not sync directories, and say EINVAL: their server does it.
    if (::fsync(fd.get()) != 0 && errno != EINVAL) return ErrnoError(errno, "sync", path);
    return arrow::Status::OK();
  }

  arrow::Status RenameNoReplace(const fs::path& from, const fs::path& to) override {
    if (RenameAt2(from, to, kNoReplaceFlag) == 0) return arrow::Status::OK();
    if (!IsUnsupported(errno)) return RenameError(errno, from, to);
    struct stat unused{};
    if (::lstat(to.c_str(), &unused) == 0) return RenameError(EEXIST, from, to);
    return ::rename(from.c_str(), to.c_str()) == 0 ? arrow::Status::OK()
                                                   : RenameError(errno, from, to);
  }

  arrow::Result<bool> Exchange(const fs::path& left, const fs::path& right) override {
    if (RenameAt2(left, right, kExchangeFlag) == 0) return true;
    if (IsUnsupported(errno)) return false;
    return RenameError(errno, left, right);
  }

  arrow::Status RemoveAll(const fs::path& path) override {
    // What another process removes beside it is gone, too; the rest is looked at again.
    std::error_code error;
    for (int attempt = 0; attempt < kRemoveAttempts; ++attempt) {
      fs::remove_all(path, error);
      if (error != std::errc::no_such_file_or_directory) break;
    }
    return error ? ErrnoError(error.value(), "remove", path) : arrow::Status::OK();
  }

  arrow::Status RemoveIfEmpty(const fs::path& path) override {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST) {
      return arrow::Status::OK();
    }
    return ErrnoError(errno, "remove", path);
  }

  arrow::Result<std::optional<PathInfo>> Stat(const fs::path& path) const override {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
      if (IsNotThere(errno)) return std::nullopt;
      return ErrnoError(errno, "look at", path);
    }
    const auto modified = std::chrono::seconds(status.st_mtim.tv_sec) +
                          std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    return PathInfo{S_ISDIR(status.st_mode), status.st_size,
                    std::chrono::system_clock::time_point(
                        std::chrono::duration_cast<std::chrono::system_clock::duration>(modified))};
  }

  arrow::Result<bool> IsLink(const fs::path& path) const override {
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0) return S_ISLNK(status.st_mode);
    if (errno == ENOENT) return false;
    return ErrnoError(errno, "look at", path);
  }

  arrow::Result<std::vector<std::string>> List(const fs::path& path) const override {
    std::error_code error;
    std::vector<std::string> names;
    fs::directory_iterator entry(path, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename());
    }
    if (error && error.value() != ENOENT) return ErrnoError(error.value(), "list", path);
    std::ranges::sort(names);
    return names;
  }

  arrow::Result<bool> HoldsOther(const fs::path& path,
                                 std::span<const std::string> names) const override {
    std::error_code error;
    fs::directory_iterator entry(path, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      if (std::ranges::find(names, entry->path().filename().string()) == names.end()) return true;
    }
    if (error && error.value() != ENOENT) return ErrnoError(error.value(), "list", path);
    return false;
  }

  arrow::Result<std::optional<std::string>> ReadFile(const fs::path& path) const override {
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) {
      if (IsNotThere(errno)) return std::nullopt;
      return ErrnoError(errno, "read", path);
    }
    ARROW_ASSIGN_OR_RAISE(std::string content, ReadAll(fd.get(), path));
    return content;
  }

  arrow::Result<std::optional<DirectoryLock>> TryLock(const fs::path& directory) const override {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(FileDescriptor fd, OpenDirectory(directory, "lock"));
      if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return std::nullopt;
        return LockError(errno, directory);
      }
      if (IsStillThere(fd.get(), directory)) return DirectoryLock(std::move(fd));
    }
  }

 private:
  static arrow::Status LockError(int error, const fs::path& directory) {
    arrow::Status status = ErrnoError(error, "lock", directory);
    if (!IsWithoutLocks(error)) return status;
    return UserError(status.message() +
                         " (this filesystem cannot lock directories: choose a path on a local one "
                         "for destination.path and destination.staging)",
                     std::string(CodeOf(status)));
  }

  arrow::Status TryCreateDirectories(const fs::path& path) {
    ARROW_ASSIGN_OR_RAISE(const auto info, Stat(path));
    if (info.has_value()) {
      return info->is_directory ? SyncNameOf(path) : ErrnoError(ENOTDIR, "create directory", path);
    }
    if (const fs::path parent = ParentOf(path); parent != path) {
      ARROW_RETURN_NOT_OK(TryCreateDirectories(parent));
    }
    ARROW_RETURN_NOT_OK(MakeDirectory(path));
    return SyncDirectory(ParentOf(path));
  }

  /// A process that was killed may have made the directory and not synced its name, which goes with
  /// the power; of those above it each was synced before the next was made. Where the directory
  /// above may not be read, its owner has made it.
  arrow::Status SyncNameOf(const fs::path& directory) {
    const arrow::Status synced = SyncDirectory(ParentOf(directory));
    return IsDenied(synced) ? arrow::Status::OK() : synced;
  }

  static arrow::Status RenameError(int error, const fs::path& from, const fs::path& to) {
    return ErrnoError(error, "move " + from.string() + " to", to);
  }
};

}  // namespace

std::shared_ptr<DurableFs> MakeLocalFs() { return std::make_shared<LocalFs>(); }

}  // namespace headrace
