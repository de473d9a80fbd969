#include "headrace/run/job_plan.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "headrace/model/watermark.h"
#include "headrace/run/bare_semicolon.h"
#include "headrace/run/exit_code.h"
#include "headrace/run/planned_columns.h"
#include "headrace/run/table_cut.h"
#include "headrace/run/unwanted_nulls.h"

namespace headrace {
namespace {

void WarnOfHiddenRows(TablePlan& plan) {
  const std::string& hidden = plan.description.hidden_rows;
  if (hidden.empty()) return;
  plan.warnings.push_back(hidden +
                          ": rows that are hidden are not loaded (source.row_security: accept)");
}

/// A source's own words for a semicolon in a condition are those for any other wrong character, or
/// speak of statements.
arrow::Status ExplainSemicolon(const TablePlan& plan, const arrow::Status& status) {
  if (ClassOf(status) != ErrorClass::kUser || !HasBareSemicolon(plan.filter.where)) return status;
  return status.WithMessage(status.message() +
                            "; `where` is a condition, not a statement: leave the semicolon out");
}

/// The first unit stands for all: they differ in their bounds. What the job says of a table is
/// found wrong here, where nothing has been read or written yet.
arrow::Status TryReading(Snapshot& snapshot, const std::stop_token& stop,
                         const PlannedTable& planned) {
  WorkUnit whole;
  whole.plan_id = planned.plan.id;
  const WorkUnit& unit = planned.units.empty() ? whole : planned.units.front();
  arrow::Status status = snapshot.TryUnit(planned.plan, unit, stop);
  if (status.ok() || CodeOf(status) == kInterruptedCode) return status;
  return WithContext(ExplainSemicolon(planned.plan, status), "table " + planned.plan.table.label());
}

/// Rows at or above the bound of the window.
arrow::Status CountWaitingRows(const Split& window, Snapshot& snapshot, std::stop_token stop,
                               TablePlan& plan) {
  const WorkUnit above{.plan_id = plan.id, .id = "0", .split = RowsAbove(window)};
  ARROW_ASSIGN_OR_RAISE(plan.cursor->waiting, snapshot.CountRows(plan, above, std::move(stop)));
  return arrow::Status::OK();
}

/// Rows that no window takes, and those that wait for the next run: counted where an index finds
/// them, or the job wants to know.
arrow::Status CountOutsideWindow(const TableJob& job, const Column* unwanted, Snapshot& snapshot,
                                 std::stop_token stop, TablePlan& plan) {
  const bool indexed = IndexedCursor(plan) != nullptr;
  const std::optional<Split> window = std::exchange(plan.filter.window, std::nullopt);
  arrow::Status status;
  if (unwanted != nullptr && (indexed || job.partition.nulls == NullRowsPolicy::kError)) {
    status = CheckNullRows(job, *unwanted, snapshot, stop, plan);
  }
  const bool is_next = indexed && !plan.cursor->is_backfill;
  if (status.ok() && is_next) status = CountWaitingRows(*window, snapshot, std::move(stop), plan);
  plan.filter.window = window;
  return status;
}

arrow::Status FillPlan(const TableJob& job, const PlanParts& parts, const RunIdentity& identity,
                       const arrow::Result<TableHistory>& history, std::stop_token stop,
                       PlannedTable& planned) {
  Snapshot& snapshot = parts.snapshot;
  TablePlan& plan = planned.plan;
  ARROW_RETURN_NOT_OK(history.status());
  plan.table = job.table;
  plan.epoch = identity.epoch;
  plan.id = identity.run + "/" + job.table.directory() + "/" + std::to_string(identity.epoch);
  plan.snapshot = snapshot.kind();
  plan.filter.where = job.where;
  plan.lineage = {
      .enabled = job.lineage, .run = identity.run, .loaded_at_micros = identity.started_micros};
  ARROW_ASSIGN_OR_RAISE(plan.description, snapshot.Describe(job.table, stop));
  plan.description.columns.shrink_to_fit();  // It stays, as those of all tables do.
  ARROW_ASSIGN_OR_RAISE(plan.columns, PlanColumns(plan.description, job));
  // Without a snapshot nothing keeps a column without NULLs as it is until its last row is read.
  if (plan.snapshot == SnapshotKind::kNone) {
    for (PlannedColumn& column : plan.columns) column.nullable = true;
  }
  if (parts.destination != nullptr) {
    ARROW_RETURN_NOT_OK(parts.destination->FitColumns(job.destination, job.write, plan));
  }
  ARROW_ASSIGN_OR_RAISE(const Capabilities capabilities, parts.source.GetCapabilities(stop));
  const Column* unwanted = UnwantedNulls(job, plan.description);
  if (unwanted != nullptr && job.partition.nulls == NullRowsPolicy::kExclude &&
      !job.load.is_transactional()) {
    plan.filter.not_null = unwanted->name;
  }
  ARROW_RETURN_NOT_OK(PlanWindow(job, *history, snapshot, plan, stop));
  ARROW_ASSIGN_OR_RAISE(planned.units, CutTable(job, capabilities, snapshot, stop, plan));
  WarnOfHiddenRows(plan);
  WarnOfColumns(plan);
  ARROW_RETURN_NOT_OK(TryReading(snapshot, stop, planned));
  if (plan.cursor) return CountOutsideWindow(job, unwanted, snapshot, std::move(stop), plan);
  if (unwanted == nullptr) return arrow::Status::OK();
  return CheckNullRows(job, *unwanted, snapshot, std::move(stop), plan);
}

bool IsSameRelation(const Relation& a, const Relation& b) {
  return a.oid == b.oid && a.schema == b.schema && a.name == b.name;
}

/// Views and queries have no relations to be known by.
bool HaveSameRows(const PlannedTable& a, const PlannedTable& b) {
  if (!a.status.ok() || !b.status.ok() || a.plan.filter != b.plan.filter) return false;
  const Description& first = a.plan.description;
  const Description& second = b.plan.description;
  return first.kind == second.kind && !first.leaves.empty() &&
         std::ranges::equal(first.leaves, second.leaves, IsSameRelation);
}

}  // namespace

void WarnOfTablesReadTwice(JobPlan& plan) {
  for (auto second = plan.tables.begin(); second != plan.tables.end(); ++second) {
    const auto first = std::find_if(plan.tables.begin(), second, [&](const PlannedTable& earlier) {
      return HaveSameRows(earlier, *second);
    });
    if (first == second) continue;
    second->plan.warnings.push_back("the same table as " + first->plan.table.label() +
                                    ", which this job copies too");
  }
}

void RefuseWithoutSessions(JobPlan& plan, Snapshot& snapshot, const std::stop_token& stop) {
  if (plan.units() == 0) return;
  const arrow::Status refused = snapshot.CheckSessions(stop);
  if (refused.ok()) return;
  for (PlannedTable& planned : plan.tables) {
    if (planned.status.ok() && !planned.units.empty()) planned.status = refused;
  }
}

void JobPlan::IsUnder(const Snapshot& under) {
  snapshot = under.kind();
  snapshot_about = under.about();
  warnings = under.warnings();
}

JobPlan BeginPlan(const Job& job, const Source& source, const Destination& destination) {
  return {.job = job.name,
          .source = source.endpoint(),
          .destination = destination.endpoint(),
          .snapshot = SnapshotKind::kNone,
          .snapshot_about = {},
          .warnings = {},
          .notes = {},
          .refused = {},
          .tables = {},
          .rights = {},
          .listed = {}};
}

int64_t JobPlan::units() const {
  return std::accumulate(
      tables.begin(), tables.end(), int64_t{0}, [](int64_t sum, const PlannedTable& table) {
        return table.status.ok() ? sum + static_cast<int64_t>(table.units.size()) : sum;
      });
}

int64_t JobPlan::estimated_rows() const {
  return std::accumulate(
      tables.begin(), tables.end(), int64_t{0}, [](int64_t sum, const PlannedTable& table) {
        return table.status.ok() ? sum + std::max<int64_t>(0, table.plan.statistics.rows) : sum;
      });
}

int JobPlan::exit_code() const {
  if (!refused.ok()) return ExitCodeOf(refused);
  std::vector<arrow::Status> statuses;
  bool any_is_good = continues_published;
  for (const PlannedTable& table : tables) {
    statuses.push_back(table.status);
    any_is_good |= table.status.ok();
  }
  return ExitCodeOfTables(statuses, any_is_good);
}

PlannedTable PlanTable(const TableJob& table, const PlanParts& parts, const RunIdentity& identity,
                       const arrow::Result<TableHistory>& history, std::stop_token stop) {
  PlannedTable planned;
  planned.job = &table;
  planned.status = FillPlan(table, parts, identity, history, std::move(stop), planned);
  return planned;
}

}  // namespace headrace
