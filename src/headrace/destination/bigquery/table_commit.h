#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/bigquery/client.h"
#include "headrace/destination/bigquery/commit_log.h"
#include "headrace/destination/bigquery/job_runner.h"
#include "headrace/destination/bigquery/publication.h"
#include "headrace/destination/bigquery/staging_area.h"
#include "headrace/destination/destination.h"

namespace headrace {

/// What a commit works with. References outlive it.
struct CommitParts {
  const BigQueryClient& client;
  const JobRunner& jobs;
  CommitLog& log;
  const StagingArea& staging;
  std::stop_token stop;
};

/// Carries out one decided commit, or says what became of it. In this order, so that each row is
/// loaded once, whoever dies in between, and whoever carries it out beside:
///
///   1  the log claims the number for the intent          who has no number loads nothing
///   2  the load job runs under an id made of the intent  the service runs an id once
///   3  the log gets the record                           the commit is made
///
/// An intent is void, and its number is given back, only where its number is another's, or where
/// the id of its job is taken by a job that has loaded nothing: then no request of the past can
/// load its rows any more.
class TableCommit {
 public:
  static arrow::Result<TableCommit> Make(const CommitParts& parts, const CommitIntent& intent);

  /// As Destination::Commit and Destination::Settle.
  arrow::Result<CommitRecord> Commit();
  arrow::Result<Settlement> Settle();

  /// Commit of an intent that was found in the log, and is somebody else's to claim: where its
  /// number was given back since, somebody has proved that it is void, and it stays so.
  arrow::Result<CommitRecord> CommitHeld();

 private:
  enum class Step { kDone, kAgain };

  TableCommit(const CommitParts& parts, const CommitIntent& intent, Publication publication)
      : parts_(parts), intent_(intent), publication_(std::move(publication)) {}

  arrow::Result<std::vector<CommitSlot>> LookAtLog() const;
  arrow::Result<std::optional<CommitRecord>> FindRecord(const std::vector<CommitSlot>& slots);
  bool IsClaimed(const std::vector<CommitSlot>& slots) const;
  arrow::Status CheckFree(const std::vector<CommitSlot>& slots) const;
  arrow::Status CheckStaged() const;
  arrow::Result<bool> WasLoaded() const;

  arrow::Result<CommitRecord> Publish(bool claim_is_new);

  arrow::Status Claim();
  arrow::Status SettleHolder(const CommitIntent& holder) const;
  arrow::Status Adopt(const CommitIntent& holder);

  arrow::Status Load(bool claim_is_new);
  arrow::Result<Step> TryAttempt(bool claim_is_new);
  arrow::Result<Step> Judge(const EndedJob& ended, bool claim_is_new);
  arrow::Result<Step> Foreign(const nlohmann::json& job, bool claim_is_new);
  arrow::Result<Step> Refused(const arrow::Status& refusal, bool claim_is_new);
  arrow::Result<Step> NextAttempt();
  arrow::Result<Step> GiveUp(const std::string& why, ErrorClass error_class);
  arrow::Result<Step> GoOnWith(const std::optional<CommitIntent>& holder, const std::string& why,
                               ErrorClass error_class);
  static arrow::Status MayBeMended(const arrow::Status& refusal);

  BigQueryJob JobNow() const;
  bool IsOurs(const nlohmann::json& job) const;
  arrow::Status MakeDataset() const;
  void TakeStatistics(const nlohmann::json& job);
  arrow::Status FinishTable();

  arrow::Status Void(const std::string& why, ErrorClass error_class = ErrorClass::kTransient) const;
  arrow::Status Overtaken() const;

  CommitParts parts_;
  CommitIntent intent_;
  Publication publication_;
  std::string committed_at_;
};

}  // namespace headrace
