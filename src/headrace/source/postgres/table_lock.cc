#include "headrace/source/postgres/table_lock.h"

#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {
namespace {

/// LOCK TABLE takes tables and views only, and wants a right on the table, where a read is content with one on a column.
constexpr std::string_view kWrongKind = "42809";
constexpr std::string_view kNoRight = "42501";
constexpr std::string_view kLockNotAvailable = "55P03";

/// A read cannot say NOWAIT. Long enough for locks that are held for a moment.
constexpr std::string_view kNearlyNowait = "100";

std::string LockStatement(const LockTarget& target, bool nowait) {
  return std::string("LOCK TABLE ") + (target.only ? "ONLY " : "") + target.relation +
         " IN ACCESS SHARE MODE" + (nowait ? " NOWAIT; " : "; ");
}

arrow::Status RunGuarded(PgConnection& connection, const std::string& sql,
                         const std::stop_token& stop) {
  const StatementScope scope = SavepointScope();
  arrow::Status status = connection.Execute(scope.begin + sql + scope.end, stop);
  if (!status.ok()) Recover(connection, scope);
  return status;
}

bool CannotLock(const arrow::Status& status) {
  return CodeOf(status) == kWrongKind || CodeOf(status) == kNoRight;
}

}  // namespace

LockTarget LockTargetOf(const TableRef& table) {
  if (table.is_query()) return {.relation = {}, .only = false, .from = Subselect(table.query)};
  const std::string name = QualifiedName(table);
  return {.relation = name, .only = false, .from = name};
}

std::string TouchStatement(const LockTarget& target) {
  return "SELECT 1 FROM " + target.from + " LIMIT 0; ";
}

arrow::Result<LockOutcome> LockWaiting(PgConnection& connection, const LockTarget& target,
                                       const std::stop_token& stop) {
  if (!target.relation.empty()) {
    const arrow::Status status = RunGuarded(connection, LockStatement(target, false), stop);
    if (status.ok()) return LockOutcome::kLocked;
    if (!CannotLock(status)) return status;
  }
  ARROW_RETURN_NOT_OK(RunGuarded(connection, TouchStatement(target), stop));
  return LockOutcome::kTouched;
}

arrow::Result<LockOutcome> LockNowait(PgConnection& connection, const LockTarget& target,
                                      int64_t lock_timeout_ms, const std::stop_token& stop) {
  arrow::Status status;
  LockOutcome outcome = LockOutcome::kLocked;
  if (!target.relation.empty()) {
    status = RunGuarded(connection, LockStatement(target, true), stop);
  }
  if (target.relation.empty() || CannotLock(status)) {
    outcome = LockOutcome::kTouched;
    status = RunGuarded(connection,
                        "SET LOCAL lock_timeout = " + std::string(kNearlyNowait) + "; " +
                            TouchStatement(target) + "SET LOCAL lock_timeout = " +
                            std::to_string(lock_timeout_ms) + "; ",
                        stop);
  }
  if (CodeOf(status) == kLockNotAvailable) return LockOutcome::kRefused;
  ARROW_RETURN_NOT_OK(status);
  return outcome;
}

}  // namespace headrace
