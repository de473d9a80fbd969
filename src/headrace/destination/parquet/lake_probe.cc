#include "headrace/destination/parquet/lake_probe.h"

#include <unistd.h>

#include <string>
#include <vector>

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

arrow::Status MoveProbe(DurableFs& fs, const LakeLayout& layout, const std::string& name) {
  ARROW_RETURN_NOT_OK(fs.CreateDirectories(layout.staging));
  ARROW_RETURN_NOT_OK(fs.CreateDirectories(layout.path));
  ARROW_RETURN_NOT_OK(
      fs.WriteFile(layout.staging / name, "headrace tries whether it may write here\n"));
  return fs.RenameNoReplace(layout.staging / name, layout.path / name);
}

}  // namespace

arrow::Status ProbeLake(DurableFs& fs, const LakeLayout& layout) {
  const std::string name = ".headrace-probe-" + std::to_string(::getpid());
  std::vector<fs::path> made;
  for (const fs::path& path : {layout.staging, layout.path}) {
    ARROW_ASSIGN_OR_RAISE(const auto missing, MissingDirectories(fs, path));
    made.insert(made.end(), missing.begin(), missing.end());
  }
  arrow::Status status = MoveProbe(fs, layout, name);
  status &= fs.RemoveAll(layout.staging / name);
  status &= fs.RemoveAll(layout.path / name);
  for (const fs::path& path : made) status &= fs.RemoveIfEmpty(path);
  return status;
}

}  // namespace headrace
