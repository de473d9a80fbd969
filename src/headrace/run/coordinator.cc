#include "headrace/run/coordinator.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include "headrace/model/json_object.h"
#include "headrace/model/utc_time.h"
#include "headrace/observe/shell_word.h"
#include "headrace/run/backfill.h"
#include "headrace/run/by_directory.h"
#include "headrace/run/choose_run.h"
#include "headrace/run/execute_options.h"
#include "headrace/run/exit_code.h"
#include "headrace/run/file_content.h"
#include "headrace/run/listed_job.h"
#include "headrace/run/run_execution.h"
#include "headrace/run/settle.h"
#include "headrace/run/source_count.h"
#include "headrace/run/stopwatch.h"
#include "headrace/run/table_selection.h"
#include "headrace/run/table_target.h"
#include "headrace/verify/verify.h"

namespace headrace {
namespace {

/// Runs whose staging may still be needed.
arrow::Result<std::set<std::string>> UnfinishedRuns(Journal& journal) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalRun> runs, journal.UnfinishedRuns(""));
  std::set<std::string> unfinished;
  for (const JournalRun& run : runs) unfinished.insert(run.run);
  return unfinished;
}

/// A table that another run replaced since is not damaged: there is nothing to compare any more.
bool WasReplaced(const CommitRecord& record, Destination& destination, TableReport& table) {
  const auto replacement = destination.ReplacedBy(record);
  if (!replacement.ok() || !replacement->has_value()) return false;
  table.replaced_by = (*replacement)->intent.run;
  table.target.clear();
  return true;
}

/// Sentences, with what the receipts of the run say of each file. The journal may have lost them.
std::vector<std::string> ProblemTexts(std::span<const FileProblem> problems,
                                      const JournalTable& journalled, Journal& journal) {
  std::vector<std::string> texts;
  if (problems.empty()) return texts;
  const CommitIntent& intent = journalled.record->intent;
  const auto receipts =
      journal.Receipts(intent.run, intent.table, intent.epoch).ValueOr(std::vector<Receipt>());
  for (const FileProblem& problem : problems) {
    const std::string content = ContentOf(problem.file, receipts, journalled.split_column);
    texts.push_back(problem.sentence + (content.empty() ? "" : "; it holds " + content));
  }
  return texts;
}

/// Fills in `table` what reading its files again shows; false if `stop` was stopped first.
bool VerifyTable(const JournalTable& journalled, const ReadBackOptions& options,
                 const RunParts& parts, const std::stop_token& stop, TableReport& table) {
  const CommitRecord& record = *journalled.record;
  Destination& destination = parts.destination;
  table.target = destination.TargetNow(record.intent);
  auto findings = VerifyCommit(record, options, destination, stop);
  if (!findings.ok()) return false;
  const bool differs = !findings->problems.empty();
  const bool all_read = findings->unread.ok();
  if ((differs || !all_read) && WasReplaced(record, destination, table)) return true;
  table.problems = ProblemTexts(findings->problems, journalled, parts.journal);
  table.verify_error = std::move(findings->unread);
  if (differs || all_read) table.verified = !differs;
  return true;
}

void SayVerified(const TableReport& table, const std::string& run, Observer& observer) {
  for (const std::string& problem : table.problems) {
    observer.Emit(Level::kError, "verification_failed", "table " + table.table + ": " + problem,
                  {{"run", run}, {"table", table.table}});
  }
  if (table.verify_error.ok()) return;
  observer.Emit(Level::kError, "not_verified",
                "table " + table.table + " could not be verified: " + table.verify_error.message(),
                {{"run", run}, {"table", table.table}});
}

/// What there is to verify.
PhaseWork WorkOf(std::span<const JournalTable> tables) {
  PhaseWork work;
  for (const JournalTable& table : tables) {
    if (!table.record.has_value()) continue;
    ++work.tables;
    for (const CommittedFile& file : table.record->intent.files) work.rows += file.rows;
  }
  return work;
}

ReadBackOptions ReadBackOptionsOf(const RunParts& parts, VerifyLevel level) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return {.with_checksum = level == VerifyLevel::kChecksum,
          .threads = ExecuteOptionsOf(parts.job, cores).max_workers,
          .on_rows = [&progress = parts.progress](int64_t rows) { progress.AddPhaseRows(rows); }};
}

