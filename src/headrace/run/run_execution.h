#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "headrace/run/choose_run.h"
#include "headrace/run/coordinator.h"
#include "headrace/run/engine.h"
#include "headrace/run/job_plan.h"
#include "headrace/run/report.h"

namespace headrace {

/// Loads the tables of one chosen run: epoch after epoch, until every table is committed, has
/// failed, or the run is stopped. An epoch is one snapshot: where it is lost, the tables not
/// committed yet start over under a new one. Used by one thread.
class RunExecution {
 public:
  /// `parts` and `chosen` outlive it. `started_micros` is when the run began (not this process),
  /// since 1970, UTC.
  RunExecution(const RunParts& parts, const ChosenRun& chosen, int64_t started_micros);

  /// Fails as a whole only where the journal cannot be read, before anything is done: each table's
  /// outcome is in `report`.
  arrow::Status Run(std::stop_token stop, RunReport& report);

 private:
  /// A table that is not yet committed and has not failed.
  struct OpenTable {
    const TableJob* job = nullptr;
    int epoch = 0;              ///< The last one begun.
    int64_t planned_after = 0;  ///< Sequence of the commit that the window begins behind.
    int64_t sequence = 1;
    /// LastCursorOf.
    arrow::Result<std::optional<CommitRecord>> before = std::nullopt;
  };

  void RunEpoch(std::stop_token stop, RunReport& report);
  arrow::Result<std::unique_ptr<Snapshot>> OpenSnapshot(std::stop_token stop);
  JobPlan PlanOpenTables(Snapshot& snapshot, const std::stop_token& stop);
  arrow::Status LossWhilePlanning(const JobPlan& plan) const;
  void NoteLostSnapshot(const arrow::Status& cause, RunReport& report);
  /// Takes plans and units of the tables out of `plan`: there may be very many.
  std::vector<TableWork> PrepareTables(JobPlan& plan, RunReport& report);
  arrow::Status KeepFault(const OpenTable& open, const arrow::Status& fault);
  void CloseFaulty(const JobPlan& plan, RunReport& report);
  arrow::Result<int64_t> NextSequence(const OpenTable& open);
  arrow::Status PrepareTable(const PlannedTable& planned, OpenTable& open, TableWork& work);
  void Extract(std::vector<TableWork>& works, Snapshot& snapshot, std::stop_token stop,
               RunReport& report);
  void TakeBackUnread(const TableWork& work, const arrow::Status& status);
  void EndTable(const TableWork& work, const arrow::Status& status, Snapshot& snapshot,
                const std::stop_token& stop, RunReport& report);
  arrow::Status CompareAndCommit(const TableWork& work, Snapshot& snapshot,
                                 const std::stop_token& stop, TableReport& table);
  arrow::Status AddDivision(const TableWork& work, const WorkUnit& unit,
                            const std::vector<WorkUnit>& parts);
  arrow::Result<std::vector<std::string>> UnitsOf(const TableWork& work) const;
  arrow::Result<std::vector<Receipt>> AcceptedReceipts(const TableWork& work) const;
  arrow::Status Commit(const TableWork& work, const std::vector<Receipt>& receipts,
                       const std::stop_token& stop, TableReport& table);
  void Close(TableReport table, RunReport& report);
  void CloseAll(const arrow::Status& status, RunReport& report);
  OpenTable* FindOpen(const std::string& directory);

  const RunParts& parts_;
  const ChosenRun& chosen_;
  const int64_t started_micros_;
  std::unordered_map<std::string, size_t> positions_;  ///< By directory, of those that were open.
  std::map<size_t, OpenTable> open_;                   ///< By position, in the job's order.
  ExecuteSummary extracted_;                           ///< Of all epochs.
  int lost_snapshots_ = 0;
  bool all_read_ = false;  ///< In this epoch: only commits are left.
};

/// The report of a table that this or an earlier process committed.
TableReport ReportOfCommit(const CommitRecord& record, TableState state);

}  // namespace headrace
