#include "headrace/run/run_execution.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "headrace/model/backoff.h"
#include "headrace/model/wait_for.h"
#include "headrace/observe/human.h"
#include "headrace/run/announce.h"
#include "headrace/run/execute_options.h"
#include "headrace/run/settle.h"
#include "headrace/run/source_count.h"
#include "headrace/run/stopwatch.h"
#include "headrace/run/table_target.h"

namespace headrace {
namespace {

/// Of the first wait for a server that was lost: with five attempts, some 15 to 20 s in all.
constexpr int kDoublingsAfterLoss = 3;

ExecuteOptions OptionsOf(const Job& job) {
  return ExecuteOptionsOf(job, static_cast<int>(std::thread::hardware_concurrency()));
}

/// What a column of the source is called in the destination; empty: it is not there.
std::string TargetName(const TablePlan& plan, const std::string& source_name) {
  const auto column = std::ranges::find(plan.columns, source_name, &PlannedColumn::source_name);
  return column == plan.columns.end() ? std::string() : column->name;
}

/// What the journal keeps of a plan: enough to explain a run later, not its units.
nlohmann::json PlanSummary(const PlannedTable& table) {
  return {{"strategy", StrategyName(table.plan.strategy)},
          {"why", table.plan.why},
          {"split_column", TargetName(table.plan, table.plan.split_column)},
          {"units", table.units.size()},
          {"estimated_rows", table.plan.statistics.rows},
          {"excluded_rows", table.plan.excluded_rows},
          {"warnings", table.plan.warnings}};
}

/// The report of a table that was not committed; an OK status is filled in later.
TableReport UncommittedTable(const TableJob& job, int epoch, arrow::Status status) {
  TableReport table;
  table.table = job.table.label();
  table.directory = job.table.directory();
  table.epoch = epoch;
  table.state = CodeOf(status) == kInterruptedCode ? TableState::kInterrupted : TableState::kFailed;
  table.error = std::move(status);
  return table;
}

}  // namespace

TableReport ReportOfCommit(const CommitRecord& record, TableState state) {
  const CommitIntent& intent = record.intent;
  TableReport table;
  table.table = intent.label;
  table.directory = intent.table;
  table.state = state;
  table.rows = intent.rows;
  table.files = static_cast<int64_t>(intent.files.size());
  for (const CommittedFile& file : intent.files) table.bytes += file.bytes;
  table.epoch = intent.epoch;
  table.sequence = intent.sequence;
  table.cursor_column = intent.cursor_column;
  table.window = intent.window;
  table.watermark = intent.watermark;
  table.checksum = intent.checksum;
  table.target = intent.target;
  return table;
}

RunExecution::RunExecution(const RunParts& parts, const ChosenRun& chosen, int64_t started_micros)
    : parts_(parts), chosen_(chosen), started_micros_(started_micros) {
  for (const TableJob* job : chosen.tables) {
    const size_t position = positions_.size();
    positions_.emplace(job->table.directory(), position);
    open_.emplace(position, OpenTable{.job = job});
  }
}

arrow::Status RunExecution::Run(std::stop_token stop, RunReport& report) {
  parts_.progress.SetRun(chosen_.run);
  ARROW_ASSIGN_OR_RAISE(const auto journalled, parts_.journal.Tables(chosen_.run));
  for (const JournalTable& table : journalled) {
    if (OpenTable* open = FindOpen(table.directory)) open->epoch = table.epoch;
  }
  for (const auto& [directory, fault] : chosen_.faults) {
    if (const OpenTable* open = FindOpen(directory)) {
      Close(UncommittedTable(*open->job, open->epoch, fault), report);
    }
  }
  while (!open_.empty()) {
    if (stop.stop_requested()) {
      CloseAll(InterruptedError(), report);
      break;
    }
    RunEpoch(stop, report);
  }
  report.interrupted = std::ranges::any_of(
      report.tables, [](const TableReport& t) { return t.state == TableState::kInterrupted; });
  return arrow::Status::OK();
}

/// One snapshot's worth of work. Each open table is closed by it, or stays open because the
/// snapshot was lost.
void RunExecution::RunEpoch(std::stop_token stop, RunReport& report) {
  Stopwatch watch;
  parts_.progress.StartPhase("plan", {.tables = static_cast<int64_t>(open_.size())});
  auto snapshot = OpenSnapshot(stop);
  if (!snapshot.ok()) {
    CloseAll(snapshot.status(), report);
    return;
  }
  JobPlan plan = PlanOpenTables(**snapshot, stop);
  if (const arrow::Status lost = LossWhilePlanning(plan); !lost.ok()) {
    CloseFaulty(plan, report);
    NoteLostSnapshot(lost, report);
    report.phases.validate += watch.Lap();
    return;
  }
  RefuseWithoutSessions(plan, **snapshot, stop);
  const ExecuteOptions options = OptionsOf(parts_.job);
  const RunBanner banner{.run = chosen_.run,
                         .units = plan.units(),
                         .workers = options.initial_workers,
                         .max_workers = options.max_workers};
  std::vector<TableWork> works = PrepareTables(plan, report);
  AnnounceRun(plan, banner, parts_.observer);
  report.phases.validate += watch.Lap();
  if (!works.empty()) Extract(works, **snapshot, std::move(stop), report);
}

/// A server that is starting, or has no room, gets as many attempts as a unit does.
arrow::Result<std::unique_ptr<Snapshot>> RunExecution::OpenSnapshot(std::stop_token stop) {
  std::vector<SnapshotTable> tables;
  tables.reserve(open_.size());
  for (auto& [position, open] : open_) {
    if (stop.stop_requested()) return InterruptedError();
    tables.push_back({open.job->table, open.job->where, CursorRequestOf(*open.job)});
    open.before = LastCursorOf(parts_.job, *open.job, parts_.destination);
  }
  for (int attempt = 1;; ++attempt) {
    auto snapshot = parts_.source.OpenSnapshot(tables, stop);
    if (snapshot.ok()) return snapshot;
    if (stop.stop_requested()) return InterruptedError();
    if (ClassOf(snapshot.status()) != ErrorClass::kTransient || attempt > parts_.job.retries) {
      return snapshot;
    }
    parts_.observer.Emit(Level::kWarning, "snapshot_retry",
                         "cannot open a snapshot, trying again: " + snapshot.status().message(),
                         {{"run", chosen_.run}, {"attempt", int64_t{attempt}}});
    // A server that was there a moment ago restarts, and recovers first.
    const int doublings = lost_snapshots_ > 0 ? kDoublingsAfterLoss : 0;
    if (!WaitFor(BackoffDelay(attempt + 1 + doublings), stop)) return InterruptedError();
  }
}

JobPlan RunExecution::PlanOpenTables(Snapshot& snapshot, const std::stop_token& stop) {
  JobPlan plan = BeginPlan(parts_.job, parts_.source, parts_.destination);
  plan.IsUnder(snapshot);
  for (auto& [position, open] : open_) {
    ++open.epoch;
    parts_.progress.NextTable(open.job->table.label());
    const auto history = HistoryOf(open.before, parts_.job, *open.job, parts_.destination);
    open.planned_after = history.ok() && history->last ? history->last->intent.sequence : 0;
    plan.tables.push_back(PlanTable(*open.job, {parts_.source, snapshot, &parts_.destination},
                                    {chosen_.run, started_micros_, open.epoch}, history, stop));
    PlannedTable& planned = plan.tables.back();
    if (CodeOf(planned.status) == kBehindWatermarkCode) {
      planned.status = KeepFault(open, planned.status);
    }
    if (parts_.job.verify == VerifyLevel::kSource && planned.status.ok()) {
      planned.status = CountSource(snapshot, stop, planned);
    }
  }
  WarnOfTablesReadTwice(plan);
  return plan;
}

/// Nothing can be read of the tables that were planned before the loss either: all begin anew.
arrow::Status RunExecution::LossWhilePlanning(const JobPlan& plan) const {
  if (lost_snapshots_ >= parts_.job.retries) return arrow::Status::OK();
  for (const PlannedTable& planned : plan.tables) {
    if (NeedsNewSnapshot(planned.status)) return planned.status;
  }
  return arrow::Status::OK();
}

void RunExecution::NoteLostSnapshot(const arrow::Status& cause, RunReport& report) {
  ++lost_snapshots_;
  report.notes.push_back(
      cause.message() + "; " + HumanNumberOf(static_cast<int64_t>(open_.size()), "table") +
      " not yet committed " + (open_.size() == 1 ? "starts" : "start") + " a new epoch");
  parts_.observer.Emit(Level::kWarning, "new_epoch", report.notes.back(), {{"run", chosen_.run}});
}

std::vector<TableWork> RunExecution::PrepareTables(JobPlan& plan, RunReport& report) {
  std::vector<TableWork> works;
  for (PlannedTable& planned : plan.tables) {
    OpenTable* open = FindOpen(planned.job->table.directory());
    TableWork work;
    arrow::Status status = planned.status;
    if (status.ok()) status = PrepareTable(planned, *open, work);
    if (!status.ok()) {
      Close(UncommittedTable(*planned.job, open->epoch, std::move(status)), report);
      continue;
    }
    AnnounceTable(planned, chosen_.run, parts_.observer);
    work.plan = std::move(planned.plan);
    work.units = std::move(planned.units);
    work.unit_target = {planned.job->partition.target_rows, planned.job->partition.target_bytes};
    parts_.progress.AddPlanned(static_cast<int64_t>(work.units.size()), work.plan.statistics.rows);
    works.push_back(std::move(work));
  }
  return works;
}

/// By the next try the source may have come past the watermark, and what was written before is lost
/// all the same.
arrow::Status RunExecution::KeepFault(const OpenTable& open, const arrow::Status& fault) {
  const arrow::Status kept =
      parts_.journal.AddLastingFault(chosen_.run, open.job->table.directory(), fault.message());
  return kept.ok() ? fault : WithContext(kept, fault.message());
}

/// Of a plan that is not carried out.
void RunExecution::CloseFaulty(const JobPlan& plan, RunReport& report) {
  for (const PlannedTable& planned : plan.tables) {
    if (CodeOf(planned.status) != kBehindWatermarkCode) continue;
    const OpenTable* open = FindOpen(planned.job->table.directory());
    Close(UncommittedTable(*open->job, open->epoch, planned.status), report);
  }
}

/// What another run commits after the window was planned makes the commit void.
arrow::Result<int64_t> RunExecution::NextSequence(const OpenTable& open) {
  if (open.job->load.is_transactional()) return open.planned_after + 1;
  ARROW_ASSIGN_OR_RAISE(const auto last, parts_.destination.LastCommit(open.job->table));
  return last.has_value() ? last->intent.sequence + 1 : 1;
}

arrow::Status RunExecution::PrepareTable(const PlannedTable& planned, OpenTable& open,
                                         TableWork& work) {
  const TablePlan& plan = planned.plan;
  work.target = TargetOf(parts_.job, chosen_.run, planned);
  ARROW_ASSIGN_OR_RAISE(open.sequence, NextSequence(open));
  ARROW_RETURN_NOT_OK(parts_.destination.Prepare(work.target));
  return parts_.journal.BeginEpoch(chosen_.run, plan.table.directory(), plan.table.label(),
                                   plan.epoch, static_cast<int64_t>(planned.units.size()),
                                   PlanSummary(planned));
}

void RunExecution::Extract(std::vector<TableWork>& works, Snapshot& snapshot, std::stop_token stop,
                           RunReport& report) {
  parts_.progress.StartPhase("extract");
  all_read_ = false;
  arrow::Status lost;
  ExecuteCallbacks callbacks;
  callbacks.on_receipt = [&](size_t table, const Receipt& receipt) {
    const TableTarget& target = works[table].target;
    return parts_.journal.AddReceipt(target.run, target.table.directory(), target.epoch, receipt);
  };
  callbacks.on_divided = [&](size_t table, const WorkUnit& unit,
                             const std::vector<WorkUnit>& parts) {
    return AddDivision(works[table], unit, parts);
  };
  callbacks.on_table_end = [&](size_t table, const arrow::Status& status) {
    if (NeedsNewSnapshot(status) && lost_snapshots_ < parts_.job.retries) {
      if (lost.ok()) lost = status;
      const auto units = UnitsOf(works[table]);
      if (!units.ok()) return;
      parts_.progress.TakeBackPlanned(static_cast<int64_t>(units->size()),
                                      works[table].plan.statistics.rows);
      return;
    }
    if (!status.ok()) TakeBackUnread(works[table], status);
    EndTable(works[table], status, snapshot, stop, report);
  };
  callbacks.on_all_read = [this] { all_read_ = true; };
  const ExecuteContext context{snapshot, parts_.destination, parts_.observer, parts_.progress};
  const ExecuteSummary summary =
      parts_.engine.Execute(works, OptionsOf(parts_.job), context, callbacks, stop);
  extracted_.Add(summary);
  report.workers = extracted_.workers;
  report.retries = extracted_.retries;
  report.phases.extract = extracted_.wall_seconds;
  report.utilisation = extracted_.utilisation();
  if (!lost.ok()) NoteLostSnapshot(lost, report);
}

/// Of a table that has failed nothing more is waited for; what has receipts was read, unless the
/// engine has taken it back with a lost snapshot.
void RunExecution::TakeBackUnread(const TableWork& work, const arrow::Status& status) {
  const TableTarget& target = work.target;
  const auto all_units = UnitsOf(work);
  if (!all_units.ok()) return;
  auto units = static_cast<int64_t>(all_units->size());
  int64_t rows = work.plan.statistics.rows;
  arrow::Result<std::vector<Receipt>> receipts = std::vector<Receipt>();
  if (!NeedsNewSnapshot(status)) {
    receipts = parts_.journal.Receipts(target.run, target.table.directory(), target.epoch);
  }
  if (!receipts.ok()) return;
  for (const Receipt& receipt : *receipts) {
    units -= static_cast<int64_t>(receipt.units.size());
    if (rows >= 0) rows = std::max<int64_t>(0, rows - receipt.rows);
  }
  parts_.progress.TakeBackPlanned(units, rows);
}

void RunExecution::EndTable(const TableWork& work, const arrow::Status& status, Snapshot& snapshot,
                            const std::stop_token& stop, RunReport& report) {
  const OpenTable* open = FindOpen(work.plan.table.directory());
  TableReport table = UncommittedTable(*open->job, work.plan.epoch, status);
  if (status.ok()) {
    const Stopwatch watch;
    arrow::Status committed = CompareAndCommit(work, snapshot, stop, table);
    if (!committed.ok()) {
      table = UncommittedTable(*open->job, work.plan.epoch, std::move(committed));
    }
    report.phases.load += watch.seconds();
  }
  Close(std::move(table), report);
}

arrow::Status RunExecution::CompareAndCommit(const TableWork& work, Snapshot& snapshot,
                                             const std::stop_token& stop, TableReport& table) {
  if (all_read_) parts_.progress.StartPhase("commit");
  const std::string commit = "table " + table.table + ", commit";
  const auto receipts = AcceptedReceipts(work);
  if (!receipts.ok()) return WithContext(receipts.status(), commit);
  ARROW_RETURN_NOT_OK(CompareWithSource(work, *receipts, snapshot, stop));
  const arrow::Status committed = Commit(work, *receipts, stop, table);
  return committed.ok() ? committed : WithContext(committed, commit);
}

arrow::Status RunExecution::AddDivision(const TableWork& work, const WorkUnit& unit,
                                        const std::vector<WorkUnit>& parts) {
  nlohmann::json json = nlohmann::json::array();
  for (const WorkUnit& part : parts) json.push_back(ToJson(part, work.plan));
  const TableTarget& target = work.target;
  return parts_.journal.AddDivision(target.run, target.table.directory(), target.epoch, unit.id,
                                    json);
}

/// The units of this epoch, parts in the place of those that the engine has divided.
arrow::Result<std::vector<std::string>> RunExecution::UnitsOf(const TableWork& work) const {
  std::vector<std::string> planned;
  planned.reserve(work.units.size());
  for (const WorkUnit& unit : work.units) planned.push_back(unit.id);
  const TableTarget& target = work.target;
  ARROW_ASSIGN_OR_RAISE(
      const auto divisions,
      parts_.journal.Divisions(target.run, target.table.directory(), target.epoch));
  return UnitsThatCount(std::move(planned), divisions);
}

arrow::Result<std::vector<Receipt>> RunExecution::AcceptedReceipts(const TableWork& work) const {
  const TableTarget& target = work.target;
  ARROW_ASSIGN_OR_RAISE(const std::vector<std::string> units, UnitsOf(work));
  ARROW_ASSIGN_OR_RAISE(
      auto receipts, parts_.journal.Receipts(target.run, target.table.directory(), target.epoch));
  ARROW_ASSIGN_OR_RAISE(Coverage coverage, CoverUnits(target.plan_id, units, std::move(receipts)));
  if (!coverage.missing_units.empty()) {
    return BugError(std::to_string(coverage.missing_units.size()) +
                    " units have no receipt, the first is " + coverage.missing_units.front() +
                    "; nothing was published");
  }
  return std::move(coverage.accepted);
}

arrow::Status RunExecution::Commit(const TableWork& work, const std::vector<Receipt>& receipts,
                                   const std::stop_token& stop, TableReport& table) {
  const TableTarget& target = work.target;
  const int64_t sequence = FindOpen(target.table.directory())->sequence;
  ARROW_ASSIGN_OR_RAISE(const CommitRecord record,
                        CommitTable(target, receipts, sequence, parts_.job.retries,
                                    parts_.destination, parts_.journal, stop));
  table = ReportOfCommit(record, TableState::kCommitted);
  table.details = parts_.destination.DetailsOf(record);
  for (const Receipt& receipt : receipts) {
    table.units += static_cast<int64_t>(receipt.units.size());
  }
  table.excluded_rows = work.plan.excluded_rows;
  table.source_rows = work.plan.source_rows;
  for (const Receipt& receipt : receipts) *table.nulled_values += receipt.nulled_values;
  parts_.observer.Emit(Level::kInfo, "table_committed", "table " + table.table + " committed",
                       {{"run", target.run},
                        {"table", table.table},
                        {"rows", table.rows},
                        {"bytes", table.bytes},
                        {"files", table.files},
                        {"target", table.target}});
  return arrow::Status::OK();
}

void RunExecution::Close(TableReport table, RunReport& report) {
  if (!table.error.ok() && table.state == TableState::kFailed) {
    parts_.observer.Emit(Level::kError, "table_failed", table.error.message(),
                         {{"run", chosen_.run},
                          {"table", table.table},
                          {"class", std::string(ErrorClassName(ClassOf(table.error)))},
                          {"code", std::string(CodeOf(table.error))}});
  }
  open_.erase(positions_.at(table.directory));
  report.tables.push_back(std::move(table));
}

void RunExecution::CloseAll(const arrow::Status& status, RunReport& report) {
  while (!open_.empty()) {
    const OpenTable open = open_.begin()->second;
    Close(UncommittedTable(*open.job, open.epoch, status), report);
  }
}

RunExecution::OpenTable* RunExecution::FindOpen(const std::string& directory) {
  const auto position = positions_.find(directory);
  if (position == positions_.end()) return nullptr;
  const auto found = open_.find(position->second);
  return found == open_.end() ? nullptr : &found->second;
}

}  // namespace headrace
