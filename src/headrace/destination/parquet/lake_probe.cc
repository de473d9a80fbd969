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

/// `lake` is locked, and so is `staging` or the run whose folder it is.
arrow::Status MoveProbe(DurableFs& fs, const fs::path& lake, const fs::path& staging) {
  arrow::Status status = fs.RemoveAll(lake / kProbeFile);
  if (status.ok()) {
    status = fs.WriteFile(staging / kProbeFile, "headrace tries whether it may write here\n");
  }
  if (status.ok()) status = fs.RenameNoReplace(staging / kProbeFile, lake / kProbeFile);
  status &= fs.RemoveAll(staging / kProbeFile);
  status &= fs.RemoveAll(lake / kProbeFile);
  return status;
}

/// The lake's lock comes before that of staging, as where a table is put aside.
arrow::Status LockBothAndMoveProbe(DurableFs& fs, const LakeLayout& layout,
                                   const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const LockedDirectory lake, MakeAndLock(fs, layout.path, stop));
  ARROW_ASSIGN_OR_RAISE(const DirectoryLock staging, LockStaging(fs, layout.staging, stop));
  return MoveProbe(fs, layout.path, layout.staging);
}

arrow::Status RemoveIfEmpty(DurableFs& fs, const std::vector<fs::path>& directories) {
  arrow::Status status;
  for (const fs::path& path : directories) status &= fs.RemoveIfEmpty(path);
  return status;
}

}  // namespace

arrow::Status CheckLake(DurableFs& fs, const LakeLayout& layout, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto made_staging, MissingDirectories(fs, layout.staging));
  ARROW_ASSIGN_OR_RAISE(const auto made_lake, MissingDirectories(fs, layout.path));
  arrow::Status status = LockBothAndMoveProbe(fs, layout, stop);
  status &= RemoveStagingIfUnused(fs, layout.staging);
  status &= RemoveIfEmpty(fs, made_lake);
  status &= RemoveIfEmpty(fs, made_staging);
  return status;
}

arrow::Status ProbeLake(DurableFs& fs, const fs::path& lake, const fs::path& staged_run,
                        const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto made, MissingDirectories(fs, lake));
  arrow::Status status;
  {
    const auto locked = MakeAndLock(fs, lake, stop);
    status = locked.ok() ? MoveProbe(fs, lake, staged_run) : locked.status();
  }
  status &= RemoveIfEmpty(fs, made);
  return status;
}

}  // namespace headrace
