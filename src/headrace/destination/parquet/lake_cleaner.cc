#include "headrace/destination/parquet/lake_cleaner.h"

#include <utility>
#include <vector>

#include "headrace/client/store/errno_error.h"
#include "headrace/destination/parquet/lake_probe.h"
#include "headrace/destination/parquet/staging_folder.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/table_ref.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

arrow::Result<int64_t> BytesBelow(const DurableFs& fs, const fs::path& path) {
  ARROW_ASSIGN_OR_RAISE(const auto info, fs.Stat(path));
  if (!info.has_value()) return 0;
  if (!info->is_directory) return info->bytes;
  ARROW_ASSIGN_OR_RAISE(const auto names, fs.List(path));
  int64_t bytes = 0;
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(const int64_t below, BytesBelow(fs, path / name));
    bytes += below;
  }
  return bytes;
}

/// What headrace may leave in staging that is no run.
bool IsBesideRuns(std::string_view name) {
  for (const std::string_view own : {kReplacedFolder, kStagingMarker, kProbeFile}) {
    if (name.starts_with(own) && (name == own || name.substr(own.size()) == kHalfWrittenSuffix)) {
      return true;
    }
  }
  return false;
}

arrow::Status RemoveWhole(DurableFs& fs, const fs::path& directory) {
  return fs.RemoveAll(directory);
}

}  // namespace

LakeCleaner::LakeCleaner(DurableFs& fs, const LakeLayout& layout, const std::set<std::string>& keep,
                         std::chrono::seconds grace, std::stop_token stop)
    : fs_(fs), layout_(layout), grace_(grace), stop_(std::move(stop)) {
  for (const std::string& run : keep) keep_.insert(PercentEncode(run));
}

arrow::Result<CleanResult> LakeCleaner::CleanAll() {
  ARROW_ASSIGN_OR_RAISE(const std::string foreign, ForeignInStaging(fs_, layout_.staging));
  if (!foreign.empty()) {
    result_.kept.push_back(layout_.staging.string() + ": headrace did not make what is in it (" +
                           foreign + " is the first), so it is no staging folder");
    return std::move(result_);
  }
  ARROW_RETURN_NOT_OK(CleanRuns());
  ARROW_ASSIGN_OR_RAISE(const auto tables, fs_.List(layout_.Replaced()));
  for (const std::string& table : tables) ARROW_RETURN_NOT_OK(CleanReplacedOf(table));
  ARROW_RETURN_NOT_OK(RemoveIfEmpty(layout_.Replaced()));
  ARROW_RETURN_NOT_OK(RemoveStagingIfUnused(fs_, layout_.staging));
  return std::move(result_);
}

arrow::Result<CleanResult> LakeCleaner::CleanReplaced(std::string_view table) {
  ARROW_RETURN_NOT_OK(CleanReplacedOf(std::string(table)));
  return std::move(result_);
}

arrow::Status LakeCleaner::CleanRuns() {
  ARROW_ASSIGN_OR_RAISE(const auto names, fs_.List(layout_.staging));
  for (const std::string& name : names) {
    if (IsBesideRuns(name)) continue;
    ARROW_ASSIGN_OR_RAISE(const bool is_directory, IsDirectory(layout_.staging / name));
    ARROW_RETURN_NOT_OK(is_directory ? CleanRun(name) : KeepForeign(layout_.staging / name));
  }
  return arrow::Status::OK();
}

arrow::Result<bool> LakeCleaner::IsDirectory(const fs::path& path) const {
  ARROW_ASSIGN_OR_RAISE(const bool is_link, fs_.IsLink(path));
  if (is_link) return false;
  ARROW_ASSIGN_OR_RAISE(const auto info, fs_.Stat(path));
  return !info.has_value() || info->is_directory;  // Gone: removed by another one.
}

arrow::Status LakeCleaner::KeepForeign(const fs::path& path) {
  result_.kept.push_back(path.string() + ": headrace did not make it");
  return arrow::Status::OK();
}

/// What a process leaves that dies before it marks a run's directory is empty.
arrow::Status LakeCleaner::CleanUnmarked(const fs::path& directory) {
  ARROW_RETURN_NOT_OK(RemoveRunIfUnused(fs_, directory));
  ARROW_ASSIGN_OR_RAISE(const auto left, fs_.Stat(directory));
  return left.has_value() ? KeepForeign(directory) : arrow::Status::OK();
}