/// Verifies table after table until `stop` is stopped: the report then says that it was
/// interrupted.
arrow::Status VerifyTables(const RunParts& parts, VerifyLevel level, const std::stop_token& stop,
                           RunReport& report) {
  if (level == VerifyLevel::kOff) return arrow::Status::OK();
  report.values_compared = level == VerifyLevel::kChecksum;
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts.journal.Tables(report.run));
  parts.progress.SetRun(report.run);
  parts.progress.StartPhase("verify", WorkOf(tables));
  const ReadBackOptions options = ReadBackOptionsOf(parts, level);
  const JournalTableIndex journalled(tables);
  for (TableReport& table : report.tables) {
    const JournalTable* known = journalled.Find(table.directory);
    if (known == nullptr || !known->record.has_value()) continue;
    parts.progress.NextTable(table.table);
    if (stop.stop_requested() || !VerifyTable(*known, options, parts, stop, table)) {
      report.interrupted = true;
      return arrow::Status::OK();
    }
    SayVerified(table, report.run, parts.observer);
  }
  return arrow::Status::OK();
}

/// The state that a run ends in. One with tables left, or with tables that could not be verified,
/// is unfinished, whatever was found in the others.
RunState EndState(const RunReport& report) {
  const bool failed = std::ranges::any_of(
      report.tables, [](const TableReport& t) { return t.state == TableState::kFailed; });
  if (failed || !report.left.empty() || report.left_unverified()) return RunState::kFailed;
  return report.exit_code() == 0 ? RunState::kDone : RunState::kVerifyFailed;
}

/// A backfill whose range, or job, was refused before anything of it was begun: whoever asked for
/// it asks again, or for something else, and there is nothing to continue.
bool IsRefused(const RunParts& parts, const ChosenRun& chosen,
               const std::vector<JournalTable>& journalled, const RunReport& report) {
  const bool is_own = chosen.start == RunStart::kNew && chosen.supersedes.run.empty();
  return is_own && parts.job.backfill && journalled.empty() && report.exit_code() == kExitUsage;
}

/// An interrupted run stays running: the next one continues it. Where nothing was done of a run
/// that is unfinished, nor damage found, `earlier`, the report of the process before, stands.
arrow::Status EndRun(const RunParts& parts, const ChosenRun& chosen, const std::string& earlier,
                     RunReport& report) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts.journal.Tables(chosen.run));
  report.left = TablesLeft(parts.job, chosen.scope, tables);
  for (const JournalTable& table : tables) {
    if (table.has_open_intent()) report.undecided.push_back(table.label);
  }
  if (report.interrupted) return arrow::Status::OK();
  if (IsRefused(parts, chosen, tables, report)) {
    report.notes.push_back("run " + chosen.run + ", a backfill that was refused, is not kept");
    return parts.journal.ForgetRun(chosen.run);
  }
  const bool stands = report.nothing_to_do && !report.left.empty() && !earlier.empty() &&
                      report.exit_code() != kExitVerificationFailed;
  return parts.journal.EndRun(chosen.run, EndState(report),
                              stands ? earlier : DumpJson(ToJson(report)));
}

/// The report of the last process that worked on the run; empty where none has ended one.
arrow::Result<std::string> EarlierReport(const RunParts& parts, const std::string& run) {
  ARROW_ASSIGN_OR_RAISE(const auto known, parts.journal.FindRun(run));
  return known.has_value() ? known->report : std::string();
}

/// Of a table that an earlier process has committed; what values became, and which rows were left
/// out, the journal alone knows.
TableReport ReportOfEarlier(const CommitRecord& record,
                            const std::map<std::string, EpochFigures>& figures) {
  TableReport table = ReportOfCommit(record, TableState::kAlreadyCommitted);
  const auto known = figures.find(record.intent.table);
  const EpochFigures of_table = known == figures.end() ? EpochFigures{} : known->second;
  table.nulled_values = of_table.nulled_values;
  table.excluded_rows = of_table.excluded_rows;
  return table;
}

void SayNotes(const RunParts& parts, const RunReport& report) {
  for (const std::string& note : report.notes) {
    parts.observer.Emit(Level::kInfo, "note", note, {{"run", report.run}});
  }
}

