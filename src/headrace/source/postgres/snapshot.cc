#include "headrace/source/postgres/snapshot.h"

#include <utility>

#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/estimate.h"
#include "headrace/source/postgres/session.h"
#include "headrace/source/postgres/table_reading.h"
#include "headrace/source/postgres/transaction.h"
#include "headrace/source/postgres/unit_query.h"

namespace headrace {
namespace {

constexpr std::string_view kUndefinedTable = "42P01";

}  // namespace

SnapshotKind PgSnapshot::kind() const {
  return leader_->has_snapshot() ? SnapshotKind::kTransaction : SnapshotKind::kNone;
}

std::string PgSnapshot::about() const {
  return "PostgreSQL " + leader_->version_text() +
         (leader_->has_snapshot() ? ", REPEATABLE READ, exported snapshot" : ", no snapshot");
}

arrow::Result<Description> PgSnapshot::Describe(const TableRef& table, std::stop_token stop) {
  const arrow::Status lock_error = leader_->LockError(table);
  if (CodeOf(lock_error) == kUndefinedTable && !table.is_query()) return NoSuchTable(table);
  ARROW_RETURN_NOT_OK(lock_error);
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  auto description = InScope(
      lease.connection(), leader_->planning_scope(),
      [&] {
        PgTypeCatalog types;
        return DescribeRelation(lease.connection(), types, table, stop);
      },
      stop);
  if (description.ok()) return description;
  return leader_->NameLoss(NameLockTimeout(description.status(), leader_->settings()));
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
  return WithContext(leader_->NameLoss(NameLockTimeout(statistics.status(), leader_->settings())),
                     "table " + description.table.label());
}

arrow::Status PgSnapshot::TryUnit(const TablePlan& plan, const WorkUnit& unit,
                                  std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const PgLeader::Lease lease, leader_->Take(stop));
  const arrow::Status status = InScopeUndone(
      lease.connection(), leader_->planning_scope(),
      [&] {
        return TryReading(lease.connection(), plan, TargetOf(plan, unit), ConditionOf(plan, unit),
                          stop);
      },
      stop);
  return leader_->NameLoss(NameLockTimeout(status, leader_->settings()));
}

arrow::Result<std::unique_ptr<Session>> PgSnapshot::Attach(std::stop_token stop) {
  if (leader_->released()) return SnapshotReleased();
  return PgSession::Attach(leader_, std::move(stop));
}

}  // namespace headrace
