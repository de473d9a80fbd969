#pragma once

#include <arrow/filesystem/type_fwd.h>

#include <memory>
#include <optional>
#include <string>

#include "headrace/model/error.h"

namespace headrace {

/// How Google Cloud Storage is reached.
struct GcsAccess {
  /// Root URL of an emulator on this machine, which is asked without credentials.
  std::optional<std::string> emulator = {};
  /// A service account's key, as the JSON of its file; none: Application Default Credentials. Arrow
  /// looks for those as FindDefaultCredentials does, but not in CLOUDSDK_CONFIG, nor at
  /// GCE_METADATA_HOST.
  std::optional<std::string> service_account = {};
};

/// Arrow's file system for it. Asks nobody.
arrow::Result<std::shared_ptr<arrow::fs::FileSystem>> OpenGcsFileSystem(const GcsAccess& access);

}  // namespace headrace
