#include "headrace/client/store/gcs_file_system.h"

#include <arrow/filesystem/gcsfs.h>

namespace headrace {
namespace {

/// How long the library itself tries again before the unit that writes is told, which is then read
/// again.
constexpr double kRetrySeconds = 60;

arrow::fs::GcsOptions OptionsOf(const GcsAccess& access) {
  if (access.emulator) return arrow::fs::GcsOptions::Anonymous();
  if (access.service_account) {
    return arrow::fs::GcsOptions::FromServiceAccountCredentials(*access.service_account);
  }
  return arrow::fs::GcsOptions::Defaults();
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::fs::FileSystem>> OpenGcsFileSystem(const GcsAccess& access) {
  arrow::fs::GcsOptions options = OptionsOf(access);
  options.retry_limit_seconds = kRetrySeconds;
  if (access.emulator) {
    const size_t scheme = access.emulator->find("://");
    if (scheme == std::string::npos) return BugError("an emulator without a scheme");
    options.scheme = access.emulator->substr(0, scheme);
    options.endpoint_override = access.emulator->substr(scheme + 3);
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::fs::FileSystem> opened,
                        arrow::fs::GcsFileSystem::Make(options));
  return opened;
}

}  // namespace headrace