arrow::Result<RunReport> ReportOf(const RunParts& parts, const ChosenRun& chosen,
                                  std::vector<std::string> notes) {
  std::map<std::string, EpochFigures> figures;
  if (!chosen.committed.empty()) {
    ARROW_ASSIGN_OR_RAISE(figures, parts.journal.Figures(chosen.run));
  }
  RunReport report;
  report.job = parts.job.name;
  report.run = chosen.run;
  report.nothing_to_do = chosen.nothing_to_do();
  report.earlier_verification_failed = chosen.verification_failed;
  report.notes = std::move(notes);
  for (const CommitRecord& record : chosen.committed) {
    report.tables.push_back(ReportOfEarlier(record, figures));
  }
  SayNotes(parts, report);
  return report;
}

RunReport NothingToResume(const RunParts& parts, std::vector<std::string> notes,
                          bool earlier_damaged) {
  RunReport report;
  report.job = parts.job.name;
  report.nothing_to_do = true;
  report.earlier_verification_failed = earlier_damaged;
  report.notes = std::move(notes);
  SayNotes(parts, report);
  return report;
}

/// What is to be said of the run that was verified before another one begins; empty: nothing.
std::string EndOfEarlier(const Job& job, const RunReport& report) {
  const bool damaged = report.exit_code() == kExitVerificationFailed;
  if (!damaged && !report.left.empty()) return {};
  return "run " + report.run +
         (report.left.empty() ? " had loaded all its tables and is ended now" : "") +
         (damaged ? ": its verification FAILED, see `headrace show " + ShellWord(report.run) +
                        job.words.AsOption() + "`"
                  : "");
}

arrow::Result<CleanResult> CleanDestination(const RunParts& parts) {
  ARROW_ASSIGN_OR_RAISE(const std::set<std::string> keep, UnfinishedRuns(parts.journal));
  return parts.destination.Clean(keep);
}

/// What earlier runs left behind is no reason to fail this one.
void SayUnclean(const RunParts& parts, const std::string& run, const arrow::Status& status) {
  if (status.ok() || CodeOf(status) == kInterruptedCode) return;
  parts.observer.Emit(Level::kWarning, "clean_failed",
                      "cannot clean up after earlier runs: " + status.message(), {{"run", run}});
}

/// Tables end in any order; people read them in that of the job file.
void SortAsInJob(const Job& job, RunReport& report) {
  const JobPositions positions = PositionsByDirectory(job);
  const auto position = [&](const TableReport& table) {
    const auto found = positions.find(table.directory);
    return found == positions.end() ? job.tables.size() : found->second;
  };
  std::ranges::stable_sort(report.tables, {}, position);
}

/// The journal knows that nothing of these tables was decided, which the destination cannot know.
arrow::Status DiscardStaging(const RunParts& parts, const std::string& run) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts.journal.Tables(run));
  for (const JournalTable& table : tables) {
    if (table.record.has_value()) continue;
    ARROW_RETURN_NOT_OK(parts.destination.Discard(run, table.directory, table.epoch));
  }
  return arrow::Status::OK();
}

/// Where the run wrote to another place than the one that is read now, or to several.
std::vector<std::string> NotesOfPlaces(const Destination& destination,
                                       std::span<const JournalTable> tables) {
  std::vector<std::string> notes;
  for (const JournalTable& table : tables) {
    if (!table.record.has_value()) continue;
    std::string note = destination.NoteOfPlace(table.record->intent);
    if (note.empty() || std::ranges::find(notes, note) != notes.end()) continue;
    notes.push_back(std::move(note));
  }
  return notes;
}

/// Said once, not of each table.
arrow::Status CheckThere(Destination& destination, const std::vector<std::string>& notes) {
  arrow::Status there = destination.CheckThere();
  if (there.ok() || notes.empty()) return there;
  return there.WithMessage(there.message() + "; " + notes.front());
}

/// Not the run's own affair, but what readers of its tables see. Asked by who verifies a table, not
/// by each run of it. Where one cannot be looked through, what was found of it, and of the others,
/// stands.
void NameWhatIsReadBesides(Destination& destination, const std::vector<JournalTable>& tables,
                           RunReport& report) {
  const JournalTableIndex journalled(tables);
  for (TableReport& table : report.tables) {
    const JournalTable* known = journalled.Find(table.directory);
    if (!table.verified.has_value() || known == nullptr) continue;
    const auto besides = destination.ReadBesides(*known->record);
    if (!besides.ok()) {
      if (*table.verified) table.verified.reset();
      if (table.verify_error.ok()) table.verify_error = NotTheJobs(besides.status());
      continue;
    }
    for (const std::string& path : *besides) {
      table.problems.push_back(path + ": no run wrote it, and readers of the table read it too");
      table.verified = false;
    }
  }
}

