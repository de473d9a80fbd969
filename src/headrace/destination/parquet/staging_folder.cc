#include "headrace/destination/parquet/staging_folder.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "headrace/client/store/errno_error.h"
#include "headrace/destination/parquet/lake_lock.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

constexpr int kMarkerVersion = 1;

constexpr std::string_view kStagingAbout =
    "headrace stages its runs in this folder and removes what none of them needs any more";

arrow::Status WriteMarker(DurableFs& fs, const fs::path& file, const nlohmann::json& marker) {
  return fs.WriteFile(file, DumpJson(marker) + "\n");
}

/// What a process leaves that dies while it marks a folder.
std::string HalfWritten(std::string_view marker) {
  return std::string(marker) + std::string(kHalfWrittenSuffix);
}

/// The first name in `folder` that is not `marker`; empty if there is none.
arrow::Result<std::string> FirstBeside(const DurableFs& fs, const fs::path& folder,
                                       std::string_view marker) {
  ARROW_ASSIGN_OR_RAISE(auto names, fs.List(folder));
  const std::string half = HalfWritten(marker);
  for (std::string& name : names) {
    if (name != marker && name != half) return std::move(name);
  }
  return "";
}

arrow::Status RemoveMarker(DurableFs& fs, const fs::path& folder, std::string_view marker) {
  ARROW_RETURN_NOT_OK(fs.RemoveAll(folder / HalfWritten(marker)));
  return fs.RemoveAll(folder / marker);
}

arrow::Status RemoveMarkedRun(DurableFs& fs, const fs::path& directory) {
  ARROW_RETURN_NOT_OK(RemoveMarker(fs, directory, kRunMarker));
  return fs.RemoveIfEmpty(directory);
}

/// The value of `key` in a marker; nothing if it is none of this version.
std::optional<nlohmann::json> ValueOf(const std::string& marker, const char* key) {
  const nlohmann::json json = nlohmann::json::parse(marker, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("version", nlohmann::json()) != kMarkerVersion) {
    return std::nullopt;
  }
  return json.value(key, nlohmann::json());
}

struct StagingMarker {
  bool made = false;  // The folder, by headrace.
};

/// Nothing where `staging` is not marked; class user where another version did.
arrow::Result<std::optional<StagingMarker>> ReadStagingMarker(const DurableFs& fs,
                                                              const fs::path& staging) {
  const fs::path file = staging / kStagingMarker;
  ARROW_ASSIGN_OR_RAISE(const auto content, fs.ReadFile(file));
  if (!content.has_value()) return std::nullopt;
  const auto made = ValueOf(*content, "made");
  if (made.has_value()) return StagingMarker{.made = *made == true};
  return UserError(file.string() +
                   " is none that this version of headrace knows: use the one that wrote it, or "
                   "set destination.staging to another folder");
}

arrow::Status ForeignStaging(const fs::path& staging, const std::string& first) {
  return UserError("the staging folder " + staging.string() +
                   " holds what headrace did not put there (the first is " + first +
                   "), and headrace removes from staging what no run needs: set "
                   "destination.staging to a folder that is empty or not there yet");
}

}  // namespace

/// Without a lock: where another process has removed all of it between two looks, what was seen was
/// its own.
arrow::Result<std::string> ForeignInStaging(const DurableFs& fs, const fs::path& staging) {
  std::string seen;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::string first, FirstBeside(fs, staging, kStagingMarker));
    if (first.empty() || first == seen) return first;
    ARROW_ASSIGN_OR_RAISE(const auto marker, ReadStagingMarker(fs, staging));
    if (marker.has_value()) return "";
    seen = std::move(first);
  }
}

arrow::Status CheckStaging(const DurableFs& fs, const fs::path& staging) {
  ARROW_ASSIGN_OR_RAISE(const std::string foreign, ForeignInStaging(fs, staging));
  return foreign.empty() ? arrow::Status::OK() : ForeignStaging(staging, foreign);
}

arrow::Result<DirectoryLock> LockStaging(DurableFs& fs, const fs::path& staging,
                                         const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(LockedDirectory locked, MakeAndLock(fs, staging, stop));
  ARROW_ASSIGN_OR_RAISE(const auto marker, ReadStagingMarker(fs, staging));
  // Who made it marks it so, also where another process was the first to lock it.
  if (marker.has_value() && (marker->made || !locked.made)) return std::move(locked.lock);
  ARROW_ASSIGN_OR_RAISE(const std::string foreign, FirstBeside(fs, staging, kStagingMarker));
  if (!marker.has_value() && !foreign.empty()) return ForeignStaging(staging, foreign);
  ARROW_RETURN_NOT_OK(
      WriteMarker(fs, staging / kStagingMarker,
                  {{"version", kMarkerVersion}, {"made", locked.made}, {"about", kStagingAbout}}));
  return std::move(locked.lock);
}

arrow::Status RemoveStagingIfUnused(DurableFs& fs, const fs::path& staging) {
  const auto lock = fs.TryLock(staging);
  if (CodeOf(lock.status()) == "ENOENT") return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(lock.status());
  if (!lock->has_value()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::string other, FirstBeside(fs, staging, kStagingMarker));
  if (!other.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto marker, ReadStagingMarker(fs, staging));
  ARROW_RETURN_NOT_OK(RemoveMarker(fs, staging, kStagingMarker));
  if (!marker.has_value() || !marker->made) return arrow::Status::OK();
  const arrow::Status removed = fs.RemoveIfEmpty(staging);
  // Empty as it is, it is in nobody's way.
  return IsDenied(removed) ? arrow::Status::OK() : removed;
}

arrow::Status MarkRun(DurableFs& fs, const fs::path& directory) {
  ARROW_ASSIGN_OR_RAISE(const std::string first, FirstBeside(fs, directory, kRunMarker));
  if (first.empty()) {
    return WriteMarker(fs, directory / kRunMarker,
                       {{"version", kMarkerVersion}, {"folder", directory.filename().string()}});
  }
  ARROW_ASSIGN_OR_RAISE(const bool marked, IsRun(fs, directory));
  if (marked) return arrow::Status::OK();
  return UserError("the run would be staged in " + directory.string() +
                       ", which holds what headrace did not put there (the first is " + first +
                       "): choose another --run-id, or move it away",
                   "EEXIST");
}

arrow::Result<bool> IsRun(const DurableFs& fs, const fs::path& directory) {
  ARROW_ASSIGN_OR_RAISE(const auto marker, fs.ReadFile(directory / kRunMarker));
  return marker.has_value() && ValueOf(*marker, "folder") == directory.filename().string();
}

arrow::Status RemoveRun(DurableFs& fs, const fs::path& directory) {
  ARROW_ASSIGN_OR_RAISE(const auto names, fs.List(directory));
  for (const std::string& name : names) {
    if (name != kRunMarker) ARROW_RETURN_NOT_OK(fs.RemoveAll(directory / name));
  }
  return RemoveMarkedRun(fs, directory);
}

arrow::Status RemoveRunIfUnused(DurableFs& fs, const fs::path& directory) {
  // Asked after each of thousands of tables, whose folders are in there.
  const std::array markers = {std::string(kRunMarker), HalfWritten(kRunMarker)};
  ARROW_ASSIGN_OR_RAISE(const bool used, fs.HoldsOther(directory, markers));
  return used ? arrow::Status::OK() : RemoveMarkedRun(fs, directory);
}

}  // namespace headrace
