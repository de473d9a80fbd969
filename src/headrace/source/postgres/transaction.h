#pragma once

#include <stop_token>
#include <string>
#include <utility>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"

namespace headrace {

/// SQL around statements that may fail: what begins before them, what ends after them, and what
/// makes the connection usable again after an error.
struct StatementScope {
  std::string begin;
  std::string end;
  std::string recover;
  /// `begin` needs a server of a pooler: it waits no longer for it than for a connection.
  bool bounded = false;
};

/// Inside a transaction that must survive: a savepoint.
StatementScope SavepointScope();

/// A transaction of its own; `begin` are BeginStatements.
StatementScope TransactionScope(std::string begin);

/// The same for a connection that others wait for.
StatementScope BoundedTransactionScope(std::string begin);

/// Runs what begins `scope`. After a stop nothing is begun.
arrow::Status Begin(PgConnection& connection, const StatementScope& scope,
                    const std::stop_token& stop);

/// Makes `connection` usable again after an error in `scope`, also one that a stop was; marks it
/// broken where that fails, which is when the server does not answer after a stop.
void Recover(PgConnection& connection, const StatementScope& scope, const std::stop_token& stop);

/// Runs `work`, which returns a Status or Result, inside `scope`.
template <typename Work>
auto InScope(PgConnection& connection, const StatementScope& scope, const Work& work,
             const std::stop_token& stop) -> decltype(work()) {
  ARROW_RETURN_NOT_OK(Begin(connection, scope, stop));
  auto result = work();
  if (result.ok()) {
    ARROW_RETURN_NOT_OK(connection.ExecuteToEnd(scope.end, stop));
  } else {
    Recover(connection, scope, stop);
  }
  return result;
}

/// Runs `work`, which returns a Status or Result, inside `scope`, and takes back what it did in any
/// case: settings and locks of its own are gone.
template <typename Work>
auto InScopeUndone(PgConnection& connection, const StatementScope& scope, const Work& work,
                   const std::stop_token& stop) -> decltype(work()) {
  ARROW_RETURN_NOT_OK(Begin(connection, scope, stop));
  auto result = work();
  Recover(connection, scope, stop);
  return result;
}

/// The result of `sql` inside `scope`.
arrow::Result<PgResult> QueryInScope(PgConnection& connection, const StatementScope& scope,
                                     const std::string& sql, const std::stop_token& stop);

/// The same for what names no table of the job, so that no operators but those of pg_catalog are
/// found; the search path is then as it was. What `sql` does is taken back.
arrow::Result<PgResult> QuerySystem(PgConnection& connection, const StatementScope& scope,
                                    const std::string& sql, const std::stop_token& stop);

}  // namespace headrace