arrow::Result<JournalRun> FindRunOrFail(const RunParts& parts, const std::string& run) {
  ARROW_ASSIGN_OR_RAISE(auto known, parts.journal.FindRun(run));
  if (!known.has_value()) {
    return UserError("no run " + run + " in this state; `headrace runs" +
                     parts.job.words.AsOption() + "` lists them");
  }
  return std::move(*known);
}

/// What the job reads of `table`, by its own words.
WantedRead WantedReadOf(const TableJob& table) {
  WantedRead wanted{.table = {table.table, table.where, CursorRequestOf(table)},
                    .columns = {},
                    .exclude = table.exclude,
                    .split_column = table.partition.column.value_or("")};
  for (const ColumnRequest& column : table.columns) wanted.columns.push_back(column.name);
  return wanted;
}

/// Nothing where the source cannot be asked: why not is told of its tables.
arrow::Result<MissingRights> RightsMissingFor(const std::vector<const TableJob*>& tables,
                                              Snapshot& snapshot, const std::stop_token& stop) {
  std::vector<WantedRead> wanted;
  wanted.reserve(tables.size());
  for (const TableJob* table : tables) wanted.push_back(WantedReadOf(*table));
  auto missing = snapshot.FindMissingRights(wanted, stop);
  if (missing.ok() || CodeOf(missing.status()) == kInterruptedCode) return missing;
  return MissingRights();
}

/// Plans `tables` under a snapshot of their own; without tables nothing is connected to.
arrow::Result<JobPlan> PlanTables(const std::vector<const TableJob*>& tables, const Job& job,
                                  Source& source, Destination& destination, Progress& progress,
                                  std::stop_token stop) {
  JobPlan plan = BeginPlan(job, source, destination);
  if (tables.empty()) return plan;
  progress.StartPhase("plan", {.tables = static_cast<int64_t>(tables.size())});
  std::vector<SnapshotTable> wanted;
  std::vector<arrow::Result<std::optional<CommitRecord>>> before;
  for (const TableJob* table : tables) {
    if (stop.stop_requested()) return InterruptedError();
    wanted.push_back({table->table, table->where, CursorRequestOf(*table)});
    before.push_back(LastCursorOf(job, *table, destination));
  }
  const auto opened = source.OpenSnapshot(wanted, stop);
  if (!opened.ok()) return stop.stop_requested() ? InterruptedError() : opened.status();
  const std::unique_ptr<Snapshot>& snapshot = *opened;
  plan.IsUnder(*snapshot);
  for (size_t i = 0; i < tables.size(); ++i) {
    const TableJob& table = *tables[i];
    progress.NextTable(table.table.label());
    const RunIdentity identity{.run = "plan", .started_micros = 0, .epoch = 1};
    plan.tables.push_back(PlanTable(table, {source, *snapshot, &destination}, identity,
                                    HistoryOf(before[i], job, table, destination), stop));
    PlannedTable& planned = plan.tables.back();
    if (job.verify == VerifyLevel::kSource && planned.status.ok()) WarnIfIncomparable(planned.plan);
  }
  ARROW_ASSIGN_OR_RAISE(plan.rights, RightsMissingFor(tables, *snapshot, stop));
  RefuseWithoutSessions(plan, *snapshot, stop);
  if (stop.stop_requested()) return InterruptedError();
  WarnOfTablesReadTwice(plan);
  CheckTargets(job, destination, plan);
  return plan;
}

}  // namespace

arrow::Result<JobPlan> PlanJob(const Job& job, Source& source, Destination& destination,
                               Progress& progress, const std::vector<std::string>& only,
                               std::stop_token stop) {
  if (job.patterns.empty()) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<const TableJob*> tables, SelectTables(job, only));
    return PlanTables(tables, job, source, destination, progress, std::move(stop));
  }
  ARROW_ASSIGN_OR_RAISE(const TableList list, ListTablesNow(job, source, stop));
  const auto listed = std::make_shared<Job>(WithTables(job, list.matched));
  const auto tables = SelectTables(*listed, only);
  if (!tables.ok()) return list.fault().ok() ? tables.status() : list.fault();
  ARROW_RETURN_NOT_OK(GiveBackfill(only, *listed));
  ARROW_ASSIGN_OR_RAISE(
      JobPlan plan, PlanTables(*tables, *listed, source, destination, progress, std::move(stop)));
  plan.notes = list.notes();
  if (only.empty()) plan.refused = list.fault();
  plan.listed = listed;
  return plan;
}

