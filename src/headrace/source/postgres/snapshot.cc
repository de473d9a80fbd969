#include "headrace/source/postgres/snapshot.h"

#include <utility>
#include <variant>

#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/estimate.h"
#include "headrace/source/postgres/leaf_layout.h"
#include "headrace/source/postgres/missing_table.h"
#include "headrace/source/postgres/session.h"
#include "headrace/source/postgres/table_lock.h"
#include "headrace/source/postgres/table_reading.h"
#include "headrace/source/postgres/transaction.h"
#include "headrace/source/postgres/unit_check.h"
#include "headrace/source/postgres/unit_query.h"

namespace headrace {
namespace {

/// Whether the lock was refused because the table, or its schema, is not there.
bool IsMissing(const arrow::Status& lock_error, const TableRef& table) {
  const std::string_view code = CodeOf(lock_error);
  return !table.is_query() && (code == "42P01" || code == "3F000");
}

/// What is read of `table` under the job's condition `where`.
arrow::Result<Description> DescribeFor(PgConnection& connection, const TableRef& table,
                                       const std::string& where, const std::stop_token& stop) {
  PgTypeCatalog types;
  ARROW_ASSIGN_OR_RAISE(Description description, DescribeRelation(connection, types, table, stop));
  ARROW_ASSIGN_OR_RAISE(description.labelled_types,
                        ReadLabels(connection, types.enum_names(), stop));
  ARROW_ASSIGN_OR_RAISE(description.unpageable,
                        WhyUnpageable(connection, description, where, stop));
  return description;
}

/// Has the leader hold the indexes of all that any unit of `plan`, `first` among them, reads: who
/// wants one for himself then waits for the run, and units that a session is refused can be read
/// through the leader. Ranges are part of what the filter selects; pages name parts of the table
/// that its own condition may leave out.
arrow::Status HoldAllUnits(PgConnection& connection, const StatementScope& scope,
                           const TablePlan& plan, const WorkUnit& first,
                           const std::stop_token& stop) {
  const WorkUnit whole = WholeOf(first);
  const bool by_pages = std::holds_alternative<PageRange>(first.split);
  const std::string select = SelectStatement(PlainSelectList(plan), TargetOf(plan, whole),
                                             by_pages ? "" : ConditionOf(plan, whole));
  return InScope(connection, scope, [&] { return HoldIndexes(connection, select, stop); }, stop);
}

}  // namespace

SnapshotKind PgSnapshot::kind() const {
  return leader_->has_snapshot() ? SnapshotKind::kTransaction : SnapshotKind::kNone;
}

std::string PgSnapshot::about() const {
  return "PostgreSQL " + leader_->version_text() +
         (leader_->has_snapshot() ? ", REPEATABLE READ, exported snapshot" : ", no snapshot");
}

arrow::Result<Description> PgSnapshot::Describe(const TableRef& table, std::stop_token stop) {
  const arrow::Status lock_error = NameStatement(leader_->LockError(table), table);
  const bool missing = IsMissing(lock_error, table);
  if (!missing) ARROW_RETURN_NOT_OK(lock_error);
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  auto description = InScope(
      lease.connection(), leader_->planning_scope(),
      [&] {
        if (missing) {
          return arrow::Result<Description>(NoSuchTable(lease.connection(), table, stop));
        }
        return DescribeFor(lease.connection(), table, leader_->ConditionOn(table), stop);
      },
      stop);
  if (description.ok()) {
    ARROW_RETURN_NOT_OK(leader_->CheckLocked(table, description->oid));
    return description;
  }
  return leader_->NameLoss(
      NameTimeout(NameStatement(description.status(), table), leader_->settings()));
}

arrow::Result<Statistics> PgSnapshot::Estimate(const Description& description,
                                               const EstimateRequest& request,
                                               std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  EstimateQueries queries(lease.connection(), leader_->settings().statement_timeout, stop);
  auto statistics = InScope(
      lease.connection(), leader_->planning_scope(),
      [&] { return EstimateRelation(queries, description, request); }, stop);
  if (statistics.ok() || CodeOf(statistics.status()) == kInterruptedCode) return statistics;
  return WithContext(leader_->NameLoss(NameTimeout(statistics.status(), leader_->settings())),
                     "table " + description.table.label());
}

arrow::Result<CursorBound> PgSnapshot::FindCursorBound(const SnapshotTable& table,
                                                       const Description& description,
                                                       std::stop_token /*stop*/) {
  return leader_->FindCursorBound(table, description);
}

arrow::Status PgSnapshot::TryUnit(const TablePlan& plan, const WorkUnit& unit,
                                  std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  arrow::Status status = InScopeUndone(
      lease.connection(), leader_->planning_scope(),
      [&] {
        return TryReading(lease.connection(), plan, TargetOf(plan, unit), ConditionOf(plan, unit),
                          stop);
      },
      stop);
  // Only now, when it is known that the condition is one.
  if (status.ok() && leader_->has_snapshot()) {
    status = HoldAllUnits(lease.connection(), leader_->scope(), plan, unit, stop);
  }
  return leader_->NameLoss(NameTimeout(status, leader_->settings()));
}

arrow::Result<int64_t> PgSnapshot::CountRows(const TablePlan& plan, const WorkUnit& unit,
                                             std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  const std::string sql =
      SelectStatement("pg_catalog.count(*)", TargetOf(plan, unit), ConditionOf(plan, unit));
  const auto counted = InScope(
      lease.connection(), leader_->planning_scope(),
      [&] { return lease.connection().Query(sql, stop); }, stop);
  if (counted.ok()) return counted->Int64(0, 0);
  return leader_->NameLoss(NameTimeout(counted.status(), leader_->settings()));
}

arrow::Result<std::unique_ptr<Session>> PgSnapshot::Attach(std::stop_token stop) {
  if (leader_->released()) return SnapshotReleased();
  return PgSession::Attach(leader_, std::move(stop));
}

}  // namespace headrace
