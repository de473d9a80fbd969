#include "headrace/destination/parquet/lake_probe.h"

#include <string_view>
#include <vector>

#include "headrace/destination/parquet/lake_lock.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

/// One name for all processes: the lake is locked while it is there.
constexpr std::string_view kProbeFile = ".headrace-probe";

/// `path` and those of its parents that are not there, deepest first.
arrow::Result<std::vector<fs::path>> MissingDirectories(const DurableFs& fs, fs::path path) {
  std::vector<fs::path> missing;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto there, fs.Stat(path));
    if (there.has_value()) return missing;
    missing.push_back(path);
    path = path.parent_path();
  }
}

arrow::Status MoveProbe(DurableFs& fs, const fs::path& lake, const fs::path& staging) {
  ARROW_RETURN_NOT_OK(fs.CreateDirectories(staging));
  ARROW_ASSIGN_OR_RAISE(const DirectoryLock lock, MakeAndLock(fs, lake));
  arrow::Status status = fs.RemoveAll(lake / kProbeFile);
  if (status.ok()) {
    status = fs.WriteFile(staging / kProbeFile, "headrace tries whether it may write here\n");
  }
  if (status.ok()) status = fs.RenameNoReplace(staging / kProbeFile, lake / kProbeFile);
  status &= fs.RemoveAll(staging / kProbeFile);
  status &= fs.RemoveAll(lake / kProbeFile);
  return status;
}

}  // namespace

arrow::Status ProbeLake(DurableFs& fs, const fs::path& lake, const fs::path& staging) {
  std::vector<fs::path> made;
  for (const fs::path& path : {staging, lake}) {
    ARROW_ASSIGN_OR_RAISE(const auto missing, MissingDirectories(fs, path));
    made.insert(made.end(), missing.begin(), missing.end());
  }
  arrow::Status status = MoveProbe(fs, lake, staging);
  for (const fs::path& path : made) status &= fs.RemoveIfEmpty(path);
  return status;
}

}  // namespace headrace