arrow::Result<JobPlan> Coordinator::Plan(const RunRequest& request, std::stop_token stop) {
  if (parts_.job.patterns.empty()) return PlanListed(request, {}, std::move(stop));
  ARROW_ASSIGN_OR_RAISE(ListedJob listed, ListTablesOfRun(parts_, request, stop));
  const auto job = std::make_shared<const Job>(std::move(listed.job));
  ARROW_ASSIGN_OR_RAISE(JobPlan plan,
                        Of(*job).PlanListed(request, listed.findings, std::move(stop)));
  plan.listed = job;
  return plan;
}

arrow::Result<JobPlan> Coordinator::PlanListed(const RunRequest& request,
                                               const ListFindings& listed, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(RunDecision decision, PreviewRun(parts_, request, listed.gone));
  std::vector<const TableJob*> tables;
  if (decision.chosen.has_value()) tables = decision.chosen->tables;
  ARROW_ASSIGN_OR_RAISE(JobPlan plan,
                        PlanTables(tables, parts_.job, parts_.source, parts_.destination,
                                   parts_.progress, std::move(stop)));
  if (decision.chosen.has_value()) {
    for (PlannedTable& planned : plan.tables) {
      const auto fault = decision.chosen->faults.find(planned.job->table.directory());
      if (fault != decision.chosen->faults.end()) planned.status = fault->second;
    }
  }
  plan.notes = listed.notes;
  std::ranges::move(decision.notes, std::back_inserter(plan.notes));
  plan.continues_published = decision.chosen.has_value() && decision.chosen->has_published;
  return plan;
}

arrow::Result<RunReport> Coordinator::Run(const RunRequest& request, std::stop_token stop) {
  const Stopwatch total;
  if (parts_.job.patterns.empty()) return RunListed(request, {}, total, std::move(stop));
  ARROW_ASSIGN_OR_RAISE(const ListedJob listed, ListTablesOfRun(parts_, request, stop));
  return Of(listed.job).RunListed(request, listed.findings, total, std::move(stop));
}

arrow::Result<RunReport> Coordinator::RunListed(const RunRequest& request,
                                                const ListFindings& listed, const Stopwatch& total,
                                                std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(RunDecision decision, ChooseRun(parts_, request, listed.gone,
                                                        UtcTime(std::chrono::system_clock::now())));
  decision.notes.insert(decision.notes.begin(), listed.notes.begin(), listed.notes.end());
  if (decision.given_up.has_value()) ARROW_RETURN_NOT_OK(GiveUp(*decision.given_up));
  bool damaged = false;  // The run that was ended before.
  if (decision.earlier.has_value()) {
    ARROW_ASSIGN_OR_RAISE(RunReport ended, Execute(*decision.earlier, {}, Stopwatch(), stop));
    if (ended.interrupted || ended.left_unverified()) return ended;
    damaged = ended.exit_code() == kExitVerificationFailed;
    const bool superseded = decision.chosen && !decision.chosen->supersedes.run.empty();
    // Nobody will ask for that one again: this run answers for it, also when it is repeated.
    if (damaged && superseded) decision.chosen->verification_failed = true;
    std::string note = EndOfEarlier(parts_.job, ended);
    if (!note.empty()) decision.notes.push_back(std::move(note));
  }
  if (!decision.chosen.has_value()) {
    return NothingToResume(parts_, std::move(decision.notes), damaged);
  }
  if (const std::string& superseded = decision.chosen->supersedes.run; !superseded.empty()) {
    // While it is unfinished: a kill leaves either staging that the next run removes, or none.
    SayUnclean(parts_, decision.chosen->run, DiscardStaging(parts_, superseded));
  }
  ARROW_ASSIGN_OR_RAISE(RunReport report, Execute(*decision.chosen, std::move(decision.notes),
                                                  total, std::move(stop)));
  report.earlier_verification_failed |= damaged;
  return report;
}

