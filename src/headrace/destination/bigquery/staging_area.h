#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/gcs/client.h"
#include "headrace/client/store/file_store.h"
#include "headrace/destination/bigquery/bigquery_options.h"
#include "headrace/destination/destination.h"

namespace headrace {

/// In the staging prefix, beside the folders of jobs with their commit records. No job's name
/// begins with a dot there.
inline constexpr std::string_view kStagedFolder = ".staged/";

/// Where the rows of one job lie until they are loaded:
///
///   <staging>/.staged/<job>/<run>/_process.json           a process that stages, until it ends
///   <staging>/.staged/<job>/<run>/<table>/<epoch>/…       files, and `_intent.json` once decided
///
/// A bucket has no locks. Whether a process is at work that is not this one tells its
/// `_process.json`: it is removed at the end of an orderly life, its pid is asked for where it is
/// of this machine, and any other one counts until nothing was written for kIdle. Used by one
/// thread, but for store(). `gcs` must outlive it.
class StagingArea {
 public:
  StagingArea(const GcsClient& gcs, std::shared_ptr<FileStore> store, const BucketPrefix& staging,
              const std::string& job, std::stop_token stop);
  ~StagingArea();
  StagingArea(const StagingArea&) = delete;
  StagingArea& operator=(const StagingArea&) = delete;

  /// How long nothing is written by a process of another machine until it counts as dead.
  static constexpr std::chrono::hours kIdle{24};

  const std::shared_ptr<FileStore>& store() const { return store_; }

  /// `bucket/…`, as store() takes it; `gs://` and this is its URI.
  std::filesystem::path Folder(const std::string& run, const std::string& table, int epoch) const;

  /// An epoch begins: removes what the run has staged for the table before, in any epoch, and says
  /// that this process is at work.
  arrow::Status Begin(const std::string& run, const std::string& table);

  /// Files of an epoch.
  arrow::Result<std::vector<GcsListedObject>> List(const std::string& run, const std::string& table,
                                                   int epoch) const;

  /// A commit of the epoch is decided: its files are kept by Clean until `is_settled` says that it
  /// is made, or never can be.
  arrow::Status MarkDecided(const CommitIntent& intent, const std::string& table) const;

  /// Removes what a run has staged for a table, of one epoch or of all of them.
  arrow::Status RemoveEpoch(const std::string& run, const std::string& table, int epoch) const;
  arrow::Status RemoveTable(const std::string& run, const std::string& table) const;

  using IsSettled = std::function<arrow::Result<bool>(const CommitIntent& intent)>;

  /// Removes what ended runs have left, except those in `keep` and decided commits for which
  /// `is_settled` is false.
  arrow::Result<CleanResult> Clean(const std::set<std::string>& keep,
                                   const IsSettled& is_settled) const;

 private:
  /// The objects of one run.
  struct StagedRun {
    std::vector<const GcsListedObject*> objects;
    int64_t newest_micros = 0;  ///< When the last one was written.
  };

  arrow::Result<bool> IsAtWork(const StagedRun& run) const;
  arrow::Status CleanRun(const std::string& part, const StagedRun& run, const IsSettled& is_settled,
                         CleanResult& result) const;
  std::string RunFolder(const std::string& run) const;
  std::string TableFolder(const std::string& run, const std::string& table) const;
  arrow::Status RemoveAll(const std::string& prefix) const;

  const GcsClient& gcs_;
  const std::shared_ptr<FileStore> store_;
  const std::string bucket_;
  std::string folder_;  // Of the job, with a slash at its end.
  const std::stop_token stop_;
  std::set<std::string> runs_;  // That this process has begun.
};

}  // namespace headrace
