#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "headrace/client/store/durable_fs.h"
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

}  // namespace headrace
