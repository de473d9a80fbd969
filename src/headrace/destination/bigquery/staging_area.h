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

/// Where the rows of one job lie until they are loaded into a dataset, `project.dataset`. In a
/// folder `<staging>/.staged/<job>/<dataset>/<run>`:
///
// clang-format off
///   _process.json               a process stages, until it ends
///   <table>/<epoch>-<life>/…    files, and `_intent.json` once a commit of them is decided
// clang-format on
///
/// `life` is drawn anew for each epoch that begins, so that two lives of a run, one of which knows
/// nothing of the other, have no name in common: what one is about to load, the other does not
/// replace. A bucket has no locks. Whether a process is at work that is not this one tells its
/// `_process.json`: it is removed at the end of an orderly life, its pid is asked for where it is
/// of this machine, and any other one counts until nothing was written for kIdle. Used by one
/// thread, but for store(). `gcs` must outlive it.
class StagingArea {
 public:
  StagingArea(const GcsClient& gcs, std::shared_ptr<FileStore> store, const BucketPrefix& staging,
              const std::string& job, const std::string& dataset, std::stop_token stop);
  ~StagingArea();
  StagingArea(const StagingArea&) = delete;
  StagingArea& operator=(const StagingArea&) = delete;

  /// How long nothing is written by a process of another machine until it counts as dead.
  static constexpr std::chrono::hours kIdle{24};

  const std::shared_ptr<FileStore>& store() const { return store_; }

  /// An epoch begins: removes what the run has staged for the table before, in any epoch, and says
  /// that this process is at work. Returns its folder, which is new: `gs://bucket/…`. Error of
  /// class user where another process of this machine is at work on the run.
  arrow::Result<std::string> Begin(const std::string& run, const std::string& table, int epoch);

  /// The folder of an epoch that was begun and has staged `file`; error of class permanent where
  /// there is none.
  arrow::Result<std::string> FindFolder(const std::string& run, const std::string& table, int epoch,
                                        const std::string& file) const;

  /// A folder as store() takes it: `bucket/…`.
  static std::filesystem::path PathOf(const std::string& folder);

  /// Objects in a folder.
  arrow::Result<std::vector<GcsListedObject>> List(const std::string& folder) const;

  /// A commit of what is in `intent.staging`, a folder, is decided: it is kept by Clean until
  /// `is_settled` says that the commit is made, or never can be.
  arrow::Status MarkDecided(const CommitIntent& intent) const;

  arrow::Status RemoveFolder(const std::string& folder) const;

  /// Removes what a run has staged for a table in one epoch, in any life.
  arrow::Status RemoveEpoch(const std::string& run, const std::string& table, int epoch) const;

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
  arrow::Status TakeRun(const std::string& run);
  std::string RunFolder(const std::string& run) const;
  std::string TableFolder(const std::string& run, const std::string& table) const;
  arrow::Status RemoveMark(const std::string& run) const;
  arrow::Result<std::string> NameOf(const std::string& folder) const;
  arrow::Status RemoveAll(const std::string& prefix) const;

  const GcsClient& gcs_;
  const std::shared_ptr<FileStore> store_;
  const std::string bucket_;
  std::string folder_;  // Of the job, with a slash at its end.
  const std::stop_token stop_;
  std::set<std::string> runs_;  // That this process has begun.
};

}  // namespace headrace
