#include "headrace/destination/parquet/lake_probe.h"

#include <vector>

#include "headrace/destination/parquet/lake_lock.h"
#include "headrace/destination/parquet/staging_folder.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

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

arrow::Status MoveProbe(DurableFs& fs, const fs::path& lake, const fs::path& staging,
                        const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const LockedDirectory lake_lock, MakeAndLock(fs, lake, stop));
  arrow::Status status = fs.RemoveAll(lake / kProbeFile);
  if (status.ok()) {
    status = fs.WriteFile(staging / kProbeFile, "headrace tries whether it may write here\n");
  }
  if (status.ok()) status = fs.RenameNoReplace(staging / kProbeFile, lake / kProbeFile);
  status &= fs.RemoveAll(staging / kProbeFile);
  status &= fs.RemoveAll(lake / kProbeFile);
  return status;
}

arrow::Status RemoveIfEmpty(DurableFs& fs, const std::vector<fs::path>& directories) {
  arrow::Status status;
  for (const fs::path& path : directories) status &= fs.RemoveIfEmpty(path);
  return status;
}

}  // namespace

arrow::Status CheckLake(DurableFs& fs, const LakeLayout& layout, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto made, MissingDirectories(fs, layout.staging));
  // Let go at once: it is marked, so nobody takes what lies in it for theirs.
  arrow::Status status = LockStaging(fs, layout.staging, stop).status();
  if (status.ok()) status = ProbeLake(fs, layout.path, layout.staging, stop);
  status &= RemoveStagingIfUnused(fs, layout.staging);
  status &= RemoveIfEmpty(fs, made);
  return status;
}

arrow::Status ProbeLake(DurableFs& fs, const fs::path& lake, const fs::path& staged_run,
                        const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto made, MissingDirectories(fs, lake));
  arrow::Status status = MoveProbe(fs, lake, staged_run, stop);
  status &= RemoveIfEmpty(fs, made);
  return status;
}

}  // namespace headrace
