#pragma once

#include <chrono>
#include <filesystem>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/store/durable_fs.h"
#include "headrace/destination/destination.h"
#include "headrace/destination/parquet/lake_layout.h"

namespace headrace {

/// Removes from staging what nobody needs any more, and headrace made.
class LakeCleaner {
 public:
  /// References must outlive the cleaner. Runs in `keep` (their ids) are never touched. `stop` ends
  /// its waiting for locks, with kInterruptedCode.
  LakeCleaner(DurableFs& fs, const LakeLayout& layout, const std::set<std::string>& keep,
              std::chrono::seconds grace, std::stop_token stop);

  /// Everything of every table and run.
  arrow::Result<CleanResult> CleanAll();

  /// Replaced tables of one table alone.
  arrow::Result<CleanResult> CleanReplaced(std::string_view table);

 private:
  arrow::Status CleanRuns();
  arrow::Status CleanRun(const std::string& run);
  arrow::Status CleanUnmarked(const std::filesystem::path& directory);
  /// Of what may be a run: a directory, and no link to one.
  arrow::Result<bool> IsDirectory(const std::filesystem::path& path) const;
  arrow::Status CleanReplacedOf(const std::string& table);
  arrow::Result<bool> HasOpenIntent(const std::filesystem::path& run) const;
  arrow::Result<bool> HasOpenIntentIn(const std::filesystem::path& staged_table) const;
  arrow::Result<std::string> OpenRunIn(const std::string& table,
                                       const ReplacedName& replaced) const;
  /// Says that `path` stays, for nobody knows what it is.
  arrow::Status KeepForeign(const std::filesystem::path& path);
  arrow::Status Remove(const std::filesystem::path& directory,
                       arrow::Status (*remove)(DurableFs& fs,
                                               const std::filesystem::path& directory));
  /// Not while somebody holds staging, who may be about to put a table into the folder.
  arrow::Status RemoveIfEmpty(const std::filesystem::path& folder);

  DurableFs& fs_;
  const LakeLayout& layout_;
  std::set<std::string> keep_;  // Percent-encoded.
  std::chrono::seconds grace_;
  std::stop_token stop_;
  CleanResult result_;
};

}  // namespace headrace
