#include "headrace/source/postgres/snapshot.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/connection_limit.h"
#include "headrace/source/postgres/estimate.h"
#include "headrace/source/postgres/leaf_layout.h"
#include "headrace/source/postgres/missing_table.h"
#include "headrace/source/postgres/rights.h"
#include "headrace/source/postgres/row_security.h"
#include "headrace/source/postgres/session.h"
#include "headrace/source/postgres/table_lock.h"
#include "headrace/source/postgres/table_reading.h"
#include "headrace/source/postgres/transaction.h"
#include "headrace/source/postgres/unit_check.h"
#include "headrace/source/postgres/unit_query.h"
#include "headrace/source/postgres/unit_sample.h"

namespace headrace {
namespace {

/// Whether the lock was refused because the table, or its schema, is not there.
bool IsMissing(const arrow::Status& lock_error, const TableRef& table) {
  const std::string_view code = CodeOf(lock_error);
  return !table.is_query() && (code == "42P01" || code == "3F000");
}

/// What of a table, a view, or of all that the job's own SQL names.
std::string SelectOf(const TableRef& table, const std::string& where) {
  const std::string from = table.is_query() ? Subselect(table.query) : QualifiedName(table);
  return "SELECT 1 FROM " + from + (where.empty() ? "" : " WHERE (\n" + where + "\n)");
}

/// Whose policies hide rows of what the job reads; empty: nobody's.
arrow::Result<HiddenRows> HiddenRowsOf(PgConnection& connection, const TableRef& table,
                                       const std::string& where, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(std::string refusal,
                        PolicyRefusal(connection, SelectOf(table, where), stop));
  HiddenRows hidden;
  if (!refusal.empty() && !table.is_query()) {
    ARROW_ASSIGN_OR_RAISE(hidden, FindHiddenRows(connection, QualifiedName(table), stop));
  }
  // Those of what a query, a condition or a function reads are named by the server alone.
  if (hidden.text.empty()) hidden = {.text = std::move(refusal), .shows_all = false};
  return hidden;
}

/// An error for a job that does not accept it.
arrow::Status FillHiddenRows(PgConnection& connection, const PgSourceSettings& settings,
                             const std::string& where, const std::stop_token& stop,
                             Description& description) {
  const bool may_hide = description.row_security || description.kind == RelationKind::kView ||
                        description.table.is_query() || !where.empty();
  if (!may_hide) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(HiddenRows hidden,
                        HiddenRowsOf(connection, description.table, where, stop));
  if (hidden.text.empty()) return arrow::Status::OK();
  if (settings.row_security == RowSecurityMode::kError) return RowsAreHidden(hidden);
  if (!hidden.shows_all) description.hidden_rows = std::move(hidden.text);
  return arrow::Status::OK();
}

/// The error of a lock or a read, or what it is if it is the server's refusal to thin the result.
arrow::Status NameRefusal(PgConnection& connection, const TableRef& table, const std::string& where,
                          const arrow::Status& status, const std::stop_token& stop) {
  if (CodeOf(status) != kPgNoRight) return status;
  ARROW_ASSIGN_OR_RAISE(const HiddenRows hidden, HiddenRowsOf(connection, table, where, stop));
  return hidden.text.empty() ? status : RowsAreHidden(hidden);
}

/// The error of a unit that was tried: a policy's, a column's, or the server's own words.
arrow::Status NameUnreadable(PgConnection& connection, const TablePlan& plan,
                             const arrow::Status& status, const std::stop_token& stop) {
  const arrow::Status named = NameRefusal(connection, plan.table, plan.filter.where, status, stop);
  return NameUnreadableColumns(connection, plan, named, stop);
}

/// What is read of `table` under the job's condition `where`.
arrow::Result<Description> DescribeFor(PgConnection& connection, const PgSourceSettings& settings,
                                       const TableRef& table, const std::string& where,
                                       const std::stop_token& stop) {
  PgTypeCatalog types;
  ARROW_ASSIGN_OR_RAISE(Description description, DescribeRelation(connection, types, table, stop));
  ARROW_RETURN_NOT_OK(FillHiddenRows(connection, settings, where, stop, description));
  ARROW_ASSIGN_OR_RAISE(description.labelled_types,
                        ReadLabels(connection, types.enum_names(), stop));
  ARROW_ASSIGN_OR_RAISE(description.unpageable,
                        WhyUnpageable(connection, description, where, stop));
  return description;
}

/// Has the leader hold the indexes of all that any unit of `plan`, `first` among them, reads: who
/// wants one for himself then waits for the run, and units that a session is refused can be read
/// through the leader. Ranges are part of what the filter selects; pages name parts of the table
/// that its own condition may leave out. Sessions need as many locks once more, so that of very
/// many parts none is held, nor where the server has no room: no table is to fail for a REINDEX
/// that may come.
arrow::Status HoldAllUnits(PgConnection& connection, const StatementScope& scope,
                           const TablePlan& plan, const WorkUnit& first,
                           const std::stop_token& stop) {
  const WorkUnit whole = WholeOf(first);
  const bool by_pages = std::holds_alternative<PageRange>(first.split);
  const std::string select = SelectStatement(PlainSelectList(plan), TargetOf(plan, whole),
                                             by_pages ? "" : ConditionOf(plan, whole));
  const arrow::Status held =
      InScope(connection, scope, [&] { return HoldIndexes(connection, select, stop); }, stop);
  return CodeOf(held) == kPgOutOfMemory ? arrow::Status::OK() : held;
}

}  // namespace

SnapshotKind PgSnapshot::kind() const {
  return leader_->has_snapshot() ? SnapshotKind::kTransaction : SnapshotKind::kNone;
}

std::string PgSnapshot::about() const {
  return "PostgreSQL " + leader_->version_text() +
         (leader_->has_snapshot() ? ", REPEATABLE READ, exported snapshot" : ", no snapshot");
}

std::string PgSnapshot::HeldUp() const {
  if (!leader_->has_snapshot()) return {};
  return "VACUUM keeps every row of the database that was deleted since, and statements that alter "
         "or truncate a table of the job wait, as does all that queues behind them";
}

arrow::Result<Description> PgSnapshot::Describe(const TableRef& table, std::stop_token stop) {
  const arrow::Status lock_error = NameStatement(leader_->held().LockError(table), table);
  const bool missing = IsMissing(lock_error, table);
  if (!missing && CodeOf(lock_error) != kPgNoRight) ARROW_RETURN_NOT_OK(lock_error);
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  auto description = InScope(
      lease.connection(), leader_->planning_scope(),
      [&] {
        if (missing) {
          return arrow::Result<Description>(
              ExplainMissing(lease.connection(), table, lock_error, stop));
        }
        if (!lock_error.ok()) return arrow::Result<Description>(lock_error);
        return DescribeFor(lease.connection(), leader_->settings(), table,
                           leader_->ConditionOn(table), stop);
      },
      stop);
  if (description.ok()) {
    ARROW_RETURN_NOT_OK(leader_->held().CheckLocked(table, description->oid));
    return description;
  }
  arrow::Status status = description.status();
  if (CodeOf(status) == kPgNoRight && !lease.connection().broken()) {
    status = InScopeUndone(
        lease.connection(), leader_->planning_scope(),
        [&] {
          return NameRefusal(lease.connection(), table, leader_->ConditionOn(table), status, stop);
        },
        stop);
  }
  return leader_->NameLoss(NameTimeout(NameStatement(status, table), leader_->settings()));
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
  const size_t parts = std::max<size_t>(plan.description.leaves.size(), 1);
  if (status.ok() && leader_->has_snapshot() && parts_held_ + parts <= kMostPartsAtOnce) {
    parts_held_ += parts;
    status = HoldAllUnits(lease.connection(), leader_->scope(), plan, unit, stop);
  }
  if (CodeOf(status) == kPgNoRight && !lease.connection().broken()) {
    status = InScopeUndone(
        lease.connection(), leader_->planning_scope(),
        [&] { return NameUnreadable(lease.connection(), plan, status, stop); }, stop);
  }
  return leader_->NameLoss(NameTimeout(status, leader_->settings()));
}

arrow::Result<int64_t> PgSnapshot::CountRows(const TablePlan& plan, const WorkUnit& unit,
                                             std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  const ExportedSnapshot snapshot = leader_->snapshot();
  if (!snapshot.Holds(HoldingKey(plan, unit))) {
    return TableLost(plan.table.label(), snapshot.predecessors_end);
  }
  const std::string sql =
      SelectStatement("pg_catalog.count(*)", TargetOf(plan, unit), ConditionOf(plan, unit));
  const auto counted = InScope(
      lease.connection(), leader_->planning_scope(),
      [&] { return lease.connection().Query(sql, stop); }, stop);
  if (counted.ok()) return counted->Int64(0, 0);
  return leader_->NameLoss(NameTimeout(counted.status(), leader_->settings()));
}

/// Through the leader, which is busy only where it reads for others: a session has no statement to
/// spare while it reads the unit.
std::optional<UnitSample> PgSnapshot::SampleUnit(const TablePlan& plan, const WorkUnit& unit,
                                                 std::stop_token stop) {
  const std::optional<PgLeader::Lease> lease = leader_->TryTake();
  if (!lease) return std::nullopt;
  // Whoever queues for what it does not hold would be waited for.
  if (!leader_->snapshot().Holds(HoldingKey(plan, unit))) return UnitSample();
  EstimateQueries queries(lease->connection(), leader_->settings().statement_timeout, stop);
  auto sample = InScope(
      lease->connection(), leader_->planning_scope(),
      [&] { return SampleUnitRows(queries, plan, unit); }, stop);
  if (sample.ok()) return *std::move(sample);
  // The leader keeps the words of its end: whoever finds it gone later is given no other ones.
  static_cast<void>(leader_->NameLoss(sample.status()));
  return UnitSample();
}

arrow::Result<MissingRights> PgSnapshot::FindMissingRights(std::span<const WantedRead> tables,
                                                           std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  StatementScope scope = leader_->planning_scope();
  scope.begin += "SET LOCAL row_security = on; ";  // A right is no matter of policies.
  const auto missing = FindPgMissingRights(lease.connection(), scope, tables, stop);
  return missing.ok() ? missing : leader_->NameLoss(missing.status());
}

arrow::Status PgSnapshot::CheckSessions(std::stop_token stop) {
  // The leader holds nothing then, and behind a pooler not even a connection.
  if (!leader_->has_snapshot()) return arrow::Status::OK();
  const auto lease = leader_->Take(stop);
  // Who wants to read meets what has become of the connection.
  if (!lease.ok()) return arrow::Status::OK();
  return CheckPgConnectionLimits(lease->connection(), leader_->planning_scope(), stop);
}

arrow::Result<std::unique_ptr<Session>> PgSnapshot::Attach(std::stop_token stop) {
  if (leader_->released()) return SnapshotReleased();
  return PgSession::Attach(leader_, std::move(stop));
}

}  // namespace headrace
