#include "headrace/client/store/file_output.h"

#include <arrow/buffer.h>
#include <fcntl.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "headrace/client/store/errno_error.h"

namespace headrace {
namespace {

/// Page headers and footers are gathered up to here; a page of Parquet (1 MiB) goes straight to the
/// kernel.
constexpr size_t kGatherBytes = 32 << 10;

/// Writeback starts each time so many bytes are new: large enough for whole extents, small enough
/// that the last sync is short.
constexpr int64_t kWritebackBytes = 8LL << 20;

constexpr mode_t kFileMode = 0666;  // Narrowed by the umask, as every file that a person makes.

class FileOutput final : public DurableOutput {
 public:
  FileOutput(std::filesystem::path path, FileDescriptor fd)
      : path_(std::move(path)), fd_(std::move(fd)) {}

  arrow::Status Write(const void* data, int64_t bytes) override {
    if (!fd_.valid()) return BugError("write to the closed file " + path_.string());
    const std::span<const char> rest(static_cast<const char*>(data), static_cast<size_t>(bytes));
    position_ += bytes;
    if (gathered_ + rest.size() <= gather_.size()) {
      std::memcpy(gather_.data() + gathered_, rest.data(), rest.size());
      gathered_ += rest.size();
      return arrow::Status::OK();
    }
    return WriteOut(rest);
  }

  arrow::Status Flush() override { return WriteOut({}); }

  arrow::Status Seal() override {
    ARROW_RETURN_NOT_OK(WriteOut({}));
    // fsync, not fdatasync: a file is sealed once, and its time stamps are data to whoever cleans
    // up.
    if (::fsync(fd_.get()) != 0) return ErrnoError(errno, "sync", path_);
    fd_.Close();
    return arrow::Status::OK();
  }

  arrow::Status Close() override {
    if (!fd_.valid()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(WriteOut({}));
    fd_.Close();
    return arrow::Status::OK();
  }

  arrow::Status Abort() override {
    fd_.Close();
    return arrow::Status::OK();
  }

  bool closed() const override { return !fd_.valid(); }
  arrow::Result<int64_t> Tell() const override { return position_; }

 private:
  /// Writes the gathered bytes and `rest` behind them.
  arrow::Status WriteOut(std::span<const char> rest) {
    std::span<const char> first(gather_.data(), gathered_);
    while (!first.empty() || !rest.empty()) {
      const std::array<iovec, 2> parts = {iovec{const_cast<char*>(first.data()), first.size()},
                                          iovec{const_cast<char*>(rest.data()), rest.size()}};
      const ssize_t written = ::writev(fd_.get(), parts.data(), static_cast<int>(parts.size()));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return ErrnoError(errno, "write", path_);
      const size_t of_first = std::min(first.size(), static_cast<size_t>(written));
      first = first.subspan(of_first);
      rest = rest.subspan(static_cast<size_t>(written) - of_first);
      in_kernel_ += written;
    }
    gathered_ = 0;
    StartWriteback();
    return arrow::Status::OK();
  }

  /// Only a hint: a filesystem that does not know it makes the last sync longer, nothing else.
  void StartWriteback() {
    if (in_kernel_ - written_back_ < kWritebackBytes) return;
    ::sync_file_range(fd_.get(), written_back_, in_kernel_ - written_back_, SYNC_FILE_RANGE_WRITE);
    written_back_ = in_kernel_;
  }

  std::filesystem::path path_;
  FileDescriptor fd_;
  std::array<char, kGatherBytes> gather_;
  size_t gathered_ = 0;
  int64_t position_ = 0;
  int64_t in_kernel_ = 0;
  int64_t written_back_ = 0;
};

}  // namespace

arrow::Result<std::shared_ptr<DurableOutput>> CreateFileOutput(const std::filesystem::path& path) {
  FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!fd.valid()) return ErrnoError(errno, "create", path);
  return std::make_shared<FileOutput>(path, std::move(fd));
}

}  // namespace headrace
