#pragma once

#include <arrow/io/interfaces.h>

#include <filesystem>
#include <memory>

#include "headrace/model/error.h"

namespace headrace {

/// A new file being written. Not thread-safe. Dropped without Seal it stays behind, of any content.
class DurableOutput : public arrow::io::OutputStream {
 public:
  /// Writes what is buffered, syncs the content to the device and closes. The name is durable once
  /// its directory is synced.
  virtual arrow::Status Seal() = 0;
};

/// Where new files are written, each once and from its beginning to its end: a file system, or a
/// bucket of objects. Thread-safe.
class FileStore {
 public:
  virtual ~FileStore() = default;

  /// Starts a file. One of its name is an error with code EEXIST on a file system; in a bucket,
  /// where that costs a request, it is replaced, so that names must be new.
  virtual arrow::Result<std::shared_ptr<DurableOutput>> CreateFile(
      const std::filesystem::path& path) = 0;

  /// Removes a file or a whole directory; OK if it is not there.
  virtual arrow::Status RemoveAll(const std::filesystem::path& path) = 0;
};

}  // namespace headrace
