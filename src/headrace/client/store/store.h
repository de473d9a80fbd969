#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "headrace/client/store/durable_fs.h"
#include "headrace/client/store/gcs_file_system.h"
#include "headrace/model/error.h"

namespace headrace {

/// A place in some store, and the operations of that store.
struct StoreLocation {
  std::shared_ptr<DurableFs> fs;
  std::filesystem::path
      path;  ///< Absolute, without `.` and `..`, symbolic links resolved as far as the path exists.
};

/// Finds the store of `location` by its scheme: a local path or `file://…`. Other schemes are an
/// error of class user.
arrow::Result<StoreLocation> OpenStore(std::string_view location);

/// A place where files can be written, and nothing more is asked for.
struct FileStoreLocation {
  std::shared_ptr<FileStore> store;
  std::filesystem::path path;  ///< As the store takes it: `bucket/prefix` of an object store.
};

/// How stores that want credentials are reached.
struct StoreAccess {
  GcsAccess gcs = {};
};

/// The same for files alone: also `gs://bucket/prefix`. A bucket is asked for nothing here.
arrow::Result<FileStoreLocation> OpenFileStore(std::string_view location,
                                               const StoreAccess& access = {});

}  // namespace headrace
