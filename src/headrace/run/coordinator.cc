#include "headrace/run/coordinator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "headrace/model/json_object.h"
#include "headrace/run/choose_run.h"
#include "headrace/run/run_execution.h"
#include "headrace/run/settle.h"
#include "headrace/run/stopwatch.h"
#include "headrace/run/table_target.h"
#include "headrace/verify/verify.h"

namespace headrace {
namespace {

/// Replaced tables stay this long for readers that still have them open, unless the destination's
/// options say otherwise.
constexpr std::chrono::hours kDefaultGrace{1};

std::string IsoTime(std::chrono::system_clock::time_point time) {
  std::array<char, 32> text{};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

int64_t MicrosSince1970(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

/// Runs whose staging may still be needed.
arrow::Result<std::set<std::string>> UnfinishedRuns(Journal& journal) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalRun> runs, journal.Runs(""));
  std::set<std::string> unfinished;
  for (const JournalRun& run : runs) {
    if (run.unfinished()) unfinished.insert(run.run);
  }
  return unfinished;
}

/// A table that another run replaced since is not damaged: there is nothing to compare any more.
bool WasReplaced(const CommitRecord& record, Destination& destination, TableReport& table) {
  const auto replacement = destination.ReplacedBy(record);
  if (!replacement.ok() || !replacement->has_value()) return false;
  table.replaced_by = (*replacement)->intent.run;
  table.target.clear();
  table.problems.clear();
  return true;
}

/// Fills in `table` what reading its files again shows.
void VerifyTable(const CommitRecord& record, VerifyLevel level, Destination& destination,
                 TableReport& table) {
  auto problems = VerifyCommit(record, level == VerifyLevel::kChecksum, destination);
  if (problems.ok()) {
    table.problems = std::move(*problems);
  } else {
    table.problems = {problems.status().message()};
  }
  if (!table.problems.empty() && WasReplaced(record, destination, table)) return;
  table.verified = table.problems.empty();
}

arrow::Status VerifyTables(const RunParts& parts, VerifyLevel level, RunReport& report) {
  if (level == VerifyLevel::kOff) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts.journal.Tables(report.run));
  for (TableReport& table : report.tables) {
    const auto known = std::ranges::find(tables, table.table, &JournalTable::label);
    if (known == tables.end() || !known->record.has_value()) continue;
    VerifyTable(*known->record, level, parts.destination, table);
    for (const std::string& problem : table.problems) {
      parts.observer.Emit(Level::kError, "verification_failed",
                          "table " + table.table + ": " + problem,
                          {{"run", report.run}, {"table", table.table}});
    }
  }
  return arrow::Status::OK();
}

/// The state that a run ends in. An interrupted run stays running: the next one continues it.
RunState EndState(const RunReport& report) {
  if (report.interrupted) return RunState::kRunning;
  const bool failed = std::ranges::any_of(
      report.tables, [](const TableReport& t) { return t.state == TableState::kFailed; });
  if (failed) return RunState::kFailed;
  return report.exit_code() == 0 ? RunState::kDone : RunState::kVerifyFailed;
}

/// True if tables of the run's scope were left out by `--only`, so that the run goes on later.
arrow::Result<bool> IsLeftOpen(const RunParts& parts, const ChosenRun& chosen) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts.journal.Tables(chosen.run));
  return !std::ranges::all_of(chosen.scope, [&](const std::string& directory) {
    const auto table = std::ranges::find(tables, directory, &JournalTable::directory);
    return table != tables.end() && table->record.has_value();
  });
}

arrow::Status EndRun(const RunParts& parts, const ChosenRun& chosen, const RunReport& report) {
  RunState state = EndState(report);
  if (state == RunState::kRunning) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const bool left_open, IsLeftOpen(parts, chosen));
  if (left_open && state != RunState::kVerifyFailed) state = RunState::kFailed;
  return parts.journal.EndRun(chosen.run, state, DumpJson(ToJson(report)));
}

RunReport ReportOf(const RunParts& parts, const ChosenRun& chosen) {
  RunReport report;
  report.job = parts.job.name;
  report.run = chosen.run;
  report.nothing_to_do = chosen.nothing_to_do;
  report.earlier_verification_failed = chosen.verification_failed;
  report.notes = chosen.notes;
  for (const CommitRecord& record : chosen.committed) {
    report.tables.push_back(ReportOfCommit(record, TableState::kAlreadyCommitted));
  }
  for (const std::string& note : chosen.notes) {
    parts.observer.Emit(Level::kInfo, "note", note, {{"run", chosen.run}});
  }
  return report;
}

arrow::Result<CleanResult> CleanDestination(const RunParts& parts) {
  ARROW_ASSIGN_OR_RAISE(const std::set<std::string> keep, UnfinishedRuns(parts.journal));
  const std::optional<int64_t> written = parts.job.destination.values.Integer("grace");
  const auto grace =
      written.has_value()
          ? std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(*written))
          : std::chrono::seconds(kDefaultGrace);
  return parts.destination.Clean(keep, grace);
}

