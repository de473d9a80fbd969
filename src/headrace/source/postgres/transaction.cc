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

void Recover(PgConnection& connection, const StatementScope& scope) {
  if (!connection.broken() && !connection.Execute(scope.recover).ok()) connection.MarkBroken();
}

}  // namespace headrace
