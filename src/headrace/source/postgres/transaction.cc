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
  if (!scope.bounded) return connection.Execute(scope.begin);
  arrow::Status begun = connection.ExecuteFirst(scope.begin, stop);
  if (!begun.ok() && connection.in_transaction()) Recover(connection, scope);
  return begun;
}

void Recover(PgConnection& connection, const StatementScope& scope) {
  if (!connection.broken() && !connection.Execute(scope.recover).ok()) connection.MarkBroken();
}

}  // namespace headrace