/// What earlier runs left behind is no reason to fail this one.
void CleanUp(const RunParts& parts) {
  const arrow::Status status = CleanDestination(parts).status();
  if (!status.ok()) {
    parts.observer.Emit(Level::kWarning, "clean_failed",
                        "cannot clean up after earlier runs: " + status.message());
  }
}

/// Tables end in any order; people read them in that of the job file.
void SortAsInJob(const Job& job, RunReport& report) {
  const auto position = [&job](const TableReport& report_table) {
    return std::ranges::find_if(job.tables, [&](const TableJob& table) {
      return table.table.label() == report_table.table;
    });
  };
  std::ranges::stable_sort(report.tables, {}, position);
}

arrow::Result<JournalRun> FindRunOrFail(Journal& journal, const std::string& run) {
  ARROW_ASSIGN_OR_RAISE(auto known, journal.FindRun(run));
  if (!known.has_value()) {
    return UserError("no run " + run + " in this state; `headrace runs` lists them");
  }
  return std::move(*known);
}

}  // namespace

arrow::Result<JobPlan> PlanJob(const Job& job, Source& source, Destination& destination,
                               Progress& progress, const std::vector<std::string>& only,
                               std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<const TableJob*> tables, SelectTables(job, only));
  std::vector<TableRef> refs;
  refs.reserve(tables.size());
  for (const TableJob* table : tables) refs.push_back(table->table);
  progress.StartPhase("plan");
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Snapshot> snapshot, source.OpenSnapshot(refs, stop));
  JobPlan plan{.job = job.name,
               .source = source.endpoint(),
               .destination = destination.endpoint(),
               .snapshot = snapshot->kind(),
               .snapshot_about = snapshot->about(),
               .warnings = snapshot->warnings(),
               .tables = {}};
  for (const TableJob* table : tables) {
    plan.tables.push_back(PlanTable(*table, source, *snapshot,
                                    {.run = "plan", .started_micros = 0, .epoch = 1}, stop));
  }
  if (stop.stop_requested()) return TransientError("interrupted", std::string(kInterruptedCode));
  CheckTargets(job, destination, plan);
  return plan;
}

arrow::Result<JobPlan> Coordinator::Plan(const RunRequest& request, std::stop_token stop) {
  return PlanJob(parts_.job, parts_.source, parts_.destination, parts_.progress, request.only,
                 std::move(stop));
}

arrow::Result<RunReport> Coordinator::Run(const RunRequest& request, std::stop_token stop) {
  const Stopwatch total;
  const auto started = std::chrono::system_clock::now();
  ARROW_ASSIGN_OR_RAISE(const ChosenRun chosen, ChooseRun(parts_, request, IsoTime(started)));
  RunReport report = ReportOf(parts_, chosen);
  if (chosen.run.empty()) return report;
  if (!chosen.nothing_to_do) {
    CleanUp(parts_);
    report.phases.init = total.seconds();
    RunExecution(parts_, chosen, MicrosSince1970(started)).Run(std::move(stop), report);
  }
  SortAsInJob(parts_.job, report);
  Stopwatch watch;
  if (!report.earlier_verification_failed && (chosen.is_new || !chosen.nothing_to_do)) {
    parts_.progress.StartPhase("verify");
    ARROW_RETURN_NOT_OK(VerifyTables(parts_, parts_.job.verify, report));
  }
  report.phases.verify = watch.Lap();
  report.seconds = total.seconds();
  ARROW_RETURN_NOT_OK(EndRun(parts_, chosen, report));
  return report;
}

arrow::Result<std::vector<std::string>> Coordinator::Abandon(const std::string& run) {
  ARROW_ASSIGN_OR_RAISE(const JournalRun known, FindRunOrFail(parts_.journal, run));
  if (!known.unfinished()) {
    return UserError("run " + run + " is " + std::string(RunStateName(known.state)) +
                     ", not unfinished; nothing to abandon");
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> done,
                        SettleOpenIntents(run, parts_.destination, parts_.journal));
  ARROW_RETURN_NOT_OK(parts_.journal.EndRun(run, RunState::kAbandoned, known.report));
  done.push_back("run " + run + " is abandoned; `headrace clean` removes its staging");
  return done;
}

arrow::Result<CleanResult> Coordinator::Clean() { return CleanDestination(parts_); }

arrow::Result<RunReport> Coordinator::Verify(const std::string& run, VerifyLevel level) {
  const Stopwatch total;
  ARROW_ASSIGN_OR_RAISE(const JournalRun known, FindRunOrFail(parts_.journal, run));
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts_.journal.Tables(run));
  RunReport report;
  report.job = known.job;
  report.run = run;
  for (const JournalTable& table : tables) {
    if (table.record.has_value()) {
      report.tables.push_back(ReportOfCommit(*table.record, TableState::kAlreadyCommitted));
    }
  }
  if (report.tables.empty()) {
    return UserError("run " + run + " has published nothing; there is nothing to verify");
  }
  ARROW_RETURN_NOT_OK(VerifyTables(parts_, level, report));
  report.seconds = total.seconds();
  report.phases.verify = report.seconds;
  return report;
}

}  // namespace headrace
