#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/destination/destination.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"
#include "headrace/run/cursor_window.h"
#include "headrace/source/source.h"

namespace headrace {

/// The plan of one table, or why there is none.
struct PlannedTable {
  const TableJob* job = nullptr;  ///< Lives in the Job.
  arrow::Status status;           ///< Not OK: only `job` means anything.
  TablePlan plan;
  std::vector<WorkUnit> units;
};

/// The plan of a whole job: what `headrace plan` shows and `headrace run` executes.
struct JobPlan {
  std::string job;
  std::string source;       ///< Source::endpoint().
  std::string destination;  ///< Destination::endpoint().
  SnapshotKind snapshot = SnapshotKind::kNone;
  std::string snapshot_about;
  std::vector<std::string> warnings;
  std::vector<std::string> notes;    ///< What patterns stand for; of a dry run also which run it
                                     ///< would be, and what is not in here.
  arrow::Status refused;             ///< Class user: why no run can begin, whatever the tables say.
  std::vector<PlannedTable> tables;  ///< In the order of the job file.
  MissingRights rights;  ///< Of `headrace plan` and `check`: what the source's role lacks for it.
  bool continues_published = false;   ///< The run that it is for has published a table before.
  std::shared_ptr<const Job> listed;  ///< The job of `tables`, where its patterns were listed.

  int64_t units() const;           ///< Of the tables that can run.
  int64_t estimated_rows() const;  ///< Likewise.
  /// What a run of this plan would answer, as far as a plan can tell.
  int exit_code() const;

  /// Its tables are planned under `under`.
  void IsUnder(const Snapshot& under);
};

/// The plan of `job` before there is a snapshot or a table in it.
JobPlan BeginPlan(const Job& job, const Source& source, const Destination& destination);

/// What identifies the run that a plan is made for.
struct RunIdentity {
  std::string run;
  int64_t started_micros = 0;  ///< Since 1970, UTC.
  int epoch = 0;
};

/// Two names of a job may be of one table (`events`, `public.events`): a warning of the second that
/// the same rows are copied twice. Different conditions are taken to be meant.
void WarnOfTablesReadTwice(JobPlan& plan);

/// Tables that have something to read fail where no session can be had beside `snapshot`
/// (Snapshot::CheckSessions).
void RefuseWithoutSessions(JobPlan& plan, Snapshot& snapshot, const std::stop_token& stop);

/// What a table is planned with.
struct PlanParts {
  Source& source;
  Snapshot& snapshot;
  Destination* destination = nullptr;  ///< Null: columns stay as they are planned for the source.
};

/// Plans one table under `parts.snapshot`; `history` as HistoryOf has read it.
PlannedTable PlanTable(const TableJob& table, const PlanParts& parts, const RunIdentity& identity,
                       const arrow::Result<TableHistory>& history, std::stop_token stop);

}  // namespace headrace
