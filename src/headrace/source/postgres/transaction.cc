#include "headrace/source/postgres/transaction.h"

namespace headrace {

StatementScope SavepointScope() {
  return {.begin = "SAVEPOINT headrace; ",
          .end = "RELEASE SAVEPOINT headrace",
          .recover = "ROLLBACK TO SAVEPOINT headrace; RELEASE SAVEPOINT headrace"};
}

StatementScope TransactionScope(std::string begin) {
  return {.begin = std::move(begin), .end = "COMMIT", .recover = "ROLLBACK"};
}

StatementScope BoundedTransactionScope(std::string begin) {
  StatementScope scope = TransactionScope(std::move(begin));
  scope.bounded = true;
  return scope;
}

arrow::Status Begin(PgConnection& connection, const StatementScope& scope,
                    const std::stop_token& stop) {
  if (!scope.bounded) {
    if (stop.stop_requested()) return InterruptedError();
    return connection.ExecuteToEnd(scope.begin, stop);
  }
  arrow::Status begun = connection.ExecuteFirst(scope.begin, stop);
  if (!begun.ok() && connection.in_transaction()) Recover(connection, scope, stop);
  return begun;
}

void Recover(PgConnection& connection, const StatementScope& scope, const std::stop_token& stop) {
  if (!connection.broken() && !connection.ExecuteToEnd(scope.recover, stop).ok()) {
    connection.MarkBroken();
  }
}

arrow::Result<PgResult> QueryInScope(PgConnection& connection, const StatementScope& scope,
                                     const std::string& sql, const std::stop_token& stop) {
  return InScope(connection, scope, [&] { return connection.Query(sql, stop); }, stop);
}

arrow::Result<PgResult> QuerySystem(PgConnection& connection, const StatementScope& scope,
                                    const std::string& sql, const std::stop_token& stop) {
  const auto work = [&] {
    return connection.Query("SET LOCAL search_path TO pg_catalog; " + sql, stop);
  };
  return InScopeUndone(connection, scope, work, stop);
}

}  // namespace headrace