Coordinator Coordinator::Of(const Job& job) const {
  return Coordinator({job, parts_.source, parts_.destination, parts_.engine, parts_.journal,
                      parts_.observer, parts_.progress});
}

/// Loads what is left, verifies and ends the run; of one that was ended before, only reports.
arrow::Result<RunReport> Coordinator::Execute(const ChosenRun& chosen,
                                              std::vector<std::string> notes,
                                              const Stopwatch& total, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const std::string earlier, EarlierReport(parts_, chosen.run));
  ARROW_RETURN_NOT_OK(JournalChoice(parts_.job, chosen, parts_.journal));
  ARROW_ASSIGN_OR_RAISE(RunReport report, ReportOf(parts_, chosen, std::move(notes)));
  if (!chosen.nothing_to_do()) {
    ARROW_ASSIGN_OR_RAISE(const int64_t started_micros, MicrosOfUtcTime(chosen.started_at));
    SayUnclean(parts_, chosen.run, CleanDestination(parts_).status());
    report.phases.init = total.seconds();
    ARROW_RETURN_NOT_OK(RunExecution(parts_, chosen, started_micros).Run(stop, report));
  }
  SortAsInJob(parts_.job, report);
  if (chosen.start != RunStart::kEnded) {
    Stopwatch watch;
    ARROW_RETURN_NOT_OK(VerifyTables(parts_, parts_.job.verify, stop, report));
    report.phases.verify = watch.Lap();
  }
  report.seconds = total.seconds();
  if (chosen.start != RunStart::kEnded) {
    ARROW_RETURN_NOT_OK(EndRun(parts_, chosen, earlier, report));
  }
  return report;
}

/// Of a run that has published nothing.
arrow::Status Coordinator::GiveUp(const std::string& run) {
  ARROW_ASSIGN_OR_RAISE(const JournalRun known, FindRunOrFail(parts_, run));
  SayUnclean(parts_, run, DiscardStaging(parts_, run));
  return parts_.journal.EndRun(run, RunState::kAbandoned, known.report);
}

arrow::Result<std::vector<std::string>> Coordinator::Abandon(const std::string& run,
                                                             OnDoubt on_doubt) {
  ARROW_ASSIGN_OR_RAISE(const JournalRun known, FindRunOrFail(parts_, run));
  if (!known.unfinished()) {
    return UserError("run " + run + " is " + std::string(RunStateName(known.state)) +
                     ", not unfinished; nothing to abandon");
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> done, SettleOpenIntents(parts_, run, on_doubt));
  ARROW_RETURN_NOT_OK(parts_.journal.EndRun(run, RunState::kAbandoned, known.report));
  const arrow::Status discarded = DiscardStaging(parts_, run);
  done.push_back(
      "run " + run + " is abandoned" +
      (discarded.ok()
           ? ", and its staging is removed. Tables that it published stay; "
             "a plain run loads every table of the job again, of incremental ones what is "
             "new"
           : ", but its staging is still there: " + discarded.message()));
  return done;
}

arrow::Result<CleanResult> Coordinator::Clean() { return CleanDestination(parts_); }

arrow::Result<RunReport> Coordinator::Verify(const std::string& run, VerifyLevel level,
                                             std::stop_token stop) {
  const Stopwatch total;
  ARROW_ASSIGN_OR_RAISE(const JournalRun known, FindRunOrFail(parts_, run));
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts_.journal.Tables(run));
  ARROW_ASSIGN_OR_RAISE(const auto figures, parts_.journal.Figures(run));
  RunReport report;
  report.job = known.job;
  report.run = run;
  for (const JournalTable& table : tables) {
    if (table.record.has_value()) {
      report.tables.push_back(ReportOfEarlier(*table.record, figures));
    }
  }
  if (report.tables.empty()) {
    return UserError("run " + run + " has published nothing; there is nothing to verify");
  }
  report.left = TablesLeft(WithTables(parts_.job, known.matched), known.scope, tables);
  report.notes = NotesOfPlaces(parts_.destination, tables);
  ARROW_RETURN_NOT_OK(CheckThere(parts_.destination, report.notes));
  ARROW_RETURN_NOT_OK(VerifyTables(parts_, level, stop, report));
  NameWhatIsReadBesides(parts_.destination, tables, report);
  report.seconds = total.seconds();
  report.phases.verify = report.seconds;
  return report;
}

}  // namespace headrace