arrow::Status LakeCleaner::CleanRun(const std::string& run) {
  const fs::path directory = layout_.staging / run;
  if (keep_.contains(run)) {
    result_.kept.push_back("staging of run " + run + ": the run is unfinished");
    return arrow::Status::OK();
  }
  // A run directory is made, locked and marked under the lock of staging (Prepare).
  const auto staging = fs_.Lock(layout_.staging, {.stop = stop_});
  if (CodeOf(staging.status()) == "ENOENT") return arrow::Status::OK();  // Removed by another one.
  ARROW_RETURN_NOT_OK(staging.status());
  const auto ours = IsRun(fs_, directory);
  const auto lock = ours.ok() ? fs_.TryLock(directory) : ours.status();
  if (CodeOf(lock.status()) == "ENOENT") return arrow::Status::OK();
  // So answers a folder of somebody else's: headrace may look into its own.
  if (IsDenied(lock.status())) return KeepForeign(directory);
  ARROW_RETURN_NOT_OK(lock.status());
  if (!lock->has_value()) {
    result_.kept.push_back("staging of run " + run + ": a process is writing to it");
    return arrow::Status::OK();
  }
  if (!*ours) return CleanUnmarked(directory);
  ARROW_ASSIGN_OR_RAISE(const bool open_intent, HasOpenIntent(directory));
  if (open_intent) {
    result_.kept.push_back(
        "staging of run " + run +
        ": it holds a commit that was decided and not finished. Run its job, or `headrace " +
        "abandon` it; if neither can be done any more, remove " + directory.string());
    return arrow::Status::OK();
  }
  return Remove(directory, RemoveRun);
}

arrow::Result<bool> LakeCleaner::HasOpenIntent(const fs::path& run) const {
  ARROW_ASSIGN_OR_RAISE(const auto tables, fs_.List(run));
  for (const std::string& table : tables) {
    if (table.starts_with('.')) continue;  // What a probe left that died.
    ARROW_ASSIGN_OR_RAISE(const bool open, HasOpenIntentIn(run / table));
    if (open) return true;
  }
  return false;
}

arrow::Result<bool> LakeCleaner::HasOpenIntentIn(const fs::path& staged_table) const {
  ARROW_ASSIGN_OR_RAISE(const auto epochs, fs_.List(staged_table));
  for (const std::string& epoch : epochs) {
    ARROW_ASSIGN_OR_RAISE(const auto intent, fs_.Stat(staged_table / epoch / kIntentFile));
    if (intent.has_value()) return true;
  }
  return false;
}

/// The run whose commit a replaced table still proves, or is still needed by; empty if none.
arrow::Result<std::string> LakeCleaner::OpenRunIn(const std::string& table,
                                                  const ReplacedName& replaced) const {
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> runs,
                        fs_.List(layout_.ReplacedTable(table) / replaced.ToString()));
  std::erase_if(runs, [](const std::string& name) { return !name.starts_with(kRunPrefix); });
  for (std::string& run : runs) run.erase(0, kRunPrefix.size());
  runs.push_back(replaced.run);
  for (std::string& run : runs) {
    ARROW_ASSIGN_OR_RAISE(const bool open, HasOpenIntentIn(layout_.staging / run / table));
    if (open) return std::move(run);
  }
  return "";
}

arrow::Status LakeCleaner::CleanReplacedOf(const std::string& table) {
  const fs::path folder = layout_.ReplacedTable(table);
  ARROW_ASSIGN_OR_RAISE(const auto names, fs_.List(folder));
  for (const std::string& name : names) {
    const auto replaced = ReplacedName::Parse(name);
    if (!replaced.has_value()) continue;
    ARROW_ASSIGN_OR_RAISE(const std::string open, OpenRunIn(table, *replaced));
    const std::string what = "table " + table + ", replaced by run " + replaced->run + ": ";
    if (keep_.contains(replaced->run)) {
      result_.kept.push_back(what + "the run is unfinished");
    } else if (!open.empty()) {
      const std::string why = "the commit of run " + open + " in it is not settled";
      result_.kept.push_back(what + why);
    } else if (replaced->age() < grace_) {
      result_.kept.push_back(what + "readers may still be in it");
    } else {
      ARROW_RETURN_NOT_OK(Remove(folder / name, RemoveWhole));
    }
  }
  return RemoveIfEmpty(folder);
}

arrow::Status LakeCleaner::RemoveIfEmpty(const fs::path& folder) {
  const auto staging = fs_.TryLock(layout_.staging);
  if (CodeOf(staging.status()) == "ENOENT") return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(staging.status());
  return staging->has_value() ? fs_.RemoveIfEmpty(folder) : arrow::Status::OK();
}

arrow::Status LakeCleaner::Remove(const fs::path& directory,
                                  arrow::Status (*remove)(DurableFs& fs,
                                                          const fs::path& directory)) {
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, BytesBelow(fs_, directory));
  ARROW_RETURN_NOT_OK(remove(fs_, directory));
  result_.removed_bytes += bytes;
  ++result_.removed_directories;
  return arrow::Status::OK();
}

}  // namespace headrace
