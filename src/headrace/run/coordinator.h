#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/destination/destination.h"
#include "headrace/journal/journal.h"
#include "headrace/observe/event.h"
#include "headrace/observe/progress.h"
#include "headrace/run/engine.h"
#include "headrace/run/job_plan.h"
#include "headrace/run/report.h"
#include "headrace/source/source.h"

namespace headrace {

struct ChosenRun;
struct ListFindings;
class Stopwatch;

/// What the command line asks of a run.
struct RunRequest {
  std::optional<std::string> run_id;  ///< `--run-id`: a scheduler's own key; done once is done.
                                      ///< CheckRunId says what can be one.
  bool resume = false;                ///< `--resume`: only continue an unfinished run.
  std::vector<std::string> only;      ///< `--only`: labels of tables; empty: all.
};

/// The parts that a run is made of; all outlive the Coordinator.
struct RunParts {
  const Job& job;
  Source& source;
  Destination& destination;
  Engine& engine;
  Journal& journal;
  Observer& observer;
  Progress& progress;
};

/// What is done with an open intent that nothing can be said of.
enum class OnDoubt {
  kStop,    ///< It stays open, and the error is returned.
  kGiveUp,  ///< Somebody decided to give it up: it becomes void, whatever became of it.
};

/// What a run of `job` would do now with the tables of `only` (all if empty), what its patterns
/// stand for among them. A table that the destination would refuse has that as its status. Needs no
/// journal, writes nothing.
arrow::Result<JobPlan> PlanJob(const Job& job, Source& source, Destination& destination,
                               Progress& progress, const std::vector<std::string>& only,
                               std::stop_token stop);

/// Carries a job from its plan to its report:
///
///   list the tables of patterns ─► settle open intents ─► choose the run ─► snapshot, plan ─►
///   engine ─► per table: intent, commit, verify ─► report
///
/// The caller holds the job's lock (JobLock). Used by one thread. Whatever happens, the report or
/// the error says which tables are published; a table is published whole or not at all.
class Coordinator {
 public:
  explicit Coordinator(RunParts parts) : parts_(parts) {}

  /// What Run would do now: the plan of the tables that it would load, and which run it would be.
  /// Writes nothing, settles nothing. Fails as Run would before it reads.
  arrow::Result<JobPlan> Plan(const RunRequest& request, std::stop_token stop);

  /// Errors of class user (exit 2) where the request cannot be met: another run is unfinished, the
  /// job text changed. A run whose tables failed is no error: the report says so.
  arrow::Result<RunReport> Run(const RunRequest& request, std::stop_token stop);

  /// Settles the open intents of `run`, marks it abandoned and removes what it had staged of tables
  /// that are not committed. Returns sentences of what was done.
  /// An intent that cannot be settled is an error, or given up too.
  arrow::Result<std::vector<std::string>> Abandon(const std::string& run,
                                                  OnDoubt on_doubt = OnDoubt::kStop);

  /// Removes what ended runs left at the destination; what unfinished ones need stays.
  arrow::Result<CleanResult> Clean();

  /// Reads the published files of `run` again and compares them with their commit records. Stopped,
  /// it reports what it has compared. Tables that are not published are left, and no failure.
  arrow::Result<RunReport> Verify(const std::string& run, VerifyLevel level, std::stop_token stop);

 private:
  arrow::Status GiveUp(const std::string& run);
  /// Of the same parts, with `job`, which outlives it.
  Coordinator Of(const Job& job) const;
  /// Of a job without patterns.
  arrow::Result<JobPlan> PlanListed(const RunRequest& request, const ListFindings& listed,
                                    std::stop_token stop);
  arrow::Result<RunReport> RunListed(const RunRequest& request, const ListFindings& listed,
                                     const Stopwatch& total, std::stop_token stop);
  arrow::Result<RunReport> Execute(const ChosenRun& chosen, std::vector<std::string> notes,
                                   const Stopwatch& total, std::stop_token stop);

  RunParts parts_;
};

}  // namespace headrace
